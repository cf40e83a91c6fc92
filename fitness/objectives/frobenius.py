"""How far a program's matrix is from its target's as a whole."""

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
    wrong = np.linalg.norm(difference(computed, target), axis=(-2, -1))
    return np.asarray(wrong / np.linalg.norm(target.matrix))


FROBENIUS = OBJECTIVES.register(
    Objective(
        "frobenius",
        unscored,
        of_one(_of_matrices),
        "relative error of the whole matrix, in the Frobenius norm",
        _of_matrices,
    )
)
