"""The discrete Fourier transform."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from dsl.cyclotomic import root
from dsl.targets.base import target_family
from dsl.targets.exact_matrix import ExactMatrix


@target_family(
    title="{n}-point DFT",
    convention="unnormalised, w = exp(-2 pi i / n), equal to numpy.fft.fft",
    domain="complex",
)
def dft(n: int) -> ExactMatrix:
    """Discrete Fourier transform: entry (j, k) is w^(j k)."""
    j = np.arange(n)
    return ExactMatrix(tuple(root(Fraction(-k, n)) for k in range(n)), np.outer(j, j) % n)
