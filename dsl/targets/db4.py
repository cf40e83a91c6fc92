"""The Daubechies wavelet of four vanishing moments."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from dsl.targets.base import target_family
from dsl.targets.wavelet import CONVENTION, wavelet_places

# The scaling filter as PyWavelets has it: roots of polynomials that lie in no cyclotomic field.
TAPS = (
    0.2303778133088965,
    0.7148465705529157,
    0.6308807679298589,
    -0.027983769416859854,
    -0.18703481171909309,
    0.030841381835560764,
    0.0328830116668852,
    -0.010597401785069032,
)


@target_family(
    title="{n}-point Daubechies wavelet transform db4, one level",
    convention=CONVENTION.format("db4"),
    sizes="even n from 8",
    is_size=lambda n: n >= 8 and n % 2 == 0,
    is_exact=False,
)
def db4(n: int) -> npt.NDArray[np.float64]:
    """Daubechies wavelet db4, one periodic level: decimal filters of eight taps."""
    values = np.array([*TAPS, *(-tap for tap in TAPS), 0.0])
    return values[wavelet_places(n, len(TAPS))]
