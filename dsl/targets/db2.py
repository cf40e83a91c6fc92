"""The Daubechies wavelet of two vanishing moments."""

from __future__ import annotations

from fractions import Fraction

from dsl.cyclotomic import ZERO, rational, square_root
from dsl.targets.base import target_family
from dsl.targets.exact_matrix import ExactMatrix
from dsl.targets.wavelet import CONVENTION, wavelet_places


@target_family(
    title="{n}-point Daubechies wavelet transform db2, one level",
    convention=CONVENTION.format("db2"),
    sizes="even n from 4",
    is_size=lambda n: n >= 4 and n % 2 == 0,
)
def db2(n: int) -> ExactMatrix:
    """Daubechies wavelet db2, one periodic level: (1 + sqrt(3)) / (4 sqrt(2)) and so on."""
    three, scale = square_root(Fraction(3)), square_root(Fraction(1, 32))
    whole = [(1, 1), (3, 1), (3, -1), (1, -1)]
    taps = [(rational(a) + three * b) * scale for a, b in whole]
    return ExactMatrix((*taps, *(-tap for tap in taps), ZERO), wavelet_places(n, len(taps)))
