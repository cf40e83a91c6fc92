"""A step around."""

from __future__ import annotations

import numpy as np

from dsl.vectors.base import VECTORS, Parameters, Places, VectorPrimitive


def _places(length: int, parameters: Parameters) -> Places:
    return np.roll(np.arange(length), -1)[None]


ROTATE = VECTORS.register(
    VectorPrimitive(
        "rotate",
        "element r + 1 for element r, the first one last",
        "np.roll(a, -1, axis=-1)",
        "rotate({a})",
        places=_places,
    )
)
