"""Constants as sums of few signed powers of two [Avizienis1961], [Reitwiesner1960].

The nearest power of two is taken again and again from what is left. The sum after k steps
is a nearest one of at most k terms, so one pass gives the best forms of every length.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import NamedTuple

from dsl.number_forms.rounding import WHOLE


class Digit(NamedTuple):
    """One term: sign times 2^exponent, the sign 1 or -1."""

    sign: int
    exponent: int

    @property
    def value(self) -> float:
        """The number it stands for."""
        return math.ldexp(self.sign, self.exponent)


class SignedDigits(NamedTuple):
    """A sum of signed powers of two, of which no two are neighbours.

    Attributes:
        value: The sum.
        digits: Its terms, the largest first; as few as any sum of that value has.
    """

    value: float
    digits: tuple[Digit, ...]


class Form(NamedTuple):
    """A number near a constant.

    Attributes:
        value: The number; complex where the constant is.
        digits: How many signed powers of two it is a sum of.
    """

    value: complex
    digits: int


def canonical_digits(c: float, terms: int, bits: int) -> SignedDigits:
    """Returns the best sum of at most so many signed powers of two.

    Args:
        c: A real constant.
        terms: Most of them.
        bits: The least power is 2^-bits.
    """
    value = 0.0
    for step, digit in enumerate(_nearest_digits(c, bits)):
        if step == terms:
            break
        value += digit.value
    return signed_digits(value, bits)


def signed_digits(c: float, bits: int) -> SignedDigits:
    """Returns the canonical signed digits of a constant rounded to `bits` bits."""
    whole = _scaled(c, bits)
    value = c if abs(c) >= math.ldexp(WHOLE, -bits) else math.ldexp(whole, -bits)
    digits, exponent = [], -bits
    while whole:
        zeros = (whole & -whole).bit_length() - 1
        whole >>= zeros
        exponent += zeros
        sign = 2 - (whole & 3)  # the two lowest bits are 01 or 11
        digits.append(Digit(sign, exponent))
        whole -= sign
    return SignedDigits(value, tuple(reversed(digits)))


def forms(c: complex, bits: int) -> list[Form]:
    """Returns the numbers near a constant that pay, from 0 on: each nearer, with more digits.

    The last one is nearest of all that have `bits` bits after the point. Of a complex
    constant the digits of both parts count.
    """
    real = _real_forms(c.real, bits)
    if isinstance(c, int | float):
        return real
    imaginary = _real_forms(c.imag, bits)
    pairs = [Form(complex(a.value, b.value), a.digits + b.digits) for a in real for b in imaginary]
    pairs.sort(key=lambda form: (form.digits, abs(form.value - c)))
    kept = pairs[:1]
    for form in pairs:
        if abs(form.value - c) < abs(kept[-1].value - c):
            kept.append(form)
    return kept


def _real_forms(c: float, bits: int) -> list[Form]:
    found = [Form(0.0, 0)]
    for digit in _nearest_digits(c, bits):
        found.append(Form(found[-1].value + digit.value, len(found)))
    return found


def nonzero_digits(c: complex, word_length: int) -> int:
    """Returns how many signed digits a constant has, rounded to so many bits; both parts' if two.

    The bits are those after the point, of a constant below 1 those after its leading one:
    no constant becomes cheap by being small.
    """
    return sum(
        (3 * whole ^ whole).bit_count()
        for part in (c.real, c.imag)
        if (whole := abs(_scaled(part, places(part, word_length))))
    )


def places(c: float, word_length: int) -> int:
    """Returns how many bits after the point a constant of a word length has."""
    leading = math.frexp(c)[1] - 1 if c else 0
    return word_length + max(0, -leading)


def _scaled(c: float, bits: int) -> int:
    """Returns c 2^bits, rounded, also where that is beyond any double."""
    mantissa, exponent = math.frexp(c)
    shift = exponent + bits
    if shift <= 1000:
        return round(math.ldexp(mantissa, shift))
    return round(math.ldexp(mantissa, 53)) << (shift - 53)


def _nearest_digits(c: float, bits: int) -> Iterator[Digit]:
    """Yields the power of two nearest to what is left, until that is half of the least one."""
    least = math.ldexp(0.5, -bits)
    while abs(c) > least:
        mantissa, exponent = math.frexp(abs(c))
        exponent = max(exponent if mantissa >= 0.75 else exponent - 1, -bits)
        digit = Digit(1 if c > 0 else -1, exponent)
        c -= digit.value
        yield digit
