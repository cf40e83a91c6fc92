"""One of p pieces of equal length."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from dsl.vectors.base import VECTORS, Parameters, Places, VectorPrimitive, is_part


def _places(length: int, parameters: Parameters) -> Places:
    piece = length // int(parameters[0])
    return (int(parameters[1]) * piece + np.arange(piece))[None]


PART = VECTORS.register(
    VectorPrimitive(
        "part",
        "piece q of p pieces of equal length: the low and the high half, thirds",
        "np.split(a, {radix}, axis=-1)[{offset}]",
        "part({a}, {offset} of {radix})",
        parameters=("radix", "offset"),
        stretch=lambda parameters: 1 / Fraction(parameters[0]),
        places=_places,
        is_valid=is_part,
    )
)
