"""What a checkpoint holds of a search for approximate programs, and whether it makes sense."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from dsl.errors import DataError
from dsl.program import Program
from evosynth.engine.approximate.island import ApproximateIsland, Colony
from evosynth.engine.approximate.skeleton import Skeleton


@dataclass(frozen=True, slots=True)
class ApproximateState:
    """A search that has its exact programs.

    Attributes:
        skeletons: Programs whose constants are chosen.
        islands: In order.
        front: What none of all finds beats, one colony for each skeleton.
        improved_at: Evaluations when the front last became better.
        area: How good it was then.
        best: The best program of those that were written.
    """

    skeletons: tuple[Program, ...]
    islands: tuple[ApproximateIsland, ...]
    front: tuple[Colony, ...]
    improved_at: int
    area: float
    best: Program | None


def check_colonies(colonies: Sequence[Colony], skeletons: Sequence[Skeleton]) -> None:
    """Checks that colonies are those of skeletons.

    Raises:
        DataError: They are not.
    """
    if len(colonies) != len(skeletons):
        raise DataError(f"expected {len(skeletons)} colonies, got {len(colonies)}")
    for k, (colony, skeleton) in enumerate(zip(colonies, skeletons, strict=True)):
        genes, rows = colony.genes, len(colony.costs)
        if genes.ndim != 2 or genes.shape != (rows, skeleton.size):
            raise DataError(f"colony {k}: expected ({rows}, {skeleton.size}) genes")
        if not ((genes >= 0) & (genes < skeleton.choices.sizes)).all():
            raise DataError(f"colony {k}: a gene is outside its choices")
        for values in (colony.costs, colony.losses):
            if values.shape != (rows,) or not (np.isfinite(values) & (values >= 0)).all():
                raise DataError(f"colony {k}: expected a finite cost and loss for each genome")
        if colony.visits < 0:
            raise DataError(f"colony {k}: expected visits of at least 0")
