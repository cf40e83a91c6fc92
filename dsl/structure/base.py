"""What a finding about a matrix is, and how alike two numbers of a matrix must be."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from dsl.cost import SAME, ZERO_FRACTION

Matrix: TypeAlias = npt.NDArray[Any]


@dataclass(frozen=True, slots=True)
class Finding:
    """Something about a matrix that most matrices have not.

    Attributes:
        name: What programs tell it by.
        text: One line for people.
        data: Numbers and names that belong to it.
    """

    name: str
    text: str
    data: dict[str, Any] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Returns the finding as plain data."""
        return {"name": self.name, "text": self.text, **self.data}


Findings: TypeAlias = Iterator[Finding]


@dataclass(frozen=True, slots=True, eq=False)
class Subject:
    """A matrix that is looked at.

    Attributes:
        matrix: (m, n) float64 or complex128.
        largest: Absolute value of its largest entry.
    """

    matrix: Matrix
    largest: float

    @classmethod
    def of(cls, matrix: Matrix) -> Subject:
        """Returns the subject that a matrix is."""
        return cls(matrix, float(np.abs(matrix).max()))

    @property
    def zero(self) -> float:
        """Size below which an entry is zero."""
        return ZERO_FRACTION * self.largest

    @property
    def same(self) -> float:
        """Difference up to which two entries are the same."""
        return SAME * self.largest

    @property
    def is_square(self) -> bool:
        """It has as many rows as columns."""
        return bool(self.matrix.shape[0] == self.matrix.shape[1])

    def is_near(self, one: Matrix, other: Any) -> bool:
        """Tells whether two parts of the matrix, or of its kind, are the same."""
        return bool(np.all(np.abs(one - other) <= self.same))


def times(rows: int, columns: int) -> str:
    """Returns a shape as people write it."""
    return f"{rows} x {columns}"
