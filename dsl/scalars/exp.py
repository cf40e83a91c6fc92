"""The exponential function."""

from typing import Any

from dsl.scalars.base import scalar, sp


@scalar
def exp(x: Any) -> Any:
    """The number e to the power of x."""
    return sp.exp(x)
