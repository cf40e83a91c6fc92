"""Reads a matrix from text that nobody has checked: numbers in rows, real or complex.

Commas, semicolons, tabs or spaces separate them; complex ones are written 1+2j, 1+2i or
(re, im). Lines that begin with # or % are comments.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TextIO

import numpy as np
import numpy.typing as npt

from dsl.errors import DataError
from dsl.registry import brief
from dsl.targets.readers.entries import check_shape

HOW_TO_WRITE = "write every row as numbers with commas between them, complex ones as 1+2j"
NO_HEADER = (
    "a matrix has no header; a table of samples is given by --data FILE.csv, not by --target"
)
LONGEST_LINE, LARGEST_FILE = 2**21, 2**31
DELIMITERS = "\t;,"  # the first that occurs in the first line; else spaces
COMMENTS = ("#", "%")
# Re-checking the memory for every row would take longer than reading it.
CHECKED_ROWS = 64

IN_BRACKETS = re.compile(r"\(([^()]*)\)")
# The comma of (re, im), which separates no cells.
COMMA = "|"


def read_text(path: Path) -> npt.NDArray[Any]:
    """Reads a matrix from text.

    Returns:
        (m, n) complex128 where an entry is complex, else float64.

    Raises:
        DataError: The file holds no matrix; says in which line.
        OSError: The file cannot be read.
    """
    try:
        if path.stat().st_size > LARGEST_FILE:
            raise DataError(f"expected at most {LARGEST_FILE} bytes of text", "save it as .npy")
        with path.open(encoding="utf-8-sig", newline="") as file:
            return _Reader(file).matrix()
    except UnicodeDecodeError as error:
        raise DataError("expected text in UTF-8, got other bytes", HOW_TO_WRITE) from error
    except csv.Error as error:
        raise DataError(f"expected rows of numbers: {error}", HOW_TO_WRITE) from error


class _Reader:
    """The rows of a file while they are read; knows the number of the line."""

    def __init__(self, file: TextIO) -> None:
        self._file = file
        self._line = 0

    def matrix(self) -> npt.NDArray[Any]:
        """Returns all rows."""
        rows: list[npt.NDArray[Any]] = []
        for cells in self._records():
            if rows and len(cells) != len(rows[0]):
                raise DataError(
                    f"line {self._line}: expected {len(rows[0])} numbers, got {len(cells)}",
                    "give every row as many numbers as the first",
                )
            if not rows and not any(_number(cell) is not None for cell in cells):
                names = ", ".join(brief(cell.strip(), 12) for cell in cells[:3])
                raise DataError(f"line {self._line}: expected numbers, got {names}", NO_HEADER)
            rows.append(self._row(cells))
            if len(rows) % CHECKED_ROWS == 0:
                check_shape((len(rows), len(cells)), HOW_TO_WRITE)
        if not rows:
            raise DataError("the file is empty", HOW_TO_WRITE)
        check_shape((len(rows), len(rows[0])), HOW_TO_WRITE)
        return np.array(rows)

    def _records(self) -> Iterator[list[str]]:
        """Yields the cells of each row."""
        lines = self._lines()
        first = next(lines, "")
        outside = re.sub(r'"[^"]*"', "", first)
        delimiter = next((each for each in DELIMITERS if each in outside), None)
        if delimiter is None:
            yield from (line.split() for line in _chain(first, lines) if line)
            return
        check_shape((2, outside.count(delimiter) + 1), HOW_TO_WRITE)
        yield from csv.reader(_chain(first, lines), delimiter=delimiter, skipinitialspace=True)

    def _lines(self) -> Iterator[str]:
        """Yields the lines that hold anything, none longer than fits in memory."""
        while line := self._file.readline(LONGEST_LINE):
            self._line += 1
            if len(line) == LONGEST_LINE:
                raise DataError(
                    f"line {self._line}: expected less than {LONGEST_LINE} characters", HOW_TO_WRITE
                )
            if line.strip() and not line.lstrip().startswith(COMMENTS):
                yield IN_BRACKETS.sub(_joined, line) if "(" in line else line

    def _row(self, cells: list[str]) -> npt.NDArray[Any]:
        """Returns a row: (n,) float64 or complex128."""
        try:
            row = np.array(list(map(float, cells)))
        except ValueError:
            row = np.array([self._entry(cell, place) for place, cell in enumerate(cells)])
        else:
            for place, cell in enumerate(cells):
                if "_" in cell:  # Python reads 1_000
                    self._entry(cell, place)
        return row

    def _entry(self, cell: str, place: int) -> complex:
        number = _number(cell)
        if number is None:
            expected = f"line {self._line}, column {place + 1}: expected a number"
            raise DataError(
                f"{expected}, got {brief(cell.strip().replace(COMMA, ','))}", HOW_TO_WRITE
            )
        return number


def _chain(first: str, rest: Iterator[str]) -> Iterator[str]:
    yield first
    yield from rest


def _joined(found: re.Match[str]) -> str:
    """Returns the inside of brackets as one cell."""
    return "".join(found[1].split()).replace(",", COMMA)


def _number(cell: str) -> complex | None:
    """Returns the number that a cell holds: a float where it is real; None for no number."""
    text = "".join(cell.split())
    if "_" in text:
        return None
    try:
        if COMMA in text:
            real, imaginary = map(float, text.split(COMMA))
            return complex(real, imaginary)
        if text[-1:] in "iIjJ" and text:
            turned = text[:-1].removesuffix("*").replace("+-", "-").replace("-+", "-")
            return complex(f"{turned}j")
        return float(text)
    except ValueError:
        return None
