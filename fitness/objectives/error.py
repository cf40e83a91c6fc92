"""How far a program is from its target."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from dsl.accuracy import EXACT, largest_rows, scaled_error
from dsl.covariance import Covariance
from dsl.program import Program
from dsl.targets.base import Target
from fitness.objectives.base import OBJECTIVES, Losses, Objective
from fitness.objectives.measures import difference
from fitness.scores import Scores


def program_error(program: Program, target: Target) -> float:
    """Returns the error of the straight-line code that is exported for a program.

    It is measured up to the factors of the outputs that the target admits.
    """
    return scaled_error(program.matrix(), target.matrix, target.scaling)


def _of_scores(scores: Scores) -> Losses:
    """Rounding noise of exact genomes is no reason to prefer one to another."""
    return np.where((scores.errors >= 0) & (scores.errors <= EXACT), 0.0, scores.errors)


def _of_matrices(
    computed: npt.NDArray[Any], target: Target, covariance: Covariance | None
) -> Losses:
    """Returns `dsl.accuracy.scaled_error` of each matrix."""
    return largest_rows(difference(computed, target), target.matrix)


ERROR = OBJECTIVES.register(
    Objective(
        "error",
        _of_scores,
        program_error,
        f"largest relative error of an output; 0 up to {EXACT:g}",
        _of_matrices,
    )
)
