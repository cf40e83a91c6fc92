"""Exact numbers of the cyclotomic fields Q(zeta_N), zeta_N = exp(2 pi i / N).

They hold every rational number, every cosine and sine of a rational multiple of pi and
every square root of a rational number [Washington1997, chapter 2], so the entries of the
DFT, DCT, DST, Hartley, Walsh-Hadamard and Haar transforms and the constants of their fast
algorithms. An element is a polynomial in zeta_N modulo the N-th cyclotomic polynomial;
FLINT does the arithmetic.
"""

from __future__ import annotations

import math
from fractions import Fraction
from functools import lru_cache
from typing import Any

import flint

# Fields of larger order are refused: elements would have thousands of coefficients.
LARGEST_ORDER = 1 << 12
# Degree times bits of the largest coefficient of what is divided by: beyond, it takes seconds.
LARGEST_DIVISOR = 1 << 14
LARGEST_DIVISOR_DEGREE = 512
# Enough for doubles to be rounded correctly, short of exact ties.
BITS = 256


class TooLargeError(ArithmeticError):
    """A field beyond `LARGEST_ORDER`."""


class Cyclotomic:
    """An element of Q(zeta_order). Immutable; equal numbers of different fields are equal.

    Args:
        order: N, of which twice an odd number never is needed: Q(zeta_2m) = Q(zeta_m).
        polynomial: In zeta_N, of a degree below that of the cyclotomic polynomial.
    """

    __slots__ = ("order", "polynomial")

    def __init__(self, order: int, polynomial: flint.fmpq_poly) -> None:
        self.order = order
        self.polynomial = polynomial

    def lifted(self, order: int) -> Cyclotomic:
        """Returns the same number in the field of a multiple of the order."""
        if order == self.order:
            return self
        if order % self.order:
            raise ValueError(f"Q(zeta_{self.order}) does not lie in Q(zeta_{order})")
        step = order // self.order
        return powers(order, {step * k: c for k, c in self._coefficients().items()})

    def __add__(self, other: Any) -> Cyclotomic:
        one, two = _together(self, other)
        return Cyclotomic(one.order, one.polynomial + two.polynomial)

    __radd__ = __add__

    def __sub__(self, other: Any) -> Cyclotomic:
        return self + -other

    def __rsub__(self, other: Any) -> Cyclotomic:
        return -self + other

    def __neg__(self) -> Cyclotomic:
        return Cyclotomic(self.order, -self.polynomial)

    def __mul__(self, other: Any) -> Cyclotomic:
        one, two = _together(self, other)
        product = one.polynomial * two.polynomial
        return Cyclotomic(one.order, product % modulus(one.order))

    __rmul__ = __mul__

    def __truediv__(self, other: Any) -> Cyclotomic:
        _, two = _together(ONE, other)
        return self * two.inverse()

    def __rtruediv__(self, other: Any) -> Cyclotomic:
        return self.inverse() * other

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Cyclotomic):
            return NotImplemented
        one, two = self, other
        if one.order != two.order:
            one, two = one.reduced(), two.reduced()
        return one.order == two.order and bool(one.polynomial == two.polynomial)

    def __hash__(self) -> int:
        return hash(complex(self))

    def __bool__(self) -> bool:
        return self.polynomial.length() > 0

    def __reduce__(self) -> tuple[Any, ...]:
        pairs = [(int(c.p), int(c.q)) for c in self.polynomial.coeffs()]
        return _restored, (self.order, pairs)

    def __repr__(self) -> str:
        return f"Cyclotomic({self.order}, {self.polynomial})"

    def inverse(self) -> Cyclotomic:
        """Returns the reciprocal.

        Raises:
            TooLargeError: The number is beyond `LARGEST_DIVISOR`.
            ZeroDivisionError: The number is zero.
        """
        bits = max((c.height_bits() for c in self._coefficients().values()), default=1)
        degree = modulus(self.order).degree()
        if degree > LARGEST_DIVISOR_DEGREE or degree * bits > LARGEST_DIVISOR:
            raise TooLargeError(f"division by a large number of a field of order {self.order}")
        if not self:
            raise ZeroDivisionError("reciprocal of an exact zero")
        _, inverse, _ = self.polynomial.xgcd(modulus(self.order))
        return Cyclotomic(self.order, inverse)

    def conjugate(self) -> Cyclotomic:
        """Returns the complex conjugate."""
        return powers(self.order, {-k: c for k, c in self._coefficients().items()})

    def reduced(self) -> Cyclotomic:
        """Returns the same number in the smallest cyclotomic field that holds it."""
        for prime, _ in flint.fmpz(self.order).factor():
            smaller = self._without(int(prime))
            if smaller is not None:
                return smaller.reduced()
        return self

    def _without(self, p: int) -> Cyclotomic | None:
        """Returns the same number in the field of order / p; None if it is not in there."""
        coefficients = self._coefficients()
        order = self.order // p
        if order % p == 0:  # the cyclotomic polynomial is one in the p-th power
            if any(k % p for k in coefficients):
                return None
            return powers(order, {k // p: c for k, c in coefficients.items()})
        # zeta_N = zeta_order^u zeta_p^v; the trace down to the smaller field, over p - 1
        u = pow(p, -1, order) if order > 1 else 0
        sums: dict[int, Any] = {}
        for k, c in coefficients.items():
            weight = flint.fmpq(1) if k % p == 0 else flint.fmpq(-1, p - 1)
            sums[u * k % order] = sums.get(u * k % order, 0) + c * weight
        smaller = powers(order, sums)
        return smaller if smaller.lifted(self.order).polynomial == self.polynomial else None

    def _coefficients(self) -> dict[int, Any]:
        return {k: c for k, c in enumerate(self.polynomial.coeffs()) if c}

    def parts(self) -> tuple[Cyclotomic, Cyclotomic]:
        """Returns the real and the imaginary part."""
        mirrored = self.conjugate()
        if mirrored == self:
            return self, ZERO
        half = rational(Fraction(1, 2))
        return (self + mirrored) * half, (mirrored - self) * half * I

    def terms(self) -> list[tuple[Fraction, Fraction]]:
        """Returns pairs (coefficient c, turn t): the number is the sum of c exp(2 pi i t)."""
        return [
            (Fraction(int(c.p), int(c.q)), Fraction(k, self.order))
            for k, c in self._coefficients().items()
        ]

    def ball(self) -> flint.acb:
        """Returns an enclosure at the working precision of FLINT's context."""
        total = flint.acb(0)
        for k, coefficient in self._coefficients().items():
            total += coefficient * flint.acb(flint.fmpq(2 * k, self.order)).exp_pi_i()
        return total

    def __complex__(self) -> complex:
        """Returns the nearest double, or pair of doubles."""
        with flint.ctx.workprec(BITS):
            real, imaginary = self.parts()
            return complex(
                float(real.ball().real), float(imaginary.ball().real) if imaginary else 0.0
            )


def _restored(order: int, pairs: list[tuple[int, int]]) -> Cyclotomic:
    return Cyclotomic(order, flint.fmpq_poly([flint.fmpq(p, q) for p, q in pairs]))


@lru_cache(maxsize=256)
def modulus(order: int) -> flint.fmpq_poly:
    """Returns the cyclotomic polynomial."""
    return flint.fmpq_poly(flint.fmpz_poly.cyclotomic(order))


def common_order(one: int, two: int) -> int:
    """Returns the order of the smallest field that holds two.

    Raises:
        TooLargeError: It is beyond `LARGEST_ORDER`.
    """
    order = math.lcm(one, two)
    if order > LARGEST_ORDER:
        raise TooLargeError(f"a field of order {order}, expected at most {LARGEST_ORDER}")
    return order


def _together(one: Cyclotomic, two: Any) -> tuple[Cyclotomic, Cyclotomic]:
    """Returns two numbers in one field; the second may be whole or a float."""
    if not isinstance(two, Cyclotomic):
        if not isinstance(two, int | float | Fraction):
            raise TypeError(f"expected a number, got {type(two).__name__}")
        two = rational(Fraction(two))
    if one.order == two.order:
        return one, two
    order = common_order(one.order, two.order)
    return one.lifted(order), two.lifted(order)


def rational(number: Fraction | int) -> Cyclotomic:
    """Returns a rational number."""
    return Cyclotomic(1, flint.fmpq_poly([flint.fmpq(number.numerator, number.denominator)]))


def root(turn: Fraction) -> Cyclotomic:
    """Returns exp(2 pi i turn).

    Raises:
        TooLargeError: The denominator of the turn is beyond `LARGEST_ORDER`.
    """
    return powers(common_order(turn.denominator, 1), {turn.numerator: 1})


def powers(order: int, coefficients: dict[int, Any]) -> Cyclotomic:
    """Returns the sum of c zeta_order^k over exponents k, of any sign, and coefficients c."""
    if order % 4 == 2:  # zeta_2m = -zeta_m^((m + 1) / 2) for odd m
        order //= 2
        halved = (order + 1) // 2
        coefficients = {halved * k: -c if k % 2 else c for k, c in coefficients.items()}
    dense: list[Any] = [0] * order
    for k, c in coefficients.items():
        dense[k % order] += c
    return Cyclotomic(order, flint.fmpq_poly(dense) % modulus(order))


def cosine(turn: Fraction) -> Cyclotomic:
    """Returns cos(2 pi turn)."""
    return (root(turn) + root(-turn)) * rational(Fraction(1, 2))


def sine(turn: Fraction) -> Cyclotomic:
    """Returns sin(2 pi turn)."""
    return cosine(turn - Fraction(1, 4))


@lru_cache(maxsize=1024)
def square_root(radicand: Fraction) -> Cyclotomic:
    """Returns the square root of a rational number; with positive imaginary part if negative.

    Raises:
        TooLargeError: A prime factor is beyond `LARGEST_ORDER`.
    """
    number = radicand.numerator * radicand.denominator
    result = rational(Fraction(1, radicand.denominator))
    if number == 0:
        return ZERO
    for prime, power in flint.fmpz(abs(number)).factor():
        result *= rational(int(prime) ** (power // 2))
        if power % 2:
            result *= _root_of_prime(int(prime))
    return result * I if number < 0 else result


def _root_of_prime(p: int) -> Cyclotomic:
    """Returns the square root of a prime, by Gauss's sum [Washington1997, chapter 6]."""
    if p == 2:
        return root(Fraction(1, 8)) + root(Fraction(-1, 8))
    common_order(p, 4)
    residues = {k * k % p for k in range(1, p)}
    powers = [0] + [1 if k in residues else -1 for k in range(1, p)]
    total = Cyclotomic(p, flint.fmpq_poly(powers) % modulus(p))
    return total if p % 4 == 1 else -total * I


ZERO = Cyclotomic(1, flint.fmpq_poly([]))
ONE = rational(1)
I = Cyclotomic(4, flint.fmpq_poly([0, 1]))  # noqa: E741 - as everybody writes it
