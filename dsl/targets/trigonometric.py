"""Discrete cosine and sine transforms of types I to IV, exactly.

Entries are cosines or sines of pi a b / (4 p): a of the row and b of the column are even
where the samples lie on whole points, odd where they lie halfway; p is the period. The
conventions are those of `scipy.fft`, without normalisation and with norm="ortho".
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

import numpy as np

from dsl.cyclotomic import Cyclotomic, cosine, rational, sine, square_root
from dsl.targets.exact_matrix import ExactMatrix


def cosine_transform(kind: int, n: int, *, is_orthonormal: bool = False) -> ExactMatrix:
    """Returns the n-point DCT of type `kind`, 1 to 4: (n, n)."""
    j = np.arange(n)
    period, ends = (n - 1, (j == 0) | (j == n - 1)) if kind == 1 else (n, j == 0)
    return _transform(cosine, kind, 2 * j, period, ends, is_orthonormal)


def sine_transform(kind: int, n: int, *, is_orthonormal: bool = False) -> ExactMatrix:
    """Returns the n-point DST of type `kind`, 1 to 4: (n, n)."""
    j = np.arange(n)
    period, ends = (n + 1, j < 0) if kind == 1 else (n, j == n - 1)
    return _transform(sine, kind, 2 * j + 2, period, ends, is_orthonormal)


def _transform(
    function: Callable[[Fraction], Cyclotomic],
    kind: int,
    whole: np.ndarray[tuple[int], np.dtype[np.intp]],
    period: int,
    ends: np.ndarray[tuple[int], np.dtype[np.bool_]],
    is_orthonormal: bool,
) -> ExactMatrix:
    """Returns factor * function(pi a b / (4 p)), with a weight for every end of a, b."""
    halfway, nowhere = 2 * np.arange(len(whole)) + 1, np.zeros_like(ends)
    rows, row_ends = (whole, ends) if kind in (1, 2) else (halfway, nowhere)
    columns, column_ends = (whole, ends) if kind in (1, 3) else (halfway, nowhere)
    if is_orthonormal:
        factor, weight = square_root(Fraction(2, period)), square_root(Fraction(1, 2))
    else:
        factor, weight, row_ends = rational(2), rational(Fraction(1, 2)), nowhere
    turns = 8 * period
    ends_met = row_ends[:, None].astype(np.intp) + column_ends
    labels = ends_met * turns + np.outer(rows, columns) % turns
    distinct, places = np.unique(labels, return_inverse=True)
    scales = (factor, factor * weight, factor * weight * weight)
    values = (
        scales[label // turns] * function(Fraction(label % turns, turns))
        for label in distinct.tolist()
    )
    return ExactMatrix(tuple(values), places.reshape(labels.shape))
