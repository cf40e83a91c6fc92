"""Roots of unity."""

from __future__ import annotations

from dsl.vectors.angles import diagonal

TWIDDLE = diagonal(
    "twiddle",
    "times exp(2 pi i angle)",
    "np.exp(1j * {angle})",
    "exp(i {angle})",
    {1: 1},
)
