"""The operation-count rule; everything that counts calls this module.

Per real operation on real straight-line code: an addition or subtraction 1, a
multiplication 1. Multiplication by 1, -1, i, -i and negation are free; multiplication by
2 or 1/2 is not. This is the convention of [JohnsonFrigo2007] and of FFTW's kernels.
In formulas a product of two values is a multiplication, a constant is free, and any other
function costs what its declaration does (`FUNCTION_PRICES`).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

# Relative tolerance within which two constants are the same constant. Constants are
# quotients of entries that went through some tens of exact divisions, so their error
# stays far below this and distinct constants of structured matrices far above.
SAME = 1e-9

# An entry is zero below this fraction of the largest entry of the target.
ZERO_FRACTION = 1e-10

# Classes of constants by the price of a multiplication. The values index COMPLEX_PRICE.
UNIT = 0
AXIS = 1
DIAGONAL_UNIT = 2
DIAGONAL = 3
ONE_COMPONENT = 4
GENERAL = 5

# (additions, multiplications) of a complex value times a constant of each class:
# 1 | b or bi | 1 + i | a (1 + i) | 1 + i t or t + i | a + i b, up to signs.
COMPLEX_PRICE = ((0, 0), (0, 2), (2, 0), (2, 2), (2, 2), (2, 4))

# Operations of functions of real numbers, by SymPy's names; what is made of several costs
# the sum. "division" and "sqrt" are powers in SymPy.
FUNCTION_PRICES = {
    "Abs": 1,
    "Min": 1,
    "Max": 1,
    "Heaviside": 1,
    "floor": 2,
    "Mod": 2,
    "division": 4,
    "sqrt": 4,
    "sin": 10,
    "cos": 10,
    "exp": 10,
    "log": 10,
    "tanh": 10,
    "erf": 10,
}


def constant_class(re: float, im: float) -> int:
    """Returns the class of the constant re + i im, unchanged by factors 1, -1, i, -i."""
    a = abs(re)
    b = abs(im)
    if a < b:
        a, b = b, a
    if b <= SAME * a:
        return UNIT if abs(a - 1.0) <= SAME else AXIS
    if a - b <= SAME * a:
        return DIAGONAL_UNIT if abs(a - 1.0) <= SAME else DIAGONAL
    if abs(a - 1.0) <= SAME or abs(b - 1.0) <= SAME:
        return ONE_COMPONENT
    return GENERAL


@dataclass(frozen=True, slots=True)
class Count:
    """Real operations of a piece of straight-line code.

    Attributes:
        additions: Additions and subtractions.
        multiplications: By constants that are not free, and of formulas also of values.
        functions: Operations that other functions of a formula cost.
    """

    additions: int = 0
    multiplications: int = 0
    functions: int = 0

    def __add__(self, other: Count) -> Count:
        return Count(
            self.additions + other.additions,
            self.multiplications + other.multiplications,
            self.functions + other.functions,
        )

    @property
    def operations(self) -> int:
        """All of them together."""
        return self.additions + self.multiplications + self.functions


def addition_count(is_complex: bool) -> Count:
    """Returns the price of one addition of data values."""
    return Count(2 if is_complex else 1, 0)


def scale_count(constant: complex, is_complex: bool) -> Count:
    """Returns the price of one data value times a constant."""
    kind = constant_class(constant.real, constant.imag)
    if is_complex:
        return Count(*COMPLEX_PRICE[kind])
    return Count(0, 0 if kind == UNIT else 1)


def class_prices(is_complex: bool) -> npt.NDArray[np.int64]:
    """Returns the operations per multiplication: (6,) int64 indexed by constant class."""
    prices = [
        sum(price) if is_complex else int(kind > 0) for kind, price in enumerate(COMPLEX_PRICE)
    ]
    return np.array(prices, dtype=np.int64)


def count_code(code: Any) -> Count:
    """Returns the operations of straight-line code, real or complex (`dsl.straightline`)."""
    is_complex = code.domain == "complex"
    return total(_operation_count(operation, is_complex) for operation in code.operations)


def _operation_count(operation: Any, is_complex: bool) -> Count:
    if operation.kind == "add":
        return addition_count(is_complex)
    if operation.kind == "scale":
        return scale_count(operation.constant, is_complex)
    return Count() if operation.kind == "constant" else function_count(operation.function)


def function_count(name: str) -> Count:
    """Returns the price of one application of a scalar primitive."""
    from dsl.scalars.derived import derive_scalar  # which reads the prices above

    price = derive_scalar(name).operations
    return Count(0, price) if name == "multiply" else Count(functions=price)


def total(counts: Iterable[Count]) -> Count:
    """Returns the sum of counts."""
    return sum(counts, Count())


def dense_count(matrix: npt.NDArray[Any], is_complex: bool) -> Count:
    """Returns the operations of the raw product of a matrix and a vector, nothing shared.

    Args:
        matrix: (m, n) real or complex.
        is_complex: The vector is complex.
    """
    largest = float(np.abs(matrix).max(initial=0.0))
    present = np.abs(matrix) >= ZERO_FRACTION * largest
    present &= matrix != 0
    sums = int(np.maximum(present.sum(axis=1) - 1, 0).sum())
    products = total(scale_count(complex(c), is_complex) for c in matrix[present])
    return Count(addition_count(is_complex).additions * sums, 0) + products
