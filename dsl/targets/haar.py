"""The Haar transform."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from dsl.targets.base import is_power_of_two, target_family


@target_family(
    title="{n}-point Haar transform",
    convention="unnormalised, entries 0, 1, -1; row 0 is the sum, row 2^s + b the difference of "
    "the halves of block b of 2^s",
    sizes="powers of two from 2",
    is_size=is_power_of_two,
)
def haar(n: int) -> npt.NDArray[np.float64]:
    """Haar transform: the sum, then differences of halves, from the coarsest to the finest."""
    matrix = np.ones((1, 1))
    while len(matrix) < n:
        finest = np.kron(np.eye(len(matrix)), [1.0, -1.0])
        matrix = np.concatenate([np.kron(matrix, [1.0, 1.0]), finest])
    return matrix
