"""Diagonals: element r times a function of an angle that is linear in r.

The angle is `(slope r + offset) / n + turn`, in turns, where n is the size of the transform.
The function is a combination of powers of exp(2 pi i angle), or the reciprocal of one.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from dsl.vectors.base import VECTORS, Parameters, VectorPrimitive
from dsl.vectors.fields import Field

ANGLE = ("slope", "offset", "turn")


def angles(n: int, length: int, parameters: Parameters) -> tuple[npt.NDArray[np.int64], int]:
    """Returns the angles as fractions of a turn: (length,) numerators, one denominator."""
    slope, offset, turn = parameters
    step, start = slope / n, offset / n + turn
    denominator = math.lcm(step.denominator, start.denominator)
    first, increment = int(start * denominator), int(step * denominator)
    return (first + increment * np.arange(length, dtype=np.int64)) % denominator, denominator


def combination(
    terms: dict[int, complex], *, is_reciprocal: bool = False
) -> Callable[[Field, int, int, Parameters], npt.NDArray[Any]]:
    """Returns the factors that are the sum of c exp(2 pi i k angle), given {k: c}."""

    def factor(field: Field, n: int, length: int, parameters: Parameters) -> npt.NDArray[Any]:
        numerators, denominator = angles(n, length, parameters)
        total: npt.NDArray[Any] | None = None
        for power, coefficient in terms.items():
            roots = field.roots(power * numerators % denominator, denominator)
            term = field.product(roots, np.asarray(field.number(coefficient)))
            total = term if total is None else field.sum(total, term)
        assert total is not None
        if is_reciprocal and not all(total.tolist()):
            raise ZeroDivisionError(f"the reciprocal of a cosine that is 0, for n = {n}")
        return field.tidied(field.inverse(total) if is_reciprocal else total)

    return factor


def diagonal(
    name: str,
    summary: str,
    numpy: str,
    words: str,
    terms: dict[int, complex],
    *,
    is_reciprocal: bool = False,
) -> VectorPrimitive:
    """Registers a diagonal; `angle` in its texts stands for 2 pi times the angle."""
    return VECTORS.register(
        VectorPrimitive(
            name,
            summary,
            f"a * {numpy}",
            f"{words} {{a}}",
            parameters=ANGLE,
            factor=combination(terms, is_reciprocal=is_reciprocal),
            is_valid=_is_angle,
            has_poles=is_reciprocal,
        )
    )


def _is_angle(parameters: Parameters) -> bool:
    small = all(abs(p.numerator) <= 1 << 20 and p.denominator <= 1 << 12 for p in parameters)
    return small
