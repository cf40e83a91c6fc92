"""Multiplication by -i."""

from __future__ import annotations

from dsl.vectors.base import VECTORS, VectorPrimitive

TIMES_MINUS_I = VECTORS.register(
    VectorPrimitive(
        "times_minus_i", "times -i, which is no operation", "-1j * a", "-i {a}", units=(3,)
    )
)
