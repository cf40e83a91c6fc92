"""Rules with few calls: how often a rule calls decides how its cost grows."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from dsl.grammars.recursive.rule import Rule
from dsl.grammars.recursive.rule_values import is_correct
from dsl.rewrites import EQUAL_VALUE, FACTOR_OUT, Setting
from dsl.rewrites.merge import normal_form

# Rewrites that are tried on a rule; each lessens its calls or leaves the rule as it was.
TRIALS = 60


def load(rule: Rule) -> Fraction:
    """Returns the lengths of all calls over n: up to 1, cost grows like n lg n at most."""
    return sum((ratio for _, ratio in rule.calls), Fraction(0))


def is_lean(rule: Rule) -> bool:
    """Tells whether the calls together are no longer than the value that is computed."""
    return load(rule) <= 1


def leaner(rule: Rule, family: str) -> Rule:
    """Returns a rule with fewer calls: transforms are linear, so sums may come first."""
    rng = np.random.default_rng(0)  # the same for every rule: a tidy-up is no search
    setting = Setting(family)
    best = rule
    for _ in range(TRIALS):
        changed = (FACTOR_OUT if rng.random() < 0.7 else EQUAL_VALUE).apply(best, setting, rng)
        if changed is not None:
            changed = normal_form(changed)
            is_leaner = (load(changed), len(changed.steps)) <= (load(best), len(best.steps))
            if is_leaner and is_correct(changed, family):
                best = changed
    return best
