"""Independent blocks, in whatever order rows and columns are; Kronecker products."""

from __future__ import annotations

from collections import Counter

import numpy as np
import numpy.typing as npt

from dsl.structure.base import Finding, Findings, Matrix, Subject, times

MOST_TOLD = 6
# Entries of a candidate that are looked at before all are.
SAMPLE = 256


def parts(subject: Subject) -> Findings:
    """Finds blocks that share no row and no column."""
    found = Counter(connected(np.abs(subject.matrix) > subject.zero))
    if found.total() < 2:
        return
    ranked = sorted(found.items(), key=lambda pair: (-pair[0][0] * pair[0][1], pair[0]))
    told = [(f"{count} of " if count > 1 else "") + times(*shape) for shape, count in ranked]
    text = ", ".join(told[:MOST_TOLD]) + (", ..." if len(told) > MOST_TOLD else "")
    sizes = [{"rows": r, "columns": c, "times": count} for (r, c), count in ranked]
    text = f"{found.total()} independent blocks up to the order of rows and columns: {text}"
    yield Finding("blocks", text, {"blocks": sizes})


def connected(present: npt.NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Returns rows and columns of each connected part of a bipartite graph.

    Each row and each column is looked at once.
    """
    shapes = []
    rows_left: npt.NDArray[np.bool_] = np.any(present, axis=1)
    columns_left = np.ones(present.shape[1], np.bool_)
    while rows_left.any():
        frontier = np.array([np.argmax(rows_left)])
        rows = columns = 0
        while len(frontier):
            rows += len(frontier)
            rows_left[frontier] = False
            reached = np.flatnonzero(present[frontier].any(axis=0) & columns_left)
            columns += len(reached)
            columns_left[reached] = False
            frontier = np.flatnonzero(present[:, reached].any(axis=1) & rows_left)
        shapes.append((rows, columns))
    return shapes


def kronecker(subject: Subject) -> Findings:
    """Finds the smallest factors of a Kronecker product."""
    shapes = []
    rest: Matrix | None = subject.matrix
    while rest is not None:
        first, after = _split(rest, subject)
        if first is not None:
            shapes.append(first.shape)
        elif shapes:
            shapes.append(rest.shape)
        rest = after
    if shapes:
        text = f"Kronecker product of {', '.join(times(*shape) for shape in shapes)}"
        yield Finding("kronecker", text, {"factors": [list(shape) for shape in shapes]})


def _split(matrix: Matrix, subject: Subject) -> tuple[Matrix | None, Matrix | None]:
    """Returns the smallest first factor of a Kronecker product and the other one."""
    pivot = np.unravel_index(np.argmax(np.abs(matrix)), matrix.shape)
    sizes = [(p, q) for p in _divisors(matrix.shape[0]) for q in _divisors(matrix.shape[1])]
    for p, q in sorted(sizes, key=lambda size: (size[0] * size[1], size)):
        if p * q == 1 or p * q == matrix.size:
            continue
        found = _factors(matrix, (p, q), (int(pivot[0]), int(pivot[1])), subject)
        if found is not None:
            return found
    return None, None


def _divisors(number: int) -> list[int]:
    return [k for k in range(1, number + 1) if number % k == 0]


def _factors(
    matrix: Matrix, size: tuple[int, int], pivot: tuple[int, int], subject: Subject
) -> tuple[Matrix, Matrix] | None:
    """Returns both factors if the first may have this size."""
    (p, q), (rows, columns) = size, (matrix.shape[0] // size[0], matrix.shape[1] // size[1])
    tensor = matrix.reshape(p, rows, q, columns)
    a, i = divmod(pivot[0], rows)
    b, j = divmod(pivot[1], columns)
    first = tensor[:, i, :, j] / tensor[a, i, b, j]
    second = tensor[a, :, b, :]
    # A product has few entries that agree by chance: most candidates end here.
    rng = np.random.default_rng(0)
    k, r, m, c = (rng.integers(0, length, SAMPLE) for length in tensor.shape)
    if not subject.is_near(tensor[k, r, m, c], first[k, m] * second[r, c]):
        return None
    whole = first[:, None, :, None] * second[None, :, None, :]
    return (first, second) if subject.is_near(tensor, whole) else None
