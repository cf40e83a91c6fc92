"""The sine."""

from typing import Any

from dsl.scalars.base import scalar, sp


@scalar
def sin(x: Any) -> Any:
    """The sine of x in radians."""
    return sp.sin(x)
