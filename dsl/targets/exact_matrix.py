"""Matrices of exact numbers: few distinct values, many places."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

from dsl.cyclotomic import Cyclotomic, I, rational

# Whole numbers up to this are doubles.
LARGEST_WHOLE = 2.0**53


@dataclass(frozen=True, slots=True, eq=False)
class ExactMatrix:
    """A matrix of exact numbers.

    Attributes:
        values: The distinct entries.
        places: (m, n) intp, which of the values each entry is.
    """

    values: tuple[Cyclotomic, ...]
    places: npt.NDArray[np.intp]

    def rounded(self) -> npt.NDArray[Any]:
        """Returns the nearest doubles: (m, n) float64, complex128 where they are complex."""
        values = np.array([complex(value) for value in self.values])
        return (values if values.imag.any() else values.real)[self.places]

    def interleaved(self) -> ExactMatrix:
        """Returns the real and imaginary parts of the rows in turn: (2 m, n)."""
        real, imaginary = zip(*(value.parts() for value in self.values), strict=True)
        rows, columns = self.places.shape
        pairs = np.stack([self.places, self.places + len(real)], axis=1)
        return ExactMatrix((*real, *imaginary), pairs.reshape(2 * rows, columns))


def entries_at(
    values: tuple[Cyclotomic, ...] | npt.NDArray[Any], places: npt.NDArray[np.intp]
) -> ExactMatrix | npt.NDArray[Any]:
    """Returns the matrix of the chosen values: exact where they are, else doubles."""
    return ExactMatrix(values, places) if isinstance(values, tuple) else values[places]


def exact_if_whole(matrix: npt.NDArray[Any]) -> ExactMatrix | None:
    """Returns a matrix of doubles as exact numbers if all of them are whole."""
    parts = np.stack([matrix.real, matrix.imag])
    if np.abs(parts).max() > LARGEST_WHOLE or (parts != np.rint(parts)).any():
        return None
    distinct, places = np.unique(matrix, return_inverse=True)
    values = tuple(_whole(complex(value)) for value in distinct)
    return ExactMatrix(values, places.reshape(matrix.shape))


def _whole(value: complex) -> Cyclotomic:
    real = rational(Fraction(value.real))
    return real + rational(Fraction(value.imag)) * I if value.imag else real
