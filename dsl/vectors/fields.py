"""The numbers that size-generic programs are computed in: doubles, exact ones, residues."""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from dsl.cyclotomic import Cyclotomic, rational, root

Numbers = npt.NDArray[Any]

# A prime P for which P - 1 is 2^14 3^8 19, so that the roots of unity of transforms of up to
# a thousand points exist; products of two residues fit in 64 bits.
PRIME = 2_042_413_057


class Field(Protocol):
    """Arithmetic on arrays of numbers of one kind."""

    zero: Any

    def __hash__(self) -> int:
        """Returns a number by which caches know it."""
        ...

    def roots(self, numerators: npt.NDArray[np.int64], denominator: int) -> Numbers:
        """Returns exp(2 pi i numerator / denominator)."""
        ...

    def number(self, value: complex | Fraction) -> Any:
        """Returns a rational or a complex number with dyadic parts."""
        ...

    def sum(self, one: Numbers, two: Numbers) -> Numbers:
        """Returns the sum, element by element."""
        ...

    def product(self, one: Numbers, two: Numbers) -> Numbers:
        """Returns the product, element by element."""
        ...

    def inverse(self, numbers: Numbers) -> Numbers:
        """Returns the reciprocals."""
        ...

    def turned(self, numbers: Numbers, unit: int) -> Numbers:
        """Returns the numbers times a power of i."""
        ...

    def tidied(self, numbers: Numbers) -> Numbers:
        """Returns the numbers in their simplest form: real ones without imaginary parts."""
        ...


class Doubles:
    """Complex numbers in double precision; of real data with real factors, real ones."""

    zero = 0.0

    def roots(self, numerators: npt.NDArray[np.int64], denominator: int) -> Numbers:
        """Returns roots of unity to the last bit or two: the angle is reduced exactly.

        Of opposite angles they are conjugate to the bit: cosines and sines come out real.
        """
        positive = numerators % denominator
        is_lower = 2 * positive > denominator
        upper = np.where(is_lower, denominator - positive, positive)
        quarters = (8 * upper + denominator) // (2 * denominator)
        angle = (4 * upper - quarters * denominator) / denominator * (np.pi / 2)
        units = np.array([1, 1j, -1, -1j])
        roots = (np.cos(angle) + 1j * np.sin(angle)) * units[quarters % 4]
        return np.asarray(np.where(is_lower, roots.conj(), roots))

    def number(self, value: complex | Fraction) -> Any:
        """Returns the nearest double, complex where it must be."""
        number = complex(value)
        return number if number.imag else number.real

    def sum(self, one: Numbers, two: Numbers) -> Numbers:
        """Returns the sum, element by element."""
        return np.asarray(one + two)

    def product(self, one: Numbers, two: Numbers) -> Numbers:
        """Returns the product, element by element."""
        return np.asarray(one * two)

    def inverse(self, numbers: Numbers) -> Numbers:
        """Returns the reciprocals."""
        return np.asarray(1 / numbers)

    def turned(self, numbers: Numbers, unit: int) -> Numbers:
        """Returns the numbers times a power of i."""
        if unit == 0:
            return numbers
        return -numbers if unit == 2 else np.asarray(numbers * (1j if unit == 1 else -1j))

    def tidied(self, numbers: Numbers) -> Numbers:
        """Returns real numbers as such."""
        return numbers if np.imag(numbers).any() else np.asarray(np.real(numbers))


class Exacts:
    """Numbers of cyclotomic fields, in arrays of objects."""

    zero = rational(0)

    def roots(self, numerators: npt.NDArray[np.int64], denominator: int) -> Numbers:
        """Returns roots of unity."""
        turns = numerators.tolist()
        return _objects([_root(Fraction(turn, denominator) % 1) for turn in turns])

    def number(self, value: complex | Fraction) -> Any:
        """Returns a rational or a complex number with dyadic parts."""
        if isinstance(value, Fraction):
            return rational(value)
        number = complex(value)
        real, imaginary = (rational(Fraction(x)) for x in (number.real, number.imag))
        return real + imaginary * root(Fraction(1, 4)) if imaginary else real

    def sum(self, one: Numbers, two: Numbers) -> Numbers:
        """Returns the sum, element by element."""
        return np.asarray(one + two)

    def product(self, one: Numbers, two: Numbers) -> Numbers:
        """Returns the product, element by element."""
        return np.asarray(one * two)

    def inverse(self, numbers: Numbers) -> Numbers:
        """Returns the reciprocals."""
        return _objects([number.inverse() for number in numbers.tolist()])

    def turned(self, numbers: Numbers, unit: int) -> Numbers:
        """Returns the numbers times a power of i."""
        return numbers if unit == 0 else np.asarray(numbers * _root(Fraction(unit, 4)))

    def tidied(self, numbers: Numbers) -> Numbers:
        """Returns the numbers themselves."""
        return numbers


@lru_cache(maxsize=1 << 12)
def _root(turn: Fraction) -> Cyclotomic:
    return root(turn)


def _objects(numbers: list[Any]) -> Numbers:
    array = np.empty(len(numbers), object)
    array[:] = numbers
    return array


class Residues:
    """Numbers modulo `PRIME`, int64: fast, and equal wherever exact numbers are equal.

    Numbers that are not equal are taken for equal once in `PRIME` times.
    """

    zero = 0

    def roots(self, numerators: npt.NDArray[np.int64], denominator: int) -> Numbers:
        """Returns powers of a root of unity of that order.

        Raises:
            ValueError: There is none.
        """
        if (PRIME - 1) % denominator:
            raise ValueError(f"no roots of unity of order {denominator} modulo {PRIME}")
        table = _powers(denominator)
        return table[numerators % denominator]

    def number(self, value: complex | Fraction) -> Any:
        """Returns a rational or a complex number with dyadic parts."""
        if isinstance(value, Fraction):
            return value.numerator * pow(value.denominator, -1, PRIME) % PRIME
        number = complex(value)
        real, imaginary = (self.number(Fraction(x)) for x in (number.real, number.imag))
        return (real + imaginary * int(_powers(4)[1])) % PRIME

    def image(self, number: Cyclotomic) -> int:
        """Returns the residue that stands for an exact number."""
        total = 0
        for coefficient, turn in number.terms():
            (power,) = self.roots(np.array([turn.numerator]), turn.denominator).tolist()
            total += self.number(coefficient) * power
        return total % PRIME

    def sum(self, one: Numbers, two: Numbers) -> Numbers:
        """Returns the sum, element by element."""
        return np.asarray((one + two) % PRIME)

    def product(self, one: Numbers, two: Numbers) -> Numbers:
        """Returns the product, element by element."""
        return np.asarray(one * two % PRIME)

    def inverse(self, numbers: Numbers) -> Numbers:
        """Returns the reciprocals; of 0, which has none, 0."""
        return np.array([pow(x, PRIME - 2, PRIME) for x in numbers.tolist()], np.int64)

    def turned(self, numbers: Numbers, unit: int) -> Numbers:
        """Returns the numbers times a power of i."""
        return numbers if unit == 0 else self.product(numbers, _powers(4)[unit])

    def tidied(self, numbers: Numbers) -> Numbers:
        """Returns the numbers themselves."""
        return numbers


@lru_cache(maxsize=64)
def _powers(order: int) -> npt.NDArray[np.int64]:
    """Returns the powers of a primitive root of unity of an order that divides PRIME - 1."""
    step = pow(_generator(), (PRIME - 1) // order, PRIME)
    powers = [1]
    for _ in range(order - 1):
        powers.append(powers[-1] * step % PRIME)
    return np.array(powers, np.int64)


@lru_cache(maxsize=1)
def _generator() -> int:
    """Returns the smallest number whose powers are all residues but 0."""
    factors = [p for p in range(2, 1 << 16) if (PRIME - 1) % p == 0 and _is_prime(p)]
    return next(
        g for g in range(2, 1 << 16) if all(pow(g, (PRIME - 1) // p, PRIME) != 1 for p in factors)
    )


def _is_prime(number: int) -> bool:
    return all(number % p for p in range(2, int(number**0.5) + 1))


DOUBLES, EXACTS, RESIDUES = Doubles(), Exacts(), Residues()
