"""The plane (Givens) rotation."""

from typing import Any

from dsl.primitives.base import Rows, cos, primitive, sin


@primitive(angle=True)
def rotation(t: Any) -> Rows:
    """Rotates a pair by an angle: (x, y) -> (cos t x + sin t y, cos t y - sin t x)."""
    return [[cos(t), sin(t)], [-sin(t), cos(t)]]
