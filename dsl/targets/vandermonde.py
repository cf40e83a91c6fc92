"""The Vandermonde matrix at odd roots of unity."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from dsl.cyclotomic import root
from dsl.targets.base import target_family
from dsl.targets.exact_matrix import ExactMatrix


@target_family(
    title="{n} x {n} Vandermonde matrix at odd roots of unity",
    convention="nodes x_j = exp(-pi i (2 j + 1) / n), powers 0 to n - 1 from left to right, "
    "equal to numpy.vander(x, increasing=True)",
    domain="complex",
)
def vandermonde(n: int) -> ExactMatrix:
    """Vandermonde matrix: entry (j, k) is x_j^k, values of a polynomial at the roots of -1."""
    j = np.arange(n)
    values = tuple(root(Fraction(-k, 2 * n)) for k in range(2 * n))
    return ExactMatrix(values, np.outer(2 * j + 1, j) % (2 * n))
