"""Scaling of single values."""

from typing import Any

from dsl.primitives.base import Rows, primitive


@primitive()
def scale(c: Any) -> Rows:
    """Multiplies a value by a constant: x -> c x."""
    return [[c]]
