"""The discrete cosine transform of type III."""

from __future__ import annotations

from dsl.targets.base import target_family
from dsl.targets.exact_matrix import ExactMatrix
from dsl.targets.trigonometric import cosine_transform


@target_family(
    title="{n}-point DCT-III",
    convention="unnormalised, with the factor 2, 1 in the first column, "
    "equal to scipy.fft.dct of type 3",
)
def dct3(n: int) -> ExactMatrix:
    """Discrete cosine transform, type III: entry (j, k) is 2 cos(pi (2 j + 1) k / (2 n))."""
    return cosine_transform(3, n)


@target_family(
    title="{n}-point orthonormal DCT-III",
    convention='orthonormal, equal to scipy.fft.dct of type 3 with norm="ortho"',
)
def dct3_ortho(n: int) -> ExactMatrix:
    """Orthonormal discrete cosine transform, type III."""
    return cosine_transform(3, n, is_orthonormal=True)
