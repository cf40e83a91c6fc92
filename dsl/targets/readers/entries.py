"""What a matrix must be to be a target, whatever it was read from."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from dsl.errors import DataError
from dsl.targets.memory import check_memory

NUMBERS = "biufc"  # kinds of dtype: bool, int, unsigned, float, complex

# The largest entry of a matrix lies between these.
SMALLEST, LARGEST = 1e-100, 1e100


def size_problem(matrix: npt.NDArray[Any]) -> str:
    """Returns what is wrong with the size of the finite entries; nothing is the empty text.

    Squares of entries must neither overflow nor vanish.
    """
    largest = float(max(np.abs(matrix.real).max(), np.abs(matrix.imag).max()))
    if largest == 0:
        return "every entry is zero, so there is nothing to compute"
    if SMALLEST <= largest <= LARGEST:
        return ""
    return f"expected a largest entry from {SMALLEST:g} to {LARGEST:g}, got {largest:.1e}"


def check_shape(shape: tuple[int, ...], hint: str) -> None:
    """Checks a shape that a file claims, before anything is allocated.

    Raises:
        DataError: It is not that of a matrix that can be searched.
    """
    if len(shape) != 2:
        raise DataError(f"expected a matrix with 2 axes, got {len(shape)}", hint)
    if min(shape) < 1:
        raise DataError(f"the matrix is empty, shape {shape}", "give at least one row and column")
    if shape == (1, 1):
        raise DataError("the matrix is 1 x 1, so there is nothing to search", "give a larger one")
    check_memory(shape[0], shape[1], f"a {shape[0]} x {shape[1]} matrix", DataError)


def as_entries(numbers: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Returns numbers of any kind as complex128, or as float64 if none are complex."""
    with np.errstate(over="ignore", invalid="ignore"):  # checked, with the place, afterwards
        return numbers.astype(np.complex128 if numbers.dtype.kind == "c" else np.float64, order="C")


def check_entries(matrix: npt.NDArray[Any]) -> None:
    """Checks the entries of a matrix.

    Raises:
        DataError: One is not finite, or all are too small or too large.
    """
    bad = np.argwhere(~np.isfinite(matrix))
    if len(bad):
        i, j = bad[0]
        kind = "nan" if np.isnan(matrix[i, j]) else "infinite"
        raise DataError(f"entry ({i}, {j}) is {kind}", "entries, counted from 0, must be finite")
    if problem := size_problem(matrix):
        raise DataError(problem, "give another matrix, or scale this one")
