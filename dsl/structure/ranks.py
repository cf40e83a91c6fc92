"""Rank: of the whole, and of blocks that fast algorithms of butterflies are made of."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

import numpy as np

from dsl.structure.base import Finding, Findings, Matrix, Subject, times

# Entries up to which all singular values are computed: more take longer than a second. Of
# larger matrices only ranks up to so large are found.
MOST_ENTRIES, MOST_SKETCHED = 1 << 18, 32
ILL_CONDITIONED = 1e6
NEARLY = 1e-3
# Singular values below this fraction of the largest are rounding errors.
DIGITS = 11
ROUNDING = 10.0**-DIGITS

MOST_RANK = 4
LEAST_SIZE = 8
# Columns that are compared with all others.
SAMPLE = 4
LAYOUTS = {False: "neighbouring", True: "evenly spaced"}


def rank(subject: Subject) -> Findings:
    """Finds a rank below the size, exact or nearly so."""
    matrix = subject.matrix
    size = min(matrix.shape)
    if size < 2:
        return
    if matrix.size > MOST_ENTRIES:
        low = sketched_rank(matrix, subject, MOST_SKETCHED)
        if low is not None:
            yield Finding("rank", f"rank {low} of {size} to {DIGITS} digits", {"rank": low})
        return
    values = np.linalg.svd(matrix / subject.largest, compute_uv=False)
    full, near = (int(np.count_nonzero(values > f * values[0])) for f in (ROUNDING, NEARLY))
    data = {"rank": full, "above_a_thousandth": near}
    if full < size:
        yield Finding("rank", f"rank {full} of {size} to {DIGITS} digits", data)
    elif values[0] > ILL_CONDITIONED * values[-1]:
        text = f"condition number {values[0] / values[-1]:.1e}"
        yield Finding("condition", text, {"condition": float(values[0] / values[-1])})
    if near <= full // 2:
        text = f"{near} of {full} singular values are above a thousandth of the largest"
        yield Finding("numerical_rank", text, data)


def sketched_rank(matrix: Matrix, subject: Subject, most: int) -> int | None:
    """Returns the rank if it is at most so large, from a few random combinations of columns."""
    if np.abs(matrix).max(initial=0) <= subject.same:
        return 0
    width = min(most + 4, *matrix.shape)
    mixed = matrix @ np.random.default_rng(0).standard_normal((matrix.shape[1], width))
    values = np.linalg.svd(mixed / subject.largest, compute_uv=False)
    found = int(np.count_nonzero(values > 1e-9 * max(values[0], 1.0)))
    return found if found <= most else None


def low_rank_blocks(subject: Subject) -> Findings:
    """Finds blocks of low rank: off the diagonal, and of every shape as butterflies have."""
    matrix = subject.matrix
    rows, columns = matrix.shape
    if min(rows, columns) < LEAST_SIZE:
        return
    if found := _complementary(subject):
        yield found
        return
    half, middle = rows // 2, columns // 2
    most = min(MOST_SKETCHED // 2, min(rows, columns) // 8)
    corners = matrix[:half, middle:], matrix[half:, :middle]
    ranks = [sketched_rank(corner, subject, most) for corner in corners]
    whole = sketched_rank(matrix, subject, 2 * most)
    known = [each for each in ranks if each is not None]
    if len(known) == 2 and max(known) > 0 and whole is None:
        text = f"the two halves off the diagonal have ranks {known[0]} and {known[1]}"
        yield Finding("off_diagonal", text, {"ranks": known})


def _complementary(subject: Subject) -> Finding | None:
    """Finds blocks of 2^k rows and n / 2^k columns that have low rank for every k."""
    rows, columns = subject.matrix.shape
    levels = rows.bit_length() - 1
    if rows != columns or rows != 1 << levels:
        return None
    order = sorted(range(1, levels), key=lambda level: abs(2 * level - levels))
    for row_step, column_step in product((False, True), repeat=2):
        highest = 0
        for level in order:
            blocks = _blocks(subject.matrix, 1 << level, (row_step, column_step))
            highest = max(highest, _highest_rank(blocks, subject))
            if highest > min(MOST_RANK, max(1, (1 << levels // 2) // 4)):
                break
        else:
            if sketched_rank(subject.matrix, subject, highest) is not None:
                return None
            where = f"{LAYOUTS[row_step]} rows and {LAYOUTS[column_step]} columns"
            text = f"butterfly: blocks of 2^k x {rows} / 2^k, {where}, have rank {highest}"
            return Finding("butterfly", text, {"rank": highest, "layout": where})
    return None


def _blocks(matrix: Matrix, height: int, is_spaced: tuple[bool, bool]) -> Matrix:
    """Returns all blocks of so many rows and n / height columns: (n, height, n / height)."""
    n = len(matrix)
    width = n // height
    tensor = matrix.reshape(
        *((height, width) if is_spaced[0] else (width, height)),
        *((width, height) if is_spaced[1] else (height, width)),
    )
    rows, columns = (0 if is_spaced[0] else 1), (2 if is_spaced[1] else 3)
    return tensor.transpose(1 - rows, 5 - columns, rows, columns).reshape(n, height, width)


def _highest_rank(blocks: Matrix, subject: Subject) -> int:
    """Returns the highest rank of the blocks, by elimination; more than is of interest stops."""
    left = blocks.copy()
    index = np.arange(len(left))
    for found in range(MOST_RANK + 1):
        sizes = np.abs(left).reshape(len(left), -1)
        pivots = sizes.argmax(axis=1)
        if sizes[index, pivots].max() <= subject.same:
            return found
        rows, columns = np.divmod(pivots, left.shape[2])
        corner = left[index, rows, columns]
        corner = np.where(corner == 0, 1, corner)
        row = left[index, rows] / corner[:, None]
        left -= left[index, :, columns][:, :, None] * row[:, None, :]
    return MOST_RANK + 1


def pairs(subject: Subject) -> Findings:
    """Finds columns, or rows, in pairs that are proportional in half of their entries."""
    matrix = subject.matrix
    if min(matrix.shape) < LEAST_SIZE or np.abs(matrix).min() <= subject.zero:
        return
    found = [
        what
        for lines, what in ((matrix, "columns"), (matrix.T, "rows"))
        if all(_has_partner(lines, column) for column in _sampled(lines.shape[1]))
    ]
    if found and sketched_rank(matrix, subject, 1) is None:
        text = f"{' and '.join(found)} come in pairs that are proportional in half of their entries"
        yield Finding("pairs", text, {"lines": found, "shape": times(*matrix.shape)})


def _sampled(width: int) -> Iterator[int]:
    yield from {k * width // SAMPLE for k in range(SAMPLE)}


def _has_partner(matrix: Matrix, column: int) -> bool:
    """Tells whether half of a column, at least, is a multiple of another column."""
    others = np.delete(matrix, column, axis=1) / matrix[:, column : column + 1]
    # A number in place of a complex one, that others equal by chance only.
    keys = np.sort(others.real + 0.7071 * others.imag, axis=0)
    half = (len(matrix) + 1) // 2
    spread = keys[half - 1 :] - keys[: len(keys) - half + 1]
    size = np.maximum(np.abs(keys[half - 1 :]), np.abs(keys[: len(keys) - half + 1]))
    return bool(np.any(spread <= 1e-9 * size))
