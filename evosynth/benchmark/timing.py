"""Times contestants in turns, so that a busy machine is equally unfair to all."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from typing import NamedTuple

# Seconds that a sample lasts at least, and how many there are of each contestant.
SAMPLE_SECONDS = 2e-3
ROUNDS = 15
# Of contestants so slow that the rounds would take long.
LEAST_ROUNDS = 3
MOST_SECONDS = 4.0


class Timing(NamedTuple):
    """Seconds of one call: the least and the median of the samples."""

    least: float
    median: float


def time_in_turns(runs: Sequence[Callable[[], object]]) -> list[Timing]:
    """Times functions in turns, after calls of each that are not counted."""
    repeats = [_repeats(run) for run in runs]
    slowest = sum(max(SAMPLE_SECONDS, seconds) for _, seconds in repeats)
    rounds = max(LEAST_ROUNDS, min(ROUNDS, int(MOST_SECONDS / slowest)))
    samples: list[list[float]] = [[] for _ in runs]
    for _ in range(rounds):
        for run, (count, _), seconds in zip(runs, repeats, samples, strict=True):
            seconds.append(_sample(run, count))
    return [Timing(min(seconds), statistics.median(seconds)) for seconds in samples]


def _repeats(run: Callable[[], object]) -> tuple[int, float]:
    """Returns how many calls a sample takes, and the seconds of one call.

    The first calls are slow, and too few calls would time how the caches are filled.
    """
    run()
    seconds = min(_sample(run, 1) for _ in range(5))
    return max(1, round(SAMPLE_SECONDS / max(seconds, 1e-9))), seconds


def _sample(run: Callable[[], object], count: int) -> float:
    start = time.perf_counter()
    for _ in range(count):
        run()
    return (time.perf_counter() - start) / count
