"""A value replaced by one that equals it up to a power of i."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from dsl.grammars.recursive.rule import Rule
from dsl.grammars.recursive.rule_draft import Draft, rewritten
from dsl.grammars.recursive.rule_values import fingerprints
from dsl.rewrites.base import REWRITES, Rewrite, Setting, choice, computed, step_of
from dsl.vectors.fields import RESIDUES


def _equal_value(rule: Rule, setting: Setting, rng: np.random.Generator) -> Rule | None:
    marks = fingerprints(rule)
    known: dict[tuple[object, bytes], list[int]] = {}
    for value in range(len(rule.ratios)):
        if rule.used[value]:
            known.setdefault((rule.ratios[value], marks[value].tobytes()), []).append(value)
    pairs = []
    for value in computed(rule):
        for unit in setting.units:
            key = rule.ratios[value], RESIDUES.turned(marks[value], -unit % 4).tobytes()
            pairs += [
                (value, other, unit)
                for other in known.get(key, ())
                if other != value and not _is_turned(rule, value, other)
            ]
    chosen = choice(rng, list(range(len(pairs))))
    if chosen is None:
        return None
    value, other, unit = pairs[chosen]

    def change(draft: Draft, number: Callable[[int], int]) -> int:
        return draft.turned(number(other), unit)

    return rewritten(rule, {value: change})


def _is_turned(rule: Rule, value: int, other: int) -> bool:
    """Tells whether a value is another one times a power of i by its own step."""
    step = step_of(rule, value)
    assert step is not None
    return step.name in ("negate", "times_minus_i") and step.operands == (other,)


EQUAL_VALUE = REWRITES.register(
    Rewrite("equal_value", "a value that is computed twice is computed once", _equal_value)
)
