"""Roots of unity."""

from __future__ import annotations

from dsl.vectors.angles import diagonal

TWIDDLE = diagonal(
    "twiddle",
    "times exp(2 pi i angle)",
    "np.exp(1j * {angle})",
    "w^{power}",
    {1: 1},
)
