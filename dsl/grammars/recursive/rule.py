"""A rule: how to compute a transform of n points by vector steps and shorter transforms.

Values are vectors whose lengths are fixed fractions of n; they are numbered, first the
inputs, then the results of the steps in order. A rule is immutable and checks itself.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

from dsl.registry import brief
from dsl.vectors import VECTORS, Parameters
from dsl.vectors.fields import DOUBLES

# A step that computes a whole transform of its operands' length, or multiplies two values
# element by element; all others are vector primitives.
CALL, MULTIPLY = "call", "multiply"
MOST_STEPS = 256
LARGEST_DIVISOR = 1 << 10


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a rule.

    Attributes:
        name: A vector primitive, `CALL` or `MULTIPLY`.
        operands: Numbers of earlier values.
        parameters: Those of a primitive.
        family: Of a call, the transform that is called; it may be the rule's own.
    """

    name: str
    operands: tuple[int, ...]
    parameters: Parameters = ()
    family: str = ""

    def __post_init__(self) -> None:
        if any(type(parameter) is not Fraction for parameter in self.parameters):
            object.__setattr__(self, "parameters", tuple(map(Fraction, self.parameters)))

    def moved(self, numbers: dict[int, int] | list[int]) -> Step:
        """Returns the step with its operands renumbered."""
        operands = tuple(numbers[k] for k in self.operands)
        return Step(self.name, operands, self.parameters, self.family)


@dataclass(frozen=True)
class Rule:
    """Steps from the inputs to the transform.

    Attributes:
        steps: In order.
        output: Number of the value that is the result; its length is n.
        inputs: The length of each input over n.

    Raises:
        ValueError: Something does not fit; the message names the step.
    """

    steps: tuple[Step, ...]
    output: int
    inputs: tuple[Fraction, ...] = (Fraction(1),)

    def __post_init__(self) -> None:
        if len(self.steps) > MOST_STEPS:
            raise ValueError(f"expected at most {MOST_STEPS} steps, got {len(self.steps)}")
        if not 0 <= self.output < len(self.ratios):
            raise ValueError(f"the output names value {self.output} of {len(self.ratios)}")
        if self.ratios[self.output] != 1:
            raise ValueError(f"the output has length {self.ratios[self.output]} n, expected n")
        if self.divisor > LARGEST_DIVISOR:
            raise ValueError(f"sizes must be multiples of {self.divisor}")

    @cached_property
    def ratios(self) -> tuple[Fraction, ...]:
        """The length of each value over n."""
        ratios = list(self.inputs)
        for position, step in enumerate(self.steps):
            try:
                ratios.append(result_ratio(step, ratios))
            except ValueError as error:
                raise ValueError(f"step {position} ({brief(step.name)}): {error}") from error
        return tuple(ratios)

    @cached_property
    def divisor(self) -> int:
        """The sizes that the rule can do are multiples of this, as far as its own steps go."""
        return math.lcm(*(ratio.denominator for ratio in self.ratios))

    @property
    def calls(self) -> tuple[tuple[str, Fraction], ...]:
        """The transforms that are called and needed, with their lengths over n."""
        return tuple(
            (step.family, self.ratios[step.operands[0]])
            for position, step in enumerate(self.steps)
            if step.name == CALL and self.used[self.value(position)]
        )

    def value(self, step: int) -> int:
        """Returns the number of the value that a step computes."""
        return len(self.inputs) + step

    @cached_property
    def used(self) -> tuple[bool, ...]:
        """Whether each value is needed for the output."""
        used = [False] * len(self.ratios)
        used[self.output] = True
        for position in reversed(range(len(self.steps))):
            if used[self.value(position)]:
                for operand in self.steps[position].operands:
                    used[operand] = True
        return tuple(used)

    @property
    def has_products(self) -> bool:
        """Whether the output needs a product of two values."""
        return any(
            step.name == MULTIPLY and self.used[self.value(position)]
            for position, step in enumerate(self.steps)
        )

    def has_pole(self, n: int) -> bool:
        """Tells whether a factor is the reciprocal of zero for n points."""
        for position, step in enumerate(self.steps):
            value = self.value(position)
            if step.name in VECTORS and VECTORS.get(step.name).has_poles and self.used[value]:
                factor = VECTORS.get(step.name).factor
                assert factor is not None
                try:
                    factor(DOUBLES, n, int(n * self.ratios[value]), step.parameters)
                except ZeroDivisionError:
                    return True
        return False

    @cached_property
    def schedule(self) -> tuple[tuple[int, ...], ...]:
        """The steps that are needed, in an order in which calls wait for each other.

        Calls of one transform at one length form a group, which may be done at once; other
        steps are alone.
        """
        done = {*range(len(self.inputs))}
        waiting = [k for k in range(len(self.steps)) if self.used[self.value(k)]]
        groups: list[tuple[int, ...]] = []
        while waiting:
            ready: dict[tuple[str, Fraction], list[int]] = {}
            left = []
            for position in waiting:
                step = self.steps[position]
                if not done.issuperset(step.operands):
                    left.append(position)
                elif step.name == CALL:
                    key = step.family, self.ratios[step.operands[0]]
                    ready.setdefault(key, []).append(position)
                else:
                    groups.append((position,))
                    done.add(self.value(position))
            for alike in ready.values():
                groups.append(tuple(alike))
                done.update(map(self.value, alike))
            waiting = left
        return tuple(groups)

    def cleaned(self) -> Rule:
        """Returns the rule without steps that are not needed or repeat an earlier one."""
        numbers = {k: k for k in range(len(self.inputs))}
        steps: list[Step] = []
        known: dict[Step, int] = {}
        for position, step in enumerate(self.steps):
            value = self.value(position)
            if not self.used[value]:
                continue
            moved = step.moved(numbers)
            if moved not in known:
                known[moved] = len(self.inputs) + len(steps)
                steps.append(moved)
            numbers[value] = known[moved]
        return Rule(tuple(steps), numbers[self.output], self.inputs)


def result_ratio(step: Step, ratios: list[Fraction]) -> Fraction:
    """Returns the length of a step's result over n, given those of earlier values.

    Raises:
        ValueError: The step does not fit them.
    """
    for operand in step.operands:
        if not 0 <= operand < len(ratios):
            raise ValueError(f"reads value {operand} of {len(ratios)}")
    length = ratios[step.operands[0]] if step.operands else None
    if length is None or any(ratios[operand] != length for operand in step.operands[1:]):
        raise ValueError("expected operands of one length")
    if step.name == CALL:
        if len(step.operands) != 1 or step.parameters or not step.family:
            raise ValueError("expected one operand and the name of a transform")
        return length
    if step.family:
        raise ValueError("expected no name of a transform")
    if step.name == MULTIPLY:
        if len(step.operands) != 2 or step.parameters:
            raise ValueError("expected two operands and no parameters")
        return length
    if step.name not in VECTORS:
        raise ValueError("there is no such vector primitive")
    primitive = VECTORS.get(step.name)
    primitive.check(len(step.operands), step.parameters)
    stretch = primitive.stretch(step.parameters)
    if stretch == 1:
        return length
    ratio = length * stretch
    if ratio > 1:
        raise ValueError(f"its result would be {ratio} n long, expected at most n")
    return ratio
