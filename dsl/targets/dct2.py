"""The discrete cosine transform of type II."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from dsl.cyclotomic import cosine, rational
from dsl.targets.base import target_family
from dsl.targets.exact_matrix import ExactMatrix


@target_family(
    title="{n}-point DCT-II",
    convention="unnormalised, with the factor 2, equal to scipy.fft.dct of type 2",
)
def dct2(n: int) -> ExactMatrix:
    """Discrete cosine transform, type II: entry (j, k) is 2 cos(pi j (2 k + 1) / (2 n))."""
    j = np.arange(n)
    values = tuple(rational(2) * cosine(Fraction(k, 4 * n)) for k in range(4 * n))
    return ExactMatrix(values, np.outer(j, 2 * j + 1) % (4 * n))
