"""What a primitive is: a small invertible matrix with at most one parameter.

A linear block primitive is declared once, by a function from its parameter to its
matrix, or to matrices whose product it is. Inverse, candidate constants, operation count,
kernel source, lowering and symbolic form are all derived from that function (see
`dsl.derive`).
"""

from __future__ import annotations

import cmath
import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain
from typing import Any, TypeAlias

from dsl.cost import SAME
from dsl.errors import UsageError
from dsl.registry import Registry

Rows: TypeAlias = Sequence[Sequence[Any]]
# Matrices whose product a block is; the last one is applied first.
Factors: TypeAlias = tuple[Rows, ...]

# Parameter of a block that has none, where there is a place for one.
NO_PARAMETER = 1.0
# Denominators of multiples of pi whose cosines are sums of square roots.
PLAIN_TURNS = (1, 2, 3, 4, 6, 12)
# At which a declaration is tried.
SAMPLE = 0.5
REAL_SAMPLES = (0.7, 1.9)


@dataclass(frozen=True, slots=True)
class Primitive:
    """A block: an invertible matrix of `points` x `points` with one parameter or none.

    Attributes:
        name: What genomes, programs and the command line call it.
        matrix: Parameter, if there is one -> rows of the matrix, or a tuple of matrices
            whose product it is; accepts numbers and SymPy symbols.
        points: How many values the block reads and writes.
        is_angle: The parameter is a real angle in radians; otherwise it is a non-zero
            constant of the field of the data.
        summary: One line for people.
        parameters: How many it has: one, or none.
    """

    name: str
    matrix: Callable[..., Rows | Factors]
    points: int
    is_angle: bool
    summary: str
    parameters: int = 1

    @property
    def is_pairwise(self) -> bool:
        """Whether it is one of the small blocks whose parameter two entries of a row decide."""
        return self.points <= 2 and self.parameters == 1

    def factors(self, parameter: Any) -> Factors:
        """Returns the matrices whose product the block is, at a number or a symbol."""
        return factors_of(self.matrix(parameter) if self.parameters else self.matrix())

    def rows(self, parameter: complex) -> list[list[complex]]:
        """Returns the block's matrix at a number, all entries numbers.

        Raises:
            TypeError: An entry is no number.
        """
        plain = parameter if type(parameter) in (int, float) else complex(parameter)
        *left, product = ([[number(e) for e in row] for row in f] for f in self.factors(plain))
        for factor in reversed(left):
            columns = list(zip(*product, strict=True))
            product = [[_dot(row, column) for column in columns] for row in factor]
        return product


@lru_cache(maxsize=256)
def needs_complex(block: Primitive) -> bool:
    """Tells whether a block is complex at real parameters, so that it fits complex data alone."""
    matrices = [list(chain(*block.rows(parameter))) for parameter in REAL_SAMPLES]
    return all(
        max(abs(entry.imag) for entry in entries) > SAME * max(map(abs, entries))
        for entries in matrices
    )


PRIMITIVES: Registry[Primitive] = Registry("primitive")


def primitive(
    *, angle: bool = False, name: str | None = None
) -> Callable[[Callable[..., Rows | Factors]], Primitive]:
    """Registers the decorated function (parameter, if any -> matrix) as a block primitive.

    Args:
        angle: The parameter is an angle.
        name: Of the primitive; by default the function's.
    """

    def declare(matrix: Callable[..., Rows | Factors]) -> Primitive:
        return PRIMITIVES.register(declared(matrix, angle=angle, name=name))

    return declare


def declared(
    matrix: Callable[..., Rows | Factors], *, angle: bool = False, name: str | None = None
) -> Primitive:
    """Returns a function's declaration as a primitive, not registered and not yet checked.

    The docstring's first line is the summary.

    Raises:
        UsageError: The function takes more than one parameter, or an angle and none.
    """
    own_name = name or matrix.__name__
    parameters = len(inspect.signature(matrix).parameters)
    if not int(angle) <= parameters <= 1:
        wanted = "an angle" if angle else "no parameter, or one"
        raise UsageError(
            f"primitive '{own_name}': expected {wanted}, got {parameters} parameters",
            "choose constants beforehand, and leave one to be solved",
        )
    points = len(factors_of(matrix(*[SAMPLE] * parameters))[0])
    summary = (matrix.__doc__ or "").strip().split("\n")[0]
    return Primitive(own_name, matrix, points, angle, summary, parameters)


def factors_of(matrix: Any) -> Factors:
    """Returns what a declaration returned as matrices: one, or those whose product it is."""
    is_product = isinstance(matrix, tuple) and bool(matrix) and _depth(matrix[0]) == 2
    return tuple(map(_rows, matrix)) if is_product else (_rows(matrix),)


def number(entry: Any) -> complex:
    """Returns an entry, such as a number of SymPy, as a plain number, real if it is.

    Raises:
        TypeError: It is no number.
    """
    if isinstance(entry, int | float | complex):
        return entry
    plain = complex(entry)
    return plain if plain.imag else plain.real


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

    turns = sympy.sympify(angle) / sympy.pi
    # SymPy would expand cos(pi/8) and the like into nested radicals, which lie in no field.
    is_plain = not turns.is_Rational or turns.q in PLAIN_TURNS
    return getattr(sympy, function)(angle, evaluate=is_plain)


def _depth(value: Any) -> int:
    """Returns 1 for a row, 2 for a matrix."""
    if hasattr(value, "shape"):
        return len(value.shape)
    if not isinstance(value, list | tuple):
        return 0
    return 1 + (_depth(value[0]) if value else 0)


def _rows(matrix: Any) -> Rows:
    """Returns a matrix of any kind as rows."""
    rows: Rows = matrix.tolist() if hasattr(matrix, "tolist") else matrix
    return rows


def _dot(row: Sequence[complex], column: Sequence[complex]) -> complex:
    return sum(x * y for x, y in zip(row, column, strict=True))
