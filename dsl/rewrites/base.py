"""What a rewrite is: a random small change of a size-generic rule."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np

from dsl.grammars.recursive.families import family
from dsl.grammars.recursive.rule import CALL, MULTIPLY, Rule, Step
from dsl.registry import Registry
from dsl.vectors import VECTORS
from dsl.vectors.add import both_in_place
from dsl.vectors.angles import ANGLE
from dsl.vectors.base import in_place


@dataclass(frozen=True, slots=True)
class Setting:
    """What a rule is for.

    Attributes:
        family: The transform that it computes.
        others: A rule of each other family that may be written out in it.
    """

    family: str
    others: Mapping[str, Rule] = field(default_factory=dict)

    @property
    def units(self) -> tuple[int, ...]:
        """The powers of i that are free."""
        return (0, 1, 2, 3) if family(self.family).domain == "complex" else (0, 2)


@dataclass(frozen=True, slots=True)
class Rewrite:
    """One kind of change.

    Attributes:
        name: What options call it.
        summary: One line for people.
        apply: (rule, setting, rng) -> the changed rule, cleaned; None if it does not apply.
        keeps_meaning: The changed rule computes the same.
    """

    name: str
    summary: str
    apply: Callable[[Rule, Setting, np.random.Generator], Rule | None]
    keeps_meaning: bool = True


REWRITES: Registry[Rewrite] = Registry("rewrite")


def step_of(rule: Rule, value: int) -> Step | None:
    """Returns the step that computes a value; None for an input."""
    return rule.steps[value - len(rule.inputs)] if value >= len(rule.inputs) else None


def computed(rule: Rule) -> list[int]:
    """Returns the values that steps compute, for the output."""
    return [v for v in range(len(rule.inputs), len(rule.ratios)) if rule.used[v]]


def is_opaque(step: Step | None) -> bool:
    """Tells whether a value is an input, a transform or a product of values."""
    return step is None or step.name in (CALL, MULTIPLY)


def is_factor(step: Step | None) -> bool:
    """Tells whether a step multiplies each element by a number that is known."""
    if step is None or is_opaque(step) or VECTORS.get(step.name).places is not in_place:
        return False
    return has_angle(step) or step.name in ("negate", "times_minus_i", "scale", "over_n")


def has_angle(step: Step) -> bool:
    """Tells whether a step is a diagonal."""
    return not is_opaque(step) and VECTORS.get(step.name).parameters == ANGLE


def is_sum(step: Step | None) -> bool:
    """Tells whether a step adds or subtracts."""
    return (
        step is not None
        and not is_opaque(step)
        and (VECTORS.get(step.name).places is both_in_place)
    )


def is_join(step: Step | None) -> bool:
    """Tells whether a step joins vectors to a longer one."""
    return step is not None and step.name in ("concatenate", "interleave")


def is_move(step: Step | None) -> bool:
    """Tells whether a step takes elements of one vector."""
    return step is not None and step.name in MOVES


MOVES = ("take", "part", "reverse", "rotate", "mirror", "advance", "delay", "pad")


def choice(rng: np.random.Generator, items: list[int]) -> int | None:
    """Returns one of several numbers; None if there is none."""
    return items[int(rng.integers(len(items)))] if items else None
