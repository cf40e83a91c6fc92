"""A step back."""

from __future__ import annotations

import numpy as np

from dsl.vectors.base import NOWHERE, VECTORS, Parameters, Places, VectorPrimitive


def _places(length: int, parameters: Parameters) -> Places:
    return np.append(NOWHERE, np.arange(length - 1))[None]


DELAY = VECTORS.register(
    VectorPrimitive(
        "delay",
        "element r - 1 for element r, the first one 0",
        "np.concatenate([0 * a[..., :1], a[..., :-1]], axis=-1)",
        "delay({a})",
        places=_places,
    )
)
