"""A change of sign."""

from typing import Any

from dsl.scalars.base import scalar


@scalar
def negate(x: Any) -> Any:
    """The negative of x; free."""
    return -x
