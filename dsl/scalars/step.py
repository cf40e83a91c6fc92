"""The unit step."""

from typing import Any

from dsl.scalars.base import scalar, sp


@scalar
def step(x: Any) -> Any:
    """1 where x > 0, else 0."""
    return sp.Heaviside(x, 0)
