"""Constants that stand for exact numbers.

An `Exact` is a complex number like any other, so that whoever needs no more than a double
need not know of it. Sums, products and negatives of exact constants are exact too.
"""

from __future__ import annotations

import math
from fractions import Fraction
from functools import lru_cache
from typing import Any, TypeAlias

import flint
import sympy

from dsl.cyclotomic import (
    ZERO,
    Cyclotomic,
    I,
    TooLargeError,
    cosine,
    rational,
    sine,
    square_root,
)

# Of numbers that are known as decimals: more than doubles have.
DIGITS = 60
PARAMETER = sympy.Symbol("p")

# An exact number: of a cyclotomic field, or else (such as pi/8 and atan(1/2)) an expression.
Number: TypeAlias = Cyclotomic | Any


class Exact(complex):
    """The double, or pair of doubles, nearest to an exact number.

    Attributes:
        number: The exact number.
    """

    __slots__ = ("number",)
    number: Number

    def __new__(cls, number: Number) -> Exact:
        """Rounds a number; one of a cyclotomic field is brought to the smallest."""
        if isinstance(number, Cyclotomic):
            number = number.reduced()
        self = super().__new__(cls, nearest(number))
        self.number = number
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        return Exact, (self.number,)

    def __mul__(self, other: Any) -> Any:
        number = _number_in(other)
        if number is None:
            return super().__mul__(other)
        return Exact(operate(sympy.Mul, self.number, number))

    __rmul__ = __mul__

    def __add__(self, other: Any) -> Any:
        number = _number_in(other)
        if number is None:
            return super().__add__(other)
        return Exact(operate(sympy.Add, self.number, number))

    __radd__ = __add__

    def __neg__(self) -> Exact:
        return self * -1

    def __eq__(self, other: object) -> bool:
        """Compares exact numbers exactly, others as doubles."""
        number = _number_in(other)
        return super().__eq__(other) if number is None else _is_same(self.number, number)

    __hash__ = complex.__hash__

    def parts(self) -> tuple[Exact, Exact]:
        """Returns the real and the imaginary part, both exact."""
        if isinstance(self.number, Cyclotomic):
            real, imaginary = self.number.parts()
            return Exact(real), Exact(imaginary)
        if self.number.is_real:
            return self, Exact(ZERO)
        return Exact(sympy.re(self.number)), Exact(sympy.im(self.number))


def is_exact(constant: complex) -> bool:
    """Tells whether a constant stands for an exact number: known as such, or a whole one."""
    return _number_in(constant) is not None


def number_in(constant: complex) -> Number:
    """Returns the number that a constant stands for; that of its digits if it is a decimal."""
    number = _number_in(constant)
    if number is not None:
        return number
    real, imaginary = (rational(Fraction(repr(x))) for x in (constant.real, constant.imag))
    return real + imaginary * I


def _number_in(constant: Any) -> Number | None:
    if isinstance(constant, Exact):
        return constant.number
    if not isinstance(constant, int | float | complex):
        return None
    real, imaginary = constant.real, constant.imag
    if not (float(real).is_integer() and float(imaginary).is_integer()):
        return None
    return rational(int(real)) + (rational(int(imaginary)) * I if imaginary else ZERO)


def _is_same(one: Number, two: Number) -> bool:
    if isinstance(one, Cyclotomic) != isinstance(two, Cyclotomic):
        return False
    return bool(one == two)


def operate(function: Any, one: Number, two: Number) -> Number:
    """Returns the sum (`sympy.Add`) or product (`sympy.Mul`) of two numbers."""
    if isinstance(one, Cyclotomic) and isinstance(two, Cyclotomic):
        try:
            return one + two if function is sympy.Add else one * two
        except TooLargeError:
            pass
    return function(expression_of(one), expression_of(two))


def nearest(number: Number) -> complex:
    """Returns the nearest double, or pair of doubles."""
    if isinstance(number, Cyclotomic):
        return complex(number)
    real, imaginary = number.evalf(50).as_real_imag()
    return complex(float(real), float(imaginary))


def ball(number: Number) -> flint.acb:
    """Returns an enclosure; of `DIGITS` digits, not rigorous, for numbers outside the fields."""
    if isinstance(number, Cyclotomic):
        return number.ball()
    real, imaginary = number.evalf(DIGITS).as_real_imag()
    return flint.acb(flint.arb(str(real)), flint.arb(str(imaginary)))


def number_of(expression: sympy.Expr, parameter: Number | None = None) -> Number:
    """Returns the number that an expression of SymPy is, in which `p` is the parameter."""
    if expression == PARAMETER and parameter is not None:
        return parameter
    if expression.is_Rational:
        return rational(Fraction(int(expression.p), int(expression.q)))
    if expression is sympy.I:
        return I
    numbers = [number_of(argument, parameter) for argument in expression.args]
    if expression.is_Add or expression.is_Mul:
        total = numbers[0]
        for number in numbers[1:]:
            total = operate(expression.func, total, number)
        return total
    if expression.is_Pow:
        return _power(numbers[0], expression.exp)
    if isinstance(expression, sympy.cos | sympy.sin | sympy.tan):
        return function_of(expression.func, numbers[0])
    return expression.func(*map(expression_of, numbers)) if numbers else expression


def _power(base: Number, exponent: sympy.Expr) -> Number:
    if isinstance(base, Cyclotomic):
        if exponent.is_Integer:
            factor = base if exponent > 0 else base.inverse()
            return math.prod([factor] * (abs(int(exponent)) - 1), start=factor)
        if abs(exponent) == sympy.Rational(1, 2) and base.order == 1:
            value = expression_of(base)
            return square_root(Fraction(int(value.p), int(value.q)) ** (1 if exponent > 0 else -1))
    return expression_of(base) ** exponent


def function_of(function: Any, argument: Number) -> Number:
    """Returns the cosine, sine or tangent of a number."""
    angle = expression_of(argument)
    turns = angle / (2 * sympy.pi)
    if not turns.is_Rational:
        value = function(angle)  # of the angle of a rational tangent it is a square root
        return value if value.is_Function else number_of(value)
    turn = Fraction(int(turns.p), int(turns.q))
    try:
        if function is not sympy.tan:
            return cosine(turn) if function is sympy.cos else sine(turn)
        return sine(turn) / cosine(turn)
    except TooLargeError:
        return function(angle, evaluate=False)


@lru_cache(maxsize=1 << 14)
def expression_of(number: Number) -> sympy.Expr:
    """Returns a number as an expression: a rational combination of cosines, in general."""
    if not isinstance(number, Cyclotomic):
        return number
    real, imaginary = (_combination(part.reduced()) for part in number.parts())
    return real + sympy.I * imaginary


def _combination(number: Cyclotomic) -> sympy.Expr:
    """Returns a real number as a rational combination of cosines up to a right angle."""
    coefficients: dict[Fraction, Fraction] = {}
    for coefficient, turn in number.terms():
        nearest = min(turn, 1 - turn)
        sign = 1 if nearest <= Fraction(1, 4) else -1
        angle = nearest if sign > 0 else Fraction(1, 2) - nearest
        coefficients[angle] = coefficients.get(angle, Fraction(0)) + sign * coefficient
    return sympy.Add(
        *(sympy.Rational(c.numerator, c.denominator) * _cosine(t) for t, c in coefficients.items())
    )


def _cosine(turn: Fraction) -> sympy.Expr:
    angle = 2 * sympy.pi * sympy.Rational(turn.numerator, turn.denominator)
    # SymPy would expand cos(pi/8) and the like into nested radicals.
    return sympy.cos(angle, evaluate=turn.denominator in (1, 2, 3, 4, 6, 12))
