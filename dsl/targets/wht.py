"""The Walsh-Hadamard transform."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from dsl.targets.base import is_power_of_two, target_family


@target_family(
    title="{n}-point Walsh-Hadamard transform",
    convention="unnormalised, natural (Hadamard) order, equal to scipy.linalg.hadamard",
    sizes="powers of two from 2",
    is_size=is_power_of_two,
)
def wht(n: int) -> npt.NDArray[np.float64]:
    """Walsh-Hadamard transform: the Kronecker power of [[1, 1], [1, -1]]."""
    matrix = np.ones((1, 1))
    while len(matrix) < n:
        matrix = np.block([[matrix, matrix], [matrix, -matrix]])
    return matrix
