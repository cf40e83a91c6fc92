"""Constant diagonals, powers of nodes, reciprocals of differences, and what is near them."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from dsl.structure.base import Finding, Findings, Matrix, Subject, times
from dsl.structure.ranks import sketched_rank

# Displacement ranks up to this share of the size, and up to so much, are told.
SMALL_SHARE, MOST = 8, 16
LEAST = 4


def shifts(subject: Subject) -> Findings:
    """Finds constant diagonals, or how far the matrix is from having them."""
    if min(subject.matrix.shape) < 3:
        return
    names = list(_constant_diagonals(subject))
    if names:
        yield Finding("shifts", ", ".join(names), {"kinds": names})
        return
    most = min(MOST, min(subject.matrix.shape) // SMALL_SHARE)
    ranks = {name: sketched_rank(d, subject, most) for name, d in _displacements(subject.matrix)}
    found = {name: rank for name, rank in ranks.items() if rank is not None}
    own = sketched_rank(subject.matrix, subject, 2 * most)
    if not found or (own is not None and min(found.values()) >= own // 2):
        return
    name = min(found, key=lambda each: found[each])
    text = f"{name}" if not found[name] else f"{name}-like, of displacement rank {found[name]}"
    yield Finding("displacement", text, {"kind": name, "rank": found[name]})


def _constant_diagonals(subject: Subject) -> Iterator[str]:
    matrix = subject.matrix
    if subject.is_near(matrix[1:, 1:], matrix[:-1, :-1]):
        if subject.is_square and subject.is_near(matrix[1:, 0], matrix[0, :0:-1]):
            yield "circulant"
        elif subject.is_square and subject.is_near(matrix[1:, 0], -matrix[0, :0:-1]):
            yield "skew-circulant"
        else:
            yield "Toeplitz"
    if subject.is_near(matrix[1:, :-1], matrix[:-1, 1:]):
        yield "Hankel"


def _displacements(matrix: Matrix) -> Iterator[tuple[str, Matrix]]:
    yield "Toeplitz", matrix[1:, 1:] - matrix[:-1, :-1]
    yield "Hankel", matrix[1:, :-1] - matrix[:-1, 1:]
    sums = matrix[2:, 1:-1] + matrix[:-2, 1:-1] - matrix[1:-1, 2:] - matrix[1:-1, :-2]
    yield "Toeplitz plus Hankel", sums


def nodes(subject: Subject) -> Findings:
    """Finds powers of nodes, and reciprocals of differences of nodes."""
    matrix = subject.matrix
    if min(matrix.shape) < LEAST or np.abs(matrix).min() <= subject.zero:
        return
    for lines, what in ((matrix, "rows"), (matrix.T, "columns")):
        ratios = lines[:, 1:] / lines[:, :-1]
        scale = np.abs(ratios[:, :1])
        if np.all(np.abs(ratios - ratios[:, :1]) <= 1e-9 * scale):
            is_scaled = not subject.is_near(lines[:, 0], lines[0, 0])
            text = f"Vandermonde: the {what} are powers of nodes" + " times factors" * is_scaled
            yield Finding("vandermonde", text, {"lines": what, "scaled": is_scaled})
            return
    reciprocals = 1 / matrix
    inverse = Subject.of(reciprocals)
    is_low = sketched_rank(matrix, subject, 2) is not None
    if not is_low and sketched_rank(reciprocals, inverse, 2) is not None:
        text = "Cauchy-like: reciprocals of a matrix of rank 2"
        yield Finding("cauchy", text, {"shape": times(*matrix.shape)})
