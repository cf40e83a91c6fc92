"""A step forward."""

from __future__ import annotations

import numpy as np

from dsl.vectors.base import NOWHERE, VECTORS, Parameters, Places, VectorPrimitive


def _places(length: int, parameters: Parameters) -> Places:
    return np.append(np.arange(1, length), NOWHERE)[None]


ADVANCE = VECTORS.register(
    VectorPrimitive(
        "advance",
        "element r + 1 for element r, the last one 0",
        "np.concatenate([a[..., 1:], 0 * a[..., :1]], axis=-1)",
        "advance({a})",
        places=_places,
    )
)
