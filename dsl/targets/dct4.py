"""The discrete cosine transform of type IV."""

from __future__ import annotations

from dsl.targets.base import target_family
from dsl.targets.exact_matrix import ExactMatrix
from dsl.targets.trigonometric import cosine_transform


@target_family(
    title="{n}-point DCT-IV",
    convention="unnormalised, with the factor 2, equal to scipy.fft.dct of type 4",
)
def dct4(n: int) -> ExactMatrix:
    """Discrete cosine transform, type IV: entry (j, k) is 2 cos(pi (2 j + 1) (2 k + 1) / (4 n))."""
    return cosine_transform(4, n)


@target_family(
    title="{n}-point orthonormal DCT-IV",
    convention='orthonormal, equal to scipy.fft.dct of type 4 with norm="ortho"',
)
def dct4_ortho(n: int) -> ExactMatrix:
    """Orthonormal discrete cosine transform, type IV."""
    return cosine_transform(4, n, is_orthonormal=True)
