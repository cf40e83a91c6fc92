"""Operations of products of matrices by our rule, and pruning: both of NumPy arrays.

A rival is counted as kindly as its form allows: factors are rescaled so that as many
entries as can be are 1, what is nearly 0, 1, -1, i or -i becomes just that as long as the
error does not grow, and a product that several rows of a factor need is computed once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from dsl.cost import addition_count, dense_count, scale_count
from dsl.targets.scaling import Scaling

Matrix = npt.NDArray[Any]

# Tried from the coarsest; entries are of about unit size.
TOLERANCES = tuple(10.0 ** (-k / 2) for k in range(2, 27))
# Pruning may let the error grow by this factor, and up to this error.
GROWTH = 1.05
NEGLIGIBLE = 1e-13
# Entries that differ by this part are taken for equal where a scale is chosen.
NEARLY = 1e-3
# In rows of more entries than this, the largest alone is tried as a scale.
MOST_CANDIDATES = 64
# Stands for an entry that diverged: no product with it is free.
ANY_REAL, ANY_COMPLEX = 0.7, 0.6 + 0.7j


def product_operations(factors: Sequence[Matrix], is_complex: bool) -> int:
    """Returns the real operations of the product of matrices with a vector, the last one first.

    Args:
        factors: Matrices A, B, C of a product A B C x.
        is_complex: The vector is complex.
    """
    return sum(_factor_operations(factor, is_complex) for factor in factors)


def _factor_operations(factor: Matrix, is_complex: bool) -> int:
    present = factor != 0
    sums = int(np.maximum(present.sum(axis=1) - 1, 0).sum())
    operations = addition_count(is_complex).operations * sums
    rows, columns = np.nonzero(present)
    constants = factor[rows, columns]
    keys = zip(columns.tolist(), _up_to_units(constants).tolist(), strict=True)
    products = dict(zip(keys, constants.tolist(), strict=True))
    return operations + sum(scale_count(c, is_complex).operations for c in products.values())


def unpruned_operations(factors: Sequence[Matrix], is_complex: bool) -> int:
    """Returns the operations of the form of a product that diverged: nothing free or shared.

    Args:
        factors: Matrices A, B, C of a product A B C x, with the zeros of their form.
        is_complex: The vector is complex.
    """
    count = 0
    for factor in factors:
        constant = ANY_COMPLEX if np.iscomplexobj(factor) else ANY_REAL
        count += dense_count(np.where(factor != 0, constant, 0), is_complex).operations
    return count


def _up_to_units(constants: Matrix) -> Matrix:
    """Returns keys of constants: turned by 1, -1, i or -i into one quadrant, to 9 digits."""
    turned = constants.astype(np.complex128)
    for _ in range(3):
        turned = np.where((turned.real > 0) & (turned.imag >= 0), turned, turned * 1j)
    # Rounded, not floored: entries of size 1 must not fall on either side of a step.
    size = 10.0 ** np.round(np.log10(np.abs(turned)))
    return np.asarray(np.round(turned / size, 9) * size)


def normalised(factors: Sequence[Matrix]) -> list[Matrix]:
    """Returns factors of the same product, scaled so that rows of all but the first hold a 1.

    The scale of an intermediate value is free. From the input on, each is divided by the
    coefficient that turns most of its coefficients into free ones; the first factor, whose
    rows are the outputs, takes what is left over.

    Args:
        factors: Matrices A, B, C of a product A B C.
    """
    scaled = [np.array(factor) for factor in factors]
    for k in range(len(scaled) - 1, 0, -1):
        scales = np.array([_row_scale(row) for row in scaled[k]])
        scaled[k] = scaled[k] / scales[:, None]
        scaled[k - 1] = scaled[k - 1] * scales[None, :]
    return scaled


def _row_scale(row: Matrix) -> Any:
    """Returns the entry by which a row is divided: most others become free.

    Ties go to the first of about the largest: rows that differ in signs alone, such as
    those of a butterfly, are then divided alike and share their products.
    """
    entries = row[row != 0]
    if not entries.size:
        return row.dtype.type(1)
    sizes = np.abs(entries)
    is_large = sizes > (1 - NEARLY) * sizes.max()
    if len(entries) > MOST_CANDIDATES:
        return entries[np.argmax(is_large)]
    ratios = entries[None, :] / entries[:, None]
    free = (np.abs(np.abs(ratios) - 1) < NEARLY) & (np.abs(ratios.real * ratios.imag) < NEARLY)
    freed = np.where(is_large, len(entries), 0) + len(entries) * free.sum(axis=1)
    return entries[np.argmax(freed)]


def output_scales(matrix: Matrix, scaling: Scaling) -> npt.NDArray[np.float64]:
    """Returns positive numbers, (m, 1) or (1, 1), by which outputs may be divided.

    They are those that make the most entries free, as far as a scaling admits factors.

    Args:
        matrix: (m, n) whose rows give the outputs.
        scaling: Of the target.
    """
    if scaling == "exact":
        return np.ones((1, 1))
    rows = [matrix] if scaling == "common" else list(matrix)
    return np.array([[_commonest_size(row)] for row in rows])


def _commonest_size(entries: Matrix) -> float:
    """Returns the larger part of most entries, nearly: divided by it they cost the least."""
    sizes = np.sort(np.maximum(np.abs(entries.real), np.abs(entries.imag)), axis=None)
    sizes = sizes[sizes > 0]
    if not sizes.size:
        return 1.0
    starts = np.arange(len(sizes))
    counts = np.searchsorted(sizes, sizes * (1 + NEARLY), side="right") - starts
    first = len(sizes) - 1 - np.argmax(counts[::-1])  # ties go to the largest
    return float(sizes[first + counts[first] // 2])


def tidied(factors: Sequence[Matrix], error: Callable[[Sequence[Matrix]], float]) -> list[Matrix]:
    """Returns factors with as many free entries as their error allows.

    Args:
        factors: Matrices A, B, C of a product A B C.
        error: Of a product of such matrices.
    """
    simplifications = [lambda m, t: snapped(m, t), lambda m, t: pruned(m, t)]
    return without_unused(coarsest(factors, simplifications, error))


def without_unused(factors: Sequence[Matrix]) -> list[Matrix]:
    """Returns factors without the entries that do not reach the product.

    Args:
        factors: Matrices A, B, C of a product A B C.
    """
    left = [np.array(factor) for factor in factors]
    pairs = list(pairwise(left))
    for first, second in pairs:  # rows whose results no one reads
        second[~first.any(axis=0)] = 0
    for first, second in reversed(pairs):  # columns that read zeros
        first[:, ~second.any(axis=1)] = 0
    return left


def coarsest(
    arrays: Sequence[Matrix],
    simplifications: Sequence[Callable[[Matrix, float], Matrix]],
    error: Callable[[Sequence[Matrix]], float],
) -> list[Matrix]:
    """Applies each simplification with the largest tolerance that keeps the error.

    Args:
        arrays: What a model is made of.
        simplifications: (array, tolerance) -> simpler array, tried one after the other.
        error: Of a model made of such arrays.
    """
    best = list(arrays)
    limit = max(error(best) * GROWTH, NEGLIGIBLE)
    for simplify in simplifications:
        for tolerance in TOLERANCES:
            candidate = [simplify(array, tolerance) for array in best]
            if error(candidate) <= limit:
                best = candidate
                break
    return best


def pruned(array: Matrix, tolerance: float) -> Matrix:
    """Returns an array whose entries below a part of the largest are zero."""
    sizes = np.abs(array)
    return np.where(sizes <= tolerance * sizes.max(initial=0.0), 0, array)


def snapped(array: Matrix, tolerance: float) -> Matrix:
    """Returns an array whose parts are rounded where that makes them cheap.

    Real and imaginary parts within the tolerance of 1 or -1 become that, and 0 those that
    are small beside the other part; two parts of nearly the same size become the same.
    """
    if not np.iscomplexobj(array):
        return _rounded(array, tolerance)
    near = tolerance * np.abs(array)
    real, imag = (
        np.where(np.abs(part) <= near, 0.0, _rounded(part, tolerance))
        for part in (array.real, array.imag)
    )
    is_diagonal = (np.abs(np.abs(real) - np.abs(imag)) <= near) & (real * imag != 0)
    size = (np.abs(real) + np.abs(imag)) / 2
    real = np.where(is_diagonal, np.copysign(size, real), real)
    return real + 1j * np.where(is_diagonal, np.copysign(size, imag), imag)


def _rounded(parts: Matrix, tolerance: float) -> Matrix:
    """Returns real numbers with 1 and -1 in place of what is near."""
    return np.where(np.abs(np.abs(parts) - 1) <= tolerance, np.sign(parts), parts)


def count_non_zeros(arrays: Sequence[Matrix]) -> int:
    """Returns how many real numbers of arrays are not zero; a complex entry has two parts."""
    return sum(
        int(np.count_nonzero(a.real) + np.count_nonzero(a.imag))
        if np.iscomplexobj(a)
        else int(np.count_nonzero(a))
        for a in arrays
    )
