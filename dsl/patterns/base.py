"""What a pattern is: where in a vector a block is placed.

A pattern lists candidate places by index. How the places are then used depends on
what the pattern promises: a *single* place is always used; a *stage* uses a place only
where it makes the remainder sparser; overlapping places of a stage compete, and the
greedy matching of largest gain wins.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Literal

from dsl.registry import Registry

Place = tuple[int, ...]
Reach = Literal["all", "one", "listed"]
Orders = Sequence[tuple[int, ...]]

# Values up to which blocks of more than two points are tried on all combinations.
MOST_COMBINED = 12
# Places that are tried in several orders.
MOST_PLACES = 4096


@dataclass(frozen=True, slots=True)
class Pattern:
    """A rule for placing blocks: of two points, and of others where the rule has a meaning.

    Attributes:
        name: What genomes and the command line call it.
        pairs: (width), (width, i) or (width, i, j) -> places; i and j lie in [0, width).
        parameters: How many of i and j it takes.
        is_stage: Places are candidates that must each pay; otherwise they are used as
            they are. A block of one point goes to place i, or to every place of a stage.
        summary: One line for people.
        reach: "all" if every pair is a place, "one" if only (i, j) is, else "listed". Listed
            places lie among the target's own values, others among the sums, too.
        wide: As `pairs` for blocks of more points: (width, points) and the parameters ->
            places; None if there are none. Needed where the places are listed.
        odds: How often a random gene has it, relative to others.
    """

    name: str
    pairs: Callable[..., list[Place]]
    parameters: int
    is_stage: bool
    summary: str
    reach: Reach
    wide: Callable[..., list[Place]] | None = None
    odds: float = 1.0

    def tuples(self, width: int, orders: Orders, i: int, j: int) -> list[Place]:
        """Returns the places for a block that is not one of the pairwise ones.

        Args:
            width: The target's own values on this side.
            orders: In which orders of the same values the block does different things; a
                stage tries them, as many as its number of places allows.
            i: First parameter.
            j: Second parameter.
        """
        places = self._tuples(width, len(orders[0]), i, j)
        if not self.is_stage or self.reach == "one":
            return places
        most = max(1, MOST_PLACES // max(1, len(places)))
        return [tuple(place[k] for k in order) for place in places for order in orders[:most]]

    def _tuples(self, width: int, points: int, i: int, j: int) -> list[Place]:
        if points <= 2:
            return self.places(width, points, i, j)
        if self.reach == "one":
            return _distinct([tuple((i + k * (j - i)) % width for k in range(points))])
        if self.reach == "all":
            return _anywhere(width, points)
        return self.wide(width, points, *(i, j)[: self.parameters]) if self.wide else []

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


def pattern(
    *, stage: bool, wide: Callable[..., list[Place]] | None = None, odds: float = 1.0
) -> Callable[[Callable[..., list[Place]]], Pattern]:
    """Registers the decorated function (width, [i, [j]]) -> places as a pattern.

    Args:
        stage: Places are candidates.
        wide: (width, points, [i, [j]]) -> places for blocks of more than two points.
        odds: How often a random gene has it, relative to others.
    """

    def declare(pairs: Callable[..., list[Place]]) -> Pattern:
        summary = (pairs.__doc__ or "").strip().split("\n")[0]
        parameters = len(inspect.signature(pairs).parameters) - 1
        reach = _reach(pairs, parameters)
        return PATTERNS.register(
            Pattern(pairs.__name__, pairs, parameters, stage, summary, reach, wide, odds)
        )

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


def _anywhere(width: int, points: int) -> list[Place]:
    """Returns all combinations of few values, all arithmetic progressions of many."""
    if width <= MOST_COMBINED:
        return list(combinations(range(width), points))
    progressions = (
        tuple((first + k * stride) % width for k in range(points))
        for stride in range(1, width // 2 + 1)
        for first in range(width)
    )
    return _distinct(progressions)


def _distinct(places: Iterable[Place]) -> list[Place]:
    """Returns the places at which no value is used twice, each set of values once."""
    found = {frozenset(place): place for place in places if len(set(place)) == len(place)}
    return list(found.values())
