"""The discrete cosine transform of type II."""

from __future__ import annotations

from dsl.targets.base import target_family
from dsl.targets.exact_matrix import ExactMatrix
from dsl.targets.trigonometric import cosine_transform


@target_family(
    title="{n}-point DCT-II",
    convention="unnormalised, with the factor 2, equal to scipy.fft.dct of type 2",
)
def dct2(n: int) -> ExactMatrix:
    """Discrete cosine transform, type II: entry (j, k) is 2 cos(pi j (2 k + 1) / (2 n))."""
    return cosine_transform(2, n)


@target_family(
    title="{n}-point orthonormal DCT-II",
    convention='orthonormal, equal to scipy.fft.dct of type 2 with norm="ortho"',
)
def dct2_ortho(n: int) -> ExactMatrix:
    """Orthonormal discrete cosine transform, type II."""
    return cosine_transform(2, n, is_orthonormal=True)
