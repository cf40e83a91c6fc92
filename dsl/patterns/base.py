"""What a pattern is: where in a vector a block is placed.

A pattern lists candidate places by index. How the places are then used depends on
what the pattern promises: a *single* place is always used; a *stage* uses a place only
where it makes the remainder sparser; overlapping places of a stage compete, and the
greedy matching of largest gain wins.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from itertools import combinations
from typing import Literal

from dsl.registry import Registry

Place = tuple[int, ...]
Reach = Literal["all", "one", "listed"]


@dataclass(frozen=True, slots=True)
class Pattern:
    """A rule for placing blocks of two points.

    Attributes:
        name: What genomes and the command line call it.
        pairs: (width), (width, i) or (width, i, j) -> places; i and j lie in [0, width).
        parameters: How many of i and j it takes.
        is_stage: Places are candidates that must each pay; otherwise they are used as
            they are. A block of one point goes to place i, or to every place of a stage.
        summary: One line for people.
        reach: "all" if every pair is a place, "one" if only (i, j) is, else "listed". Listed
            places lie among the target's own values, others among the sums, too.
    """

    name: str
    pairs: Callable[..., list[Place]]
    parameters: int
    is_stage: bool
    summary: str
    reach: Reach

    def places(
        self, width: int, points: int, i: int, j: int, *, is_ordered: bool = False
    ) -> list[Place]:
        """Returns the places for a block of `points` points in a vector of `width`.

        Args:
            width: Values on this side.
            points: Of the block.
            i: First parameter.
            j: Second parameter.
            is_ordered: Each pair both ways round.
        """
        if points == 1:
            return [(k,) for k in range(width)] if self.is_stage else [(i,)]
        pairs = self.pairs(width, *(i, j)[: self.parameters])
        return [p for pair in pairs for p in (pair, pair[::-1])] if is_ordered else pairs


PATTERNS: Registry[Pattern] = Registry("pattern")


def pattern(*, stage: bool) -> Callable[[Callable[..., list[Place]]], Pattern]:
    """Registers the decorated function (width, [i, [j]]) -> places as a pattern."""

    def declare(pairs: Callable[..., list[Place]]) -> Pattern:
        summary = (pairs.__doc__ or "").strip().split("\n")[0]
        parameters = len(inspect.signature(pairs).parameters) - 1
        reach = _reach(pairs, parameters)
        return PATTERNS.register(Pattern(pairs.__name__, pairs, parameters, stage, summary, reach))

    return declare


def _reach(pairs: Callable[..., list[Place]], parameters: int) -> Reach:
    width = 5
    if parameters == 0 and pairs(width) == list(combinations(range(width), 2)):
        return "all"
    if parameters == 2 and all(
        pairs(width, i, j) == [(i, j)] * (i != j) for i in range(width) for j in range(width)
    ):
        return "one"
    return "listed"
