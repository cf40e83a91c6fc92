"""Reads a matrix from a MATLAB file of version 4 to 7 that nobody has checked.

Only full numeric arrays are read: no objects, structures or cells. Types and sizes are
checked before anything is allocated, and no more is decompressed than the size allows.
(scipy.io.loadmat follows both without a check: one changed byte ends the process.)
"""

from __future__ import annotations

import math
import struct
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from dsl.errors import DataError
from dsl.registry import brief
from dsl.targets.readers.entries import as_entries, check_shape
from dsl.targets.readers.mat_elements import (
    CONVERSIONS,
    DAMAGED,
    HOW_TO_SAVE,
    SAVE,
    Body,
    Kind,
    of_parts,
    whole_body,
)
from dsl.targets.readers.mat_elements import body_of as body_of_version_5

HDF5 = b"\x89HDF\r\n\x1a\n"
HEADER = 128
MOST_VARIABLES = 10_000

# Version 4: types of numbers by the tens digit of the first word.
VERSION_4_TYPES = ("f8", "f4", "i4", "i2", "u2", "u1")
VERSION_4_HEADER = 20
LONGEST_NAME = 1_024
# In messages: MATLAB has no longer names.
LONGEST_SHOWN = 63


@dataclass(frozen=True, slots=True)
class Variable:
    """A variable of a file whose entries were not read yet.

    Attributes:
        name: Its name.
        kind: "numbers", or what else it is.
        shape: As the file claims it.
        read: Reads the entries, whose shape has been checked.
    """

    name: str
    kind: Kind
    shape: tuple[int, ...]
    read: Callable[[], npt.NDArray[Any]]

    @property
    def told(self) -> str:
        """Name and kind, for people."""
        sizes = " x ".join(map(str, self.shape))[:LONGEST_SHOWN]
        kind = self.kind if self.kind in CONVERSIONS else f"{sizes} {self.kind}"
        return f"{brief(self.name, 20)} ({kind})"

    @property
    def how_to_save(self) -> str:
        """What makes a matrix of numbers of it, and saves that."""
        if self.kind not in CONVERSIONS:
            return HOW_TO_SAVE
        name = self.name if self.name.isidentifier() and len(self.name) <= LONGEST_SHOWN else "A"
        return f"in MATLAB: {CONVERSIONS[self.kind].format(name)}; {SAVE}"


def read_mat(path: Path, name: str | None = None) -> npt.NDArray[Any]:
    """Reads a numeric array of two axes.

    Args:
        path: Of the file.
        name: Of the variable; needed where the file holds several matrices.

    Returns:
        (m, n) complex128 where the file has complex entries, else float64.

    Raises:
        DataError: The file holds no such matrix.
        OSError: The file cannot be read.
    """
    with path.open("rb") as file:
        try:
            variable = _chosen(list(_variables(file, path.stat().st_size)), path.name, name)
            check_shape(variable.shape, HOW_TO_SAVE)
            return as_entries(variable.read())
        except (struct.error, zlib.error, UnicodeDecodeError, ValueError) as error:
            raise DataError(DAMAGED, HOW_TO_SAVE) from error


def _chosen(variables: list[Variable], path: str, name: str | None) -> Variable:
    """Returns the variable that is meant."""
    matrices = [v for v in variables if v.kind == "numbers" and math.prod(v.shape) > 1]
    told = ", ".join(v.told for v in variables[:20]) or "no variable"
    if name is not None:
        for variable in variables:
            if variable.name == name:
                if variable.kind != "numbers":
                    raise DataError(f"{brief(name)} is {variable.kind}", variable.how_to_save)
                return variable
        raise DataError(f"has no variable {brief(name)}", f"it holds {told}")
    if len(matrices) == 1:
        return matrices[0]
    if not matrices:
        others = [v.how_to_save for v in variables if v.kind != "numbers"]
        hint = others[0] if others else HOW_TO_SAVE
        raise DataError(f"holds no matrix of numbers; it holds {told}", hint)
    names = ", ".join(brief(v.name, 20) for v in matrices[:20])
    raise DataError(
        f"holds several matrices: {names}", f"name one: --target {path}:{matrices[0].name}"
    )


def _variables(file: BinaryIO, size: int) -> Iterator[Variable]:
    """Yields what a file holds, of any version."""
    head = file.read(HEADER)
    file.seek(512)
    if head.startswith((HDF5, b"MATLAB 7.3")) or file.read(len(HDF5)) == HDF5:
        raise DataError(
            "is of MATLAB version 7.3 (HDF5), expected version 4 to 7",
            "save it again: save('file.mat', 'A', '-v7'), or numpy.save of what h5py reads",
        )
    if len(head) == HEADER and head[126:128] in (b"IM", b"MI"):
        order = "<" if head[126:128] == b"IM" else ">"
        yield from _version_5(file, size, order)
    else:
        yield from _version_4(file, size)


def _version_5(file: BinaryIO, size: int, order: str) -> Iterator[Variable]:
    place = HEADER
    for _ in range(MOST_VARIABLES):
        if size - place < 8:
            return
        file.seek(place)
        kind, length = struct.unpack(f"{order}II", file.read(8))
        if length > size - place - 8:
            raise DataError("truncated: a variable is longer than the file", "copy it again")
        body = body_of_version_5(file, place + 8, length, kind, order)
        if body is not None and body.name:  # where objects keep their data there is no name
            yield Variable(body.name, body.kind, body.shape, _reader(file, place, body))
        place += 8 + length
        if kind == 14:  # what is not compressed is padded
            place += -length % 8
    raise DataError(f"holds more than {MOST_VARIABLES} variables", HOW_TO_SAVE)


def _reader(file: BinaryIO, place: int, body: Body) -> Callable[[], npt.NDArray[Any]]:
    return lambda: whole_body(file, place, body)


def _version_4(file: BinaryIO, size: int) -> Iterator[Variable]:
    place = 0
    for _ in range(MOST_VARIABLES):
        if place >= size:
            return
        file.seek(place)
        head = file.read(VERSION_4_HEADER)
        order = "<" if len(head) == VERSION_4_HEADER and head[2:4] == b"\0\0" else ">"
        code, rows, columns, has_imaginary, length = struct.unpack(f"{order}5I", head)
        base, number, form = code % 1000 // 100, code % 100 // 10, code % 10
        is_known = code == (0 if order == "<" else 1) * 1000 + number * 10 + form
        if base or not is_known or number >= len(VERSION_4_TYPES) or form > 2:
            raise DataError("not a MATLAB file of version 4 to 7", HOW_TO_SAVE)
        if has_imaginary > 1 or not 0 < length <= LONGEST_NAME:
            raise DataError("not a MATLAB file of version 4 to 7", HOW_TO_SAVE)
        name = file.read(length).rstrip(b"\0").decode("latin-1")
        dtype = np.dtype(order + VERSION_4_TYPES[number])
        start = place + VERSION_4_HEADER + length
        total = rows * columns * dtype.itemsize * (1 + has_imaginary)
        if total > size - start:
            raise DataError(f"truncated: {brief(name)} is longer than the file", "copy it again")
        kind: Kind = ("numbers", "text", "a sparse matrix")[form]
        plan = start, rows * columns, dtype, bool(has_imaginary), (rows, columns)
        yield Variable(name, kind, (rows, columns), _reader_of_version_4(file, *plan))
        place = start + total
    raise DataError(f"holds more than {MOST_VARIABLES} variables", HOW_TO_SAVE)


def _reader_of_version_4(
    file: BinaryIO,
    start: int,
    count: int,
    dtype: np.dtype[Any],
    is_complex: bool,
    shape: tuple[int, int],
) -> Callable[[], npt.NDArray[Any]]:
    def read() -> npt.NDArray[Any]:
        file.seek(start)
        parts = np.frombuffer(file.read(count * dtype.itemsize * (1 + is_complex)), dtype)
        numbers = of_parts(parts[:count], parts[count:]) if is_complex else parts
        return numbers.reshape(shape, order="F")

    return read
