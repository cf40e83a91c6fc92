"""By what a program's outputs are larger than its target's, as people read it."""

from __future__ import annotations

from collections.abc import Sequence

from dsl.targets.scaling import Scaling

# Of which the rest is left to --json.
MOST_SHOWN = 16


def factor_lines(factors: Sequence[float], scaling: Scaling) -> list[str]:
    """Returns a line with the factors of the outputs; none where they have to be one."""
    if scaling == "exact":
        return []
    if scaling == "common":
        return [f"factors   every output is {factors[0]:.9g} times the target's"]
    shown = ", ".join(f"{factor:.9g}" for factor in factors[:MOST_SHOWN])
    more = f", {len(factors) - MOST_SHOWN} more in --json" if len(factors) > MOST_SHOWN else ""
    return [f"factors   the outputs are {shown}{more} times the target's"]
