"""A difference."""

from typing import Any

from dsl.scalars.base import scalar


@scalar
def subtract(x: Any, y: Any) -> Any:
    """The difference x - y."""
    return x - y
