"""What several objectives measure of matrices."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from dsl.accuracy import unscaled
from dsl.covariance import Covariance
from dsl.targets.base import Target


def difference(computed: npt.NDArray[Any], target: Target) -> npt.NDArray[Any]:
    """Returns what is wrong in matrices, up to the target's scaling: (P, m, n)."""
    return unscaled(computed, target.matrix, target.scaling) - target.matrix


def output_powers(matrices: npt.NDArray[Any], covariance: Covariance) -> npt.NDArray[np.float64]:
    """Returns the power of every output: (..., m, n) -> (..., m).

    Rounding leaves less than nothing where a covariance has no full rank.
    """
    powers = ((matrices @ covariance.matrix) * matrices.conj()).sum(axis=-1).real
    return np.maximum(powers, 0.0)
