"""Skew-circulant matrices."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

from dsl.cyclotomic import rational
from dsl.targets.base import target_family
from dsl.targets.exact_matrix import ExactMatrix, entries_at
from dsl.targets.kernel import Kernel, padded


@target_family(
    title="{n} x {n} skew-circulant matrix",
    convention="the kernel c is the first column, zeros after it; by default 1, 1/2, ..., 1/n",
    takes_kernel=True,
)
def skew_circulant(n: int, kernel: Kernel | None = None) -> ExactMatrix | npt.NDArray[Any]:
    """Skew-circulant matrix: entry (j, k) is c[j - k], above the diagonal -c[j - k + n]."""
    j = np.arange(n)
    places = (j[:, None] - j) % (2 * n)
    if kernel is None:
        column = tuple(rational(Fraction(1, k + 1)) for k in range(n))
        return entries_at((*column, *(-value for value in column)), places)
    numbers = padded(kernel, n)
    return entries_at(np.concatenate([numbers, -numbers]), places)
