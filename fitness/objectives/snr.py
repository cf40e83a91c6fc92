"""The power of the error in the outputs, for inputs of a known covariance."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from dsl.covariance import Covariance, make_covariance
from dsl.targets.base import Target
from fitness.objectives.base import OBJECTIVES, Losses, Objective, of_one, unscored
from fitness.objectives.measures import difference, output_powers

INPUTS = "white"


def _of_matrices(
    computed: npt.NDArray[Any], target: Target, covariance: Covariance | None
) -> Losses:
    """Returns noise over signal: powers of the error and of the exact outputs."""
    inputs = covariance or make_covariance(INPUTS, target.n)
    noise = output_powers(difference(computed, target), inputs).sum(axis=-1)
    return np.asarray(noise / output_powers(target.matrix, inputs).sum())


SNR = OBJECTIVES.register(
    Objective(
        "snr",
        unscored,
        of_one(_of_matrices),
        "power of the error over that of the outputs; shown as signal-to-noise ratio",
        _of_matrices,
        covariance=INPUTS,
        is_decibel=True,
    )
)
