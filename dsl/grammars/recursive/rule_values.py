"""All values of a rule at one size, modulo a prime; calls are answered by what they compute.

What holds for the values of one random input holds, but once in `PRIME` times, for all.
"""

from __future__ import annotations

import math
from fractions import Fraction
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from dsl.grammars.recursive.families import family, matrix_in
from dsl.grammars.recursive.rule import CALL, MULTIPLY, Rule, Step
from dsl.vectors import VECTORS, Parameters
from dsl.vectors.base import NOWHERE
from dsl.vectors.fields import PRIME, RESIDUES

Residues = npt.NDArray[np.int64]
# A rule is looked at at so many sizes, from so many points on.
SIZES, FEWEST_POINTS = 3, 4
# Residues times a matrix of 16 bits do not overflow up to this length.
_BITS = 16


def check_sizes(rule: Rule) -> tuple[int, ...]:
    """Returns the smallest sizes at which a rule is looked at: 4, 8, 16 for radix 2."""
    prime = next((p for p in (2, 3, 5, 7) if rule.divisor % p == 0), 2)
    sizes: list[int] = []
    size = rule.divisor
    while len(sizes) < SIZES:
        if size >= FEWEST_POINTS:
            sizes.append(size)
        size *= prime
    return tuple(sizes)


def values_at(rule: Rule, n: int) -> list[Residues]:
    """Returns all values of a rule for one fixed random input of n points."""
    values = list(_random_inputs(rule.inputs, n))
    for step in rule.steps:
        values.append(_value(step, [values[k] for k in step.operands], n))
    return values


def _value(step: Step, operands: list[Residues], n: int) -> Residues:
    if step.name == CALL:
        return transformed(step.family, operands[0])
    if step.name == MULTIPLY:
        return operands[0] * operands[1] % PRIME
    primitive = VECTORS.get(step.name)
    total: Residues | None = None
    tables = _places(step.name, len(operands[0]), step.parameters, VECTORS.edition)
    for position, (operand, (places, absent)) in enumerate(zip(operands, tables, strict=True)):
        taken = operand[places]
        if absent is not None:
            taken[absent] = 0
        if unit := primitive.unit(position):
            taken = RESIDUES.turned(taken, unit)
        total = taken if total is None else total + taken
    assert total is not None
    if primitive.factor is not None:
        total = total % PRIME * _factor(step.name, n, len(total), step.parameters, VECTORS.edition)
    return total % PRIME


@lru_cache(maxsize=1 << 10)
def _places(
    name: str, length: int, parameters: Parameters, edition: int
) -> tuple[tuple[npt.NDArray[np.intp], npt.NDArray[np.bool_] | None], ...]:
    """Returns, for each operand, which elements are taken, and which are none."""
    places = VECTORS.get(name).places(length, parameters)
    absent = places == NOWHERE
    return tuple((p, a if a.any() else None) for p, a in zip(places, absent, strict=True))


@lru_cache(maxsize=1 << 12)
def _factor(name: str, n: int, length: int, parameters: Parameters, edition: int) -> Residues:
    factor = VECTORS.get(name).factor
    assert factor is not None
    return factor(RESIDUES, n, length, parameters)


@lru_cache(maxsize=64)
def _random_inputs(ratios: tuple[Fraction, ...], n: int) -> tuple[Residues, ...]:
    rng = np.random.default_rng(n)
    return tuple(rng.integers(1, PRIME, int(n * ratio)) for ratio in ratios)


def transformed(name: str, data: Residues) -> Residues:
    """Returns the transform of a family: (n,) -> (n,) residues."""
    low, high = _halves(name, len(data))
    return (((high @ data) % PRIME << _BITS) + low @ data) % PRIME


@lru_cache(maxsize=256)
def _halves(name: str, n: int) -> tuple[Residues, Residues]:
    """Returns the lower and the higher bits of a matrix, so that sums fit in 64 bits."""
    matrix = matrix_in(name, n, RESIDUES)
    return matrix & ((1 << _BITS) - 1), matrix >> _BITS


@lru_cache(maxsize=64)
def _truth(name: str, n: int) -> Residues:
    inputs = list(_random_inputs(family(name).inputs, n))
    return family(name).truth(inputs, n, RESIDUES)


def is_correct(rule: Rule, name: str) -> bool:
    """Tells whether a rule computes a family at the sizes at which rules are looked at.

    Its calls are taken to compute what they should.
    """
    if math.gcd(rule.divisor, 35) > 1:
        raise ValueError("residues have no roots of unity of order 5 or 7")
    return not has_poles(rule) and all(
        np.array_equal(values_at(rule, n)[rule.output], _truth(name, n)) for n in check_sizes(rule)
    )


def has_poles(rule: Rule) -> bool:
    """Tells whether a factor is the reciprocal of zero at a size at which rules are looked at."""
    return any(rule.has_pole(n) for n in check_sizes(rule))


def fingerprints(rule: Rule) -> list[Residues]:
    """Returns a vector for each value: values are equal if their ratios and vectors are."""
    sizes = check_sizes(rule)[:2]
    return [
        np.concatenate(parts) for parts in zip(*(values_at(rule, n) for n in sizes), strict=True)
    ]
