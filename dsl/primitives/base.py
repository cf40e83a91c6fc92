"""What a primitive is: a small invertible matrix with one parameter.

A linear block primitive is declared once, by a function from its parameter to its
matrix. Inverse, candidate constants, operation count, kernel source, lowering and
symbolic form are all derived from that function (see `dsl.derive`).
"""

from __future__ import annotations

import cmath
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from dsl.registry import Registry

Rows = Sequence[Sequence[Any]]


@dataclass(frozen=True, slots=True)
class Primitive:
    """A block: an invertible matrix of `points` x `points` with one parameter.

    Attributes:
        name: What genomes, programs and the command line call it.
        matrix: Parameter -> rows of the matrix; accepts numbers and SymPy symbols.
        points: How many values the block reads and writes.
        is_angle: The parameter is a real angle in radians; otherwise it is a non-zero
            constant of the field of the data.
        summary: One line for people.
    """

    name: str
    matrix: Callable[[Any], Rows]
    points: int
    is_angle: bool
    summary: str


PRIMITIVES: Registry[Primitive] = Registry("primitive")


def primitive(*, angle: bool = False) -> Callable[[Callable[[Any], Rows]], Primitive]:
    """Registers the decorated function (parameter -> matrix) as a block primitive.

    The function's name becomes the primitive's, its docstring's first line the summary.
    """

    def declare(matrix: Callable[[Any], Rows]) -> Primitive:
        points = len(matrix(0.5))
        summary = (matrix.__doc__ or "").strip().split("\n")[0]
        return PRIMITIVES.register(Primitive(matrix.__name__, matrix, points, angle, summary))

    return declare


def cos(angle: Any) -> Any:
    """Returns the cosine of a number or of a SymPy expression."""
    return _apply("cos", angle)


def sin(angle: Any) -> Any:
    """Returns the sine of a number or of a SymPy expression."""
    return _apply("sin", angle)


def _apply(function: str, angle: Any) -> Any:
    if isinstance(angle, int | float | complex):
        return getattr(cmath, function)(angle)
    import sympy  # only when deriving: numbers alone must not pay for its import

    return getattr(sympy, function)(angle)
