"""Elements taken of the operands of a step, not of its result; all its uses at once."""

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
from dsl.rewrites.index_maps import index_map, inside


def _push(rule: Rule, setting: Setting, rng: np.random.Generator) -> Rule | None:
    users: dict[int, list[int]] = {}
    for value in computed(rule):
        step = step_of(rule, value)
        if step is not None and is_move(step):
            source = step_of(rule, step.operands[0])
            if is_sum(source) or is_factor(source) or is_join(source) or is_move(source):
                users.setdefault(step.operands[0], []).append(value)
    source_value = choice(rng, sorted(users))
    if source_value is None:
        return None
    return rewritten(rule, {value: _change_of(rule, value) for value in users[source_value]})


def _change_of(rule: Rule, value: int) -> Change:
    step = step_of(rule, value)
    assert step is not None

    def change(draft: Draft, number: Callable[[int], int]) -> int:
        source = number(step.operands[0])
        result = pushed(draft, step, source)
        return draft.like(step, source) if result is None else result

    return change


def pushed(draft: Draft, move: Step, source: int) -> int | None:
    """Writes the elements that are taken of a value by taking elements of its operands.

    Returns:
        The number of the result; None if there is no such way.
    """
    step = draft.step_of(source)
    if step is None:
        return None
    if is_sum(step):
        return draft.like(step, *(draft.like(move, k) for k in step.operands))
    if is_factor(step):
        factor = inside(step, index_map(move, 0, draft.ratios[source]))
        return None if factor is None else draft.like(factor, draft.like(move, *step.operands))
    if is_join(step):
        return _of_join(draft, move, step)
    return _of_move(draft, move, step) if is_move(step) else None


def _of_join(draft: Draft, move: Step, join: Step) -> int | None:
    pieces = len(join.operands)
    if move.name in ("take", "part"):
        radix, offset = map(int, move.parameters)
        if (move.name, join.name) in (("take", "interleave"), ("part", "concatenate")):
            return _of_like_join(draft, move, join)
        parts = [draft.like(move, k) for k in join.operands]
        return draft.like(join, *parts) if radix and offset >= 0 else None
    if move.name == "reverse":
        return draft.like(join, *(draft.like(move, k) for k in reversed(join.operands)))
    if join.name != "interleave":
        return None
    if move.name == "mirror":
        first, *rest = join.operands
        turned = [draft.step(Step("reverse", (k,))) for k in reversed(rest)]
        return draft.like(join, draft.like(move, first), *turned)
    if move.name == "rotate" and pieces > 1:
        first, *rest = join.operands
        return draft.like(join, *rest, draft.like(move, first))
    return None


def _of_like_join(draft: Draft, move: Step, join: Step) -> int | None:
    """Takes every p-th element of vectors in turn, or a part of vectors one after another."""
    pieces, (radix, offset) = len(join.operands), map(int, move.parameters)
    is_take = move.name == "take"
    if radix % pieces == 0:
        rest = radix // pieces
        place, inner = (offset % pieces, offset // pieces) if is_take else divmod(offset, rest)
        operand = join.operands[place]
        if rest == 1:
            return operand
        return draft.step(Step(move.name, (operand,), (Fraction(rest), Fraction(inner))))
    if pieces % radix == 0:
        count = pieces // radix
        chosen = join.operands[offset::radix] if is_take else join.operands[offset * count :]
        return draft.step(Step(join.name, chosen[:count], (Fraction(count),)))
    return None


def _of_move(draft: Draft, move: Step, first: Step) -> int | None:
    (source,) = first.operands
    if move.name == first.name and move.name in ("reverse", "mirror"):
        return source
    if move.name not in ("take", "part"):
        return None
    radix, offset = map(int, move.parameters)
    if first.name == "reverse":
        own = Step(move.name, (source,), (Fraction(radix), Fraction(radix - 1 - offset)))
        return draft.like(first, draft.step(own))
    if first.name not in ("take", "part"):
        return None
    if move.name != first.name:
        return draft.like(first, draft.like(move, source))
    outer, place = map(int, first.parameters)
    number = outer * offset + place if move.name == "take" else place * radix + offset
    if outer * radix > 7:
        return None
    return draft.step(Step(move.name, (source,), (Fraction(outer * radix), Fraction(number))))


PUSH = REWRITES.register(Rewrite("push", "elements are taken of what a value is made of", _push))
