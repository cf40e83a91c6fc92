"""Vectors one after the other."""

from __future__ import annotations

import numpy as np

from dsl.vectors.base import (
    NOWHERE,
    VECTORS,
    Parameters,
    Places,
    VectorPrimitive,
    is_radix,
)


def _places(length: int, parameters: Parameters) -> Places:
    pieces = int(parameters[0])
    piece, element = np.divmod(np.arange(pieces * length), length)
    return np.where(piece == np.arange(pieces)[:, None], element, NOWHERE)


CONCATENATE = VECTORS.register(
    VectorPrimitive(
        "concatenate",
        "p vectors one after the other",
        "np.concatenate(parts, axis=-1)",
        "({parts})",
        operands=0,
        parameters=("radix",),
        stretch=lambda parameters: parameters[0],
        places=_places,
        is_valid=is_radix,
    )
)
