"""Sampled targets from arrays in memory: everything is checked, then split into sets."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, get_args

import numpy as np
import numpy.typing as npt

from dsl.errors import DataError, UsageError
from dsl.registry import brief
from dsl.samples.sampled_target import LARGEST, Numbers, SampledTarget, Samples
from dsl.samples.streams import HOLDOUT, read_seed, stream

Holdout = Literal["random", "tail", "none"]

LEAST_ROWS = 4
LEAST_ROWS_TO_HOLD_OUT = 20
# Fractions of the rows to train on and to choose by; the rest, if any, is for the test.
WITH_TEST, WITHOUT_TEST = (0.6, 0.2), (0.75, 0.25)
MOST_COLUMNS = 4_096
CONSTANT = "a constant"

NUMBERS = "biuf"  # kinds of dtype: bool, int, unsigned, float


def from_arrays(
    x: npt.ArrayLike,
    y: npt.ArrayLike,
    *,
    inputs: Sequence[str] | None = None,
    outputs: Sequence[str] | None = None,
    seed: int,
    holdout: str = "random",
    keep_test: bool = True,
    name: str = "data",
    title: str = "",
    convention: str = "",
    notices: Sequence[str] = (),
    source: dict[str, Any] | None = None,
) -> SampledTarget:
    """Returns the target that arrays of samples are.

    60 % of the rows are for training, 20 % for validation, 20 % for the test; without a test
    75 % and 25 %. Fewer than 20 rows are all for training.

    Args:
        x: (rows, inputs) or (rows,) real numbers of any kind.
        y: (rows, outputs) or (rows,), likewise.
        inputs: A name for every column of x; by default x, or x0, x1 and so on.
        outputs: A name for every column of y; by default y, or y0, y1 and so on.
        seed: Decides which rows are held out.
        holdout: "random": rows drawn by the seed; "tail": the last rows;
            "none": all rows are for training, and formulas are chosen by them too.
        keep_test: Hold rows out for the test.
        name: What the command line calls the target.
        title: What people call it.
        convention: Ranges and units, in one line.
        notices: What the user should know about the rows, a line each.
        source: What the target can be made from again.

    Raises:
        DataError: An array is not one of numbers that can be used; says where.
        UsageError: The names, the seed or `holdout` cannot be used.
    """
    x, y = _columns(x, "x"), _columns(y, "y")
    inputs, outputs = _names(inputs, x, "x"), _names(outputs, y, "y")
    if twice := sorted(set(inputs) & set(outputs)):
        raise UsageError(f"the column {brief(twice[0])} is both input and output", "choose one")
    if len(x) != len(y):
        raise DataError(
            f"expected as many rows of x as of y, got {len(x)} and {len(y)}",
            "give one row of each for every sample",
        )
    if len(x) < LEAST_ROWS:
        raise DataError(f"expected at least {LEAST_ROWS} rows, got {len(x)}", "give more samples")
    _check_size(x, inputs)
    _check_size(y, outputs)
    train, validation, test = _split(x, y, seed, holdout, keep_test)
    return SampledTarget(
        name=name,
        title=title or f"{len(x)} samples of {', '.join(outputs[:4])}",
        convention=convention or "values as given",
        inputs=inputs,
        outputs=outputs,
        train=train,
        validation=validation,
        test=test,
        formula=CONSTANT if not np.ptp(y, axis=0).any() else "",
        source=dict(source or {}),
        notices=tuple(notices),
    )


def _columns(given: npt.ArrayLike, what: str) -> Numbers:
    """Returns an array as (rows, columns) float64."""
    hint = "give a two-dimensional array of real numbers, one row for every sample"
    if np.ma.is_masked(given):
        raise DataError(f"{what}: expected numbers, got masked entries", "leave those rows out")
    try:
        array = np.asarray(given)
    except (ValueError, TypeError) as error:
        raise DataError(f"{what}: expected rows of equal length", hint) from error
    if array.dtype.kind not in NUMBERS:
        raise DataError(f"{what}: expected real numbers, got dtype {array.dtype}", hint)
    if array.ndim not in (1, 2):
        raise DataError(f"{what}: expected 1 or 2 axes, got {array.ndim}", hint)
    array = array[:, None] if array.ndim == 1 else array
    if not 1 <= array.shape[1] <= MOST_COLUMNS:
        raise DataError(
            f"{what}: expected from 1 to {MOST_COLUMNS} columns, got {array.shape[1]}",
            "choose some of the columns",
        )
    with np.errstate(over="ignore"):  # checked, with the place, afterwards
        return array.astype(np.float64, copy=False)


def _names(given: Sequence[str] | None, array: Numbers, what: str) -> tuple[str, ...]:
    count = array.shape[1]
    if given is None:
        return (what,) if count == 1 else tuple(f"{what}{i}" for i in range(count))
    names = (given,) if isinstance(given, str) else tuple(given)
    if not all(isinstance(name, str) and name for name in names) or len(set(names)) < len(names):
        raise UsageError(f"expected different names for the columns of {what}", "name each once")
    if len(names) != count:
        raise UsageError(
            f"expected {count} names for the columns of {what}, got {len(names)}",
            "give a name for every column, or none",
        )
    return names


def _check_size(array: Numbers, names: tuple[str, ...]) -> None:
    """Refuses what is not finite, too large or too small, with its place."""
    if max(array.max(), -array.min()) <= LARGEST:  # false for nan
        sizes = np.abs(array).max(axis=0)
        tiny = np.flatnonzero((sizes > 0) & (sizes < 1 / LARGEST))
        if not len(tiny):
            return
        raise DataError(
            f"column '{names[tiny[0]]}': expected values of at least {1 / LARGEST:g} in size,"
            f" got {sizes[tiny[0]]:g} at most: their squares vanish",
            "scale the column",
        )
    row, column = np.argwhere(~(np.abs(array) <= LARGEST))[0]
    raise DataError(
        f"row {row}, column '{names[column]}': expected a number from -{LARGEST:g} to"
        f" {LARGEST:g}, got {array[row, column]:g}",
        "leave the row, counted from 0, out or scale the column",
    )


def _split(
    x: Numbers, y: Numbers, seed: int, holdout: str, keep_test: bool
) -> tuple[Samples, Samples | None, Samples | None]:
    if holdout not in get_args(Holdout):
        raise UsageError(
            f"expected holdout 'random', 'tail' or 'none', got {brief(holdout)}",
            "choose 'tail' to hold out the last rows",
        )
    rng, rows = stream(read_seed(seed), HOLDOUT), len(x)
    if rows < LEAST_ROWS_TO_HOLD_OUT or holdout == "none":
        return Samples(x, y), None, None
    train, validation = WITH_TEST if keep_test else WITHOUT_TEST
    first, second = round(train * rows), round((train + validation) * rows)
    if holdout == "tail":
        parts: list[Any] = [slice(0, first), slice(first, second), slice(second, rows)]
    else:  # the rows of each part stay in order
        parts = [np.sort(part) for part in np.split(rng.permutation(rows), [first, second])]
    sets = [Samples(x[part], y[part]) for part in parts[: 3 if keep_test else 2]]
    return sets[0], sets[1], sets[2] if keep_test else None
