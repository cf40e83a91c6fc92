"""Constants rounded to so many bits after the binary point."""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction

from dsl.cost import SAME

# Doubles from here on are whole numbers.
WHOLE = 2.0**52


def round_bits(c: complex, bits: int) -> complex:
    """Returns the nearest number with `bits` bits after the point, halves to even.

    A complex constant is rounded part by part; of a real one a float is returned.
    """
    return by_parts(lambda part: _rounded(part, bits), c)


def _rounded(c: float, bits: int) -> float:
    if abs(c) >= math.ldexp(WHOLE, -bits):
        return c
    return math.ldexp(round(math.ldexp(c, bits)), -bits)


def dyadic(c: float, bits: int) -> Fraction:
    """Returns the nearest k / 2^bits, halves to even, in lowest terms."""
    return Fraction(round(Fraction(c) * (1 << bits)), 1 << bits)


def by_parts(function: Callable[[float], float], c: complex) -> complex:
    """Returns a function of real numbers, applied to real and imaginary part.

    Args:
        function: Of a float.
        c: A real constant, of which the result is real, or a complex one.
    """
    if isinstance(c, int | float):
        return function(c)
    return complex(function(c.real), function(c.imag))


def is_power_of_two(c: complex) -> bool:
    """Tells whether a constant is real and 2^k or -2^k, as nearly as constants are the same."""
    if c.imag or not c.real or not math.isfinite(c.real):
        return False
    mantissa, _ = math.frexp(abs(c.real))
    return mantissa - 0.5 <= 0.5 * SAME or 1.0 - mantissa <= SAME
