"""From scales in floats to constants in exact numbers.

Scales pay because they make a component of a constant one, or two constants of a node the
same. Each such coincidence ties two scales by an exact quotient; from the inputs, whose
scale is one, these ties lead to the others. Scales that none leads to are set to one.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from dsl.cost import SAME
from dsl.cyclotomic import TooLargeError
from evosynth.refinement.arithmetic import is_near, is_same, parts, product, quotient
from evosynth.refinement.flow import Flow


class Tie(NamedTuple):
    """Scale `end` is scale `start` times `factor` divided by `divisor`."""

    start: int
    end: int
    factor: complex
    divisor: complex

    def reversed(self) -> Tie:
        """Returns the same read the other way round."""
        return Tie(self.end, self.start, self.divisor, self.factor)


def exact_scales(
    flow: Flow, names: npt.NDArray[np.int64], scales: npt.NDArray[np.float64]
) -> list[complex] | None:
    """Returns scales that tie as scales in floats do, exact where the constants are.

    Args:
        flow: The graph, of unscaled constants.
        names: (nodes,) int64, which nodes have the same scale; that of number 0 is 1.
        scales: (nodes,) float64.

    Returns:
        A scale for each node; None if there are no such numbers.
    """
    ties = list(_ties(flow, names, scales))
    try:
        found = _solve(ties, int(names.max()) + 1)
        if any(not _holds(tie, found) for tie in ties):
            return None
    except (TooLargeError, ZeroDivisionError):
        return None
    return [found[name] for name in names]


def scaled(flow: Flow, scales: list[complex]) -> Flow | None:
    """Returns the graph with its nodes scaled; None if its constants become too large."""
    try:
        return flow.with_constants(
            [
                quotient(product(edge.constant, scales[edge.target]), scales[edge.source])
                for edge in flow.edges
            ]
        )
    except TooLargeError:
        return None


def _ties(
    flow: Flow,
    names: npt.NDArray[np.int64],
    scales: npt.NDArray[np.float64],
) -> Iterator[Tie]:
    """Yields the coincidences among the scaled constants."""
    known: dict[int, list[tuple[complex, int, complex]]] = defaultdict(list)
    for source, target, constant in flow.edges:
        real, imaginary = parts(constant)
        part = complex(real.real, imaginary.real) * scales[target] / scales[source]
        start, end = int(names[source]), int(names[target])
        if abs(part.real - 1) <= SAME:
            yield Tie(start, end, 1, real)
        elif abs(part.imag - 1) <= SAME:
            yield Tie(start, end, 1, imaginary)
        same = next((other for other in known[source] if is_near(other[0], part)), None)
        if same is None:
            known[source].append((part, end, real))
        else:
            yield Tie(same[1], end, same[2], real)


def _solve(ties: list[Tie], count: int) -> list[complex]:
    """Follows the ties from scale 0, then from one of those that are left, and so on."""
    neighbours: dict[int, list[Tie]] = defaultdict(list)
    for tie in ties:
        neighbours[tie.start].append(tie)
        neighbours[tie.end].append(tie.reversed())
    found: list[complex | None] = [None] * count
    for root in range(count):
        if found[root] is None:
            found[root] = 1
            reached = [root]
            for name in reached:
                for tie in neighbours[name]:
                    if found[tie.end] is None:
                        found[tie.end] = _follow(tie, found[name] or 1)
                        reached.append(tie.end)
    return [scale or 1 for scale in found]


def _follow(tie: Tie, scale: complex) -> complex:
    return quotient(product(scale, tie.factor), tie.divisor)


def _holds(tie: Tie, scales: list[complex]) -> bool:
    return is_same(_follow(tie, scales[tie.start]), scales[tie.end])
