"""Rules at random: steps that fit together, whatever they compute."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from dsl.grammars.recursive.algorithm import Algorithm
from dsl.grammars.recursive.rule import CALL, Rule, Step
from dsl.vectors import VECTORS, Parameters
from dsl.vectors.angles import ANGLE

# Complex numbers only.
COMPLEX = {"twiddle", "times_minus_i"}


def random_algorithm(rng: np.random.Generator, name: str, steps: int = 12) -> Algorithm:
    """Returns an algorithm with one rule at random under the name of a family."""
    is_complex = name == "dft"
    while True:
        rule = _random_rule(rng, name, is_complex, steps)
        if rule is not None and any(ratio < 1 for _, ratio in rule.calls):
            return Algorithm(name, {name: (rule,)})


def _random_rule(rng: np.random.Generator, name: str, is_complex: bool, steps: int) -> Rule | None:
    ratios, chosen = [Fraction(1)], []
    for _ in range(steps):
        step = _random_step(rng, name, is_complex, ratios)
        ratio = ratios[step.operands[0]]
        if step.name != CALL:
            ratio *= VECTORS.get(step.name).stretch(step.parameters)
        if ratio > 1 or ratio.denominator > 12:
            continue
        chosen.append(step)
        ratios.append(ratio)
    outputs = [k for k, ratio in enumerate(ratios) if ratio == 1]
    rule = Rule(tuple(chosen), outputs[-1]).cleaned()
    return rule if len(rule.steps) >= 4 else None


def _random_step(
    rng: np.random.Generator, name: str, is_complex: bool, ratios: list[Fraction]
) -> Step:
    first = int(rng.integers(len(ratios)))
    alike = [k for k, ratio in enumerate(ratios) if ratio == ratios[first]]
    if ratios[first] < 1 and rng.random() < 0.2:
        return Step(CALL, (first,), (), name)
    names = [p for p in VECTORS.names() if is_complex or p not in COMPLEX]
    primitive = VECTORS.get(str(rng.choice(names)))
    parameters = _parameters(rng, primitive.parameters, primitive.name)
    operands = [first, *rng.choice(alike, primitive.arity(parameters) - 1).tolist()]
    return Step(primitive.name, tuple(operands), parameters)


def _parameters(rng: np.random.Generator, names: tuple[str, ...], primitive: str) -> Parameters:
    if names == ANGLE:
        if primitive == "half_secant":  # not where the cosine is 0
            return (Fraction(1, 4), Fraction(1, 8), Fraction(0))
        slope, offset, turn = rng.integers(-4, 5, 3).tolist()
        return (Fraction(slope, 2), Fraction(offset, 4), Fraction(turn, 6))
    radix = int(rng.integers(2, 4))
    values = {"radix": radix, "offset": int(rng.integers(radix)), "number": Fraction(-3, 4)}
    return tuple(Fraction(values[name]) for name in names)
