"""The modified discrete cosine transform."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from dsl.cyclotomic import cosine
from dsl.targets.base import target_family
from dsl.targets.exact_matrix import ExactMatrix


@target_family(
    title="MDCT of blocks of {n}",
    convention="unnormalised, without window: n inputs, N = n / 2 outputs in rows j",
    sizes="even n from 4",
    is_size=lambda n: n >= 4 and n % 2 == 0,
)
def mdct(n: int) -> ExactMatrix:
    """Modified DCT: entry (j, k) is cos(pi (j + 1/2) (k + 1/2 + N/2) / N), N = n / 2."""
    outputs, turns = n // 2, 4 * n
    rows, columns = 2 * np.arange(outputs) + 1, 2 * np.arange(n) + 1 + outputs
    distinct, places = np.unique(np.outer(rows, columns) % turns, return_inverse=True)
    values = tuple(cosine(Fraction(k, turns)) for k in distinct.tolist())
    return ExactMatrix(values, places.reshape(outputs, n))
