"""What a cell of a data file says: a number, a date, or nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import numpy as np

from dsl.errors import DataError
from dsl.registry import brief
from dsl.samples.sampled_target import LARGEST, Numbers

MISSING = {"", "nan", "na"}  # in small letters
DAY = timedelta(days=1)

NUMBER_HINT = "write it with a decimal point, leave the cell empty, or choose other columns"
DATE_HINT = "write every date of the column like 2020-01-31 or 2020-01-31T12:00"


def is_missing(text: str) -> bool:
    """Tells whether a cell says that there is no value."""
    return text.strip().lower() in MISSING


def is_number(text: str) -> bool:
    """Tells whether a cell holds a number."""
    try:
        return float(text) is not None and "_" not in text
    except ValueError:
        return False


def is_date(text: str) -> bool:
    """Tells whether a cell holds a date, with or without a time, and no number."""
    if is_number(text):
        return False
    try:
        return bool(datetime.fromisoformat(text.strip()))
    except ValueError:
        return False


@dataclass(slots=True)
class NumberColumn:
    """Reads the cells of a column of numbers."""

    name: str

    def read(self, cells: Sequence[str], rows: Sequence[int]) -> Numbers:
        """Returns the numbers of some cells, nan where there is none.

        Args:
            cells: Text.
            rows: For each the number of its row in the file, for messages.

        Returns:
            (cells,) float64, finite or nan.

        Raises:
            DataError: A cell is neither a number of usable size nor missing.
        """
        try:
            values = np.array(list(map(float, cells)))
        except ValueError:
            pairs = zip(cells, rows, strict=True)
            values = np.array([self._slowly(cell, row) for cell, row in pairs])
        else:
            if "_" in "".join(cells):  # Python reads 1_000
                for cell, row in zip(cells, rows, strict=True):
                    self._slowly(cell, row)
        is_large = np.abs(values) > LARGEST
        if is_large.any():
            place = int(is_large.argmax())
            expected = f"a number from -{LARGEST:g} to {LARGEST:g}"
            raise self._error(rows[place], expected, cells[place])
        return values

    def _slowly(self, cell: str, row: int) -> float:
        if is_missing(cell):
            return np.nan
        if not is_number(cell):
            raise self._error(row, "a number", cell)
        return float(cell)

    def _error(self, row: int, expected: str, cell: str) -> DataError:
        message = f"row {row}, column {brief(self.name)}: expected {expected}, got {brief(cell)}"
        return DataError(message, NUMBER_HINT)


@dataclass(slots=True)
class DateColumn:
    """Reads the cells of a column of dates, as days since the first.

    Attributes:
        name: Of the column.
        first: The first date, once there is one.
    """

    name: str
    first: datetime | None = field(default=None)

    def read(self, cells: Sequence[str], rows: Sequence[int]) -> Numbers:
        """Returns the days since the first date, nan where a cell is missing.

        Arguments, result and errors as of `NumberColumn`.
        """
        return np.array([self._read(*pair) for pair in zip(cells, rows, strict=True)])

    def _read(self, cell: str, row: int) -> float:
        if is_missing(cell):
            return np.nan
        try:
            time = datetime.fromisoformat(cell.strip())
            self.first = self.first or time
            return (time - self.first) / DAY
        except ValueError as error:
            raise self._error(row, "a date", cell) from error
        except TypeError as error:
            raise self._error(row, "times all with or all without an offset", cell) from error

    def _error(self, row: int, expected: str, cell: str) -> DataError:
        message = f"row {row}, column {brief(self.name)}: expected {expected}, got {brief(cell)}"
        return DataError(message, DATE_HINT)

    @property
    def convention(self) -> str:
        """What the numbers mean, in one line."""
        first = self.first and (self.first.astimezone(UTC) if self.first.tzinfo else self.first)
        return f"{self.name}: days since {first.isoformat() if first else 'the first date'}"
