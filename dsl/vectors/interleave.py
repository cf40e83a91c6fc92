"""Elements of several vectors in turn."""

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
    element, piece = np.divmod(np.arange(pieces * length), pieces)
    return np.where(piece == np.arange(pieces)[:, None], element, NOWHERE)


INTERLEAVE = VECTORS.register(
    VectorPrimitive(
        "interleave",
        "elements of p vectors in turn",
        "np.stack(parts, axis=-1).reshape(*parts[0].shape[:-1], -1)",
        "interleave({parts})",
        operands=0,
        parameters=("radix",),
        stretch=lambda parameters: parameters[0],
        places=_places,
        is_valid=is_radix,
    )
)
