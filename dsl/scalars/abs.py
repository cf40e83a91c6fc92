"""The absolute value."""

from typing import Any

from dsl.scalars.base import scalar, sp


@scalar
def abs(x: Any) -> Any:
    """The absolute value of x."""
    return sp.Abs(x)
