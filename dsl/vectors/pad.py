"""A vector with as many zeros after it."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from dsl.vectors.base import NOWHERE, VECTORS, Parameters, Places, VectorPrimitive


def _places(length: int, parameters: Parameters) -> Places:
    return np.append(np.arange(length), np.full(length, NOWHERE))[None]


PAD = VECTORS.register(
    VectorPrimitive(
        "pad",
        "a vector with as many zeros after it",
        "np.concatenate([a, 0 * a], axis=-1)",
        "pad({a})",
        stretch=lambda parameters: Fraction(2),
        places=_places,
    )
)
