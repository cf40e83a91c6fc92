"""What a transform is worth to a codec, however near to its target it is."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from dsl.covariance import Covariance, make_covariance
from dsl.targets.base import Target
from fitness.objectives.base import OBJECTIVES, WORST, Losses, Objective, of_one, unscored
from fitness.objectives.measures import output_powers

INPUTS = "ar1:0.95"
# Outputs that are silent but for rounding have this power, relative to the inputs.
SILENCE = 1e-16


def _of_matrices(
    computed: npt.NDArray[Any], target: Target, covariance: Covariance | None
) -> Losses:
    return inverse_gains(computed, covariance or make_covariance(INPUTS, target.n))


def inverse_gains(
    computed: npt.NDArray[Any], covariance: Covariance, *, is_by_rows: bool = False
) -> Losses:
    """Returns one over the unified coding gain [KattoYasuda1991]: (P,) float64.

    The geometric mean over the outputs of their power, times the squared norm of the
    inverse's column, which is how much of the output's noise comes back; over the mean power
    of an input. Factors of outputs make no difference. Matrices without inverse are the worst.

    Args:
        computed: (P, m, n) real or complex.
        covariance: Of the n inputs.
        is_by_rows: Take the norms of the inverse's rows instead, of outputs of norm 1, as
            tables of approximate transforms do [CintraBayer2011]. The same where rows are
            orthogonal.
    """
    count, rows, columns = computed.shape
    if rows != columns:
        return np.full(count, WORST)
    with np.errstate(all="ignore"):
        normed = computed / np.linalg.norm(computed, axis=-1, keepdims=True)
    is_usable = np.isfinite(normed).all(axis=(-2, -1))
    is_usable &= np.linalg.matrix_rank(np.where(is_usable[:, None, None], normed, 0.0)) == rows
    usable = np.where(is_usable[:, None, None], normed, np.eye(rows))
    noises = np.linalg.norm(np.linalg.inv(usable), axis=-1 if is_by_rows else -2) ** 2
    powers = output_powers(usable, covariance) * rows / np.trace(covariance.matrix).real
    losses = np.exp(np.log(np.maximum(powers, SILENCE) * noises).mean(axis=-1))
    return np.where(is_usable, losses, WORST)


CODING_GAIN = OBJECTIVES.register(
    Objective(
        "coding-gain",
        unscored,
        of_one(_of_matrices),
        "transform coding gain, whatever the target; shown in dB",
        _of_matrices,
        covariance=INPUTS,
        is_decibel=True,
    )
)
