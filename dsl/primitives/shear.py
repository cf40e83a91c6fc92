"""The shear, also called lifting step."""

from typing import Any

from dsl.primitives.base import Rows, primitive


@primitive()
def shear(c: Any) -> Rows:
    """Adds a multiple of one value to another: (x, y) -> (x + c y, y)."""
    return [[1, c], [0, 1]]
