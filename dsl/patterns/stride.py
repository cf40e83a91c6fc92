"""All pairs at one distance."""

from dsl.patterns.base import Place, pattern


@pattern(stage=True)
def stride(width: int, i: int) -> list[Place]:
    """Every pair (k, k + s) in blocks of 2 s, for the stride s = i + 1."""
    s = i + 1
    return [(k, k + s) for k in range(width - s) if (k // s) % 2 == 0]
