"""All pairs at one distance."""

from dsl.patterns.base import Place, pattern


def _progressions(width: int, points: int, i: int) -> list[Place]:
    s = i + 1
    last = (points - 1) * s
    return [tuple(range(k, k + last + 1, s)) for k in range(width - last) if (k // s) % points == 0]


@pattern(stage=True, wide=_progressions)
def stride(width: int, i: int) -> list[Place]:
    """Every pair (k, k + s) in blocks of 2 s, for the stride s = i + 1."""
    s = i + 1
    return [(k, k + s) for k in range(width - s) if (k // s) % 2 == 0]
