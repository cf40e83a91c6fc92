"""Elements from the last to the first."""

from __future__ import annotations

import numpy as np

from dsl.vectors.base import VECTORS, Parameters, Places, VectorPrimitive


def _places(length: int, parameters: Parameters) -> Places:
    return np.arange(length)[::-1][None]


REVERSE = VECTORS.register(
    VectorPrimitive(
        "reverse",
        "elements from the last to the first",
        "a[..., ::-1]",
        "reverse({a})",
        places=_places,
    )
)
