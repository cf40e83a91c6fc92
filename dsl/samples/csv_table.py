"""Reads a table of text that nobody has checked, some rows at a time.

Commas, semicolons or tabs separate the cells; there may be quotes, a byte-order mark, and
a header. Rows are counted as a spreadsheet does: from 1, with the header.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TextIO

from dsl.errors import DataError, StorageError
from dsl.samples.cells import is_date, is_missing, is_number

HOW_TO_SAVE = "save the table as CSV text in UTF-8, with a header"
CHUNK_CELLS = 400_000
LONGEST_LINE = 2**24
DELIMITERS = "\t;,"  # the first that occurs in the first line; numbers may hold a comma


@dataclass(slots=True)
class CsvTable:
    """An open table.

    Attributes:
        names: Of the columns: the header, or column_0 and so on where there is none.
        has_header: The first row is a header.
        width: Cells of every row.
    """

    names: tuple[str, ...]
    has_header: bool
    width: int
    _records: Iterator[list[str]]
    _next_row: int
    _pending: list[list[str]]

    def chunks(self) -> Iterator[tuple[list[list[str]], Sequence[int]]]:
        """Yields rows with their numbers, some at a time, without blank ones.

        Raises:
            DataError: A row has more or fewer cells than the first.
        """
        size = max(1, CHUNK_CELLS // self.width)
        while rows := [*self._pending, *islice(self._records, size - len(self._pending))]:
            numbers: Sequence[int] = range(self._next_row, self._next_row + len(rows))
            self._next_row += len(rows)
            self._pending = []
            if set(map(len, rows)) != {self.width}:
                kept = [pair for pair in zip(rows, numbers, strict=True) if not _is_blank(pair[0])]
                for cells, number in kept:
                    if len(cells) != self.width:
                        raise DataError(
                            f"row {number}: expected {self.width} cells, got {len(cells)}",
                            "give every row as many cells as the first; quote cells that"
                            " hold a separator",
                        )
                rows, numbers = [each[0] for each in kept], [each[1] for each in kept]
            if rows:
                yield rows, numbers


@contextmanager
def open_table(path: Path) -> Iterator[CsvTable]:
    """Opens a table.

    Raises:
        DataError: There is none at this path; also while its rows are read.
        StorageError: The file cannot be read.
    """
    try:
        if not path.exists():
            raise DataError("no such file", "give the path of a CSV file")
        if not path.is_file():  # a pipe would block
            raise DataError("expected a regular file, got something else", "give a CSV file")
        with path.open(encoding="utf-8-sig", newline="") as file:
            yield _table(file)
    except UnicodeDecodeError as error:
        raise DataError("expected text in UTF-8, got other bytes", HOW_TO_SAVE) from error
    except csv.Error as error:
        raise DataError(f"expected a table of text: {error}", HOW_TO_SAVE) from error
    except OSError as error:
        raise StorageError(
            f"cannot be read: {error.strerror}", "check its path and permissions"
        ) from error


def _table(file: TextIO) -> CsvTable:
    lines = _lines(file)
    first, blank = "", 0
    for first in lines:
        if first.strip():
            break
        blank += 1
    if not first.strip():
        raise DataError("the file is empty", HOW_TO_SAVE)
    outside_quotes = re.sub(r'"[^"]*"', "", first)
    delimiter = next((each for each in DELIMITERS if each in outside_quotes), ",")
    records = csv.reader(_chain(first, lines), delimiter=delimiter)
    header = next(records)
    has_header = not all(is_number(c) or is_missing(c) or is_date(c) for c in header)
    names = tuple((has_header and cell.strip()) or f"column_{i}" for i, cell in enumerate(header))
    pending = [] if has_header else [header]
    return CsvTable(names, has_header, len(header), records, blank + 1 + has_header, pending)


def _is_blank(cells: list[str]) -> bool:
    return len(cells) < 2 and not "".join(cells).strip()


def _chain(first: str, rest: Iterator[str]) -> Iterator[str]:
    yield first
    yield from rest


def _lines(file: TextIO) -> Iterator[str]:
    """Yields the lines of a file, none longer than fits in memory."""
    while line := file.readline(LONGEST_LINE):
        if len(line) == LONGEST_LINE:
            raise DataError(f"expected lines below {LONGEST_LINE} characters", HOW_TO_SAVE)
        yield line
