"""The butterfly."""

from typing import Any

from dsl.primitives.base import Rows, primitive


@primitive()
def butterfly(c: Any) -> Rows:
    """(x, y) -> (x + c y, x - c y): sum and difference of a pair."""
    return [[1, c], [1, -c]]
