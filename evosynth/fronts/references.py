"""What is known from elsewhere, measured as a front is."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from dsl.cost import dense_count
from dsl.costs import FLOPS, Cost
from dsl.covariance import Covariance
from dsl.targets import UP_TO, Target
from dsl.targets.known_approximations import KnownApproximation, known_approximations
from fitness.objectives import ERROR, Objective

DENSE, BEST_KNOWN = "matrix product", "best known"


@dataclass(frozen=True, slots=True)
class Reference:
    """A program that we did not find.

    Attributes:
        name: What people call it.
        source: Who found it; "" for the matrix product.
        up_to: The factors of outputs that are free, where the run admits fewer; or "".
        cost: By the run's cost, what is shared or fused left aside.
        error: Largest relative error of an output.
        loss: By the run's objective.
        operations: Real operations, if they are known.
        additions: If they are known.
        multiplications: If they are known.
        shifts: If they are known.
    """

    name: str
    source: str
    up_to: str
    cost: float
    error: float
    loss: float
    operations: int | None = None
    additions: int | None = None
    multiplications: int | None = None
    shifts: int | None = None

    @property
    def label(self) -> str:
        """Name, source and what is free, in a line."""
        source = f" [{self.source}]" if self.source else ""
        return f"{self.name}{source}" + (f", {self.up_to}" if self.up_to else "")

    def to_dict(self) -> dict[str, Any]:
        """Returns plain data."""
        names = ("name", "source", "up_to", "cost", "operations", "error", "loss")
        return {name: getattr(self, name) for name in names}


def references(
    target: Target, objective: Objective, cost: Cost, covariance: Covariance | None = None
) -> list[Reference]:
    """Returns the matrix product, the best known exact program and published approximations.

    Args:
        target: The matrix.
        objective: Of the run.
        cost: Of the run.
        covariance: Of the inputs, where one was given.
    """
    found = [
        _approximation(known, target, objective, cost, covariance)
        for known in known_approximations(target.name, target.n)
        if target.matrix.shape == known.matrix.shape
    ]
    found.sort(key=lambda reference: reference.cost)
    exact = _loss(target.matrix, target, objective, covariance)
    if target.best_known is not None and cost.name == FLOPS.name:
        operations, source = target.best_known.operations, target.best_known.source
        found.append(
            Reference(BEST_KNOWN, source, "", operations, 0.0, exact, operations=operations)
        )
    return [*found, _dense(target, cost, exact)]


def _dense(target: Target, cost: Cost, loss: float) -> Reference:
    """Returns the product of the matrix and a vector, nothing shared."""
    is_complex = target.domain == "complex"
    count = dense_count(target.matrix, is_complex)
    constants, times = np.unique(target.matrix[target.matrix != 0], return_counts=True)
    sums = int(np.maximum((target.matrix != 0).sum(axis=1) - 1, 0).sum())
    price = sums * cost.addition_price(is_complex=is_complex) + sum(
        int(k) * cost.price(complex(c), is_complex=is_complex)
        for c, k in zip(constants, times, strict=True)
    )
    counts = (count.operations, count.additions, count.multiplications)
    total = count.operations if cost.name == FLOPS.name else price
    return Reference(DENSE, "", "", total, 0.0, loss, *counts)


def _approximation(
    known: KnownApproximation,
    target: Target,
    objective: Objective,
    cost: Cost,
    covariance: Covariance | None,
) -> Reference:
    """Returns a published approximation; each of its outputs has a factor of its own."""
    free = replace(target, scaling="free")
    additions = known.additions * cost.addition_price()
    return Reference(
        known.name,
        known.source,
        "" if target.scaling == "free" else UP_TO["free"],
        additions + known.shifts * cost.price(0.5),
        _loss(known.matrix, free, ERROR, None),
        _loss(known.matrix, free, objective, covariance),
        known.additions + known.shifts,
        known.additions,
        0,
        known.shifts,
    )


def _loss(
    matrix: npt.NDArray[Any], target: Target, objective: Objective, covariance: Covariance | None
) -> float:
    if objective.of_matrices is None:
        return math.nan
    return float(objective.of_matrices(matrix[None], target, covariance)[0])
