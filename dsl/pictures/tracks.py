"""Rows of a signal-flow graph: a value keeps its row until its last reader takes it over.

A butterfly works in place: its sum and its difference stand in the rows of the two values
that they are made of. Rows are opened where none is free, next to what the new value is
made of.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator

from dsl.pictures.flow import FlowGraph, Node


def tracks(graph: FlowGraph, columns: list[int]) -> list[int]:
    """Returns the row of every node, from 0; inputs come first, in order."""
    return _Tracks(graph, columns).assign()


class _Tracks:
    def __init__(self, graph: FlowGraph, columns: list[int]) -> None:
        self._graph, self._columns = graph, columns
        self._ends = list(columns)  # column of a node's last reader
        for node, column in zip(graph.nodes, columns, strict=True):
            for edge in node.edges:
                self._ends[edge.source] = max(self._ends[edge.source], column)
        self._tracks: dict[int, int] = {}  # node -> a number of its own
        self._order: list[int] = []  # numbers from top to bottom
        self._free: set[int] = set()

    def assign(self) -> list[int]:
        members: dict[int, list[int]] = defaultdict(list)
        for k, column in enumerate(self._columns):
            members[column].append(k)
        dying: dict[int, list[int]] = defaultdict(list)
        for k, end in enumerate(self._ends):
            dying[end].append(k)
        for column in range(len(members)):
            ending = {k for k in dying[column] if k in self._tracks}
            self._column(members[column], ending)
            released = {self._tracks[k] for k in dying[column] if self._columns[k] < column}
            self._free |= released - {self._tracks[k] for k in members[column]}
        rows = {track: row for row, track in enumerate(self._order)}
        return [rows[self._tracks[k]] for k in range(len(self._graph.nodes))]

    def _column(self, members: list[int], ending: set[int]) -> None:
        claimed: set[int] = set()
        for k, source in _wishes(self._graph, members):
            if k not in self._tracks and source in ending and source not in claimed:
                claimed.add(source)
                self._tracks[k] = self._tracks[source]
        left_over = {self._tracks[source] for source in ending - claimed}
        for k in members:
            if k not in self._tracks:
                sources = [self._tracks[edge.source] for edge in self._graph.nodes[k].edges]
                self._tracks[k] = self._find(sources, left_over)

    def _find(self, sources: list[int], left_over: set[int]) -> int:
        """Returns the nearest free row, or opens one."""
        places = {track: place for place, track in enumerate(self._order)}
        near = max((places[track] for track in sources), default=len(places))
        free = sorted(self._free | left_over, key=lambda track: abs(places[track] - near))
        if free:
            self._free.discard(free[0])
            left_over.discard(free[0])
            return free[0]
        self._order.insert(near + 1, len(self._order))
        return len(self._order) - 1


def _wishes(graph: FlowGraph, members: Iterable[int]) -> Iterator[tuple[int, int]]:
    """Names nodes of a column with a value whose row each would take, the best first."""
    inside = set(members)
    for plus, minus in graph.pairs:
        if plus in inside and minus in inside:
            upper, lower = graph.nodes[plus].edges
            yield plus, upper.source
            yield minus, lower.source
    for k in sorted(inside):
        yield from ((k, source) for source in _sources(graph.nodes[k]))


def _sources(node: Node) -> list[int]:
    """Returns what a node reads, constants first: they are best read on straight edges."""
    return [edge.source for edge in sorted(node.edges, key=lambda edge: edge.factor == 1)]
