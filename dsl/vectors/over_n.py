"""Division by the size of the transform."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

from dsl.vectors.base import VECTORS, Parameters, VectorPrimitive
from dsl.vectors.fields import Field


def _factor(field: Field, n: int, length: int, parameters: Parameters) -> npt.NDArray[Any]:
    return np.asarray([field.number(Fraction(1, n))] * length)


OVER_N = VECTORS.register(
    VectorPrimitive(
        "over_n", "divided by the size of the transform", "a / n", "{a} / n", factor=_factor
    )
)
