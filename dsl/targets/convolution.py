"""Cyclic convolution with a fixed filter."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from dsl.targets.base import target_family
from dsl.targets.kernel import Kernel

BINOMIAL = np.array([1.0, 4.0, 6.0, 4.0, 1.0])


@target_family(
    title="{n}-point cyclic convolution with a filter",
    convention="the kernel h is the filter, which wraps around where it is longer than n; "
    "by default 1, 4, 6, 4, 1",
    takes_kernel=True,
)
def convolution(n: int, kernel: Kernel | None = None) -> npt.NDArray[Any]:
    """Cyclic convolution: output j is the sum of h[i] x[(j - i) mod n]."""
    taps = BINOMIAL if kernel is None else kernel
    column = np.zeros(n, taps.dtype)
    np.add.at(column, np.arange(len(taps)) % n, taps)
    j = np.arange(n)
    return column[(j[:, None] - j) % n]
