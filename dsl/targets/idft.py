"""The inverse discrete Fourier transform."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from dsl.cyclotomic import rational, root
from dsl.targets.base import target_family
from dsl.targets.exact_matrix import ExactMatrix


@target_family(
    title="{n}-point inverse DFT",
    convention="with the factor 1/n, w = exp(-2 pi i / n), equal to numpy.fft.ifft",
    domain="complex",
)
def idft(n: int) -> ExactMatrix:
    """Inverse discrete Fourier transform: entry (j, k) is w^(-j k) / n."""
    j = np.arange(n)
    scale = rational(Fraction(1, n))
    values = tuple(root(Fraction(k, n)) * scale for k in range(n))
    return ExactMatrix(values, np.outer(j, j) % n)
