"""Where patterns put blocks, listed once for a target as arrays, for evaluators."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from dsl.patterns import PATTERNS, Place
from dsl.primitives import Primitive

# Of a block.
MOST_POINTS = 4


def listed_places(shape: tuple[int, ...]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Lists the pairs of the patterns that are listed.

    Args:
        shape: Of the target.

    Returns:
        (2 sides, patterns, width, width or 1, 2) the first and last position, by the gene's
        two indices, in (total, 2) pairs of values.
    """
    rows, columns = shape
    width = max(rows, columns)
    second = width if any(r.parameters > 1 for r in PATTERNS if r.reach == "listed") else 1
    span = np.zeros((2, len(PATTERNS), width, second, 2), np.int64)
    places: list[tuple[int, ...]] = []
    for side, size in enumerate((columns, rows)):
        for index, rule in enumerate(PATTERNS):
            if rule.reach != "listed":
                continue
            for i in range(size if rule.parameters > 0 else 1):
                for j in range(size if rule.parameters > 1 else 1):
                    here = rule.places(size, 2, i, j)
                    place = (
                        slice(None) if rule.parameters < 1 else i,
                        slice(None) if rule.parameters < 2 else j,
                    )
                    span[(side, index, *place)] = (len(places), len(places) + len(here))
                    places.extend(here)
    return span, np.array(places, np.int64).reshape(-1, 2)


def listed_tuples(
    blocks: tuple[Primitive, ...], shape: tuple[int, ...]
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Lists the places of blocks that are not pairwise.

    Args:
        blocks: All blocks.
        shape: Of the target.

    Returns:
        (2 sides, blocks that are not pairwise, patterns, width, width or 1, 2) positions in
        (total, 4) places, the first value again where a block has fewer points.
    """
    others = [block for block in blocks if not block.is_pairwise]
    if not others:
        return np.zeros((2, 0, 0, 1, 1, 2), np.int64), np.zeros((0, MOST_POINTS), np.int64)
    from dsl.derive import derive  # SymPy: only where there are such blocks

    second = any(r.parameters > 1 and r.reach != "one" for r in PATTERNS)
    width = max(shape)
    span = np.zeros((2, len(others), len(PATTERNS), width, width if second else 1, 2), np.int64)
    places: list[Place] = []
    for side, size in enumerate(shape[::-1]):
        for number, block in enumerate(others):
            orders = derive(block).orders
            for index, rule in enumerate(PATTERNS):
                if rule.reach == "one" and block.points > 1:
                    continue  # the kernel computes it
                has_first = rule.parameters > 0 or block.points == 1
                has_second = rule.parameters > 1 and second
                for i in range(size if has_first else 1):
                    for j in range(size if has_second else 1):
                        here = rule.tuples(size, orders, i, j)
                        row = i if has_first else slice(None)
                        column = j if has_second else slice(None)
                        span[side, number, index, row, column] = (
                            len(places),
                            len(places) + len(here),
                        )
                        places.extend(here)
    padded = [(*place, *[place[0]] * (MOST_POINTS - len(place))) for place in places]
    return span, np.array(padded, np.int64).reshape(-1, MOST_POINTS)
