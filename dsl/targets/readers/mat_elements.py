"""Elements of MATLAB files of version 5 to 7: tags, headers of arrays, their numbers.

An element is a tag (type, bytes) and data; a variable is an element that holds others:
flags, shape, name, real parts, imaginary parts. It may be compressed with zlib.
"""

from __future__ import annotations

import math
import struct
import zlib
from dataclasses import dataclass
from typing import Any, BinaryIO, Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from dsl.errors import DataError

Kind: TypeAlias = Literal[
    "numbers", "text", "a cell array", "a structure", "an object", "a sparse matrix", "a function"
]
SAVE = "save('file.mat', 'A', '-v7')"
HOW_TO_SAVE = f"save a full numeric matrix: {SAVE}"
# What makes a full numeric matrix of a variable of another kind, in MATLAB and in Octave.
CONVERSIONS: dict[Kind, str] = {
    "text": "A = str2num({})",
    "a cell array": "A = cell2mat({})",
    "a structure": "A = {}.FIELD",
    "an object": "A = double({})",
    "a sparse matrix": "A = full({})",
    "a function": "A = {}()",
}
DAMAGED = "the MATLAB file is damaged"

MATRIX, COMPRESSED = 14, 15
INTEGER, UNSIGNED, BYTES = 5, 6, 1
DTYPES = {
    1: "i1",
    2: "u1",
    3: "i2",
    4: "u2",
    5: "i4",
    6: "u4",
    7: "f4",
    9: "f8",
    12: "i8",
    13: "u8",
}
KINDS: dict[int, Kind] = {
    1: "a cell array",
    2: "a structure",
    3: "an object",
    4: "text",
    5: "a sparse matrix",
    **dict.fromkeys(range(6, 16), "numbers"),
    16: "a function",
    17: "an object",
}
IS_COMPLEX = 0x0800

# Flags, shape and name take no more; text that fills this up is no variable of MATLAB's.
LONGEST_HEAD = 4_096
MOST_AXES = 64


@dataclass(frozen=True, slots=True)
class Body:
    """What a variable's head says.

    Attributes:
        name: Of the variable.
        kind: What it is.
        shape: As the head claims it.
        is_complex: There are imaginary parts.
        head: Bytes of the head, after which the numbers follow.
        length: Bytes of the whole element in the file.
        is_compressed: It is compressed there.
        order: "<" or ">", of bytes.
    """

    name: str
    kind: Kind
    shape: tuple[int, ...]
    is_complex: bool
    head: int
    length: int
    is_compressed: bool
    order: str


def body_of(file: BinaryIO, start: int, length: int, kind: int, order: str) -> Body | None:
    """Returns what the element of a variable claims; None for other elements.

    Args:
        file: The file.
        start: Where its data begin.
        length: Their bytes.
        kind: Type of the element.
        order: Of bytes.

    Raises:
        DataError: It is damaged.
    """
    if kind not in (MATRIX, COMPRESSED):
        return None
    file.seek(start)
    # Compressed data are never more than a little longer than what they hold.
    head = file.read(min(length, 2 * LONGEST_HEAD))
    skipped = 0
    if kind == COMPRESSED:
        head = zlib.decompressobj().decompress(head, LONGEST_HEAD)
        inner = struct.unpack_from(f"{order}I", head)[0]
        if inner != MATRIX:
            return None
        head, skipped = head[8:], 8
    return _parsed(head, skipped, length, kind == COMPRESSED, order)


def _parsed(head: bytes, skipped: int, length: int, is_compressed: bool, order: str) -> Body:
    flags, place = _element(head, 0, order, UNSIGNED)
    word = struct.unpack_from(f"{order}I", flags)[0]
    found = KINDS.get(word & 0xFF)
    if found is None:
        raise DataError(DAMAGED, HOW_TO_SAVE)
    if word & 0xFF == 17:  # neither shape nor name are where others have them
        return Body("?", found, (), False, 0, length, is_compressed, order)
    shape, place = _element(head, place, order, INTEGER)
    if len(shape) % 4 or not 8 <= len(shape) <= 4 * MOST_AXES:
        raise DataError(DAMAGED, HOW_TO_SAVE)
    axes = struct.unpack(f"{order}{len(shape) // 4}i", shape)
    if min(axes) < 0:
        raise DataError(DAMAGED, HOW_TO_SAVE)
    name, place = _element(head, place, order, BYTES)
    text = name.decode("latin-1").rstrip("\0")
    is_complex = bool(word & IS_COMPLEX)
    return Body(text, found, axes, is_complex, skipped + place, length, is_compressed, order)


def whole_body(file: BinaryIO, place: int, body: Body) -> npt.NDArray[Any]:
    """Reads the numbers of a variable whose shape has been checked.

    Args:
        file: The file.
        place: Where the variable's tag is.
        body: What its head says.

    Raises:
        DataError: They are not as many as the shape says.
    """
    count = math.prod(body.shape)
    most = body.head + (1 + body.is_complex) * (8 * count + 16)
    file.seek(place + 8)
    if body.is_compressed:
        data = _decompressed(file, body.length, most)
    else:
        data = file.read(min(body.length, most))
    parts = []
    start = body.head
    for _ in range(1 + body.is_complex):
        numbers, start = _numbers(data, start, body.order)
        if len(numbers) != count:
            raise DataError(DAMAGED, HOW_TO_SAVE)
        parts.append(numbers)
    entries = of_parts(*parts) if body.is_complex else parts[0]
    return entries.reshape(body.shape, order="F")


def of_parts(real: npt.NDArray[Any], imaginary: npt.NDArray[Any]) -> npt.NDArray[np.complex128]:
    """Returns complex numbers of their parts; sums with 1j make nan of what is infinite.

    Args:
        real: (count,) of any kind of real numbers.
        imaginary: (count,) likewise.
    """
    numbers = np.empty(len(real), np.complex128)
    numbers.real, numbers.imag = real, imaginary
    return numbers


def _decompressed(file: BinaryIO, length: int, most: int) -> bytes:
    """Returns what a compressed element holds, at most so many bytes of it."""
    stream = zlib.decompressobj()
    found, size, left = [], 0, length
    while left > 0 and size < most and not stream.eof:
        chunk = file.read(min(left, 1 << 16))
        if not chunk:
            break
        left -= len(chunk)
        found.append(stream.decompress(chunk, most - size))
        size += len(found[-1])
        while stream.unconsumed_tail and size < most:
            found.append(stream.decompress(stream.unconsumed_tail, most - size))
            size += len(found[-1])
    return b"".join(found)


def _tag(data: bytes, place: int, order: str) -> tuple[int, int, int, int]:
    """Returns type, first byte, number of bytes, and where the next element begins."""
    kind, length = struct.unpack_from(f"{order}II", data, place)
    if kind >> 16:  # a small element: the bytes are within the tag
        return kind & 0xFFFF, place + 4, min(kind >> 16, 4), place + 8
    return kind, place + 8, length, place + 8 + length + -length % 8


def _element(data: bytes, place: int, order: str, expected: int) -> tuple[bytes, int]:
    """Returns the data of an element of a certain type, and where the next one begins."""
    kind, start, length, after = _tag(data, place, order)
    if kind != expected or start + length > len(data):
        raise DataError(DAMAGED, HOW_TO_SAVE)
    return data[start : start + length], after


def _numbers(data: bytes, place: int, order: str) -> tuple[npt.NDArray[Any], int]:
    """Returns the numbers of an element, of whatever type, and where the next one begins."""
    kind, start, length, after = _tag(data, place, order)
    if kind not in DTYPES or start + length > len(data):
        raise DataError(DAMAGED, HOW_TO_SAVE)
    dtype = np.dtype(order + DTYPES[kind])
    if length % dtype.itemsize:
        raise DataError(DAMAGED, HOW_TO_SAVE)
    return np.frombuffer(data, dtype, length // dtype.itemsize, start), after
