"""The time of day in digits: nested periods of ten, six, sixty and twenty-four."""

from __future__ import annotations

import numpy as np

from dsl.samples.base import SampleSets, sampled_family
from dsl.samples.drawing import TRAINING_ROWS, Draw, computed_sets
from dsl.samples.sampled_target import Numbers

YEAR = 31_556_952  # seconds, the mean of the Gregorian calendar
DAY = 86_400


@sampled_family(
    title="digits of the time of day",
    convention="x: whole seconds since a midnight, in days of 86400 s; HH:MM:SS as six digits;"
    " trained on +-60 years, tested on +-500 years",
    outputs=("H1", "H2", "M1", "M2", "S1", "S2"),
)
def clock(
    rng: np.random.Generator, *, samples: int = TRAINING_ROWS, test_samples: int = 100_000
) -> SampleSets:
    """The six digits of HH:MM:SS, from seconds since a midnight, negative too."""
    return computed_sets(
        digits,
        rng,
        samples,
        formula="t = mod(x, 86400); H = floor(t / 3600), M = floor(mod(t, 3600) / 60),"
        " S = mod(t, 60); each as floor(. / 10) and mod(., 10)",
        train=whole_seconds(60),
        test=whole_seconds(500),
        test_samples=test_samples,
    )


def whole_seconds(years: int) -> Draw:
    """Returns how to draw places: whole seconds, uniform, up to so many years either way."""

    def draw(rng: np.random.Generator, rows: int) -> Numbers:
        return rng.integers(-years * YEAR, years * YEAR, rows, endpoint=True).astype(np.float64)

    return draw


def digits(x: Numbers) -> Numbers:
    """Returns the six digits of the time of day: (rows,) -> (rows, 6)."""
    time = np.mod(x, DAY)
    parts = time // 3600, np.mod(time, 3600) // 60, np.mod(time, 60)
    return np.stack([digit for part in parts for digit in (part // 10, np.mod(part, 10))], axis=1)
