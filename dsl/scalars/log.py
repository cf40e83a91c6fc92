"""The logarithm."""

from typing import Any

from dsl.scalars.base import scalar, sp


@scalar
def log(x: Any) -> Any:
    """The natural logarithm of x; invalid where x <= 0."""
    return sp.log(x)
