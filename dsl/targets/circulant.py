"""Circulant matrices."""

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
    title="{n} x {n} circulant matrix",
    convention="the kernel c is the first column, zeros after it; by default 1, 1/2, ..., 1/n",
    takes_kernel=True,
)
def circulant(n: int, kernel: Kernel | None = None) -> ExactMatrix | npt.NDArray[Any]:
    """Circulant matrix: entry (j, k) is c[(j - k) mod n], a cyclic convolution."""
    j = np.arange(n)
    if kernel is None:
        column = tuple(rational(Fraction(1, k + 1)) for k in range(n))
        return entries_at(column, (j[:, None] - j) % n)
    return entries_at(padded(kernel, n), (j[:, None] - j) % n)
