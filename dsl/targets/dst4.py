"""The discrete sine transform of type IV."""

from __future__ import annotations

from dsl.targets.base import target_family
from dsl.targets.exact_matrix import ExactMatrix
from dsl.targets.trigonometric import sine_transform


@target_family(
    title="{n}-point DST-IV",
    convention="unnormalised, with the factor 2, equal to scipy.fft.dst of type 4",
)
def dst4(n: int) -> ExactMatrix:
    """Discrete sine transform, type IV: entry (j, k) is 2 sin(pi (2 j + 1) (2 k + 1) / (4 n))."""
    return sine_transform(4, n)


@target_family(
    title="{n}-point orthonormal DST-IV",
    convention='orthonormal, equal to scipy.fft.dst of type 4 with norm="ortho"',
)
def dst4_ortho(n: int) -> ExactMatrix:
    """Orthonormal discrete sine transform, type IV."""
    return sine_transform(4, n, is_orthonormal=True)
