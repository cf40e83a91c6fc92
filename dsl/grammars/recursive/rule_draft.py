"""Rules being written: step after step, or from a rule with some values computed otherwise."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction

from dsl.grammars.recursive.rule import Rule, Step, result_ratio

# A value times a power of i.
Turned = tuple[int, int]


class Draft:
    """Steps of a rule that is being written; equal steps are written once."""

    def __init__(self, inputs: tuple[Fraction, ...]) -> None:
        self.inputs = inputs
        self.steps: list[Step] = []
        self.ratios = list(inputs)
        self._known: dict[Step, int] = {}

    def step(self, step: Step) -> int:
        """Writes a step; returns the number of its value.

        Raises:
            ValueError: It does not fit.
        """
        if step not in self._known:
            self.ratios.append(result_ratio(step, self.ratios))
            self.steps.append(step)
            self._known[step] = len(self.ratios) - 1
        return self._known[step]

    def like(self, step: Step, *operands: int) -> int:
        """Writes a step like another one, of other operands."""
        return self.step(Step(step.name, operands, step.parameters, step.family))

    def turned(self, value: int, unit: int) -> int:
        """Writes a value times a power of i."""
        if unit % 4 in (1, 2):
            value = self.step(Step("negate", (value,)))
        if unit % 4 in (1, 3):
            value = self.step(Step("times_minus_i", (value,)))
        return value

    def sum(self, left: Turned, right: Turned) -> Turned:
        """Writes a sum; the power of i that both have in common is left to the caller."""
        (left, right) = sorted((left, right))
        (one, unit), (two, other) = left, right
        difference = (other - unit) % 4
        if difference in (1, 3):
            two = self.step(Step("times_minus_i", (two,)))
        name = "add" if difference in (0, 3) else "subtract"
        return self.step(Step(name, (one, two))), unit

    def step_of(self, value: int) -> Step | None:
        """Returns the step that computes a value; None for an input."""
        return self.steps[value - len(self.inputs)] if value >= len(self.inputs) else None

    def rule(self, output: int) -> Rule:
        """Returns the rule with that result.

        Raises:
            ValueError: It is not n long.
        """
        return Rule(tuple(self.steps), output, self.inputs).cleaned()


# Writes a value otherwise: (draft, number of a value of the old rule -> its number in the
# draft) -> the number of the result.
Change = Callable[[Draft, Callable[[int], int]], int]


def rewritten(rule: Rule, changes: Mapping[int, Change], output: int | None = None) -> Rule | None:
    """Returns a rule with some values computed otherwise.

    Args:
        rule: The rule; later values may be used by the changes.
        changes: How to write values, by their numbers.
        output: The value that is the result; that of the rule unless given.

    Returns:
        The rule, cleaned; None if it would compute a value from itself, if something does
        not fit, or if nothing changed.
    """
    draft = Draft(rule.inputs)
    numbers: dict[int, int] = {k: k for k in range(len(rule.inputs))}
    begun: set[int] = set()

    def number(value: int) -> int:
        if value not in numbers:
            if value in begun:
                raise ValueError("a value would be computed from itself")
            begun.add(value)
            if value in changes:
                numbers[value] = changes[value](draft, number)
            else:
                step = rule.steps[value - len(rule.inputs)]
                numbers[value] = draft.like(step, *map(number, step.operands))
        return numbers[value]

    result = rule.output if output is None else output
    try:
        for value in range(result):
            if rule.used[value]:
                number(value)
        found = draft.rule(number(result))
    except ValueError:
        return None
    return None if found == rule else found
