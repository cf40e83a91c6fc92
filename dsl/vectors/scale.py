"""Multiplication by a rational number."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from dsl.vectors.base import VECTORS, Parameters, VectorPrimitive
from dsl.vectors.fields import Field


def _factor(field: Field, n: int, length: int, parameters: Parameters) -> npt.NDArray[Any]:
    return np.asarray([field.number(parameters[0])] * length)


SCALE = VECTORS.register(
    VectorPrimitive(
        "scale",
        "times a rational number",
        "a * ({number})",
        "{number} {a}",
        parameters=("number",),
        factor=_factor,
        is_valid=lambda parameters: parameters[0] != 0,
    )
)
