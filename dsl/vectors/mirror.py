"""Elements at negative indices."""

from __future__ import annotations

import numpy as np

from dsl.vectors.base import VECTORS, Parameters, Places, VectorPrimitive


def _places(length: int, parameters: Parameters) -> Places:
    return (-np.arange(length) % length)[None]


MIRROR = VECTORS.register(
    VectorPrimitive(
        "mirror",
        "element -r modulo the length for element r",
        "np.roll(a[..., ::-1], 1, axis=-1)",
        "mirror({a})",
        places=_places,
    )
)
