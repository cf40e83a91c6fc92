"""Constants as exact numbers: recognised in doubles, written as text, read back."""

from __future__ import annotations

import ast
import cmath
import math
import re
from fractions import Fraction
from functools import lru_cache
from typing import Any

import sympy

from dsl.constants import recognise, recognise_complex
from dsl.cyclotomic import Cyclotomic, I, common_order, rational, square_root
from dsl.exact_number import (
    DIGITS,
    Exact,
    Number,
    expression_of,
    function_of,
    number_of,
    operate,
)

# Texts of constants come from files that strangers wrote; this also bounds the depth.
LONGEST_TEXT = 4000
# Decimals with more digits than this are more than doubles.
MOST_DIGITS = 20
UNSIGNED = r"(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:e[-+]?[0-9]{1,4})?"
DECIMAL = re.compile(
    rf"(?P<real>[-+]?{UNSIGNED})|(?P<imaginary>[-+]?{UNSIGNED})j"
    rf"|\((?P<re>[-+]?{UNSIGNED})(?P<im>[-+]{UNSIGNED})j\)",
    re.IGNORECASE,
)
WHOLE = re.compile(r"[-+]?[0-9]+")
# Whole numbers in texts: of coefficients they may have a few more digits than of angles.
LARGEST_WHOLE = 10**300
# What texts of exact constants are made of; Python warns about other things while parsing.
TOKENS = re.compile(r"(?:[0-9]+(?![A-Za-z_0-9.])|[A-Za-z]+|[-+*/() ])+")
FUNCTIONS = {name: getattr(sympy, name) for name in ("cos", "sin", "tan")}


@lru_cache(maxsize=1 << 16)
def recognise_constant(constant: complex, order: int) -> sympy.Expr | None:
    """Returns the exact number that a constant or an angle approximates, or None.

    Args:
        constant: A double or pair of doubles with some noise in the last digits.
        order: Hint for angles, the size of the transform; 0 to recognise nothing but
            powers of i (see `Program.order`).
    """
    if order == 0 and constant not in (1, 1j, -1, -1j):
        return None
    exact = recognise_complex(constant, order)
    return _angle(constant.real, order) if exact is None and constant.imag == 0 else exact


def _angle(constant: float, order: int) -> sympy.Expr | None:
    """Recognises a multiple of pi, or the angle of a known tangent."""
    turns = recognise(constant / cmath.pi, 1)
    if turns is not None and turns.is_Rational:
        return turns * sympy.pi
    if not 0 < abs(constant) < cmath.pi / 2:
        return None
    tangent = recognise(math.tan(constant), order)
    return None if tangent is None else sympy.atan(tangent)


def rounded(constant: complex, order: int) -> complex:
    """Returns the exact constant that one approximates; the same one if there is none.

    Constants are found by dividing entries that went through some divisions already, so
    their last digits are noise.
    """
    return constant if isinstance(constant, Exact) else _rounded(constant, order)


@lru_cache(maxsize=1 << 16)  # in which an `Exact` would be taken for the double it equals
def _rounded(constant: complex, order: int) -> complex:
    expression = recognise_constant(constant, order)
    return constant if expression is None else Exact(number_of(expression))


def symbolic(constant: complex, order: int) -> sympy.Expr:
    """Returns a constant as an expression: exact, or a decimal where nothing is recognised."""
    expression = recognise_constant(complex(constant), order)
    if isinstance(constant, Exact):
        if expression is not None and number_of(expression) == constant.number:
            return expression
        return expression_of(constant.number)
    if expression is not None:
        return expression
    re, im = sympy.Float(constant.real, 17), sympy.Float(constant.imag, 17)
    return re + sympy.I * im if constant.imag else re


def constant_text(constant: complex, order: int) -> str:
    """Returns text that `parse_constant` turns back into the same number."""
    constant = constant if isinstance(constant, Exact) else complex(constant)
    expressions = [symbolic(constant, order)]
    if isinstance(constant, Exact):
        expressions.append(expression_of(constant.number))
    for expression in expressions:
        text = str(expression)
        if not expression.has(sympy.Float) and stands_for(text, constant):
            return text
    real, imaginary = _digits(constant)
    if repr(constant.imag) == "0.0":
        return real
    return f"({real}{imaginary if imaginary[0] == '-' else f'+{imaginary}'}j)"


def stands_for(text: str, constant: complex) -> bool:
    """Says whether a text is read back as the same number, or as the same double."""
    try:
        value = parse_constant(text)
    except ValueError:  # a power, or longer than texts may be
        return False
    if isinstance(constant, Exact) and isinstance(value, Exact):
        return value == constant
    # Compared as text: zeros of either sign are equal, but not the same bits.
    return repr(complex(value)) == repr(complex(constant))


def _digits(constant: complex) -> tuple[str, str]:
    """Returns the decimals of both parts, all that are known."""
    if isinstance(constant, Exact) and not isinstance(constant.number, Cyclotomic):
        real, imaginary = constant.number.evalf(DIGITS).as_real_imag()
        return str(real), str(imaginary)
    return repr(constant.real), repr(constant.imag)


@lru_cache(maxsize=4096)
def parse_constant(text: str) -> complex:
    """Returns the number that a text such as `cos(pi/8) - 3*I/2` or `0.25` stands for.

    Returns:
        An `Exact`, or a plain complex number for a decimal.

    Raises:
        ValueError: The text is something else, or its value is not finite.
    """
    if len(text) > LONGEST_TEXT:
        raise ValueError(f"expected a constant of at most {LONGEST_TEXT} characters")
    try:
        value = _decimal(text.strip())
    except ValueError:
        try:
            if not TOKENS.fullmatch(text.strip()):
                raise TypeError("not made of numbers, names and operators")
            value = Exact(_evaluate(ast.parse(text.strip(), mode="eval").body))
        except ZeroDivisionError as error:
            raise ValueError(f"expected a finite constant, got {text[:40]!r}") from error
        except (SyntaxError, TypeError, ArithmeticError, RecursionError, MemoryError) as error:
            raise ValueError(f"expected a constant, got {text[:40]!r}") from error
    if not cmath.isfinite(value):
        raise ValueError(f"expected a finite constant, got {text[:40]!r}")
    return value


def _decimal(text: str) -> complex:
    """Reads a decimal; one with more digits than its double has keeps them."""
    value = complex(text)
    match = DECIMAL.fullmatch(text)
    if not cmath.isfinite(value):
        return value
    if match is None:
        raise ValueError("not a decimal")
    parts = match["real"] or match["re"] or "0", match["imaginary"] or match["im"] or "0"
    if not any(map(_is_long, parts)):
        return value
    if WHOLE.fullmatch(text):
        return Exact(rational(int(text)))
    real, imaginary = (sympy.Float(part, DIGITS) for part in parts)
    return Exact(real + sympy.I * imaginary if imaginary else real)


def _is_long(part: str) -> bool:
    """Says whether a decimal is more than the double nearest to it."""
    digits = len(re.sub(r"e.*|[^0-9]", "", part, flags=re.IGNORECASE).lstrip("0"))
    # A whole double stands for itself, so that nothing else may be rounded to one.
    return digits > MOST_DIGITS or (float(part).is_integer() and Fraction(part) != float(part))


def _evaluate(node: ast.expr) -> Number:
    """Evaluates the few forms that constants are written in, and nothing else."""
    match node:
        case ast.Constant(value=number) if type(number) is int and number < LARGEST_WHOLE:
            return rational(number)
        case ast.Name(id="pi"):
            return sympy.pi
        case ast.Name(id="I"):
            return I
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return operate(sympy.Mul, rational(-1), _evaluate(operand))
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            return _strictly(sympy.Add, _evaluate(left), _evaluate(right))
        case ast.BinOp(left=left, op=ast.Sub(), right=right):
            negative = operate(sympy.Mul, rational(-1), _evaluate(right))
            return _strictly(sympy.Add, _evaluate(left), negative)
        case ast.BinOp(left=left, op=ast.Mult(), right=right):
            return _strictly(sympy.Mul, _evaluate(left), _evaluate(right))
        case ast.BinOp(left=left, op=ast.Div(), right=right):
            return _strictly(sympy.Mul, _evaluate(left), _element(_evaluate(right)).inverse())
        case ast.Call(func=ast.Name(id="sqrt"), args=[argument], keywords=[]):
            return square_root(_moderate(_evaluate(argument)))
        case ast.Call(func=ast.Name(id="atan"), args=[argument], keywords=[]):
            return sympy.atan(expression_of(_element(_evaluate(argument))))
        case ast.Call(func=ast.Name(id=name), args=[argument], keywords=[]) if name in FUNCTIONS:
            turn = _moderate(number_of(expression_of(_evaluate(argument)) / (2 * sympy.pi)))
            return function_of(
                FUNCTIONS[name], 2 * sympy.pi * sympy.Rational(*turn.as_integer_ratio())
            )
    raise TypeError("not a form of constants")


def _element(number: Number) -> Cyclotomic:
    """Returns the number; functions of anything else could nest into astronomic numbers."""
    if not isinstance(number, Cyclotomic):
        raise TypeError("expected a number of a cyclotomic field")
    return number


def _strictly(function: Any, one: Number, two: Number) -> Number:
    """Returns the sum or product; of two fields too large together it is refused."""
    if isinstance(one, Cyclotomic) and isinstance(two, Cyclotomic):
        common_order(one.order, two.order)
    return operate(function, one, two)


def _moderate(number: Number) -> Fraction:
    """Returns a rational number of moderate size."""
    element = _element(number)
    if element.order != 1 and element != element.conjugate():
        raise TypeError("expected a real number")
    value = expression_of(element)
    if not value.is_Rational or abs(value.p * value.q) > 10**15:
        raise TypeError("expected a rational number or angle of moderate size")
    return Fraction(int(value.p), int(value.q))
