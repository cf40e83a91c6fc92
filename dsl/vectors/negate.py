"""The negative."""

from __future__ import annotations

from dsl.vectors.base import VECTORS, VectorPrimitive

NEGATE = VECTORS.register(
    VectorPrimitive("negate", "the negative of a vector", "-a", "-{a}", units=(2,))
)
