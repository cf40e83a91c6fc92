"""A quotient."""

from typing import Any

from dsl.scalars.base import scalar


@scalar
def divide(x: Any, y: Any) -> Any:
    """The quotient x / y; invalid where y = 0."""
    return x / y
