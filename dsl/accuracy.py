"""How far what was computed is from what was wanted: matrices, and values of functions."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from dsl.targets.scaling import Scaling

# A program with an error up to this is exact: double rounding of some tens of steps.
EXACT = 1e-12

# A row below this fraction of the largest is what rounding left of zeros.
NOISE = 1e-14

# The error of a program whose outputs no positive factors bring to the wanted ones.
NO_FACTOR = 1.0


def scaled_error(
    computed: npt.NDArray[Any], wanted: npt.NDArray[Any], scaling: Scaling = "exact"
) -> float:
    """Returns the relative error after the outputs were divided by their factors.

    The factors are the real numbers that bring the wanted rows nearest to the computed
    ones, in least squares: one for each row that is not zero, or one in common. Where one
    of them is not positive, the error is 1.

    Args:
        computed: (m, n) real or complex.
        wanted: (m, n) finite, not all zero.
        scaling: Which factors are admitted; "exact" admits none.
    """
    return relative_error(unscaled(computed, wanted, scaling), wanted)


def unscaled(
    computed: npt.NDArray[Any], wanted: npt.NDArray[Any], scaling: Scaling
) -> npt.NDArray[Any]:
    """Returns matrices with their outputs divided by the factors, as in `scaled_error`.

    Args:
        computed: (..., m, n) real or complex.
        wanted: (m, n) finite, not all zero.
        scaling: Which factors are admitted.

    Returns:
        The same shape; a matrix without admitted factors is zero, which makes its error
        `NO_FACTOR`, and one that is not finite is nan.
    """
    if scaling == "exact":
        return computed
    with np.errstate(all="ignore"):  # an infinite factor is none
        factors = _factors(computed, wanted, scaling)
        is_factor = (np.isfinite(factors) & (factors > 0)).all(axis=(-2, -1), keepdims=True)
        is_finite = np.isfinite(computed).all(axis=(-2, -1), keepdims=True)
        divided = np.where(is_factor, computed / np.where(is_factor, factors, 1.0), 0.0)
        return np.where(is_finite, divided, np.nan)


def output_factors(
    computed: npt.NDArray[Any], wanted: npt.NDArray[Any], scaling: Scaling
) -> npt.NDArray[np.float64]:
    """Returns by what the outputs are multiplied: (m,), one for an output that is zero.

    Args:
        computed: (m, n) real or complex.
        wanted: (m, n) finite, not all zero.
        scaling: Which factors are admitted; they are as in `scaled_error`.
    """
    factors = np.ones((1, 1)) if scaling == "exact" else _factors(computed, wanted, scaling)
    return np.broadcast_to(factors[:, 0], len(wanted)).copy()


def _factors(
    computed: npt.NDArray[Any], wanted: npt.NDArray[Any], scaling: Scaling
) -> npt.NDArray[np.float64]:
    """Returns the factors of the rows in least squares: (..., m, 1) or (..., 1, 1)."""
    products = np.sum((wanted.conj() * computed).real, axis=-1, keepdims=True)
    squares = np.sum((wanted.conj() * wanted).real, axis=-1, keepdims=True)
    if scaling == "common":
        return np.asarray(products.sum(axis=-2, keepdims=True) / squares.sum())
    is_row = squares > (NOISE**2) * squares.max()
    return np.where(is_row, products / np.where(is_row, squares, 1.0), 1.0)


def relative_error(computed: npt.NDArray[Any], wanted: npt.NDArray[Any]) -> float:
    """Returns the largest relative error of a row: of one output.

    That is the Euclidean norm of the difference over that of the wanted row. It is at
    least the relative Frobenius norm of the whole matrix, which can hide that an output
    with small entries is all wrong. Rows that are zero, or noise, are measured by the
    largest row instead. Infinite where `computed` is not finite.

    Args:
        computed: (m, n) real or complex.
        wanted: (m, n) finite, not all zero.
    """
    if not np.isfinite(computed).all():
        return float("inf")
    with np.errstate(over="ignore"):
        return largest_row(computed - wanted, wanted)


def largest_row(difference: npt.NDArray[Any], wanted: npt.NDArray[Any]) -> float:
    """Returns the largest norm of a row of differences, relative as in `relative_error`."""
    return float(largest_rows(difference, wanted))


def largest_rows(
    differences: npt.NDArray[Any], wanted: npt.NDArray[Any]
) -> npt.NDArray[np.float64]:
    """Returns the same of many matrices: (..., m, n) -> (...) float64."""
    with np.errstate(over="ignore"):  # an infinite error is one
        wrong = np.linalg.norm(differences, axis=-1)
    sizes = np.linalg.norm(wanted, axis=1)
    relative = wrong / np.where(sizes > NOISE * sizes.max(), sizes, sizes.max())
    return np.asarray(relative.max(axis=-1))


def deviation(mean_squares: npt.NDArray[np.float64], wanted: npt.NDArray[np.float64]) -> float:
    """Returns the largest error of an output: root mean square over its standard deviation.

    One less its square is R^2. Outputs that are constant are measured by 1. Infinite where a
    mean square is not finite.

    Args:
        mean_squares: (outputs,) float64 mean squares of the errors.
        wanted: (rows, outputs) float64 values.
    """
    spread = wanted.std(axis=0)
    size = np.abs(wanted).max(axis=0)
    errors = np.sqrt(mean_squares) / np.where(spread > 1e-15 * size, spread, 1.0)
    worst = float(errors.max())
    return worst if np.isfinite(worst) else float("inf")
