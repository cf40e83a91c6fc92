"""A control with a planted factorisation: random butterflies."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from dsl.targets.base import is_power_of_two, target_family


@target_family(
    title="{n} x {n} product of random butterflies",
    convention="numpy.random.default_rng(0): for strides 1, 2, ..., n / 2 rotations by random "
    "angles of the pairs (k, k + stride), then a random permutation of the outputs",
    sizes="powers of two from 2",
    is_size=is_power_of_two,
    is_exact=False,
)
def butterflies(n: int) -> npt.NDArray[np.float64]:
    """Random butterflies: a dense matrix that lg n stages of n / 2 rotations compute."""
    rng = np.random.default_rng(0)
    matrix = np.eye(n)
    stride = 1
    while stride < n:
        tops = np.arange(n)[np.arange(n) & stride == 0]
        angles = rng.uniform(0, 2 * np.pi, (len(tops), 1))
        top, bottom = matrix[tops], matrix[tops + stride]
        matrix[tops] = np.cos(angles) * top + np.sin(angles) * bottom
        matrix[tops + stride] = np.cos(angles) * bottom - np.sin(angles) * top
        stride *= 2
    return matrix[rng.permutation(n)]
