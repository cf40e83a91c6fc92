"""The butterfly."""

from typing import Any

from dsl.primitives.base import Rows, primitive


@primitive()
def butterfly(c: Any) -> Rows:
    """Sum and difference of a pair: (x, y) -> (x + c y, x - c y)."""
    return [[1, c], [1, -c]]
