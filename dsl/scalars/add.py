"""A sum."""

from typing import Any

from dsl.scalars.base import scalar


@scalar
def add(x: Any, y: Any) -> Any:
    """The sum x + y."""
    return x + y
