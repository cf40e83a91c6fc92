"""Constants as exact numbers: rounded correctly, written as text, read back."""

from __future__ import annotations

import ast
import cmath
import re
from functools import lru_cache

import sympy

from dsl.constants import exact_value, recognise, recognise_complex
from dsl.straightline import UNITS

# Texts of constants come from files that strangers wrote; this also bounds the depth.
LONGEST_TEXT = 300
FUNCTIONS = {name: getattr(sympy, name) for name in ("cos", "sin", "tan")}
# What texts of exact constants are made of; Python warns about other things while parsing.
TOKENS = re.compile(r"(?:[0-9]+(?![A-Za-z_0-9.])|[A-Za-z]+|[-+*/() ])+")
SYMBOLS = {"pi": sympy.pi, "I": sympy.I}
OPERATORS = {
    ast.Add: sympy.Add,
    ast.Sub: lambda a, b: a - b,
    ast.Mult: sympy.Mul,
    ast.Div: lambda a, b: a / b,
}


@lru_cache(maxsize=1 << 16)
def recognise_constant(constant: complex, order: int) -> sympy.Expr | None:
    """Returns the exact number that a constant or an angle approximates, or None.

    Args:
        constant: A double or pair of doubles with some noise in the last digits.
        order: Hint for angles, the size of the transform; 0 to recognise nothing but
            powers of i (see `Program.order`).
    """
    if order == 0 and constant not in UNITS:
        return None
    exact = recognise_complex(constant, order)
    if exact is None and constant.imag == 0:
        turns = recognise(constant.real / cmath.pi, 1)
        exact = turns * sympy.pi if turns is not None and turns.is_Rational else None
    return exact


@lru_cache(maxsize=1 << 16)
def rounded(constant: complex, order: int) -> complex:
    """Returns the double(s) nearest to the exact number; the constant if there is none.

    Constants are found by dividing entries that went through some divisions already, so
    their last digits are noise.
    """
    exact = recognise_constant(constant, order)
    return constant if exact is None else exact_value(exact)


def symbolic(constant: complex, order: int) -> sympy.Expr:
    """Returns a constant as an exact number, or as a decimal where none is recognised."""
    exact = recognise_constant(constant, order)
    if exact is not None:
        return exact
    re, im = sympy.Float(constant.real, 17), sympy.Float(constant.imag, 17)
    return re + sympy.I * im if constant.imag else re


def constant_text(constant: complex, order: int) -> str:
    """Returns text that `parse_constant` turns back into the same bits."""
    constant = complex(constant)
    exact = recognise_constant(constant, order)
    # Compared as text: zeros of either sign are equal, but not the same bits.
    if exact is not None and repr(exact_value(exact)) == repr(constant):
        text = str(exact)
        if len(text) <= LONGEST_TEXT:
            return text
    is_plain = repr(constant.imag) == "0.0"
    return repr(constant.real if is_plain else constant)


@lru_cache(maxsize=4096)
def parse_constant(text: str) -> complex:
    """Returns the number that a text such as `cos(pi/8) - 3*I/2` or `0.25` stands for.

    Raises:
        ValueError: The text is something else, or its value is not finite.
    """
    if len(text) > LONGEST_TEXT:
        raise ValueError(f"expected a constant of at most {LONGEST_TEXT} characters")
    try:
        value = complex(text.strip())
    except ValueError:
        try:
            if not TOKENS.fullmatch(text.strip()):
                raise TypeError("not made of numbers, names and operators")
            value = exact_value(_evaluate(ast.parse(text.strip(), mode="eval").body))
        except (SyntaxError, TypeError, ArithmeticError, RecursionError, MemoryError) as error:
            raise ValueError(f"expected a constant, got {text[:40]!r}") from error
    if not cmath.isfinite(value):
        raise ValueError(f"expected a finite constant, got {text[:40]!r}")
    return value


def _evaluate(node: ast.expr) -> sympy.Expr:
    """Evaluates the few forms that constants are written in, and nothing else."""
    match node:
        case ast.Constant(value=number) if type(number) is int and number < 10**15:
            return sympy.Integer(number)
        case ast.Name(id=name) if name in SYMBOLS:
            return SYMBOLS[name]
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return -_evaluate(operand)
        case ast.BinOp(left=left, op=operator, right=right) if type(operator) in OPERATORS:
            return OPERATORS[type(operator)](_evaluate(left), _evaluate(right))
        case ast.Call(func=ast.Name(id="sqrt"), args=[argument], keywords=[]):
            return sympy.sqrt(_rational(_evaluate(argument)))
        case ast.Call(func=ast.Name(id=name), args=[argument], keywords=[]) if name in FUNCTIONS:
            return FUNCTIONS[name](_rational(_evaluate(argument) / sympy.pi) * sympy.pi)
    raise TypeError("not a form of constants")


def _rational(value: sympy.Expr) -> sympy.Rational:
    """Returns the value; anything but a rational could be nested into astronomic numbers."""
    if not value.is_Rational or abs(value.p * value.q) > 10**15:
        raise TypeError("expected a rational number or angle of moderate size")
    return value
