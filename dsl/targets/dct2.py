"""The discrete cosine transform of type II."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from dsl.targets.base import target_family
from dsl.targets.roots_of_unity import roots_of_unity


@target_family(
    title="{n}-point DCT-II",
    convention="unnormalised, with the factor 2, equal to scipy.fft.dct of type 2",
)
def dct2(n: int) -> npt.NDArray[np.float64]:
    """Discrete cosine transform, type II: entry (j, k) is 2 cos(pi j (2 k + 1) / (2 n))."""
    # From roots of unity rather than from scipy: its equal entries differ in the last bit.
    j = np.arange(n)
    return 2 * roots_of_unity(4 * n).real[np.outer(j, 2 * j + 1) % (4 * n)]
