"""The cosine."""

from typing import Any

from dsl.scalars.base import scalar, sp


@scalar
def cos(x: Any) -> Any:
    """The cosine of x in radians."""
    return sp.cos(x)
