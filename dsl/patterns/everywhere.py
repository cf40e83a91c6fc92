"""All pairs at one distance, whether they pay or not."""

from dsl.patterns.base import Place, pattern
from dsl.patterns.stride import stride


@pattern(stage=False, wide=stride.wide, odds=0.25)
def everywhere(width: int, i: int) -> list[Place]:
    """Every pair of a stride, also where no zero comes of it yet: halves of a circulant."""
    return stride.pairs(width, i)
