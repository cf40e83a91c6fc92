"""Pairs about the start of a block."""

from dsl.patterns.base import Place, pattern


@pattern(stage=True)
def conjugate(width: int, i: int) -> list[Place]:
    """Every pair (k, s - k) in blocks of s = i + 1: even and odd symmetry about index 0."""
    s = i + 1
    return [
        (start + k, start + s - k)
        for start in range(0, width - s + 1, s)
        for k in range(1, (s + 1) // 2)
    ]
