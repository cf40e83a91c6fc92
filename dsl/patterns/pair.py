"""One pair, wherever the gene says."""

from dsl.patterns.base import Place, pattern


@pattern(stage=False)
def pair(width: int, i: int, j: int) -> list[Place]:
    """The one pair (i, j)."""
    return [(i, j)] if i != j else []
