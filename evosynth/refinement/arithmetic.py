"""Products, quotients and parts of constants, exact where the constants are.

The constants of a transform are few and arithmetic of exact numbers is slow, so that
results are remembered; by type too, since an exact number equals the double nearest to it.
"""

from __future__ import annotations

from functools import lru_cache

from dsl.cost import SAME
from dsl.cyclotomic import Cyclotomic
from dsl.exact_number import Exact, is_exact, number_in
from dsl.straightline import UNITS

_remembered = lru_cache(maxsize=1 << 14, typed=True)


@_remembered
def product(one: complex, two: complex) -> complex:
    """Returns the product, exact if both are."""
    if two == 1 or one == 1:
        return one if two == 1 else two
    return one * two


@_remembered
def quotient(one: complex, two: complex) -> complex:
    """Returns the quotient, exact if both are.

    Raises:
        TooLargeError: The divisor is beyond what is divided by.
    """
    return one if two == 1 else product(one, _reciprocal(two))


@_remembered
def _reciprocal(constant: complex) -> complex:
    if not is_exact(constant):
        return 1 / constant
    number = number_in(constant)
    return Exact(number.inverse() if isinstance(number, Cyclotomic) else 1 / number)


@_remembered
def turned(constant: complex) -> tuple[int, complex]:
    """Writes a constant as i ** turn times one with angle from 0 to below a right angle.

    A part that is lost in rounding counts as zero.
    """
    noise = SAME * abs(constant)
    for turn in range(4):
        rest = constant * UNITS[-turn % 4] if turn else constant
        if rest.real > noise and rest.imag >= -noise:
            return turn, _tidy(rest, noise)
    return 0, constant


def _tidy(constant: complex, noise: float) -> complex:
    if isinstance(constant, Exact):
        return constant
    real, imaginary = (0.0 if abs(x) <= noise else x for x in (constant.real, constant.imag))
    return complex(1.0 if abs(real - 1) <= SAME else real, imaginary)


@_remembered
def parts(constant: complex) -> tuple[complex, complex]:
    """Returns both parts, real and not negative, of a constant turned by a power of i."""
    _, rest = turned(constant)
    return rest.parts() if isinstance(rest, Exact) else (rest.real, rest.imag)


def is_near(one: complex, two: complex) -> bool:
    """Tells whether two constants are the same within the tolerance of the count."""
    return abs(complex(one) - complex(two)) <= SAME * abs(complex(one))


def is_same(one: complex, two: complex) -> bool:
    """Tells whether two constants are equal; within the tolerance if not both are exact."""
    if is_exact(one) and is_exact(two):
        first, second = number_in(one), number_in(two)
        if isinstance(first, Cyclotomic) and isinstance(second, Cyclotomic):
            return bool(first == second)
    return is_near(one, two)
