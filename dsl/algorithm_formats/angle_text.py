"""Angles of diagonals as text, in the index r and the size n."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from dsl.vectors import VECTORS, Parameters
from dsl.vectors.angles import ANGLE


@dataclass(frozen=True, slots=True)
class Angle:
    """An angle of `numerator(r) / (denominator n)` half turns: pi times that.

    Attributes:
        slope: Of the numerator, per element.
        offset: Of the numerator at element 0.
        per_size: Of the numerator, times n.
        denominator: Over n.
    """

    slope: int
    offset: int
    per_size: int
    denominator: int


def angle_of(parameters: Sequence[Fraction]) -> Angle:
    """Returns an angle from slope, offset and turn, which are in turns."""
    doubled = [2 * p for p in parameters]
    denominator = math.lcm(*(p.denominator for p in doubled))
    slope, offset, turn = (int(p * denominator) for p in doubled)
    common = math.gcd(slope, offset, turn, denominator)
    return Angle(slope // common, offset // common, turn // common, denominator // common)


def has_angle(name: str) -> bool:
    """Tells whether a step's parameters are those of an angle."""
    return name in VECTORS and VECTORS.get(name).parameters == ANGLE


def radians(parameters: Parameters) -> str:
    """Returns an angle, such as `pi (2 r + 1)/(4 n)`."""
    slope, offset, turn = (2 * p for p in parameters)
    parts = []
    if slope or offset:
        denominator = math.lcm(slope.denominator, offset.denominator)
        factor, common = linear(slope * denominator, offset * denominator)
        below = f"({denominator} n)" if denominator > 1 else "n"
        top = f"{'' if common == 1 else f'{common} '}pi" + (f" {factor}" if factor else "")
        parts.append(f"{top}/{below}")
    if turn:
        number = "" if abs(turn.numerator) == 1 else f"{abs(turn.numerator)} "
        below = f"/{turn.denominator}" if turn.denominator > 1 else ""
        parts.append(f"{'-' if turn < 0 else ''}{number}pi{below}")
    return " + ".join(parts).replace(" + -", " - ") or "0"


def linear(slope: Fraction, offset: Fraction) -> tuple[str, int]:
    """Returns a term in r and a whole number whose product is slope r + offset."""
    common = math.gcd(int(slope), int(offset)) or 1
    if slope < 0 or (slope == 0 and offset < 0):
        common = -common
    slope, offset = slope / common, offset / common
    if not slope:
        return "", common
    text = "r" if slope == 1 else f"{slope} r"
    if not offset:
        return text, common
    return f"({text} {'-' if offset < 0 else '+'} {abs(offset)})", common


def power(parameters: Parameters) -> str:
    """Returns the power of w = exp(-2 pi i / n) that exp(i angle) is, such as `(3 r)`."""
    terms = zip((-p for p in parameters), ("r", "", "n"), strict=True)
    parts = [_term(number, symbol) for number, symbol in terms if number]
    text = " + ".join(parts).replace(" + -", " - ") or "0"
    return text if text in ("r", "0") or text.isdigit() else f"({text})"


def _term(number: Fraction, symbol: str) -> str:
    if not symbol:
        return str(number)
    sign = "-" if number < 0 else ""
    whole = "" if abs(number.numerator) == 1 else f"{abs(number.numerator)} "
    below = f"/{number.denominator}" if number.denominator > 1 else ""
    return f"{sign}{whole}{symbol}{below}"
