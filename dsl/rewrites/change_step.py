"""One step changed blindly: an operand, what it does, or a parameter."""

from __future__ import annotations

import numpy as np

from dsl.grammars.recursive.rule import Rule, Step
from dsl.grammars.recursive.rule_draft import rewritten
from dsl.rewrites.base import (
    REWRITES,
    Rewrite,
    Setting,
    choice,
    computed,
    has_angle,
    is_opaque,
    is_sum,
    step_of,
)
from dsl.rewrites.insert import random_parameters


def _change_step(rule: Rule, setting: Setting, rng: np.random.Generator) -> Rule | None:
    value = choice(rng, computed(rule))
    step = None if value is None else step_of(rule, value)
    if value is None or step is None:
        return None
    changed = _changed(rule, setting, step, rng)
    if changed is None:
        return None
    return rewritten(
        rule, {value: lambda draft, number: draft.like(changed, *map(number, changed.operands))}
    )


def _changed(rule: Rule, setting: Setting, step: Step, rng: np.random.Generator) -> Step | None:
    if rng.random() < 0.5 or is_opaque(step):
        position = int(rng.integers(len(step.operands)))
        ratio = rule.ratios[step.operands[position]]
        alike = [v for v, r in enumerate(rule.ratios) if r == ratio and rule.used[v]]
        operands = list(step.operands)
        operands[position] = alike[int(rng.integers(len(alike)))]
        return Step(step.name, tuple(operands), step.parameters, step.family)
    if is_sum(step):
        return Step("subtract" if step.name == "add" else "add", step.operands)
    if has_angle(step):
        moved = list(step.parameters)
        moved[int(rng.integers(2))] += int(rng.choice([-1, 1]))
        return Step(step.name, step.operands, tuple(moved))
    parameters = random_parameters(step.name, rule, rng)
    return None if parameters is None else Step(step.name, step.operands, parameters)


CHANGE_STEP = REWRITES.register(
    Rewrite("change_step", "a step is changed blindly", _change_step, keeps_meaning=False)
)
