"""Half secants."""

from __future__ import annotations

from dsl.vectors.angles import diagonal

HALF_SECANT = diagonal(
    "half_secant",
    "divided by 2 cos(2 pi angle)",
    "(0.5 / np.cos({angle}))",
    "1/(2 cos({angle}))",
    {1: 1, -1: 1},
    is_reciprocal=True,
)
