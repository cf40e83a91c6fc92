"""Sines."""

from __future__ import annotations

from dsl.vectors.angles import diagonal

SINE = diagonal(
    "sine", "times sin(2 pi angle)", "np.sin({angle})", "sin({angle})", {1: -0.5j, -1: 0.5j}
)
