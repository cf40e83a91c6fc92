"""The discrete sine transform of type III."""

from __future__ import annotations

from dsl.targets.base import target_family
from dsl.targets.exact_matrix import ExactMatrix
from dsl.targets.trigonometric import sine_transform


@target_family(
    title="{n}-point DST-III",
    convention="unnormalised, with the factor 2, 1 in the last column, "
    "equal to scipy.fft.dst of type 3",
)
def dst3(n: int) -> ExactMatrix:
    """Discrete sine transform, type III: entry (j, k) is 2 sin(pi (2 j + 1) (k + 1) / (2 n))."""
    return sine_transform(3, n)


@target_family(
    title="{n}-point orthonormal DST-III",
    convention='orthonormal, equal to scipy.fft.dst of type 3 with norm="ortho"',
)
def dst3_ortho(n: int) -> ExactMatrix:
    """Orthonormal discrete sine transform, type III."""
    return sine_transform(3, n, is_orthonormal=True)
