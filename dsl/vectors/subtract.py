"""The difference."""

from __future__ import annotations

from dsl.vectors.add import both_in_place
from dsl.vectors.base import VECTORS, VectorPrimitive

SUBTRACT = VECTORS.register(
    VectorPrimitive(
        "subtract",
        "the difference of two vectors",
        "a - b",
        "{a} - {b}",
        operands=2,
        places=both_in_place,
        units=(0, 2),
    )
)
