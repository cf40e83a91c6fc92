"""A call written out once."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

import numpy as np

from dsl.grammars.recursive.rule import CALL, Rule, Step
from dsl.grammars.recursive.rule_draft import Draft, rewritten
from dsl.rewrites.base import REWRITES, Rewrite, Setting, choice, computed, has_angle, step_of


def _inline(rule: Rule, setting: Setting, rng: np.random.Generator) -> Rule | None:
    rules = {**setting.others, setting.family: rule}
    calls = [
        value
        for value in computed(rule)
        if (step := step_of(rule, value)) and step.name == CALL and step.family in rules
    ]
    value = choice(rng, calls)
    if value is None:
        return None
    step = step_of(rule, value)
    assert step is not None
    body = rules[step.family]

    def change(draft: Draft, number: Callable[[int], int]) -> int:
        return _written_out(draft, body, [number(k) for k in step.operands])

    return rewritten(rule, {value: change})


def _written_out(draft: Draft, body: Rule, operands: list[int]) -> int:
    """Writes the steps of a rule for the length of the operands; returns the result."""
    ratio = draft.ratios[operands[0]]
    numbers = list(operands)
    for position, step in enumerate(body.steps):
        if not body.used[body.value(position)]:
            numbers.append(-1)
            continue
        moved = step.moved(numbers)
        if step.name != CALL and has_angle(step):
            slope, offset, turn = step.parameters
            moved = Step(step.name, moved.operands, (slope / ratio, offset / ratio, turn))
        number = draft.step(moved)
        if step.name == "over_n":
            number = draft.step(Step("scale", (number,), (Fraction(1) / ratio,)))
        numbers.append(number)
    return numbers[body.output]


INLINE = REWRITES.register(
    Rewrite("inline", "a call is written out once, by the rule of the transform", _inline)
)
