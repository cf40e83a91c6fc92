"""The Hilbert matrix."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from dsl.cyclotomic import rational
from dsl.targets.base import target_family
from dsl.targets.exact_matrix import ExactMatrix


@target_family(
    title="{n} x {n} Hilbert matrix",
    convention="indices from 0, equal to scipy.linalg.hilbert",
)
def hilbert(n: int) -> ExactMatrix:
    """Hilbert matrix: entry (j, k) is 1 / (j + k + 1)."""
    j = np.arange(n)
    values = tuple(rational(Fraction(1, k + 1)) for k in range(2 * n - 1))
    return ExactMatrix(values, j[:, None] + j)
