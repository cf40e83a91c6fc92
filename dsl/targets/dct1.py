"""The discrete cosine transform of type I."""

from __future__ import annotations

from dsl.targets.base import target_family
from dsl.targets.exact_matrix import ExactMatrix
from dsl.targets.trigonometric import cosine_transform


@target_family(
    title="{n}-point DCT-I",
    convention="unnormalised, with the factor 2, 1 in the first and last column, "
    "equal to scipy.fft.dct of type 1",
)
def dct1(n: int) -> ExactMatrix:
    """Discrete cosine transform, type I: entry (j, k) is 2 cos(pi j k / (n - 1))."""
    return cosine_transform(1, n)


@target_family(
    title="{n}-point orthonormal DCT-I",
    convention='orthonormal, equal to scipy.fft.dct of type 1 with norm="ortho"',
)
def dct1_ortho(n: int) -> ExactMatrix:
    """Orthonormal discrete cosine transform, type I."""
    return cosine_transform(1, n, is_orthonormal=True)
