"""A sum with joined vectors, piece by piece."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

import numpy as np

from dsl.grammars.recursive.rule import Rule, Step
from dsl.grammars.recursive.rule_draft import Draft, rewritten
from dsl.rewrites.base import REWRITES, Rewrite, Setting, choice, computed, is_join, is_sum, step_of
from dsl.rewrites.push import pushed

_PIECES = {"concatenate": "part", "interleave": "take"}


def _split(rule: Rule, setting: Setting, rng: np.random.Generator) -> Rule | None:
    sums = [
        value
        for value in computed(rule)
        if is_sum(step := step_of(rule, value))
        and step is not None
        and any(is_join(step_of(rule, k)) for k in step.operands)
    ]
    value = choice(rng, sums)
    if value is None:
        return None
    step = step_of(rule, value)
    assert step is not None
    joins = [join for k in step.operands if (join := step_of(rule, k)) and is_join(join)]
    join = joins[int(rng.integers(len(joins)))]

    def change(draft: Draft, number: Callable[[int], int]) -> int:
        operands = [number(k) for k in step.operands]
        pieces = len(join.operands)
        parts = []
        for place in range(pieces):
            piece = Step(_PIECES[join.name], (0,), (Fraction(pieces), Fraction(place)))
            parts.append(draft.like(step, *(_piece(draft, piece, k) for k in operands)))
        return draft.like(join, *parts)

    return rewritten(rule, {value: change})


def _piece(draft: Draft, piece: Step, value: int) -> int:
    """Writes a piece of a value, of its operands if it is joined of such."""
    found = pushed(draft, piece, value) if is_join(draft.step_of(value)) else None
    return draft.like(piece, value) if found is None else found


SPLIT = REWRITES.register(
    Rewrite("split", "a sum with joined vectors is made piece by piece", _split)
)
