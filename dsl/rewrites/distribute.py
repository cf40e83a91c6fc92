"""A factor applied to the operands of a step, not to its result; all its uses at once."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

import numpy as np

from dsl.grammars.recursive.rule import Rule, Step
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
from dsl.rewrites.index_maps import index_map, inside, outside

# With this chance, factors go on to the operands of the operands.
_DEEPER = 0.5


def _distribute(rule: Rule, setting: Setting, rng: np.random.Generator) -> Rule | None:
    users: dict[int, list[int]] = {}
    for value in computed(rule):
        step = step_of(rule, value)
        if step is not None and is_factor(step):
            operand = step_of(rule, step.operands[0])
            if is_sum(operand) or is_join(operand) or is_move(operand):
                users.setdefault(step.operands[0], []).append(value)
    source = choice(rng, sorted(users))
    if source is None:
        return None
    depth = int(rng.geometric(1 - _DEEPER))

    def change_of(value: int) -> Change:
        step = step_of(rule, value)
        assert step is not None
        return lambda draft, number: _applied(rule, step, source, depth, draft, number)

    return rewritten(rule, {value: change_of(value) for value in users[source]})


def _applied(
    rule: Rule, factor: Step, value: int, depth: int, draft: Draft, number: Callable[[int], int]
) -> int:
    """Writes a factor times a value, applied to its operands if there is a way."""
    step = step_of(rule, value)
    factors = _factors(step, factor, rule.ratios) if depth else None
    if step is None or factors is None:
        return draft.like(factor, number(value))
    operands = [
        _applied(rule, own, operand, depth - 1, draft, number)
        for own, operand in zip(factors, step.operands, strict=True)
    ]
    return draft.like(step, *operands)


def _factors(step: Step | None, factor: Step, ratios: tuple[Fraction, ...]) -> list[Step] | None:
    """Returns the factors of the operands for a factor of the result; None if there are none."""
    found: list[Step | None] = []
    if step is None:
        return None
    if is_sum(step) or is_factor(step):
        return [factor for _ in step.operands]
    for position, operand in enumerate(step.operands):
        if is_join(step):
            found.append(inside(factor, index_map(step, position, ratios[operand])))
        elif is_move(step):
            found.append(outside(factor, index_map(step, position, ratios[operand])))
    known = [own for own in found if own is not None]
    return known if known and len(known) == len(found) else None


DISTRIBUTE = REWRITES.register(
    Rewrite("distribute", "a factor is applied to what a value is made of", _distribute)
)
