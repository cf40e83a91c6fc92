"""A value computed as any sum or difference of others that equals it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from dsl.grammars.recursive.rule import Rule
from dsl.grammars.recursive.rule_draft import Draft, Turned, rewritten
from dsl.grammars.recursive.rule_values import Residues, fingerprints
from dsl.rewrites.base import REWRITES, Rewrite, Setting, choice, computed
from dsl.vectors.fields import PRIME, RESIDUES


def _equal_sum(rule: Rule, setting: Setting, rng: np.random.Generator) -> Rule | None:
    value = choice(rng, computed(rule))
    if value is None:
        return None
    marks = fingerprints(rule)
    pairs = list(_pairs(rule, value, marks, setting.units))
    chosen = choice(rng, list(range(len(pairs))))
    if chosen is None:
        return None
    return rewritten(rule, {value: _sum_of(*pairs[chosen])})


def _sum_of(one: Turned, two: Turned) -> Callable[[Draft, Callable[[int], int]], int]:
    def change(draft: Draft, number: Callable[[int], int]) -> int:
        (left, unit), (right, other) = one, two
        return draft.turned(*draft.sum((number(left), unit), (number(right), other)))

    return change


def _pairs(
    rule: Rule, value: int, marks: list[Residues], units: tuple[int, ...]
) -> Iterator[tuple[Turned, Turned]]:
    """Yields the pairs of other values, times powers of i, of which a value is the sum."""
    usable = [v for v in range(len(rule.ratios)) if v != value and rule.used[v]]
    usable = [v for v in usable if rule.ratios[v] == rule.ratios[value]]
    known: dict[bytes, list[Turned]] = {}
    rests: list[tuple[Turned, bytes]] = []
    for other in usable:
        for unit in units:
            turned = RESIDUES.turned(marks[other], unit)
            known.setdefault(turned.tobytes(), []).append((other, unit))
            rests.append(((other, unit), ((marks[value] - turned) % PRIME).tobytes()))
    for one, rest in rests:
        for two in known.get(rest, ()):
            if one[0] < two[0]:
                yield one, two


EQUAL_SUM = REWRITES.register(
    Rewrite("equal_sum", "a value is computed as another sum that equals it", _equal_sum)
)
