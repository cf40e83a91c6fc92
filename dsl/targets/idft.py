"""The inverse discrete Fourier transform."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from dsl.targets.base import target_family
from dsl.targets.roots_of_unity import roots_of_unity


@target_family(
    title="{n}-point inverse DFT",
    convention="with the factor 1/n, w = exp(-2 pi i / n), equal to numpy.fft.ifft",
    domain="complex",
)
def idft(n: int) -> npt.NDArray[np.complex128]:
    """Inverse discrete Fourier transform: entry (j, k) is w^(-j k) / n."""
    j = np.arange(n)
    return (roots_of_unity(n) / n)[-np.outer(j, j) % n]
