"""Pairs about the middle of a block."""

from dsl.patterns.base import Place, pattern


@pattern(stage=True)
def mirror(width: int, i: int) -> list[Place]:
    """Every pair (k, s - 1 - k) in blocks of s = i + 1: even and odd symmetry about a half."""
    s = i + 1
    return [
        (start + k, start + s - 1 - k)
        for start in range(0, width - s + 1, s)
        for k in range(s // 2)
    ]
