"""A control without structure: random numbers."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from dsl.targets.base import target_family


@target_family(
    title="{n} x {n} matrix of random numbers",
    convention="normally distributed, numpy.random.default_rng(n).standard_normal((n, n))",
    is_exact=False,
)
def random(n: int) -> npt.NDArray[np.float64]:
    """Random matrix: nothing to find, for control."""
    return np.random.default_rng(n).standard_normal((n, n))
