"""What all operands of a step have in common, applied to its result; all its uses at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from dsl.grammars.recursive.rule import CALL, Rule, Step
from dsl.grammars.recursive.rule_draft import Change, Draft, rewritten
from dsl.rewrites.base import (
    REWRITES,
    Rewrite,
    Setting,
    choice,
    computed,
    is_factor,
    is_join,
    is_move,
    is_sum,
    step_of,
)
from dsl.rewrites.index_maps import index_map, outside

Number = Callable[[int], int]
_TWIDDLE = "twiddle"


@dataclass(frozen=True, slots=True)
class Operand:
    """An operand as a power of i times what a step computes."""

    value: int
    unit: int
    step: Step | None


def _factor_out(rule: Rule, setting: Setting, rng: np.random.Generator) -> Rule | None:
    ways = [
        (value, key, change)
        for value in computed(rule)
        for key, change in _ways(rule, value).items()
    ]
    chosen = choice(rng, list(range(len(ways))))
    if chosen is None:
        return None
    _, wanted, _ = ways[chosen]
    return rewritten(rule, {value: change for value, key, change in ways if key == wanted})


def _ways(rule: Rule, value: int) -> dict[tuple[object, ...], Change]:
    """Returns the ways to write a value; sums of the same values have the same keys."""
    step = step_of(rule, value)
    if step is None or not (is_sum(step) or is_join(step)):
        return {}
    operands = [_operand(rule, k) for k in step.operands]
    steps = [operand.step for operand in operands if operand.step is not None]
    if len(steps) < len(operands):
        return {}
    if is_join(step):
        change = _join_of_sums(step, operands) if all(map(is_sum, steps)) else None
        if all(map(is_factor, steps)):
            change = _join_of_factors(step, operands, rule.ratios[step.operands[0]])
        return {} if change is None else {(value,): change}
    if step.name == "subtract":
        last = operands[1]
        operands[1] = Operand(last.value, last.unit + 2, last.step)
    sources = sorted(operand.value for operand in operands)
    if all(own.name == _TWIDDLE for own in steps):
        return {
            (*sources, first.value): _sum_of_twiddles(first, second)
            for first, second in (operands, operands[::-1])
        }
    if _is_linear(steps[0]) and _is_like(*steps):
        return {(*sources, -1): _sum_of_like(operands)}
    return {}


def _operand(rule: Rule, value: int) -> Operand:
    unit = 0
    step = step_of(rule, value)
    while step is not None and step.name in ("negate", "times_minus_i"):
        unit += 2 if step.name == "negate" else 3
        (value,) = step.operands
        step = step_of(rule, value)
    return Operand(value, unit % 4, step)


def _is_linear(step: Step) -> bool:
    return is_move(step) or is_factor(step) or is_join(step) or step.name == CALL


def _is_like(one: Step, two: Step) -> bool:
    return (one.name, one.parameters, one.family) == (two.name, two.parameters, two.family)


def _sum_of_twiddles(first: Operand, second: Operand) -> Change:
    """Writes the twiddle of the first operand around the sum; the second is turned back."""
    factor, other = first.step, second.step
    assert factor is not None
    assert other is not None
    angle = [a - b for a, b in zip(other.parameters, factor.parameters, strict=True)]
    rest = Step(_TWIDDLE, (0,), (angle[0], angle[1], angle[2] % 1))

    def change(draft: Draft, number: Number) -> int:
        (one,), (two,) = factor.operands, other.operands
        turned = draft.like(rest, number(two)) if any(rest.parameters) else number(two)
        total = draft.sum((number(one), first.unit), (turned, second.unit))
        return draft.like(factor, draft.turned(*total))

    return change


def _sum_of_like(operands: list[Operand]) -> Change:
    """Writes what two like steps do around the sums of their operands."""
    one, two = (operand.step for operand in operands)
    first, second = (operand.unit for operand in operands)
    assert one is not None
    assert two is not None

    def change(draft: Draft, number: Number) -> int:
        totals = [
            draft.turned(*draft.sum((number(a), first), (number(b), second)))
            for a, b in zip(one.operands, two.operands, strict=True)
        ]
        return draft.like(one, *totals)

    return change


def _join_of_sums(join: Step, operands: list[Operand]) -> Change:
    """Writes the sum of the joined first and the joined second terms."""

    def change(draft: Draft, number: Number) -> int:
        sides: tuple[list[int], list[int]] = ([], [])
        for operand in operands:
            assert operand.step is not None
            units = (0, 2 if operand.step.name == "subtract" else 0)
            for side, term, unit in zip(sides, operand.step.operands, units, strict=True):
                side.append(draft.turned(number(term), operand.unit + unit))
        return draft.step(Step("add", (draft.like(join, *sides[0]), draft.like(join, *sides[1]))))

    return change


def _join_of_factors(join: Step, operands: list[Operand], ratio: Fraction) -> Change | None:
    """Writes one factor of the joined vector that is what the factors of the pieces are."""
    found = []
    for place, operand in enumerate(operands):
        step = operand.step
        assert step is not None
        if step.name == _TWIDDLE:
            slope, offset, turn = step.parameters
            turn += Fraction(operand.unit, 4)
            step = Step(_TWIDDLE, step.operands, (slope, offset, turn))
        elif operand.unit:
            return None
        found.append(outside(step, index_map(join, place, ratio)))
    factors = [step for step in found if step is not None]
    if len(factors) < len(found) or not all(_is_like(factors[0], step) for step in factors):
        return None

    def change(draft: Draft, number: Number) -> int:
        joined = draft.like(join, *(number(step.operands[0]) for step in factors))
        return draft.like(factors[0], joined)

    return change


FACTOR_OUT = REWRITES.register(
    Rewrite("factor_out", "what operands have in common is applied to the result", _factor_out)
)
