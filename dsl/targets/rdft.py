"""The discrete Fourier transform of real data, half of the spectrum."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from dsl.cyclotomic import cosine, sine
from dsl.targets.base import target_family
from dsl.targets.exact_matrix import ExactMatrix


@target_family(
    title="{n}-point real DFT",
    convention="unnormalised, rows Re X0, Re X1, Im X1, Re X2, ..., equal to scipy.fftpack.rfft",
)
def rdft(n: int) -> ExactMatrix:
    """Real-input DFT, half spectrum: real and imaginary parts of w^(j k), w = exp(-2 pi i / n)."""
    turns = [Fraction(k, n) for k in range(n)]
    values = (*map(cosine, turns), *(-sine(turn) for turn in turns))
    rows = np.arange(n)
    angles = np.outer((rows + 1) // 2, np.arange(n)) % n
    is_imaginary = (rows > 0) & (rows % 2 == 0)
    return ExactMatrix(values, angles + n * is_imaginary[:, None])
