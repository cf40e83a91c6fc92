"""Reads a matrix from a .npy file that nobody has checked.

The header is believed only as far as the file is long: nothing is allocated, and nothing
is unpickled, on the word of the header alone.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import numpy as np
import numpy.typing as npt
from numpy.lib import format as npy

from dsl.errors import DataError
from dsl.targets.readers.entries import NUMBERS, as_entries, check_shape

HOW_TO_SAVE = "save a two-dimensional array of numbers with numpy.save(path, matrix)"
HEADER_READERS = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}
# Bytes that say how long the header is; NumPy reads it all before it looks at that.
LENGTH_BYTES = {(1, 0): 2, (2, 0): 4}
LONGEST_HEADER = 1 << 16


class Header(NamedTuple):
    """What a file claims to hold."""

    shape: tuple[int, ...]
    is_fortran: bool
    dtype: np.dtype[Any]


def read_npy(path: Path) -> npt.NDArray[Any]:
    """Reads a matrix of numbers of any kind, byte order and memory order.

    Returns:
        (m, n) complex128 where the file has complex entries, else float64.

    Raises:
        DataError: The file holds no matrix.
        OSError: The file cannot be read.
    """
    with path.open("rb") as file:
        header = _read_header(file)
        if header.dtype.kind not in NUMBERS:
            raise DataError(f"expected numbers, got dtype {header.dtype}", HOW_TO_SAVE)
        return _read_entries(file, header, path.stat().st_size - file.tell())


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


def _read_entries(file: BinaryIO, header: Header, available: int) -> npt.NDArray[Any]:
    shape, dtype = header.shape, header.dtype
    expected = math.prod(shape) * dtype.itemsize
    if len(shape) == 2 and min(shape) > 0 and expected > available:
        raise DataError(
            f"truncated: a {shape[0]} x {shape[1]} matrix of {dtype} has {expected} bytes,"
            f" the file has {available}",
            "save or copy it again",
        )
    check_shape(shape, HOW_TO_SAVE)
    entries = np.frombuffer(file.read(expected), dtype)
    return as_entries(entries.reshape(shape, order="F" if header.is_fortran else "C"))
