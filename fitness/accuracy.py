"""How far a computed matrix is from the one that was wanted."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

# A program with an error up to this is exact: double rounding of some tens of steps.
EXACT = 1e-12


def relative_error(computed: npt.NDArray[Any], wanted: npt.NDArray[Any]) -> float:
    """Returns the Frobenius norm of the difference, relative to that of `wanted`.

    Infinite where `computed` is not finite; `wanted` is finite and not zero.
    """
    if not np.isfinite(computed).all():
        return float("inf")
    with np.errstate(over="ignore"):  # an infinite error is one
        return float(np.linalg.norm(computed - wanted) / np.linalg.norm(wanted))
