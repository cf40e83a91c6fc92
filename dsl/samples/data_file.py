"""Sampled targets from the user's own data: a CSV file, columns chosen by name."""

from __future__ import annotations

import difflib
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from dsl.errors import DataError, EvosynthError, UsageError
from dsl.registry import brief
from dsl.samples.arrays import MOST_COLUMNS, from_arrays
from dsl.samples.base import make_sampled_target
from dsl.samples.cells import DateColumn, NumberColumn, is_date, is_missing
from dsl.samples.csv_table import CsvTable, open_table
from dsl.samples.sampled_target import Numbers, SampledTarget
from dsl.samples.streams import read_seed

MOST_NUMBERS = 2 * 10**8  # 1.6 GB
NAMES_IN_A_HINT = 20


class Columns(NamedTuple):
    """Which columns of a table are used, by their places."""

    x: tuple[int, ...]
    y: tuple[int, ...]


class Table(NamedTuple):
    """The used columns of a file.

    Attributes:
        values: (rows, used columns) float64, finite, inputs first.
        inputs: Names of the inputs.
        outputs: Names of the outputs.
        dropped: How many rows were left out because a used cell is missing.
        conventions: What the numbers of columns of dates mean.
    """

    values: Numbers
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    dropped: int
    conventions: tuple[str, ...]


def read_samples(
    path: str | os.PathLike[str],
    x: Sequence[str] | None = None,
    y: Sequence[str] | None = None,
    *,
    seed: int,
    holdout: str = "random",
) -> SampledTarget:
    """Returns the target that a CSV file holds.

    Rows in which a used cell is empty, "nan" or "NA" are left out, which the target's
    notices say. Dates like 2020-01-31 or 2020-01-31T12:00 in a column of x are read as days
    since the first one. Rows are split as by `from_arrays`.

    Args:
        path: Of text in UTF-8, with commas, semicolons or tabs between the cells. The first
            row is a header unless all of it are numbers and dates.
        x: Names of the columns to compute from, or their numbers from 0 where there is no
            header; by default all but those of y.
        y: Names or numbers of the columns to compute; by default the last one.
        seed: Decides which rows are held out.
        holdout: "random": rows drawn by the seed; "tail": the last rows of the file; "none".

    Raises:
        DataError: The file is missing or holds no usable samples; says what and where.
        UsageError: The columns, the seed or `holdout` cannot be used.
        StorageError: The file cannot be read.
    """
    chosen = {
        name: columns if columns is None else [columns] if isinstance(columns, str) else [*columns]
        for name, columns in (("x", x), ("y", y))
    }
    source: dict[str, Any] = {
        "path": os.fspath(path),
        **chosen,
        "seed": read_seed(seed),
        "holdout": holdout,
    }
    try:
        table = _read(Path(path), chosen["x"], chosen["y"])
        rows = len(table.values)
        return from_arrays(
            table.values[:, : len(table.inputs)],
            table.values[:, len(table.inputs) :],
            inputs=table.inputs,
            outputs=table.outputs,
            seed=seed,
            holdout=holdout,
            name=Path(path).stem or "data",
            title=f"{', '.join(table.outputs[:4])} in {rows} rows of {path}",
            convention="; ".join(["values as in the file", *table.conventions]),
            notices=_notices(table.dropped, rows),
            source=source,
        )
    except EvosynthError as error:
        raise type(error)(f"'{path}': {error}", error.hint) from error


def rebuild_sampled_target(source: dict[str, Any]) -> SampledTarget:
    """Returns the target that was made from what its `source` says.

    Whether it is the same one, of a file above all, its digest says.

    Raises:
        UsageError: The source is not one of a family or a file.
        EvosynthError: As `make_sampled_target` and `read_samples`.
    """
    try:
        if "path" in source:
            return read_samples(**source)
        if "name" in source:
            return make_sampled_target(**source)
    except TypeError as error:
        raise UsageError(f"the source of a target is damaged: {error}", "make it anew") from error
    raise UsageError("samples from arrays cannot be made again", "give the arrays again")


def _notices(dropped: int, rows: int) -> tuple[str, ...]:
    if not dropped:
        return ()
    return (f"left out {dropped} of {dropped + rows} rows, in which a value is missing",)


def _read(path: Path, x: list[str] | None, y: list[str] | None) -> Table:
    with open_table(path) as table:
        columns = _choose(table, x, y)
        used = (*columns.x, *columns.y)
        readers: list[NumberColumn | DateColumn] = []
        parts: list[Numbers] = []
        count = kept = 0
        for rows, numbers in table.chunks():
            cells = list(zip(*rows, strict=True))
            if not readers:
                readers = [_reader(table.names[i], cells[i], i in columns.x) for i in used]
            pairs = zip(readers, used, strict=True)
            values = np.stack([reader.read(cells[i], numbers) for reader, i in pairs], axis=1)
            parts.append(values[~np.isnan(values).any(axis=1)])
            count, kept = count + len(values), kept + len(parts[-1])
            if kept * len(used) > MOST_NUMBERS:
                raise DataError(
                    f"expected at most {MOST_NUMBERS} numbers in the used columns, got more",
                    "choose fewer columns or give fewer rows",
                )
        names = table.names
    if not count:
        raise DataError("expected rows below the header, got none", "give at least 4 rows")
    if 2 * kept < count:
        raise DataError(
            f"expected a value in every used column of at least half of the rows, got it in"
            f" {kept} of {count}",
            "choose columns with fewer missing values",
        )
    conventions = tuple(each.convention for each in readers if isinstance(each, DateColumn))
    inputs, outputs = tuple(names[i] for i in columns.x), tuple(names[i] for i in columns.y)
    return Table(np.concatenate(parts), inputs, outputs, count - kept, conventions)


def _reader(name: str, cells: Sequence[str], is_input: bool) -> NumberColumn | DateColumn:
    first = next((cell for cell in cells if not is_missing(cell)), "")
    return DateColumn(name) if is_input and is_date(first) else NumberColumn(name)


def _choose(table: CsvTable, x: list[str] | None, y: list[str] | None) -> Columns:
    if table.width < 2:
        raise DataError(
            "expected at least two columns, got one",
            "separate the cells by commas, semicolons or tabs",
        )
    targets = (table.width - 1,) if y is None else tuple(_place(table, name) for name in y)
    if x is None:
        places = tuple(i for i in range(table.width) if i not in targets)
    else:
        places = tuple(_place(table, name) for name in x)
    for side, chosen in (("x", places), ("y", targets)):
        if not 1 <= len(chosen) <= MOST_COLUMNS:
            raise DataError(
                f"expected from 1 to {MOST_COLUMNS} columns as {side}, got {len(chosen)}",
                f"name the columns of {side}",
            )
    names = [table.names[i] for i in (*places, *targets)]
    for name in names:
        if names.count(name) > 1:
            raise DataError(
                f"the column {brief(name)} is there twice among x and y",
                "name every column once, and give the columns of the file different names",
            )
    return Columns(places, targets)


def _place(table: CsvTable, name: str) -> int:
    """Returns the place of a column that the user names."""
    if not table.has_header and str(name).isdecimal() and int(name) < table.width:
        return int(name)
    places = [i for i, each in enumerate(table.names) if each == name]
    if len(places) == 1:
        return places[0]
    if places:
        raise DataError(
            f"expected one column {brief(name)}, got {len(places)}", "give them different names"
        )
    near = difflib.get_close_matches(str(name), table.names, n=1)
    guess = f"did you mean {brief(near[0])}? " if near else ""
    known = [brief(each).strip("'") for each in table.names[:NAMES_IN_A_HINT]]
    more = ", ..." if table.width > NAMES_IN_A_HINT else ""
    raise DataError(
        f"there is no column {brief(name)}", f"{guess}columns: {', '.join(known)}{more}"
    )
