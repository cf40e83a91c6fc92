"""The discrete sine transform of type II."""

from __future__ import annotations

from dsl.targets.base import target_family
from dsl.targets.exact_matrix import ExactMatrix
from dsl.targets.trigonometric import sine_transform


@target_family(
    title="{n}-point DST-II",
    convention="unnormalised, with the factor 2, equal to scipy.fft.dst of type 2",
)
def dst2(n: int) -> ExactMatrix:
    """Discrete sine transform, type II: entry (j, k) is 2 sin(pi (j + 1) (2 k + 1) / (2 n))."""
    return sine_transform(2, n)


@target_family(
    title="{n}-point orthonormal DST-II",
    convention='orthonormal, equal to scipy.fft.dst of type 2 with norm="ortho"',
)
def dst2_ortho(n: int) -> ExactMatrix:
    """Orthonormal discrete sine transform, type II."""
    return sine_transform(2, n, is_orthonormal=True)
