"""The discrete Hartley transform."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from dsl.cyclotomic import cosine, sine
from dsl.targets.base import target_family
from dsl.targets.exact_matrix import ExactMatrix


@target_family(
    title="{n}-point Hartley transform",
    convention="unnormalised, cas x = cos x + sin x: real minus imaginary part of numpy.fft.fft",
)
def dht(n: int) -> ExactMatrix:
    """Discrete Hartley transform: entry (j, k) is cas(2 pi j k / n)."""
    turns = (Fraction(k, n) for k in range(n))
    j = np.arange(n)
    return ExactMatrix(tuple(cosine(t) + sine(t) for t in turns), np.outer(j, j) % n)
