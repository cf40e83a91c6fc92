"""Equality of matrices up to order and units of rows and columns, found and checked.

A block that equals a known matrix up to permutations of its rows and columns, a factor 1, -1,
i, -i for each of them, transposition and conjugation is computed by the known matrix's program.

The search is individualisation and refinement, for matrices over the group of units. A row or
column has a class, and once it is marked also a unit: the power of i by which it differs from
the representative of its class. A function phi of entries with phi(i z) = i^d phi(z) splits
into phi_0, phi_1, phi_2 by the degree d, and

    T_d[j] = sum_k weight(class of k) * i^(-d unit[k]) * phi_d(entry[k, j])

(d > 0: over the marked rows k) is multiplied by i^(d v) if column j is multiplied by i^v, and
unchanged by units of rows. Whatever the T_d of a column say apart from v refines its class; the
phase of T_1 gives its unit. This is colour refinement of the graph with one node for every row
or column times every unit, at the price of a few products of matrix and vector per round.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from dsl.cost import SAME
from dsl.primitives import PRIMITIVES
from dsl.primitives.base import needs_complex

# Fingerprints and keys add up entries that may each be off by SAME times the largest.
FINGERPRINT_TOLERANCE = 100 * SAME
KEY_TOLERANCE = 10 * SAME

# Below this fraction of its possible size a T_1 is taken for cancelled: it marks nothing.
MARK_FRACTION = 1e-6

UNITS = np.array([1, 1j, -1, -1j])
SIGNS = np.array([1.0, np.nan, -1.0, np.nan])  # the same for real matrices

Matrix = npt.NDArray[Any]
Indices = npt.NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Equivalence:
    """How a block is made from a known matrix.

    With X the known matrix, transposed and conjugated as said,
    block[k, l] = i**row_units[k] * X[rows[k], columns[l]] * i**column_units[l].

    Attributes:
        rows: (m,) intp, a permutation.
        columns: (n,) intp, a permutation.
        row_units: (m,) intp, powers of i in 0..3; 0 or 2 if both matrices are real.
        column_units: (n,) intp, likewise.
        is_transposed: X is the transpose of the known matrix.
        is_conjugated: X is the conjugate.
    """

    rows: Indices
    columns: Indices
    row_units: Indices
    column_units: Indices
    is_transposed: bool = False
    is_conjugated: bool = False

    def image(self, known: Matrix) -> Matrix:
        """Returns the block made from the known matrix: (m, n), exact.

        Args:
            known: (m, n), or (n, m) if transposed.
        """
        turned = known.T if self.is_transposed else known
        turned = turned.conj() if self.is_conjugated else turned
        has_turns = (self.row_units & 1).any() or (self.column_units & 1).any()
        units = UNITS if has_turns or np.iscomplexobj(known) else SIGNS
        picked = turned[self.rows[:, None], self.columns]
        return units[self.row_units][:, None] * picked * units[self.column_units]


def find_equivalence(block: Matrix, known: Matrix, refinements: int = 200) -> Equivalence | None:
    """Returns how the block is made from the known matrix, None if no way is found.

    What is returned holds for every entry, within SAME times the largest and with the same
    zeros. None may also mean that the search would have been too long.

    Args:
        block: (m, n) real or complex, zeros exact.
        known: (m, n) or (n, m) real or complex, zeros exact.
        refinements: Bound of the search: how many refined partitions may be of no use.
    """
    if sorted(block.shape) != sorted(known.shape):
        return None
    if np.count_nonzero(block) != np.count_nonzero(known):
        return None
    largest = float(np.abs(known).max(initial=0.0))
    if not abs(float(np.abs(block).max(initial=0.0)) - largest) <= SAME * largest:
        return None
    if not _is_near(fingerprint(block), fingerprint(known)):
        return None
    kind = np.result_type(block, known, np.float64)
    block, known = block.astype(kind), known.astype(kind)
    variants = [variant for variant in _variants(known) if variant.matrix.shape == block.shape]
    effort = _Effort()
    for position, variant in enumerate(variants):
        share = (refinements - effort.spent) // (len(variants) - position)
        effort.limit = effort.spent + share
        found = _match(block, variant.matrix, largest, effort)
        if found is not None and _agrees(found, block, variant.matrix, largest):
            return Equivalence(*found, variant.is_transposed, variant.is_conjugated)
    return None


def fingerprint(block: Matrix) -> float:
    """Returns a number that equivalent matrices share.

    It is a continuous function of the entries, unchanged by permutations of rows and columns,
    factors 1, -1, i, -i of them, transposition and conjugation. All terms are sums, products,
    quotients and roots of numbers that are not negative, so the relative rounding error is that
    of a sum of max(m, n) terms. For every entry z, row i and column j:

        a = max(|re z|, |im z|)
        b = min(|re z|, |im z|)
        e_ij = a (1.3 + a + 0.7 b) / (1 + 0.4 a + 1.7 b)         0 for a zero
        r_i = sqrt(sum_j e_ij)            c_j = sqrt(sum_i e_ij)
        R_i = sqrt(sum_j e_ij c_j)        C_j = sqrt(sum_i e_ij r_i)
        fingerprint = sum_i R_i + sum_j C_j

    Matrices with one row-sum and one column-sum of e, such as circulants of the same entries,
    and matrices that differ in signs only, are not told apart.

    Args:
        block: (m, n) real or complex.
    """
    weights = _folded_weights(block)
    row_roots = np.sqrt(weights.sum(axis=1))
    column_roots = np.sqrt(weights.sum(axis=0))
    rows = np.sqrt(weights @ column_roots)
    columns = np.sqrt(row_roots @ weights)
    return float(rows.sum() + columns.sum())


def _folded_weights(block: Matrix) -> npt.NDArray[np.float64]:
    """Returns e of `fingerprint`: (m, n)."""
    a = np.abs(block.real)
    if not np.iscomplexobj(block):
        return a * (1.3 + a) / (1.0 + 0.4 * a)
    b = np.abs(block.imag)
    a, b = np.maximum(a, b), np.minimum(a, b)
    return a * (1.3 + a + 0.7 * b) / (1.0 + 0.4 * a + 1.7 * b)


def _is_near(p: Any, q: Any) -> Any:
    """Says, element by element, whether two fingerprints may be those of equivalent matrices."""
    return np.abs(p - q) <= FINGERPRINT_TOLERANCE * np.abs(p)


class _Variant(NamedTuple):
    """The known matrix, transposed or conjugated."""

    matrix: Matrix
    is_transposed: bool
    is_conjugated: bool


def _variants(known: Matrix) -> list[_Variant]:
    """Returns the known matrix, its transpose and their conjugates, equal ones once.

    A program with blocks that are complex in themselves has no conjugate: where there are
    such blocks, conjugates are not sought.
    """
    found: list[_Variant] = []
    may_conjugate = np.iscomplexobj(known) and not any(map(needs_complex, PRIMITIVES))
    for is_conjugated in (False, True) if may_conjugate else (False,):
        for is_transposed in (False, True):
            matrix = known.T if is_transposed else known
            matrix = matrix.conj() if is_conjugated else matrix
            if not any(np.array_equal(matrix, other.matrix) for other in found):
                found.append(_Variant(matrix, is_transposed, is_conjugated))
    return found


@dataclass(slots=True)
class _Effort:
    """How far the search may go and has gone.

    Attributes:
        limit: Value of `spent` at which to stop.
        spent: Partitions refined, but for those that led to a match.
    """

    limit: int = 0
    spent: int = 0


class _Match(NamedTuple):
    """The first four attributes of an `Equivalence`."""

    rows: Indices
    columns: Indices
    row_units: Indices
    column_units: Indices


def _match(block: Matrix, known: Matrix, largest: float, effort: _Effort) -> _Match | None:
    """Matches two matrices of one shape, connected component by connected component.

    Equivalence is transitive, so a component may take any equivalent one that is still free.
    """
    ours, theirs = _components(block), _components(known)
    if len(ours) != len(theirs):
        return None
    found = _match_zeros(block, known)
    if found is None:
        return None
    marks = np.array([fingerprint(known[np.ix_(*part)]) for part in theirs])
    for rows, columns in ours:
        part = block[np.ix_(rows, columns)]
        near = _is_near(fingerprint(part), marks)
        for index in np.flatnonzero(near).tolist():
            their_rows, their_columns = theirs[index]
            other = known[np.ix_(their_rows, their_columns)]
            match = _match_connected(part, other, largest, effort)
            if match is not None:
                found.rows[rows] = their_rows[match.rows]
                found.columns[columns] = their_columns[match.columns]
                found.row_units[rows] = match.row_units
                found.column_units[columns] = match.column_units
                marks[index] = np.inf
                break
        else:
            return None
    return found


def _match_zeros(block: Matrix, known: Matrix) -> _Match | None:
    """Matches the rows and columns that are all zeros, None if their numbers differ."""
    matched: list[Indices] = []
    for axis, size in enumerate(block.shape):
        ours = np.flatnonzero(~block.any(axis=1 - axis))
        theirs = np.flatnonzero(~known.any(axis=1 - axis))
        if len(ours) != len(theirs):
            return None
        indices = np.zeros(size, np.intp)
        indices[ours] = theirs
        matched.append(indices)
    rows, columns = matched
    return _Match(rows, columns, np.zeros_like(rows), np.zeros_like(columns))


def _components(matrix: Matrix) -> list[tuple[Indices, Indices]]:
    """Returns the rows and columns of the connected components with an entry."""
    if matrix.all():
        return [(np.arange(matrix.shape[0]), np.arange(matrix.shape[1]))] if matrix.size else []
    rows, columns = np.nonzero(matrix)
    labels, column_labels = _labels(rows, columns, matrix.shape)
    row_order, column_order = np.argsort(labels, kind="stable"), np.argsort(column_labels)
    found = []
    for label in np.unique(labels[rows]):
        row_ends = np.searchsorted(labels, [label, label + 1], sorter=row_order)
        ends = np.searchsorted(column_labels, [label, label + 1], sorter=column_order)
        found.append((row_order[slice(*row_ends)], column_order[slice(*ends)]))
    return found


def _labels(rows: Indices, columns: Indices, shape: tuple[int, ...]) -> tuple[Indices, Indices]:
    """Labels rows (m,) and columns (n,) by the first row of their component; m: no component.

    Args:
        rows: (non-zeros,) the row of each non-zero entry.
        columns: (non-zeros,) its column.
        shape: (m, n).
    """
    row_labels = np.arange(shape[0])
    while True:
        column_labels = np.full(shape[1], shape[0])
        np.minimum.at(column_labels, columns, row_labels[rows])
        lowered = row_labels.copy()
        np.minimum.at(lowered, rows, column_labels[columns])
        np.minimum.at(lowered, row_labels[rows], column_labels[columns])
        lowered = lowered[lowered]
        if np.array_equal(lowered, row_labels):
            return row_labels, column_labels
        row_labels = lowered


class _Features(NamedTuple):
    """Functions of the entries of two matrices by degree, stacked (2, m, n).

    Attributes:
        pair: (2, m, n) the block and the known matrix.
        invariant: phi_0, real.
        linear: phi_1, of the matrices' dtype.
        double: phi_2, real; None for real matrices, where it is a function of degree 0.
        scale: Bound of the sums over rows or columns.
        largest: The largest entry, by which the others are divided.
    """

    pair: Matrix
    invariant: Matrix
    linear: Matrix
    double: Matrix | None
    scale: float
    largest: float


def _features(block: Matrix, known: Matrix, largest: float) -> _Features:
    """Returns the functions of the entries divided by the largest."""
    pair = np.stack((block, known))
    z = pair / largest
    present = pair != 0
    invariant = np.where(present, 0.3 + _folded_weights(z), 0.0)
    squares = z * z
    sizes = (z * z.conj()).real
    linear = z * (0.7 + 0.45 * sizes + 0.29 * squares * squares) + 0.53 * (squares * z).conj()
    double = None
    if np.iscomplexobj(z):
        double = squares.real * (0.8 + 0.37 * sizes) + squares.imag * (0.61 - 0.2 * sizes)
    scale = 4.0 * max(int(present.sum(axis=axis).max()) for axis in (1, 2))
    return _Features(pair, invariant, linear, double, scale, largest)


class _Side(NamedTuple):
    """What is known of the rows (or columns) of both matrices.

    Attributes:
        classes: (2, m) intp, only the same class corresponds; all of 0..classes.max() occur.
        units: (2, m) intp, powers of i relative to one representative of the class.
        is_marked: (2, m) bool, the unit is known; the same for all of a class.
    """

    classes: Indices
    units: Indices
    is_marked: npt.NDArray[np.bool_]

    @property
    def progress(self) -> tuple[int, int]:
        """Number of classes and of marks."""
        return int(self.classes.max()) + 1, int(np.count_nonzero(self.is_marked))


def _unmarked(size: int) -> _Side:
    """Returns one class without units."""
    zeros = np.zeros((2, size), np.intp)
    return _Side(zeros, zeros, zeros.astype(np.bool_))


def _class_weights(classes: Indices) -> npt.NDArray[np.float64]:
    """Returns weights in [0.5, 1.5) without simple relations between those of the classes."""
    return 0.5 + np.mod(np.sin(classes + 1.0) * 43758.5453, 1.0)


def _sums(features: _Features, side: _Side, is_rows: bool) -> tuple[Matrix, Matrix, Matrix | None]:
    """Returns T_0, T_1, T_2 of the columns if `side` is the rows, and the other way round."""
    weights = _class_weights(side.classes)
    units = UNITS if features.double is not None else SIGNS
    marked = np.where(side.is_marked, weights, 0.0)

    # Not a product of the linear algebra library: its threads may wait for milliseconds, to
    # share microseconds of work.
    indices = "pkj,pk->pj" if is_rows else "pjk,pk->pj"

    def product(matrix: Matrix, vector: Matrix) -> Matrix:
        return np.einsum(indices, matrix, vector)

    invariant = product(features.invariant, weights)
    linear = product(features.linear, marked * units[-side.units & 3])
    if features.double is None:
        return invariant, linear, None
    return invariant, linear, product(features.double, marked * (1 - 2 * (side.units & 1)))


def _keys(
    side: _Side, invariant: Matrix, linear: Matrix, double: Matrix | None
) -> npt.NDArray[np.float64]:
    """Returns one number per row or column that its unit does not change: (2, m).

    Of a marked one the unit is divided out of T_1 and T_2. Of the others |T_1|, the fourth power
    of its phase, |T_2| and T_2 Re T_1^2 are used, continuous also where T_1 is 0.
    """
    sizes = np.abs(linear)
    if double is None:
        signed = linear * SIGNS[side.units]
        return 0.83 * invariant + 0.57 * np.where(side.is_marked, signed, sizes)
    straight = linear * UNITS[-side.units & 3]
    fixed = straight.real + 0.71 * straight.imag + 0.43 * double * (1 - 2 * (side.units & 1))
    squares = linear * linear / np.where(sizes > 0, sizes, 1.0)
    fourth = squares * squares / np.where(sizes > 0, sizes, 1.0)
    free = sizes + 0.31 * fourth.real + 0.23 * fourth.imag
    free += double * squares.real / (1.0 + sizes) * 0.1 + 0.3 * np.abs(double)
    return 0.83 * invariant + 0.57 * np.where(side.is_marked, fixed, free)


def _refined_side(features: _Features, side: _Side, other: _Side, is_rows: bool) -> _Side | None:
    """Splits the classes of one side by the other side; None if the matrices differ.

    Args:
        features: Functions of the entries.
        side: The columns if `is_rows`, else the rows.
        other: The rows if `is_rows`, else the columns.
        is_rows: `other` is the rows.
    """
    invariant, linear, double = _sums(features, other, is_rows)
    keys = _keys(side, invariant, linear, double).ravel()
    old = side.classes.ravel()
    order = np.lexsort((keys, old))
    is_start = np.diff(keys[order]) > KEY_TOLERANCE * features.scale
    is_start |= np.diff(old[order]) > 0
    is_start = np.concatenate(([True], is_start))
    classes = np.empty_like(side.classes)
    classes.ravel()[order] = np.cumsum(is_start) - 1
    representatives = order[is_start][classes]
    if not np.array_equal(*_class_sizes(classes)):
        return None
    references = linear.ravel()[representatives]
    is_new = (np.abs(references) > MARK_FRACTION * features.scale) & ~side.is_marked
    turns = np.rint(np.angle(linear * references.conj()) * (2.0 / np.pi)).astype(np.intp) & 3
    return _Side(classes, np.where(is_new, turns, side.units), is_new | side.is_marked)


def _class_sizes(classes: Indices) -> tuple[Indices, Indices]:
    """Returns how many of each class there are in the block and in the known matrix."""
    count = int(classes.max()) + 1
    ours, theirs = (np.bincount(of_one, minlength=count) for of_one in classes)
    return ours, theirs


def _refined(features: _Features, rows: _Side, columns: _Side) -> tuple[_Side, _Side] | None:
    """Splits classes until that changes nothing; None if the matrices differ."""
    before = rows.progress
    while True:
        split = _refined_side(features, columns, rows, is_rows=True)
        if split is None:
            return None
        columns = split
        split = _refined_side(features, rows, columns, is_rows=False)
        if split is None:
            return None
        rows = split
        if rows.progress == before:
            return rows, columns
        before = rows.progress


def _match_connected(
    block: Matrix, known: Matrix, largest: float, effort: _Effort
) -> _Match | None:
    """Matches two connected matrices without zero rows and columns."""
    if block.shape != known.shape or np.count_nonzero(block) != np.count_nonzero(known):
        return None
    features = _features(block, known, largest)
    return _search(features, _unmarked(block.shape[0]), _unmarked(block.shape[1]), effort)


def _search(features: _Features, rows: _Side, columns: _Side, effort: _Effort) -> _Match | None:
    """Refines, tries to match within the classes, and else tells one more row apart."""
    if effort.spent >= effort.limit:
        return None
    effort.spent += 1
    refined = _refined(features, rows, columns)
    if refined is None:
        return None
    rows, columns = refined
    match = _attempt(features, rows, columns)
    choices = _choices(rows, features.double is None)
    while match is None:
        chosen = next(choices, None)
        if chosen is None or effort.spent >= effort.limit:
            return None
        match = _search(features, chosen, columns, effort)
    effort.spent -= 1
    return match


def _choices(rows: _Side, is_real: bool) -> Iterator[_Side]:
    """Yields one row of the block told apart, with each row and unit that may be its image.

    The row is of the smallest class that leaves a choice. In a connected matrix the first
    mark's unit is free: another one changes all units of rows and, inversely, of columns.
    """
    sizes = _class_sizes(rows.classes)[0]
    has_choice = sizes > 1
    has_choice[rows.classes[~rows.is_marked]] = True
    if not has_choice.any():
        return
    target = int(np.argmin(np.where(has_choice, sizes, rows.classes.size)))
    ours, theirs = (np.flatnonzero(of_one == target).tolist() for of_one in rows.classes)
    is_free = rows.is_marked.any() and not rows.is_marked[0, ours[0]]
    for row in theirs:
        for unit in range(0, 4, 2 if is_real else 1) if is_free else (0,):
            yield _told_apart(rows, ours[0], row, unit)


def _told_apart(rows: _Side, ours: int, theirs: int, unit: int) -> _Side:
    """Returns the rows with one of each matrix in a class of its own, marked.

    Args:
        rows: The rows of both matrices.
        ours: The row of the block.
        theirs: The row of the known matrix.
        unit: What is added to the unit of that row.
    """
    classes, units, is_marked = rows.classes.copy(), rows.units.copy(), rows.is_marked.copy()
    # The class after the last, or the same one if nothing is left of it.
    if np.count_nonzero(classes[0] == classes[0, ours]) > 1:
        classes[[0, 1], [ours, theirs]] = int(classes.max()) + 1
    units[1, theirs] += unit
    is_marked[[0, 1], [ours, theirs]] = True
    return _Side(classes, units, is_marked)


def _attempt(features: _Features, rows: _Side, columns: _Side) -> _Match | None:
    """Matches the members of each class in any order; None unless all entries agree."""
    if not (rows.is_marked.all() and columns.is_marked.all()):
        return None
    row_indices, row_units = _paired(rows)
    column_indices, column_units = _paired(columns)
    match = _Match(row_indices, column_indices, row_units, column_units)
    return match if _agrees(match, features.pair[0], features.pair[1], features.largest) else None


def _agrees(match: _Match, block: Matrix, known: Matrix, largest: float) -> bool:
    """Says whether the match makes the block from the known matrix, entry by entry."""
    image = Equivalence(*match).image(known)
    if not np.array_equal(block != 0, image != 0):
        return False
    return float(np.abs(block - image).max(initial=0.0)) <= SAME * largest


def _paired(side: _Side) -> tuple[Indices, Indices]:
    """Returns the index in the known matrix, and the unit, of each row of the block."""
    ours, theirs = np.argsort(side.classes, axis=1, kind="stable")
    indices = np.empty_like(ours)
    indices[ours] = theirs
    return indices, (side.units[0] - side.units[1][indices]) & 3
