"""The larger number."""

from typing import Any

from dsl.scalars.base import scalar, sp


@scalar
def max(x: Any, y: Any) -> Any:
    """The larger one of x and y."""
    return sp.Max(x, y)
