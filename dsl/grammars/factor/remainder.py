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
    found: list[complex] = []
    for value in turn(entries[entries != 0], 4).tolist():
        if not any(is_same(other, value) for other in found):
            found.append(value)
    return found


def is_same(p: Any, q: Any) -> Any:
    """Says, element by element, whether two parameters or constants are the same number."""
    return np.abs(p - q) <= SAME * np.abs(p)


@dataclass(frozen=True, slots=True)
class RemainderCost:
    """Operations to compute a remainder as a sparse matrix.

    Attributes:
        operations: Additions and multiplications.
        by_rows: Constants are shared within rows (sums first, then one product per
            distinct constant); otherwise within columns (products first).
    """

    operations: int
    by_rows: bool


def remainder_cost(remainder: npt.NDArray[Any], prices: Prices) -> RemainderCost:
    """Counts the operations of the remainder with repeated constants multiplied once.

    Args:
        remainder: (m, n), zeros exact.
        prices: The operation-count rule.
    """
    non_zeros = np.count_nonzero(remainder, axis=1)
    additions = prices.addition * int(np.maximum(non_zeros - 1, 0).sum())
    by_rows, by_columns = (
        sum(prices.of_constant(c) for line in lines for c in distinct(line))
        for lines in (remainder, remainder.T)
    )
    return RemainderCost(additions + min(by_rows, by_columns), by_rows < by_columns)
