"""Rounding down."""

from typing import Any

from dsl.scalars.base import scalar, sp


@scalar
def floor(x: Any) -> Any:
    """The largest whole number that is at most x."""
    return sp.floor(x)
