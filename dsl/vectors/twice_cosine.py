"""Twice cosines."""

from __future__ import annotations

from dsl.vectors.angles import diagonal

TWICE_COSINE = diagonal(
    "twice_cosine",
    "times 2 cos(2 pi angle)",
    "(2 * np.cos({angle}))",
    "2 cos({angle})",
    {1: 1, -1: 1},
)
