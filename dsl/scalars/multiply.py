"""A product."""

from typing import Any

from dsl.scalars.base import scalar


@scalar
def multiply(x: Any, y: Any) -> Any:
    """The product x y."""
    return x * y
