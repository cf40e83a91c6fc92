"""The order of rows: few crossings of edges, and short ones."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Collection, Iterator

from dsl.pictures.flow import FlowGraph

# Rounds of moving every row to where its neighbours are.
SWEEPS = 8
# Cost, relative to that of the best order before, for which that is given up.
WORTH = 0.9
# Rows of which each is tried at each place.
MOST_POLISHED = 16
Step = tuple[int, int]


class Wiring:
    """Between which rows edges run, gap by gap.

    Attributes:
        gaps: For each gap left of a column the pairs of rows (from, to), every one once;
            a value that only passes, or goes on in its row, is a pair of equal rows.
    """

    def __init__(self, graph: FlowGraph, columns: list[int], rows: list[int]) -> None:
        gaps: list[set[Step]] = [set() for _ in range(max(columns) + 1)]
        for node, column, row in zip(graph.nodes, columns, rows, strict=True):
            for edge in node.edges:
                start = rows[edge.source]
                gaps[column].add((start, row))
                for passed in range(columns[edge.source] + 1, column):
                    gaps[passed].add((start, start))
        self.gaps = [sorted(gap) for gap in gaps]
        self.height = max(rows) + 1

    def crossings(self, order: list[int]) -> int:
        """Returns how often edges cross if row k stands at place order[k]."""
        return sum(_inversions([(order[a], order[b]) for a, b in gap]) for gap in self.gaps)

    def length(self, order: list[int]) -> int:
        """Returns the rows that edges run up or down, in all."""
        return sum(abs(order[a] - order[b]) for gap in self.gaps for a, b in gap)


def best_order(wiring: Wiring) -> list[int]:
    """Returns the place of every row: of some orders the one with few crossings.

    The natural order, in which the inputs are, is preferred to one that is a little better.
    """
    best = list(range(wiring.height))
    for order in _orders(wiring):
        if _cost(wiring, order) < WORTH * _cost(wiring, best):
            best = order
    return _polished(wiring, best) if wiring.height <= MOST_POLISHED else best


def _cost(wiring: Wiring, order: list[int]) -> int:
    return wiring.crossings(order) + wiring.length(order)


def _orders(wiring: Wiring) -> Iterator[list[int]]:
    for gaps in (wiring.gaps, wiring.gaps[::-1]):
        yield _clustered(gaps, wiring.height)
    order = list(range(wiring.height))
    for _ in range(SWEEPS):
        order = _swept(wiring, order)
        yield order


def _polished(wiring: Wiring, order: list[int]) -> list[int]:
    """Moves single rows as long as that helps."""
    listed, least = _inverse(order), _cost(wiring, order)
    while True:
        moves = [_moved(listed, k, to) for k in range(len(listed)) for to in range(len(listed))]
        best = min(moves, key=lambda move: _cost(wiring, _inverse(move)))
        cost = _cost(wiring, _inverse(best))
        if cost >= least:
            return _inverse(listed)
        listed, least = best, cost


def _moved(listed: list[int], start: int, to: int) -> list[int]:
    rest = listed[:start] + listed[start + 1 :]
    return [*rest[:to], listed[start], *rest[to:]]


def _clustered(gaps: list[list[Step]], height: int) -> list[int]:
    """Puts rows next to each other that meet in early gaps."""
    groups = {k: [k] for k in range(height)}
    for a, b in (step for gap in gaps for step in gap):
        one, other = groups[a], groups[b]
        if one is not other:
            one.extend(other)
            groups.update(dict.fromkeys(other, one))
    listed: dict[int, None] = {}
    for k in range(height):
        listed |= dict.fromkeys(groups[k])
    return _inverse(listed)


def _swept(wiring: Wiring, order: list[int]) -> list[int]:
    """Moves each row to the mean place of the rows that it exchanges edges with."""
    sums, counts = [float(place) for place in order], [1] * wiring.height
    for gap in wiring.gaps:
        for a, b in gap:
            if a != b:
                sums[a] += order[b]
                sums[b] += order[a]
                counts[a] += 1
                counts[b] += 1
    means = [total / count for total, count in zip(sums, counts, strict=True)]
    return _inverse(dict.fromkeys(sorted(range(wiring.height), key=lambda k: (means[k], order[k]))))


def _inverse(listed: Collection[int]) -> list[int]:
    """Returns the place of each row in a list of rows, or the other way round."""
    places = [0] * len(listed)
    for place, k in enumerate(listed):
        places[k] = place
    return places


def _inversions(steps: list[Step]) -> int:
    """Counts pairs of edges that start in one order and end in the other."""
    ends: list[int] = []
    count = 0
    for _, end in sorted(steps, key=lambda step: (-step[0], -step[1])):
        count += bisect_left(ends, end)
        insort(ends, end)
    return count
