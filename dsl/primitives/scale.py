"""Scaling of single values."""

from typing import Any

from dsl.primitives.base import Rows, primitive


@primitive()
def scale(c: Any) -> Rows:
    """X -> c x: multiplies by a constant, for example by a row of the remainder."""
    return [[c]]
