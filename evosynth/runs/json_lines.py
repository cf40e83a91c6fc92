"""Files with one JSON object per line, to which lines are added."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from dsl.errors import DataError
from evosynth.runs.files import ANOTHER_FOLDER, add_line, storage_errors, truncate
from evosynth.runs.untrusted_json import parse_json

LONGEST = 1 << 24
BLOCK = 1 << 12
READING = "check its path and permissions"


def read_lines(path: Path) -> list[dict[str, Any]]:
    """Returns the objects of a file; [] if it is none. A line that was written half is none.

    Raises:
        StorageError: The file cannot be read.
    """
    return [line for line in examine_lines(path) if line is not None]


def examine_lines(path: Path) -> Iterator[dict[str, Any] | None]:
    """Yields the object of every line, None for a line that holds none.

    Raises:
        StorageError: The file cannot be read.
    """
    with storage_errors(f"cannot read '{path}'", READING):
        if not path.is_file():
            return
        with path.open("rb") as stream:
            for line in _raw_lines(stream):
                yield parse_line(line)


def _raw_lines(stream: BinaryIO) -> Iterator[bytes]:
    """Yields lines; of one that is too long its beginning."""
    while line := stream.readline(LONGEST + 1):
        yield line
        while len(line) > LONGEST and not line.endswith(b"\n"):
            line = stream.readline(LONGEST + 1)


def parse_line(line: bytes) -> dict[str, Any] | None:
    """Returns the object of a line; None if it holds none."""
    try:
        data = parse_json(line.decode()) if len(line) <= LONGEST else None
    except (DataError, UnicodeDecodeError):
        return None
    return data if isinstance(data, dict) else None


def append_line(
    path: Path, line: dict[str, Any], hint: str = ANOTHER_FOLDER, *, is_synced: bool = False
) -> None:
    """Adds an object; one that a killed process left half written stays a line of its own.

    Args:
        path: The file; made if there is none.
        line: The object.
        hint: What to do if it cannot be written.
        is_synced: Returns once the line is on the disk.

    Raises:
        StorageError: The file cannot be written.
    """
    add_line(path, json.dumps(line).encode() + b"\n", hint, is_synced=is_synced)


def whole_size(path: Path, most: int | None = None) -> int:
    """Returns the bytes up to the end of the last line that was written to its end.

    Args:
        path: The file; 0 if there is none.
        most: As if the file ended after so many bytes.

    Raises:
        StorageError: The file cannot be read.
    """
    with storage_errors(f"cannot read '{path}'", READING):
        if not path.is_file():
            return 0
        with path.open("rb") as stream:
            end = stream.seek(0, os.SEEK_END)
            end = end if most is None else min(most, end)
            while end:
                start = _start_of_line(stream, end)
                stream.seek(start)
                line = stream.read(min(end - start, LONGEST + 1))
                if line.endswith(b"\n") and parse_line(line) is not None:
                    break
                end = start
            return end


def _start_of_line(stream: BinaryIO, end: int) -> int:
    """Returns where the line begins that ends at a position, its newline included."""
    position = end - 1
    while position > 0:
        begin = max(0, position - BLOCK)
        stream.seek(begin)
        found = stream.read(position - begin).rfind(b"\n")
        if found >= 0:
            return begin + found + 1
        position = begin
    return 0


def cut_torn_line(path: Path, most: int | None = None) -> int:
    """Cuts off what a killed process left half written; returns the file's size.

    Args:
        path: The file; 0 if there is none.
        most: Cuts the file off after so many bytes first.

    Raises:
        StorageError: The file cannot be read or written.
    """
    size = whole_size(path, most)
    with storage_errors(f"cannot read '{path}'", READING):
        is_longer = path.is_file() and path.stat().st_size > size
    if is_longer:
        truncate(path, size)
    return size
