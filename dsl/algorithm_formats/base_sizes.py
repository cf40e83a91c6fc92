"""Sizes at which the recursion of an algorithm ends."""

from __future__ import annotations

from dsl.exact import constant_text
from dsl.exact_number import Exact
from dsl.grammars.recursive.algorithm import Algorithm
from dsl.grammars.recursive.families import family, matrix_in
from dsl.vectors.fields import EXACTS

# Enough for the values at one point: 1, 2, sqrt(2).
ORDER = 8


def base_sizes(algorithm: Algorithm, name: str) -> list[int]:
    """Returns the sizes of a family at which the matrix itself is used."""
    if not family(name).is_linear:
        return []
    largest = max(rule.divisor for rules in algorithm.rules.values() for rule in rules)
    return [
        n
        for n in range(1, max(largest, 2))
        if algorithm.is_base(n) and family(name).has_size(n) and algorithm.rule(name, n) is None
    ]


def one_point(name: str) -> str:
    """Returns the transform of one point x, such as `x` or `2 x`."""
    value = Exact(matrix_in(name, 1, EXACTS)[0, 0])
    text = constant_text(value, ORDER)
    return "x" if text == "1" else f"{text} x"
