"""A value replaced by any other one of its length."""

from __future__ import annotations

import numpy as np

from dsl.grammars.recursive.rule import Rule
from dsl.grammars.recursive.rule_draft import rewritten
from dsl.rewrites.base import REWRITES, Rewrite, Setting, choice, computed


def _delete(rule: Rule, setting: Setting, rng: np.random.Generator) -> Rule | None:
    value = choice(rng, computed(rule))
    if value is None:
        return None
    ratio = rule.ratios[value]
    others = [v for v, r in enumerate(rule.ratios) if r == ratio and rule.used[v] and v != value]
    other = choice(rng, others)
    if other is None:
        return None
    return rewritten(rule, {value: lambda draft, number: number(other)})


DELETE = REWRITES.register(
    Rewrite("delete", "a value is replaced by another of its length", _delete, keeps_meaning=False)
)
