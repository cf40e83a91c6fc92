"""The normal form: factors merged, units moved to the results, detours of elements dropped."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from dsl.grammars.recursive.rule import CALL, MULTIPLY, Rule, Step
from dsl.grammars.recursive.rule_draft import Draft, Turned
from dsl.rewrites.base import REWRITES, Rewrite, Setting, is_factor, is_join, is_move, is_sum
from dsl.rewrites.push import pushed
from dsl.vectors import Parameters

_QUARTER = Fraction(1, 4)


def normal_form(rule: Rule) -> Rule:
    """Returns the rule with what needs no search done to it."""
    draft = Draft(rule.inputs)
    values: list[Turned] = [(k, 0) for k in range(len(rule.inputs))]
    for position, step in enumerate(rule.steps):
        if rule.used[rule.value(position)]:
            values.append(_written(draft, step, [values[k] for k in step.operands]))
        else:
            values.append((-1, 0))
    return draft.rule(draft.turned(*values[rule.output]))


def _written(draft: Draft, step: Step, operands: list[Turned]) -> Turned:
    """Writes a step; returns its value times the power of i that it lacks."""
    if is_sum(step):
        left, (right, unit) = operands
        return draft.sum(left, (right, unit + (2 if step.name == "subtract" else 0)))
    if is_join(step):
        return _joined(draft, step, operands)
    unit = sum(unit for _, unit in operands) % 4
    numbers = [number for number, _ in operands]
    if step.name in (CALL, MULTIPLY):
        return draft.like(step, *numbers), unit
    if step.name == "negate":
        return numbers[0], (unit + 2) % 4
    if step.name == "times_minus_i":
        return numbers[0], (unit + 3) % 4
    if is_factor(step):
        number, own = _multiplied(draft, step, numbers[0])
        return number, (unit + own) % 4
    return _taken(draft, step, numbers), unit


def _joined(draft: Draft, step: Step, operands: list[Turned]) -> Turned:
    first = operands[0][1]
    numbers = [draft.turned(number, unit - first) for number, unit in operands]
    whole = _whole(draft, step, numbers)
    return (draft.like(step, *numbers) if whole is None else whole), first


def _whole(draft: Draft, join: Step, numbers: list[int]) -> int | None:
    """Returns the value of which all pieces are joined again; None if it is none."""
    name = "part" if join.name == "concatenate" else "take"

    def wanted(place: int) -> Parameters:
        return (Fraction(len(numbers)), Fraction(place))

    steps = [draft.step_of(number) for number in numbers]
    for place, step in enumerate(steps):
        if step is None or step.name != name or step.parameters != wanted(place):
            return None
    sources = {step.operands for step in steps if step is not None}
    return sources.pop()[0] if len(sources) == 1 else None


def _taken(draft: Draft, step: Step, numbers: list[int]) -> int:
    source = draft.step_of(numbers[0])
    like_join = (step.name, source.name if source else "") in (
        ("take", "interleave"),
        ("part", "concatenate"),
    )
    same = is_move(step) and source is not None and source.name == step.name
    found = pushed(draft, step, numbers[0]) if like_join or same else None
    return draft.like(step, *numbers) if found is None else found


def _multiplied(draft: Draft, factor: Step, number: int) -> Turned:
    """Writes a factor times a value, as one factor if the value has such a factor itself."""
    before = draft.step_of(number)
    if before is not None and before.name == factor.name and factor.name in ("twiddle", "scale"):
        (number,) = before.operands
        one, two = before.parameters, factor.parameters
        is_angle = factor.name == "twiddle"
        both = tuple(a + b if is_angle else a * b for a, b in zip(one, two, strict=True))
        factor = Step(factor.name, (number,), both)
    if before is not None and _cancel(before, factor):
        return before.operands[0], 0
    if factor.name == "twiddle":
        return _twiddled(draft, factor, number)
    if factor.name == "scale":
        (scale,) = factor.parameters
        unit = 2 if scale < 0 else 0
        if abs(scale) == 1:
            return number, unit
        return draft.step(Step("scale", (number,), (abs(scale),))), unit
    return draft.like(factor, number), 0


def _cancel(one: Step, two: Step) -> bool:
    """Tells whether the one of two factors undoes the other."""
    names = {one.name, two.name}
    return names == {"twice_cosine", "half_secant"} and one.parameters == two.parameters


def _twiddled(draft: Draft, factor: Step, number: int) -> Turned:
    slope, offset, turn = factor.parameters
    unit = int(turn // _QUARTER)
    turn -= unit * _QUARTER
    if slope == offset == turn == 0:
        return number, unit % 4
    return draft.step(Step("twiddle", (number,), (slope, offset, turn))), unit % 4


def _merge(rule: Rule, setting: Setting, rng: np.random.Generator) -> Rule | None:
    found = normal_form(rule)
    return None if found == rule else found


MERGE = REWRITES.register(
    Rewrite("merge", "factors are merged, units moved on, detours of elements dropped", _merge)
)
