"""The discrete Legendre transform."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from numpy.polynomial import legendre as polynomials

from dsl.targets.base import target_family


@target_family(
    title="{n}-point Legendre transform",
    convention="nodes x_0 < x_1 < ... of numpy.polynomial.legendre.leggauss(n), without weights",
    is_exact=False,
)
def legendre(n: int) -> npt.NDArray[np.float64]:
    """Legendre transform: entry (j, k) is the polynomial P_j at Gauss-Legendre node x_k."""
    nodes, _ = polynomials.leggauss(n)
    return polynomials.legvander(nodes, n - 1).T.astype(np.float64)
