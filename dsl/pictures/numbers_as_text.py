"""Constants as people typeset them: exact, short, as text of a few styles."""

from __future__ import annotations

import cmath
import re
from fractions import Fraction
from typing import Literal, NamedTuple

import sympy

from dsl.exact import symbolic

# Denominators of angles that are written as powers of e.
LARGEST_TURN = 1024
SAME_TURN = 1e-14
MINUS, PI, ROOT = "\N{MINUS SIGN}", "\N{GREEK SMALL LETTER PI}", "\N{SQUARE ROOT}"
TOKEN = re.compile(r"\d+|[A-Za-z]+|\*\*|\S")
FUNCTIONS = ("cos", "sin", "tan")


class Run(NamedTuple):
    """A piece of text on the line, or above or below it."""

    text: str
    style: Literal["line", "above", "below"] = "line"


Label = tuple[Run, ...]


def expression(constant: complex, order: int) -> sympy.Expr:
    """Returns a constant as a SymPy number; pictures get exact numbers from nowhere else."""
    return symbolic(constant, order)


def is_exact(number: sympy.Expr) -> bool:
    """Says whether a number is more than a decimal."""
    return not number.has(sympy.Float)


def plain_text(constant: complex, order: int) -> str:
    """Returns a constant in ASCII, as in definitions."""
    number = expression(constant, order)
    return sympy.sstr(number) if is_exact(number) else _decimal(constant)


def turn_of(constant: complex, order: int) -> Fraction | None:
    """Returns q where the constant is exp(i pi q) and not real or imaginary, or None."""
    if not constant.real or not constant.imag or abs(abs(constant) - 1) > SAME_TURN:
        return None
    turn = cmath.phase(constant) / cmath.pi
    fraction = Fraction(turn).limit_denominator(LARGEST_TURN)
    is_near = abs(float(fraction) - turn) <= SAME_TURN
    return fraction if is_near and is_exact(expression(constant, order)) else None


def label(constant: complex, order: int) -> Label:
    """Returns a constant typeset in Unicode, such as a root or a power of e."""
    turn = turn_of(constant, order)
    if turn is not None:
        sign = MINUS if turn < 0 else ""
        count = "" if abs(turn.numerator) == 1 else str(abs(turn.numerator))
        return (Run("e"), Run(f"{sign}{count}i{PI}/{turn.denominator}", "above"))
    number = expression(constant, order)
    if is_exact(number):
        return (Run(typeset(sympy.sstr(number))),)
    return (Run(_decimal(constant).replace("-", MINUS).replace("*I", " i")),)


def typeset(text: str) -> str:
    """Returns SymPy's text of a number with signs of its own for roots, pi and minus.

    >>> typeset("-2*cos(3*pi/8)").isascii()
    False
    """
    tokens = TOKEN.findall(text)
    parts: list[str] = []
    for before, token, after in zip(["", *tokens], tokens, [*tokens[1:], ""], strict=False):
        if token == "*":
            parts.append(" " if after in FUNCTIONS or before == ")" else "")
        elif token in "+-" and before and before != "(":
            parts.append(f" {token} ".replace("-", MINUS))
        else:
            parts.append(
                {"-": MINUS, "pi": PI, "I": "i", "sqrt": ROOT, "**": "^"}.get(token, token)
            )
    return re.sub(rf"{ROOT}\((\d+)\)", rf"{ROOT}\1", "".join(parts))


def _decimal(constant: complex) -> str:
    re, im = complex(constant).real, complex(constant).imag
    if not im:
        return repr(re)
    return f"{re!r} {'-' if im < 0 else '+'} {abs(im)!r}*I" if re else f"{im!r}*I"
