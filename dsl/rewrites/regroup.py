"""The terms of a sum added up in another order."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from dsl.grammars.recursive.rule import Rule
from dsl.grammars.recursive.rule_draft import Draft, Turned, rewritten
from dsl.rewrites.base import REWRITES, Rewrite, Setting, choice, computed, is_sum, step_of

_MOST_TERMS = 6


def _regroup(rule: Rule, setting: Setting, rng: np.random.Generator) -> Rule | None:
    sums = [value for value in computed(rule) if len(_terms(rule, value)) > 2]
    value = choice(rng, sums)
    if value is None:
        return None
    terms = _terms(rule, value)
    pairs = [rng.permutation(left)[:2].tolist() for left in range(len(terms), 1, -1)]

    def change(draft: Draft, number: Callable[[int], int]) -> int:
        found: list[Turned] = [(number(term), unit) for term, unit in terms]
        for one, two in pairs:
            total = draft.sum(found[one], found[two])
            found = [t for k, t in enumerate(found) if k not in (one, two)]
            found.append(total)
        ((result, unit),) = found
        return draft.turned(result, unit)

    return rewritten(rule, {value: change})


def _terms(rule: Rule, value: int) -> list[Turned]:
    """Returns the terms of a sum of sums, with the powers of i that they are multiplied by."""
    done: list[Turned] = []
    pending: list[Turned] = [(value, 0)]
    while pending:
        place, unit = pending.pop(0)
        step = step_of(rule, place)
        if step is not None and step.name in ("negate", "times_minus_i"):
            pending.append((step.operands[0], unit + (2 if step.name == "negate" else 3)))
        elif step is not None and is_sum(step) and len(done) + len(pending) < _MOST_TERMS:
            left, right = step.operands
            sign = 2 if step.name == "subtract" else 0
            pending += [(left, unit), (right, unit + sign)]
        else:
            done.append((place, unit % 4))
    return done


REGROUP = REWRITES.register(
    Rewrite("regroup", "the terms of a sum are added up in another order", _regroup)
)
