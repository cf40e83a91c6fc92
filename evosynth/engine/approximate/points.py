"""Points of a front: programs that no other beats, with what they cost and what they lose."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from dsl.costs import Cost, make_cost
from dsl.program import Program
from dsl.targets.approximate_target import ApproximateTarget
from evosynth.engine.approximate.selection import nondominated
from evosynth.fronts import FrontPoint
from fitness.objectives import OBJECTIVES, program_error


def point_of(program: Program, target: ApproximateTarget) -> FrontPoint:
    """Returns a program with its cost and loss, recomputed from it alone."""
    approximation = target.approximation
    objective = OBJECTIVES.get(approximation.objective)
    assert objective.of_matrices is not None, "checked where the target is made"
    loss = objective.of_matrices(program.matrix()[None], target.target, target.covariance)
    cost, error = cost_of(target), program_error(program, target.target)
    count, counted = program.count.operations, cost.of_code(program.code).cost
    return FrontPoint(program, error, count, counted, float(loss[0]), cost)


def cost_of(target: ApproximateTarget) -> Cost:
    """Returns the cost that a target asks for."""
    return make_cost(target.approximation.cost, target.approximation.word_length)


def front(points: Iterable[FrontPoint]) -> list[FrontPoint]:
    """Returns the points that no other beats, by rising cost; shifts decide between equals."""
    found = sorted(points, key=lambda point: (*point.tally.rank, point.loss))
    if not found:
        return []
    return [found[k] for k in nondominated(np.array([[p.cost, p.loss] for p in found]))]


def is_within(point: FrontPoint, target: ApproximateTarget) -> bool:
    """Says whether a program is near enough."""
    return point.loss <= most_loss(target)


def most_loss(target: ApproximateTarget) -> float:
    """Returns the tolerance as a loss; a little more where dB are computed to and fro."""
    approximation = target.approximation
    loss = OBJECTIVES.get(approximation.objective).loss_of(approximation.tolerance)
    return loss * (1 + 1e-12)


def best_of(points: Iterable[FrontPoint], target: ApproximateTarget) -> FrontPoint | None:
    """Returns the cheapest point within the tolerance, or the nearest if none is."""
    found = sorted(points, key=lambda point: (*point.tally.rank, point.loss))
    within = [point for point in found if is_within(point, target)]
    return within[0] if within else min(found, key=lambda point: point.loss, default=None)
