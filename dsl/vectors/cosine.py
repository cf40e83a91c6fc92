"""Cosines."""

from __future__ import annotations

from dsl.vectors.angles import diagonal

COSINE = diagonal(
    "cosine", "times cos(2 pi angle)", "np.cos({angle})", "cos({angle})", {1: 0.5, -1: 0.5}
)
