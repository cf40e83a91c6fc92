"""Reads a matrix from a .npy file that nobody has checked.

The header is believed only as far as the file is long: nothing is allocated, and nothing
is unpickled, on the word of the header alone.
"""

from __future__ import annotations

import math
import os
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import numpy as np
import numpy.typing as npt
from numpy.lib import format as npy

from dsl.errors import DataError, StorageError
from dsl.targets.memory import check_memory

HOW_TO_SAVE = "save a two-dimensional array of numbers with numpy.save(path, matrix)"
HEADER_READERS = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}
# Bytes that say how long the header is; NumPy reads it all before it looks at that.
LENGTH_BYTES = {(1, 0): 2, (2, 0): 4}
LONGEST_HEADER = 1 << 16
NUMBERS = "biufc"  # kinds of dtype: bool, int, unsigned, float, complex


class Header(NamedTuple):
    """What a file claims to hold."""

    shape: tuple[int, ...]
    is_fortran: bool
    dtype: np.dtype[Any]


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


def load_matrix(path: str | os.PathLike[str]) -> npt.NDArray[Any]:
    """Reads a matrix of numbers of any kind, byte order and memory order.

    Whole numbers beyond 2^53 and extended precision are rounded to the nearest float64.

    Returns:
        (m, n) complex128 where the file has complex entries, else float64.

    Raises:
        DataError: The file is missing or holds no usable matrix; says what and where.
        StorageError: The file cannot be read.
    """
    try:
        return _load(Path(path))
    except DataError as error:
        raise DataError(f"'{path}': {error}", error.hint) from error
    except OSError as error:
        raise StorageError(
            f"'{path}': cannot be read: {error.strerror}", "check its path and permissions"
        ) from error


def _load(path: Path) -> npt.NDArray[Any]:
    if not path.exists():
        raise DataError("no such file", "give a .npy file or the name of a target")
    if not path.is_file():  # a pipe would block, a folder or device has no size
        raise DataError("expected a regular file, got something else", "give a .npy file")
    with path.open("rb") as file:
        header = _read_header(file)
        _check_header(header)
        matrix = _read_entries(file, header, path.stat().st_size - file.tell())
    _check_entries(matrix)
    return matrix


def _read_header(file: BinaryIO) -> Header:
    try:
        version = npy.read_magic(file)
    except ValueError as error:
        raise DataError("not a .npy file", HOW_TO_SAVE) from error
    if version not in HEADER_READERS:
        raise DataError(f"expected .npy version 1.0 or 2.0, got {version}", HOW_TO_SAVE)
    start = file.tell()
    length = int.from_bytes(file.read(LENGTH_BYTES[version]), "little")
    if length > LONGEST_HEADER:
        raise DataError(
            f"expected a .npy header of at most {LONGEST_HEADER} bytes, got {length}", HOW_TO_SAVE
        )
    file.seek(start)
    try:
        return Header(*HEADER_READERS[version](file))
    except Exception as error:  # a hostile header makes NumPy's parser raise many kinds
        raise DataError("the .npy header is damaged", HOW_TO_SAVE) from error


def _check_header(header: Header) -> None:
    shape, dtype = header.shape, header.dtype
    if dtype.kind not in NUMBERS:
        raise DataError(f"expected numbers, got dtype {dtype}", HOW_TO_SAVE)
    if len(shape) != 2:
        raise DataError(f"expected a matrix with 2 axes, got {len(shape)}", HOW_TO_SAVE)
    if min(shape) < 1:
        raise DataError(f"the matrix is empty, shape {shape}", "give at least one row and column")
    if shape == (1, 1):
        raise DataError("the matrix is 1 x 1, so there is nothing to search", "give a larger one")


def _read_entries(file: BinaryIO, header: Header, available: int) -> npt.NDArray[Any]:
    shape, dtype = header.shape, header.dtype
    expected = math.prod(shape) * dtype.itemsize
    if expected > available:
        raise DataError(
            f"truncated: a {shape[0]} x {shape[1]} matrix of {dtype} has {expected} bytes,"
            f" the file has {available}",
            "save or copy it again",
        )
    check_memory(shape[0], shape[1], f"a {shape[0]} x {shape[1]} matrix", DataError)
    entries = np.frombuffer(file.read(expected), dtype)
    matrix = entries.reshape(shape, order="F" if header.is_fortran else "C")
    with np.errstate(over="ignore", invalid="ignore"):  # checked, with the place, afterwards
        return matrix.astype(np.complex128 if dtype.kind == "c" else np.float64, order="C")


def _check_entries(matrix: npt.NDArray[Any]) -> None:
    bad = np.argwhere(~np.isfinite(matrix))
    if len(bad):
        i, j = bad[0]
        kind = "nan" if np.isnan(matrix[i, j]) else "infinite"
        raise DataError(f"entry ({i}, {j}) is {kind}", "entries, counted from 0, must be finite")
    if problem := size_problem(matrix):
        raise DataError(problem, "give another matrix, or scale this one")
