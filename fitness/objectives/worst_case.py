"""The largest error that an output can have."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from dsl.covariance import Covariance
from dsl.targets.base import Target
from fitness.objectives.base import OBJECTIVES, Losses, Objective, of_one, unscored
from fitness.objectives.measures import difference


def _of_matrices(
    computed: npt.NDArray[Any], target: Target, covariance: Covariance | None
) -> Losses:
    """Returns the largest error over the largest exact output, for inputs of at most 1."""
    return np.asarray(_reach(difference(computed, target)) / _reach(target.matrix))


def _reach(matrices: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    """Returns the largest output for inputs of at most 1: (..., m, n) -> (...)."""
    return np.asarray(np.abs(matrices).sum(axis=-1).max(axis=-1))


WORST_CASE = OBJECTIVES.register(
    Objective(
        "worst-case",
        unscored,
        of_one(_of_matrices),
        "largest error of an output for inputs of at most 1, over the largest output",
        _of_matrices,
    )
)
