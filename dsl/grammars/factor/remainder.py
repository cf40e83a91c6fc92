"""The remainder: what the stages of a genome have not computed yet."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from dsl.cost import SAME, ZERO_FRACTION, class_prices, constant_class


@dataclass(frozen=True, slots=True)
class Prices:
    """The operation-count rule as a decoder needs it.

    Attributes:
        addition: Operations of one addition of data values.
        multiplication: (6,) int64 operations per product, by class of the constant.
    """

    addition: int
    multiplication: npt.NDArray[np.int64]

    def of_constant(self, constant: complex) -> int:
        """Returns the price of one multiplication by this constant."""
        return int(self.multiplication[constant_class(constant.real, constant.imag)])


def prices_for(is_complex: bool) -> Prices:
    """Returns the prices for complex or real data."""
    return Prices(2 if is_complex else 1, class_prices(is_complex))


def zero_threshold(matrix: npt.NDArray[Any]) -> float:
    """Returns the size below which a part of a remainder entry counts as zero."""
    return ZERO_FRACTION * float(np.abs(matrix).max())


def snap(values: npt.NDArray[Any], threshold: float) -> npt.NDArray[Any]:
    """Returns values with real and imaginary parts below the threshold made exactly 0."""
    if not np.iscomplexobj(values):
        return np.where(np.abs(values) < threshold, 0.0, values)
    return snap(values.real, threshold) + 1j * snap(values.imag, threshold)


def turn(values: npt.NDArray[Any], turns: int) -> npt.NDArray[np.complex128]:
    """Returns one representative of each value times the `turns`-th roots of one.

    Args:
        values: Complex numbers whose rounding errors near the axes are cleared.
        turns: 4 (angle in [0, 90) degrees), 2 ([0, 180)) or 1 (left as they are).
    """
    turned = np.array(values, np.complex128)
    for _ in range(turns - 1):
        re, im = turned.real, turned.imag
        inside = (im > 0) | ((im == 0) & (re > 0)) if turns == 2 else (re > 0) & (im >= 0)
        turned[~inside] *= -1 if turns == 2 else 1j
    return turned


def distinct(entries: npt.NDArray[Any]) -> list[complex]:
    """Returns the non-zero entries that differ up to factors 1, -1, i, -i, in order."""
    turned = turn(entries[entries != 0], 4)
    if not len(turned):
        return []
    same = is_same(turned[:, None], turned[None, :])
    is_first = np.argmax(same, axis=0) == np.arange(len(turned))
    if same[is_first].any(axis=0).all():
        first: list[complex] = turned[is_first].tolist()
        return first
    found: list[complex] = []  # chains of near values, where order matters
    for value in turned.tolist():
        if not any(is_same(other, value) for other in found):
            found.append(value)
    return found


def is_same(p: Any, q: Any) -> Any:
    """Says, element by element, whether two parameters or constants are the same number."""
    return np.abs(p - q) <= SAME * np.abs(p)


@dataclass(frozen=True, slots=True)
class Component:
    """A part of a remainder that shares no row and no column with the rest.

    Attributes:
        rows: Ascending indices of its rows.
        columns: Ascending indices of its columns.
        operations: Additions and multiplications to compute it as a sparse matrix.
        by_rows: Constants are shared within rows (sums first, then one product per
            distinct constant); otherwise within columns (products first).
    """

    rows: tuple[int, ...]
    columns: tuple[int, ...]
    operations: int
    by_rows: bool


def components(remainder: npt.NDArray[Any], prices: Prices) -> list[Component]:
    """Splits a remainder, zeros exact, into its components, in order of their first rows.

    Each counts with repeated constants multiplied once, per row or per column.
    """
    by_rows, by_columns = (_products(lines, prices) for lines in (remainder, remainder.T))
    found = []
    for rows, columns in _connected(remainder != 0):
        additions = int(np.count_nonzero(remainder[np.ix_(rows, columns)])) - len(rows)
        sharing = sum(by_rows[r] for r in rows), sum(by_columns[c] for c in columns)
        operations = prices.addition * additions + min(sharing)
        found.append(Component(rows, columns, operations, sharing[0] < sharing[1]))
    return found


def _connected(present: npt.NDArray[np.bool_]) -> list[tuple[tuple[int, ...], tuple[int, ...]]]:
    """Returns rows and columns of each connected part of a bipartite graph."""
    parts = []
    left = np.any(present, axis=1)
    while np.any(left):
        rows = np.zeros(len(present), np.bool_)
        rows[np.argmax(left)] = True
        columns = np.any(present[rows], axis=0)
        while np.count_nonzero(rows) < np.count_nonzero(present[:, columns].any(axis=1)):
            rows = np.any(present[:, columns], axis=1)
            columns = np.any(present[rows], axis=0)
        left = left & ~rows
        parts.append((_indices(rows), _indices(columns)))
    return parts


def _indices(mask: Any) -> tuple[int, ...]:
    return tuple(np.flatnonzero(mask).tolist())


def _products(lines: npt.NDArray[Any], prices: Prices) -> list[int]:
    """Returns the operations of the multiplications of each line."""
    return [sum(prices.of_constant(c) for c in distinct(line)) for line in lines]


def multiplication_cost(remainder: npt.NDArray[Any], prices: Prices) -> int:
    """Counts the operations of the multiplications alone, all by rows or all by columns."""
    return min(sum(_products(remainder, prices)), sum(_products(remainder.T, prices)))


def remainder_cost(remainder: npt.NDArray[Any], prices: Prices) -> int:
    """Counts the operations of a remainder as a sparse matrix, component by component."""
    return sum(part.operations for part in components(remainder, prices))
