"""Which of several rules for a transform is to be used: an order, and exceptions from it."""

from __future__ import annotations

from collections import Counter
from itertools import permutations

from dsl.errors import UsageError
from dsl.grammars.recursive.algorithm import Algorithm

# All orders of so many rules are tried.
MOST_PERMUTED = 5
LARGEST = 256


def preferences(algorithm: Algorithm, name: str) -> tuple[tuple[int, ...], dict[int, int]]:
    """Returns an order of a family's rules, and sizes up to 256 where it is not the cheapest.

    Returns:
        Numbers of the rules, the preferred one first; size -> position in that order.
    """
    rules = algorithm.rules[name]
    if len(rules) == 1:
        return (0,), {}
    chosen = {}
    for n in range(1, LARGEST + 1):
        possible = [k for k, rule in enumerate(rules) if _applies(algorithm, name, k, n)]
        if possible and (rule := algorithm.rule(name, n)) is not None:
            chosen[n] = (rules.index(rule), possible)
    counts = Counter(k for k, _ in chosen.values())
    usual = tuple(sorted(range(len(rules)), key=lambda k: -counts[k]))
    orders = permutations(range(len(rules))) if len(rules) <= MOST_PERMUTED else [usual]
    best = min((_exceptions(order, chosen), order) for order in orders)
    return best[1], dict(best[0])


def _exceptions(
    order: tuple[int, ...], chosen: dict[int, tuple[int, list[int]]]
) -> list[tuple[int, int]]:
    found = []
    for n, (k, possible) in chosen.items():
        if next(other for other in order if other in possible) != k:
            found.append((n, order.index(k)))
    return found


def _applies(algorithm: Algorithm, name: str, k: int, n: int) -> bool:
    rule = algorithm.rules[name][k]
    return n % rule.divisor == 0 and all(
        can_do(algorithm, called, int(n * ratio)) for called, ratio in rule.calls
    )


def can_do(algorithm: Algorithm, name: str, n: int) -> bool:
    """Tells whether an algorithm can do a size of one of its families."""
    try:
        algorithm.rule(name, n)
    except UsageError:
        return False
    return True
