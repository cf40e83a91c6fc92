"""How diagonals go through steps that move elements.

Such a step takes element `scale r + start + share n` for element r. A diagonal on the one
side of it is a diagonal on the other side, with another angle.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from dsl.grammars.recursive.rule import Step
from dsl.rewrites.base import has_angle
from dsl.vectors import Parameters


@dataclass(frozen=True, slots=True)
class IndexMap:
    """Which element is meant: number `scale r + start + share n`.

    Attributes:
        scale: Of r.
        start: A number of elements.
        share: A number of n elements.
        period: The length, over n, modulo which numbers are meant; None for none.
    """

    scale: Fraction
    start: Fraction
    share: Fraction
    period: Fraction | None = None

    def inner(self, angle: Parameters) -> Parameters | None:
        """Returns the angle for element r of what the numbered elements have; None if none."""
        slope, offset, turn = angle
        if self.period is not None and (slope * self.period).denominator != 1:
            return None
        return (slope * self.scale, offset + slope * self.start, turn + slope * self.share)

    def outer(self, angle: Parameters) -> Parameters | None:
        """Returns the angle of which `inner` makes the one given; None if there is none."""
        slope, offset, turn = angle
        slope = slope / self.scale
        if self.period is not None and (slope * self.period).denominator != 1:
            return None
        return (slope, offset - slope * self.start, turn - slope * self.share)


def index_map(step: Step, operand: int, ratio: Fraction) -> IndexMap:
    """Returns, for a join, the element that element r of an operand becomes.

    For a step that takes elements of one vector: the element that becomes element r.

    Args:
        step: The step.
        operand: Which operand of a join.
        ratio: The length of an operand, over n.
    """
    one, zero = Fraction(1), Fraction(0)
    if step.name == "concatenate":
        return IndexMap(one, zero, operand * ratio)
    if step.name == "interleave":
        return IndexMap(step.parameters[0], Fraction(operand), zero)
    if step.name == "take":
        return IndexMap(step.parameters[0], step.parameters[1], zero)
    if step.name == "part":
        return IndexMap(one, zero, step.parameters[1] * ratio / step.parameters[0])
    return {
        "reverse": IndexMap(-one, -one, ratio),
        "rotate": IndexMap(one, one, zero, ratio),
        "mirror": IndexMap(-one, zero, zero, ratio),
        "advance": IndexMap(one, one, zero),
        "delay": IndexMap(one, -one, zero),
        "pad": IndexMap(one, zero, zero),
    }[step.name]


def with_angle(step: Step, angle: Parameters | None) -> Step | None:
    """Returns a factor with another angle, if it has one; None if there is no such angle."""
    if not has_angle(step):
        return step
    if angle is None:
        return None
    slope, offset, turn = angle
    return Step(step.name, step.operands, (slope, offset, turn % 1))


def inside(factor: Step, mapping: IndexMap) -> Step | None:
    """Returns a factor of numbered elements as one of elements 0, 1, 2, ..."""
    return with_angle(factor, mapping.inner(factor.parameters) if has_angle(factor) else None)


def outside(factor: Step, mapping: IndexMap) -> Step | None:
    """Returns the factor of numbered elements of which `inside` makes the one given."""
    return with_angle(factor, mapping.outer(factor.parameters) if has_angle(factor) else None)
