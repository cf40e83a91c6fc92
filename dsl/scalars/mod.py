"""The remainder of a division."""

from typing import Any

from dsl.scalars.base import scalar, sp


@scalar
def mod(x: Any, y: Any) -> Any:
    """The remainder x - y floor(x / y), of the sign of y; invalid where y = 0."""
    return sp.Mod(x, y)
