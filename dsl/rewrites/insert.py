"""A random step between a value and one of its uses."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from dsl.grammars.recursive.rule import Rule, Step, result_ratio
from dsl.grammars.recursive.rule_draft import rewritten
from dsl.rewrites.base import REWRITES, Rewrite, Setting, choice, computed, step_of
from dsl.vectors import VECTORS, Parameters
from dsl.vectors.angles import ANGLE

_SLOPES = (-3, -2, -1, 1, 2, 3)
_COMPLEX = ("twiddle", "times_minus_i")


def _insert(rule: Rule, setting: Setting, rng: np.random.Generator) -> Rule | None:
    values = [v for v in range(len(rule.ratios)) if rule.used[v]]
    step = _random_step(rule, setting, values, rng)
    if step is None:
        return None
    try:
        ratio = result_ratio(step, list(rule.ratios))
    except ValueError:
        return None
    # A value that is as long may read the new one in the place of one of its operands.
    users = [
        (value, place)
        for value in computed(rule)
        for place, operand in enumerate(_operands(rule, value))
        if rule.ratios[operand] == ratio
    ]
    chosen = choice(rng, list(range(len(users))))
    if chosen is None:
        return None
    value, place = users[chosen]
    old = step_of(rule, value)
    assert old is not None
    return rewritten(
        rule,
        {
            value: lambda draft, number: draft.like(
                old,
                *(
                    draft.like(step, *map(number, step.operands)) if k == place else number(operand)
                    for k, operand in enumerate(old.operands)
                ),
            )
        },
    )


def _operands(rule: Rule, value: int) -> tuple[int, ...]:
    step = step_of(rule, value)
    return step.operands if step else ()


def _random_step(
    rule: Rule, setting: Setting, values: list[int], rng: np.random.Generator
) -> Step | None:
    names = [n for n in VECTORS.names() if 1 in setting.units or n not in _COMPLEX]
    name = names[int(rng.integers(len(names)))]
    parameters = random_parameters(name, rule, rng)
    first = values[int(rng.integers(len(values)))]
    if parameters is None:
        return None
    alike = [v for v in values if rule.ratios[v] == rule.ratios[first]]
    more = VECTORS.get(name).arity(parameters) - 1
    others = [alike[int(rng.integers(len(alike)))] for _ in range(more)]
    return Step(name, (first, *others), parameters)


def random_parameters(name: str, rule: Rule, rng: np.random.Generator) -> Parameters | None:
    """Returns parameters of a primitive that may make sense in a rule; None if none are known."""
    wanted = VECTORS.get(name).parameters
    prime = next((p for p in (2, 3, 5, 7) if rule.divisor % p == 0), 2)
    if wanted == ANGLE:
        slope = int(rng.choice(_SLOPES))
        return (Fraction(slope), Fraction(int(rng.integers(-1, 2))), Fraction(0))
    if wanted == ("radix", "offset"):
        return (Fraction(prime), Fraction(int(rng.integers(prime))))
    if wanted == ("radix",):
        return (Fraction(prime),)
    if wanted == ("number",):
        return (Fraction(2) ** int(rng.choice([-1, 1])),)
    return None if wanted else ()


INSERT = REWRITES.register(
    Rewrite("insert", "a random step is put before another one", _insert, keeps_meaning=False)
)
