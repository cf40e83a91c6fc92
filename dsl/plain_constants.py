"""Constants of formulas: the doubles that they are, shown as short exact numbers.

They come from noisy data, so nothing is made of one but what has its very digits: whole
numbers, simple fractions, multiples of pi and roots of small whole numbers.
"""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import sympy
from sympy.printing.latex import LatexPrinter
from sympy.printing.str import StrPrinter

from dsl.exact import constant_text, parse_constant

MOST_WHOLE = 1 << 53
# What is still a simple fraction, a simple multiple of pi, and a small whole number.
LARGEST_NUMERATOR, LARGEST_DENOMINATOR = 10_000, 1000
LARGEST_PI_NUMERATOR, LARGEST_PI_DENOMINATOR = 24, 12
LARGEST_SQUARE = 100
# Multiples of pi and roots are not doubles: so many units in the last place may be lost.
LAST_PLACES = 2


def plain_number(value: float) -> sympy.Expr:
    """Returns a double as a SymPy number: exact where it is simple, else a decimal."""
    if abs(value) < MOST_WHOLE:
        fraction = Fraction(value).limit_denominator(LARGEST_DENOMINATOR)
        is_simple = value.is_integer() or abs(fraction.numerator) <= LARGEST_NUMERATOR
        if float(fraction) == value and is_simple:
            return sympy.Rational(fraction.numerator, fraction.denominator)
    turn = Fraction(value / math.pi).limit_denominator(LARGEST_PI_DENOMINATOR)
    if 0 < abs(turn.numerator) <= LARGEST_PI_NUMERATOR and _is_near(value, float(turn) * math.pi):
        return sympy.Rational(turn.numerator, turn.denominator) * sympy.pi
    if abs(value) < LARGEST_SQUARE:
        square = round(value * value)
        if 1 < square <= LARGEST_SQUARE and _is_near(abs(value), math.sqrt(square)):
            return sympy.sqrt(square) * (1 if value > 0 else -1)
    return sympy.Float(value, precision=53)


def _is_near(value: float, other: float) -> bool:
    return abs(value - other) <= LAST_PLACES * math.ulp(value)


def plain_text(value: float) -> str:
    """Returns text that `dsl.exact.parse_constant` turns back into the same double."""
    number = plain_number(value)
    text = str(number)
    if not number.has(sympy.Float) and repr(parse_constant(text).real) == repr(value):
        return text
    return repr(value)


def text_of_constant(constant: complex, order: int | None) -> str:
    """Returns text that is read back as the same number.

    Args:
        constant: Of a program.
        order: The program's `constants_order`.
    """
    return plain_text(constant.real) if order is None else constant_text(constant, order)


class PlainPrinter(StrPrinter):  # type: ignore[misc]  # SymPy is not annotated
    """Writes expressions as SymPy does, decimals with the digits of their doubles."""

    def _print_Float(self, expr: sympy.Float) -> str:  # noqa: N802  # the name is SymPy's
        return repr(float(expr))


class PlainLatexPrinter(LatexPrinter):  # type: ignore[misc]
    """Writes expressions in LaTeX as SymPy does, decimals with the digits of their doubles."""

    def _print_Float(self, expr: sympy.Float) -> str:  # noqa: N802
        digits, _, exponent = repr(float(expr)).partition("e")
        return rf"{digits} \cdot 10^{{{int(exponent)}}}" if exponent else digits

    def _print_Heaviside(self, expr: sympy.Heaviside, exp: str | None = None) -> str:  # noqa: N802
        # Without its value at 0, which SymPy writes as a second operand.
        text = rf"\theta\left({self._print(expr.args[0])}\right)"
        return f"{text}^{{{exp}}}" if exp else text


def expression_text(expression: Any) -> str:
    """Returns an expression as SymPy reads it."""
    return str(PlainPrinter().doprint(expression))


def expression_latex(expression: Any) -> str:
    """Returns an expression in LaTeX."""
    return str(PlainLatexPrinter().doprint(expression))
