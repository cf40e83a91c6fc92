"""The simplest number in an interval: what a constant most likely is."""

from __future__ import annotations

import math
from fractions import Fraction

# A number is taken for a simple one only where chance would hit upon one as simple less often.
CHANCE = 0.01
# Fractions with denominators up to Q are this many times Q squared per unit of length.
DENSITY = 3 / math.pi**2
# A constant is tried as a fraction of each of these.
UNITS = (1.0, math.pi)
LARGEST = 2.0**52


def simplest_between(low: float, high: float) -> Fraction:
    """Returns the fraction with the smallest denominator in [low, high], both finite."""
    if low <= 0 <= high:
        return Fraction(0)
    if high < 0:
        return -simplest_between(-high, -low)
    return _simplest(Fraction(low), Fraction(high))


def _simplest(low: Fraction, high: Fraction) -> Fraction:
    """Continued fractions: the two ends share their terms up to where the simplest one ends."""
    terms = []
    while True:
        whole = -(-low.numerator // low.denominator)
        if whole <= high:
            break
        floor = low.numerator // low.denominator
        terms.append(floor)
        low, high = 1 / (high - floor), 1 / (low - floor)
    found = Fraction(whole)
    for term in reversed(terms):
        found = term + 1 / found
    return found


def recognised(value: float, deviation: float) -> float | None:
    """Returns the simple number that a solved constant stands for, or None.

    It is the simplest multiple of 1 or of pi within two standard deviations, provided that a
    number as simple is not likely to be there by chance.

    Args:
        value: What was solved.
        deviation: Its standard deviation.
    """
    reach = 2 * deviation + 4e-16 * abs(value)
    if not (math.isfinite(value) and math.isfinite(reach)) or abs(value) > LARGEST:
        return None
    if abs(value) <= reach:
        return 0.0  # as good as nothing
    for unit in UNITS:
        low, high = (value - reach) / unit, (value + reach) / unit
        found = simplest_between(low, high)
        height = min(found.denominator, LARGEST) * (1 if unit == 1 else 4)
        if (high - low) * DENSITY * height**2 <= CHANCE:
            return float(found) if unit == 1 else float(found) * unit
    return None


def roundest_between(low: int, high: int) -> int:
    """Returns the whole number from low to high that people would rather choose.

    It is the one with the most divisors, the smallest of these: 36000 rather than 36005.
    """
    return max(range(low, high + 1), key=lambda n: (_divisors(n), -n))


def _divisors(n: int) -> int:
    count, factor = 1, 2
    while factor * factor <= n:
        power = 1
        while n % factor == 0:
            n //= factor
            power += 1
        count *= power
        factor += 1
    return count * (2 if n > 1 else 1)
