"""The square root."""

from typing import Any

from dsl.scalars.base import scalar, sp


@scalar
def sqrt(x: Any) -> Any:
    """The square root of x; invalid where x < 0."""
    return sp.sqrt(x)
