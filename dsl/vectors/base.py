"""What a vector primitive is: a sparse linear step from vectors to a vector, for every size.

Element r of the result is the sum, over the operands, of a factor times one element of
each operand, or of none. A primitive is declared once, by which elements those are and by
its factors; execution in doubles, exact and modular arithmetic, lowering to straight-line
code, the search's kernel and every format follow from that.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from dsl.registry import Registry
from dsl.vectors.fields import Field

# Of a step: whole or fractional numbers; their meaning is the primitive's.
Parameters = tuple[Fraction, ...]
Places = npt.NDArray[np.intp]
NOWHERE = -1


ONE = Fraction(1)


def same_length(parameters: Parameters) -> Fraction:
    """Returns 1: the result is as long as the operands."""
    return ONE


def in_place(length: int, parameters: Parameters) -> Places:
    """Returns element r of the one operand for element r of the result: (1, length)."""
    return np.arange(length)[None]


@dataclass(frozen=True, slots=True)
class VectorPrimitive:
    """One kind of step of size-generic programs.

    Attributes:
        name: What programs call it.
        summary: One line for people.
        numpy: The step as a NumPy expression of `a`, `b` or `parts` (a list), the operands;
            of the parameters by name; of `length`, that of an operand; of `n`, the size of
            the transform. Data have shape (..., length).
        words: The step in pseudo-code, in the same names.
        operands: How many it takes, all of one length; 0 for as many as its first parameter.
        parameters: Their names.
        stretch: Parameters -> length of the result over that of an operand.
        places: (length of an operand, parameters) -> (operands, length of the result) intp,
            which element of each operand is taken, `NOWHERE` for none.
        units: The power of i by which each operand is multiplied; () for 0 of each.
        factor: (field, n, length of the result, parameters) -> (length,) numbers of the
            field by which the elements of the result are multiplied; None for 1.
        is_valid: Tells whether parameters make sense.
        has_poles: Its factors may be reciprocals of zero; `factor` then raises a
            ZeroDivisionError.
        source: Definitions of Python functions of which `numpy` is a call.
        is_in_every_search: Searches use it without being told.
    """

    name: str
    summary: str
    numpy: str
    words: str
    operands: int = 1
    parameters: tuple[str, ...] = ()
    stretch: Callable[[Parameters], Fraction] = same_length
    places: Callable[[int, Parameters], Places] = in_place
    units: tuple[int, ...] = ()
    factor: Callable[[Field, int, int, Parameters], npt.NDArray[Any]] | None = None
    is_valid: Callable[[Parameters], bool] = lambda parameters: True
    has_poles: bool = False
    source: str = ""
    is_in_every_search: bool = False

    def arity(self, parameters: Parameters) -> int:
        """Returns how many operands a step takes."""
        return self.operands or int(parameters[0])

    def unit(self, operand: int) -> int:
        """Returns the power of i by which an operand is multiplied."""
        return self.units[operand] if self.units else 0

    def check(self, operands: int, parameters: Parameters) -> None:
        """Checks a step's operands and parameters.

        Raises:
            ValueError: They do not fit the primitive.
        """
        if len(parameters) != len(self.parameters):
            names = ", ".join(self.parameters) or "no parameters"
            raise ValueError(f"expected {names}, got {len(parameters)} parameters")
        if not self.is_valid(parameters):
            raise ValueError(f"parameters {', '.join(map(str, parameters))} make no sense")
        if operands != self.arity(parameters):
            raise ValueError(f"expected {self.arity(parameters)} operands, got {operands}")

    def apply(
        self, operands: list[npt.NDArray[Any]], parameters: Parameters, n: int, field: Field
    ) -> npt.NDArray[Any]:
        """Computes the step in a field: operands (..., length) -> result (..., length)."""
        places = _places(self, operands[0].shape[-1], parameters)
        total: npt.NDArray[Any] | None = None
        for position, operand in enumerate(operands):
            taken = operand[..., places[position]]
            if (absent := places[position] == NOWHERE).any():
                taken = np.where(absent, field.zero, taken)
            taken = field.turned(taken, self.unit(position))
            total = taken if total is None else field.sum(total, taken)
        assert total is not None
        if self.factor is None:
            return total
        return field.product(total, _factor(self, field, n, total.shape[-1], parameters))


# Places and factors of vectors up to this length are kept: they are made more often than used.
LONGEST_KEPT = 1 << 13


def _places(primitive: VectorPrimitive, length: int, parameters: Parameters) -> Places:
    if length > LONGEST_KEPT:
        return primitive.places(length, parameters)
    return _kept_places(primitive, length, parameters)


def _factor(
    primitive: VectorPrimitive, field: Field, n: int, length: int, parameters: Parameters
) -> npt.NDArray[Any]:
    assert primitive.factor is not None
    if length > LONGEST_KEPT:
        return primitive.factor(field, n, length, parameters)
    return _kept_factor(primitive, field, n, length, parameters)


@lru_cache(maxsize=512)
def _kept_places(primitive: VectorPrimitive, length: int, parameters: Parameters) -> Places:
    return primitive.places(length, parameters)


@lru_cache(maxsize=512)
def _kept_factor(
    primitive: VectorPrimitive, field: Field, n: int, length: int, parameters: Parameters
) -> npt.NDArray[Any]:
    assert primitive.factor is not None
    return primitive.factor(field, n, length, parameters)


VECTORS: Registry[VectorPrimitive] = Registry("vector primitive")


def is_part(parameters: Parameters) -> bool:
    """Tells whether parameters are a radix p of 2 to 7 and a whole number from 0 to p - 1."""
    radix, offset = parameters
    is_whole = radix.denominator == offset.denominator == 1
    return is_whole and 2 <= radix <= 7 and 0 <= offset < radix


def is_radix(parameters: Parameters) -> bool:
    """Tells whether the parameter is a radix of 2 to 7."""
    (radix,) = parameters
    return radix.denominator == 1 and 2 <= radix <= 7
