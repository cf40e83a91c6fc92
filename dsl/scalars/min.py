"""The smaller number."""

from typing import Any

from dsl.scalars.base import scalar, sp


@scalar
def min(x: Any, y: Any) -> Any:
    """The smaller one of x and y."""
    return sp.Min(x, y)
