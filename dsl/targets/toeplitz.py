"""Toeplitz matrices."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

from dsl.cyclotomic import rational
from dsl.targets.base import target_family
from dsl.targets.exact_matrix import ExactMatrix, entries_at
from dsl.targets.kernel import Kernel, centred


@target_family(
    title="{n} x {n} Toeplitz matrix",
    convention="the kernel is t[-(n - 1)], ..., t[n - 1], or fewer about t[0]; "
    "by default t[d] = 1 / (d + 1/2)",
    takes_kernel=True,
)
def toeplitz(n: int, kernel: Kernel | None = None) -> ExactMatrix | npt.NDArray[Any]:
    """Toeplitz matrix: entry (j, k) is t[j - k]."""
    j = np.arange(n)
    places = j[:, None] - j + n - 1
    if kernel is None:
        diagonals = (Fraction(2, 2 * d + 1) for d in range(1 - n, n))
        return entries_at(tuple(map(rational, diagonals)), places)
    return entries_at(centred(kernel, n), places)
