"""The multipliers, the shift and the format of one sum."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import NamedTuple

from dsl.fixed_point.dyadic import halved
from dsl.fixed_point.fixed_program import Step, Term
from dsl.fixed_point.words import Words

# Of floating-point sums, so that a bound is never too low; far below one in 2^31.
MARGIN = 1 + 1e-12


class Product(NamedTuple):
    """A term that has no multiplier yet.

    Attributes:
        place: The number of its value.
        sign: 1 or -1.
        constant: Positive, by which the value is multiplied.
    """

    place: int
    sign: int
    constant: complex

    @property
    def exponent(self) -> int | None:
        """The k of a constant 2^k, None for all others."""
        mantissa, exponent = math.frexp(self.constant.real)
        return exponent - 1 if mantissa == 0.5 else None


class Draft(NamedTuple):
    """A sum that is not written yet: its terms, and its largest magnitude."""

    products: tuple[Product, ...]
    size: float


@dataclass(frozen=True, slots=True)
class Value:
    """What is known of a value that is written.

    Attributes:
        fraction_bits: v stands for v / 2^fraction_bits.
        magnitude: The largest magnitude of v.
        size: The largest magnitude of what v stands for exactly.
        error: How far v is from it at most, in the units of the inputs.
    """

    fraction_bits: int
    magnitude: int
    size: float
    error: float

    def shifted(self, shift: int) -> Value:
        """Returns the value rounded by so many bits more."""
        bits = self.fraction_bits - shift
        magnitude = (self.magnitude + (1 << (shift - 1))) >> shift
        return Value(bits, magnitude, self.size, self.error + math.ldexp(0.5, -bits))


@dataclass(frozen=True, slots=True)
class Plan:
    """A sum in a wide word, before it is rounded.

    Attributes:
        products: Its terms.
        multipliers: One for each, with its sign.
        bits: Bits after the binary point.
        zeros: How many more there were, of which all were zero.
        is_whole: No constant lost bits for the sum to fit.
        magnitude: The largest magnitude of the sum, each term as large as it can be.
        error: How far it is from what it stands for at most.
        constant_error: The part of it that is due to the multipliers.
        words: Sizes of the numbers.
    """

    products: tuple[Product, ...]
    multipliers: tuple[int, ...]
    bits: int
    zeros: int
    is_whole: bool
    magnitude: int
    error: float
    constant_error: float
    words: Words

    def is_good(self, size: float) -> bool:
        """Tells whether constants cost no more than a rounding of each term would.

        Args:
            size: The largest magnitude of what the sum stands for.
        """
        half = math.ldexp(0.5, -self.step(size)[1].fraction_bits)
        return self.is_whole and self.constant_error <= len(self.products) * half

    def step(self, size: float, bits: int | None = None) -> tuple[Step, Value]:
        """Returns the step for the sum, and what is known of its value.

        Args:
            size: The largest magnitude of what it stands for.
            bits: The format that is wanted; by default the finest in which it fits.
        """
        if bits is not None and bits > self.bits:
            factor = 1 << (bits - self.bits)
            multipliers = tuple(m * factor for m in self.multipliers)
            finer = replace(self, multipliers=multipliers, bits=bits)
            return replace(finer, magnitude=self.magnitude * factor).step(size, bits)
        chosen = self.bits if bits is None else bits
        value = self._value(size, chosen)
        while value.magnitude > self.words.largest:
            chosen -= max(1, value.magnitude.bit_length() - self.words.length)
            value = self._value(size, chosen)
        terms = (
            Term(product.place, multiplier, product.constant)
            for product, multiplier in zip(self.products, self.multipliers, strict=True)
            if multiplier
        )
        return Step(tuple(terms), self.bits - chosen, chosen), value

    def _value(self, size: float, bits: int) -> Value:
        """Returns what is known of the sum rounded to a format."""
        shift = self.bits - bits
        error = self.error + (math.ldexp(0.5, -bits) if shift else 0.0)
        by_terms = (self.magnitude + ((1 << shift) >> 1)) >> shift
        by_size = math.floor(scaled((size + error) * MARGIN, bits))
        return Value(bits, min(by_terms, by_size), size, error)


def plan(
    products: Sequence[Product], values: Sequence[Value], words: Words, wanted: int | None = None
) -> Plan:
    """Returns the finest sum that fits in a wide word.

    Args:
        products: Terms.
        values: What is known of all values that are written.
        words: Sizes of the numbers.
        wanted: The format to which it will be rounded; by default the finest.
    """
    bits = finest = _finest(products, values, words)
    while True:
        found = _sum(products, values, words, bits)
        excess = found.magnitude + _half(found, wanted) - words.largest_wide
        if excess <= 0:
            return replace(found, is_whole=bits == finest)
        bits -= max(1, excess.bit_length() - words.wide_length)


def _half(found: Plan, wanted: int | None) -> int:
    """Returns at least what is added to the sum before it is rounded."""
    if wanted is None:
        shift = found.magnitude.bit_length() - found.words.length + 1
    else:
        shift = found.bits - wanted
    return (1 << max(0, shift)) >> 1


def scaled(number: float, bits: int) -> Fraction:
    """Returns number * 2^bits, which may be too large for a float."""
    return halved(Fraction(number), -bits)


def _finest(products: Sequence[Product], values: Sequence[Value], words: Words) -> int:
    """Returns the bits that a sum has if no constant and no operand loses any."""
    rounded, exact = [], []
    for product in products:
        bits, exponent = values[product.place].fraction_bits, product.exponent
        if exponent is None:
            rounded.append(bits + _places(product.constant.real, words.largest_constant))
        else:
            exact.append(bits - exponent)
    return min(rounded) if rounded else max(exact, default=0)


def _places(constant: float, largest: int) -> int:
    """Returns how many bits after the point a multiplier may have."""
    if not constant:
        return 0
    places = largest.bit_length() - math.frexp(constant)[1]
    return places if round(scaled(constant, places)) <= largest else places - 1


def _sum(products: Sequence[Product], values: Sequence[Value], words: Words, bits: int) -> Plan:
    """Returns a sum with so many bits after the point, fewer where the last are zero."""
    operands = [values[product.place] for product in products]
    shifts = [bits - operand.fraction_bits for operand in operands]
    multipliers = [
        round(scaled(product.constant.real, shift))
        for product, shift in zip(products, shifts, strict=True)
    ]
    zeros = min(((m & -m).bit_length() - 1 for m in multipliers if m), default=0)
    magnitude, error, constant_error = 0, 0.0, 0.0
    for product, operand, m, shift in zip(products, operands, multipliers, shifts, strict=True):
        used = float(halved(m, shift))
        error += used * operand.error
        constant_error += abs(used - product.constant.real) * operand.size
        magnitude += (m >> zeros) * operand.magnitude
    signed = tuple(p.sign * (m >> zeros) for p, m in zip(products, multipliers, strict=True))
    error += constant_error
    return Plan(
        tuple(products), signed, bits - zeros, zeros, True, magnitude, error, constant_error, words
    )


def rounded_operands(made: Plan, values: Sequence[Value]) -> Iterator[tuple[Product, int]]:
    """Yields the terms, each with the bits by which its value is finer than the sum."""
    for product in made.products:
        exponent = product.exponent
        finer = values[product.place].fraction_bits - (exponent or 0) - made.bits - made.zeros
        yield product, max(0, finer) if exponent is not None else 0
