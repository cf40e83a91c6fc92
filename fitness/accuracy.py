"""How far a computed matrix is from the one that was wanted."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

# A program with an error up to this is exact: double rounding of some tens of steps.
EXACT = 1e-12

# A row below this fraction of the largest is what rounding left of zeros.
NOISE = 1e-14


def relative_error(computed: npt.NDArray[Any], wanted: npt.NDArray[Any]) -> float:
    """Returns the largest relative error of a row: of one output.

    That is the Euclidean norm of the difference over that of the wanted row. It is at
    least the relative Frobenius norm of the whole matrix, which can hide that an output
    with small entries is all wrong. Rows that are zero, or noise, are measured by the
    largest row instead. Infinite where `computed` is not finite.

    Args:
        computed: (m, n) real or complex.
        wanted: (m, n) finite, not all zero.
    """
    if not np.isfinite(computed).all():
        return float("inf")
    with np.errstate(over="ignore"):
        return largest_row(computed - wanted, wanted)


def largest_row(difference: npt.NDArray[Any], wanted: npt.NDArray[Any]) -> float:
    """Returns the largest norm of a row of differences, relative as in `relative_error`."""
    with np.errstate(over="ignore"):  # an infinite error is one
        wrong = np.linalg.norm(difference, axis=1)
    sizes = np.linalg.norm(wanted, axis=1)
    return float(np.max(wrong / np.where(sizes > NOISE * sizes.max(), sizes, sizes.max())))
