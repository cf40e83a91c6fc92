"""Index maps as loops: pieces of a range on which every map is linear."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dsl.vectors.base import NOWHERE

Places = npt.NDArray[np.intp]
# Steps of loops that are tried: elements in turn come from up to so many vectors.
LARGEST_STEP = 8


@dataclass(frozen=True, slots=True)
class Piece:
    """Positions start, start + step, ..., as many as `count`."""

    start: int
    step: int
    count: int

    @property
    def positions(self) -> slice:
        """The positions as a slice."""
        return slice(self.start, self.start + self.step * self.count, self.step)


def pieces_of(maps: Sequence[Places]) -> list[Piece]:
    """Returns the fewest pieces, found by trying, on which each map is linear or nowhere."""
    best: list[Piece] | None = None
    for step in range(1, min(LARGEST_STEP, len(maps[0])) + 1):
        found = [
            Piece(first + step * start, step if end - start > 1 else 1, end - start)
            for first in range(step)
            for start, end in _runs([one[first::step] for one in maps])
        ]
        if best is None or len(found) < len(best):
            best = found
    assert best is not None
    return best


def _runs(maps: Sequence[Places]) -> list[tuple[int, int]]:
    """Cuts a range into runs on which each map is linear or nowhere."""
    table = np.array(maps)
    length = table.shape[1]
    slopes = np.diff(table, axis=1)
    # Where an element begins to be nowhere or ends to be, a run ends.
    breaks = (np.diff((table == NOWHERE).astype(np.int8), axis=1) != 0).any(axis=0)
    bends = np.zeros(length + 1, bool)
    if length > 2:
        bends[2:-1] = (np.diff(slopes, axis=1) != 0).any(axis=0)
    cuts = {k + 1 for k in np.flatnonzero(breaks).tolist()}
    candidates = sorted(cuts | set(np.flatnonzero(bends).tolist()))
    starts = [0]
    for k in candidates:
        if k == starts[-1] + 1 and k not in cuts:
            continue  # two elements are always linear; the bend was before this run
        # A run of two that bends at once: the first stands alone, the others may go on.
        is_pair = k - starts[-1] == 2 and k not in cuts and k + 1 not in cuts
        goes_on = is_pair and k + 1 not in candidates and k + 1 < length
        starts.append(k - 1 if goes_on else k)
    return list(zip(starts, [*starts[1:], length], strict=True))


def linear_map(places: Places) -> tuple[int, int] | None:
    """Returns the slope and the first place of a linear map; None of one that is nowhere.

    Raises:
        ValueError: It is neither.
    """
    if (places == NOWHERE).all():
        return None
    slope = int(places[1] - places[0]) if len(places) > 1 else 0
    if (places < 0).any() or (places != places[0] + slope * np.arange(len(places))).any():
        raise ValueError("expected a linear map")
    return slope, int(places[0])
