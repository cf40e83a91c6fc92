"""The formulas of one output that no other find beats."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from dsl.genome import Genes


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """A formula of the front, as the search left it.

    Attributes:
        genes: (length, 12) int16.
        error: In steps; 0 if exact.
        operations: As the genes stand.
        loans: How many values of other formulas it could use.
    """

    genes: Genes
    error: float
    operations: float
    loans: int


def leader(front: Iterable[Found]) -> Found:
    """Returns the formula with the smallest error, of those the cheapest."""
    return min(front, key=lambda f: (f.error, f.operations))


def is_exact(front: Iterable[Found]) -> bool:
    """Says whether a formula is exact."""
    return any(found.error == 0 for found in front)
