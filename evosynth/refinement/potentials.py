"""The search for scales of a graph's nodes that make its constants cheap.

Every value may be computed up to a positive real factor, and what a product costs depends
on the form of its constant. The tangent FFT [JohnsonFrigo2007] is a solution for the DFT.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from dsl.cost import SAME, class_prices
from dsl.targets.scaling import SCALINGS, Scaling
from evosynth.refinement.arithmetic import turned
from evosynth.refinement.flow import Flow
from fitness.compiled_calls import interruptible

Scales = npt.NDArray[np.float64]
Lists = tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]

# The scale of all nodes that must not be scaled is 1.
FIXED = 0
# Temperature at the beginning of a round, in operations.
HEAT = 2.0
# Starts of chains in a round; most edges are free, so that no more than a third start one.
STARTS, STARTS_PER_EDGE = 1_000, 20
# Scales in a chain: of one alone nothing comes, and long ones are dear in small graphs.
LONGEST_CHAIN, SHARE_OF_CHAIN = 40, 8


def scale_names(flow: Flow, scaling: Scaling) -> npt.NDArray[np.int64]:
    """Returns which scale each node has: (nodes,) int64, 0 where it is fixed to 1.

    Inputs have scale 0. So have outputs if the matrix must be exact; they share scale 1
    if it may have one common factor. All other nodes have scales of their own.

    Raises:
        ValueError: There is no such scaling.
    """
    if scaling not in SCALINGS:
        raise ValueError(f"expected one of {SCALINGS}, got {scaling!r}")
    names = np.arange(flow.nodes) + 2 - flow.inputs
    names[: flow.inputs] = FIXED
    if scaling != "free":
        names[flow.nodes - flow.outputs :] = FIXED + (scaling == "common")
    return names


def search(
    flow: Flow, scaling: Scaling, rng: np.random.Generator, rounds: int
) -> Iterator[tuple[int, Scales]]:
    """Anneals round after round, each from the best scales so far.

    Args:
        flow: The graph.
        scaling: What may become of the outputs.
        rng: Decides every random choice.
        rounds: Number of rounds.

    Yields:
        Operations for products, and a scale for each node, (nodes,) float64: first of the
        graph as it is, then the best of each round.
    """
    names = scale_names(flow, scaling)
    if not flow.edges:
        return
    graph = _Arrays(flow, names)
    starts = STARTS + STARTS_PER_EDGE * len(flow.edges)
    best, least = graph.anneal(np.ones(names.max() + 1), 0, rng)
    yield least, best[names]
    for _ in range(rounds):
        found, cost = graph.anneal(best, starts, rng)
        if cost <= least:
            best, least = found, cost
        yield cost, found[names]


def effort(flow: Flow) -> float:
    """Returns a number that grows with the time of a round: 0.3 million for 64-point FFTs.

    A move looks at the neighbours of neighbours: where many products are read together, as in
    a matrix product, a round takes minutes.
    """
    names = scale_names(flow, "exact")
    if not flow.edges:
        return 0.0
    ends: dict[int, set[int]] = {}
    touched: dict[int, set[int]] = {}
    for edge in flow.edges:
        pair = {int(names[edge.source]), int(names[edge.target])}
        ends.setdefault(edge.source, set()).update(pair)
        for name in pair - {FIXED}:
            touched.setdefault(name, set()).add(edge.source)
    near = [len(set[int]().union(*(ends[k] for k in sources))) for sources in touched.values()]
    mean = sum(near) / max(len(near), 1)
    return (STARTS + STARTS_PER_EDGE * len(flow.edges)) * mean**2


class _Arrays:
    """A graph in the form that the compiled search reads."""

    def __init__(self, flow: Flow, names: npt.NDArray[np.int64]) -> None:
        from evosynth.refinement import potentials_kernel  # Numba: half a second to import

        self._kernel = potentials_kernel
        self._scales = int(names.max()) + 1
        edges = sorted(flow.edges, key=lambda edge: edge.source)
        tail = names[[edge.source for edge in edges]]
        head = names[[edge.target for edge in edges]]
        _, first, node = np.unique(
            [edge.source for edge in edges], return_index=True, return_inverse=True
        )
        constants = np.array([complex(turned(edge.constant)[1]) for edge in edges])
        touched = self._by_scale(zip(tail, node, strict=True), zip(head, node, strict=True))
        self._sources = len(first)
        self._graph = potentials_kernel.Graph(
            tail,
            head,
            node.astype(np.int64),
            np.abs(constants.real),
            np.abs(constants.imag),
            np.append(first, len(edges)).astype(np.int64),
            _flat(touched),
            _flat(_near(touched, tail, head, node)),
            _flat(self._by_scale(zip(head, range(len(edges)), strict=True))),
            _flat(self._by_scale(zip(tail, range(len(edges)), strict=True))),
            class_prices(flow.domain == "complex"),
            SAME,
        )

    def anneal(self, scales: Scales, starts: int, rng: np.random.Generator) -> tuple[Scales, int]:
        """Returns the best scales of one round and their cost."""

        def numbers() -> npt.NDArray[np.int64]:
            return np.zeros(self._scales, np.int64)

        state = self._kernel.State(
            scales.copy(),
            np.zeros(self._sources, np.int64),
            numbers(),
            np.zeros(self._scales),
            numbers(),
            numbers(),
            numbers(),
            rng.integers(1, 1 << 63, 1, np.uint64),
        )
        longest = min(LONGEST_CHAIN, 2 + self._scales // SHARE_OF_CHAIN)
        with interruptible():
            best, cost = self._kernel.anneal(self._graph, state, starts, longest, HEAT)
        return best, int(cost)

    def _by_scale(self, *pairs: Iterable[tuple[Any, Any]]) -> list[set[int]]:
        """Returns the second members of pairs, for each scale that is the first."""
        found: list[set[int]] = [set() for _ in range(self._scales)]
        for scale, item in (pair for series in pairs for pair in series):
            found[scale].add(int(item))
        return found


def _near(touched: list[set[int]], tail: Any, head: Any, node: Any) -> list[set[int]]:
    """Returns the scales at the edges of the sources that each scale touches."""
    ends: dict[int, set[int]] = {}
    for edge, source in enumerate(node.tolist()):
        ends.setdefault(source, set()).update((int(tail[edge]), int(head[edge])))
    near = [set[int]().union(*(ends[source] for source in sources)) for sources in touched]
    near[FIXED] = set()
    return [scales - {FIXED, scale} for scale, scales in enumerate(near)]


def _flat(rows: list[set[int]]) -> Lists:
    """Returns lists as where each begins, and all their items."""
    starts = np.cumsum([0, *map(len, rows)], dtype=np.int64)
    return starts, np.array([item for row in rows for item in sorted(row)], np.int64)
