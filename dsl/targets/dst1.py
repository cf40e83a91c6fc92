"""The discrete sine transform of type I."""

from __future__ import annotations

from dsl.targets.base import target_family
from dsl.targets.exact_matrix import ExactMatrix
from dsl.targets.trigonometric import sine_transform


@target_family(
    title="{n}-point DST-I",
    convention="unnormalised, with the factor 2, equal to scipy.fft.dst of type 1",
)
def dst1(n: int) -> ExactMatrix:
    """Discrete sine transform, type I: entry (j, k) is 2 sin(pi (j + 1) (k + 1) / (n + 1))."""
    return sine_transform(1, n)


@target_family(
    title="{n}-point orthonormal DST-I",
    convention='orthonormal, equal to scipy.fft.dst of type 1 with norm="ortho"',
)
def dst1_ortho(n: int) -> ExactMatrix:
    """Orthonormal discrete sine transform, type I."""
    return sine_transform(1, n, is_orthonormal=True)
