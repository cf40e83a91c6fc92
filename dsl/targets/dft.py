"""The discrete Fourier transform."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from dsl.targets.base import target_family
from dsl.targets.roots_of_unity import roots_of_unity


@target_family(
    title="{n}-point DFT",
    convention="unnormalised, w = exp(-2 pi i / n), equal to numpy.fft.fft",
    domain="complex",
)
def dft(n: int) -> npt.NDArray[np.complex128]:
    """Discrete Fourier transform: entry (j, k) is w^(j k)."""
    j = np.arange(n)
    return roots_of_unity(n)[np.outer(j, j) % n]
