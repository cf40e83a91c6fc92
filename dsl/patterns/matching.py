"""Pairs found in the remainder, in no index order."""

from dsl.patterns.base import Place, pattern


@pattern(stage=True)
def matching(width: int) -> list[Place]:
    """Any pairs at all: the remainder chooses those that gain most."""
    return [(a, b) for a in range(width) for b in range(a + 1, width)]
