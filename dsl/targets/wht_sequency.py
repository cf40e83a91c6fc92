"""The Walsh-Hadamard transform in the order of sequency."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from dsl.targets.base import is_power_of_two, target_family
from dsl.targets.wht import wht


@target_family(
    title="{n}-point Walsh-Hadamard transform in sequency order",
    convention="unnormalised, row j changes sign j times: rows of scipy.linalg.hadamard sorted",
    sizes="powers of two from 2",
    is_size=is_power_of_two,
)
def wht_sequency(n: int) -> npt.NDArray[np.float64]:
    """Walsh-Hadamard transform, sequency order: Walsh functions by their sign changes."""
    rows = wht.matrix(n)
    return rows[np.argsort(np.count_nonzero(np.diff(rows), axis=1))]
