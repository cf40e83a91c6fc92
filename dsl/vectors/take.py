"""Every p-th element."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from dsl.vectors.base import VECTORS, Parameters, Places, VectorPrimitive, is_part


def _places(length: int, parameters: Parameters) -> Places:
    return np.arange(int(parameters[1]), length, int(parameters[0]))[None]


TAKE = VECTORS.register(
    VectorPrimitive(
        "take",
        "every p-th element from element q: evens and odds, thirds",
        "a[..., {offset}::{radix}]",
        "{a}[{offset}::{radix}]",
        parameters=("radix", "offset"),
        stretch=lambda parameters: 1 / Fraction(parameters[0]),
        places=_places,
        is_valid=is_part,
    )
)
