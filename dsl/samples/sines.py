"""A mean of sines, with a gap among the places."""

from __future__ import annotations

import numpy as np

from dsl.samples.base import SampleSets, sampled_family
from dsl.samples.drawing import TRAINING_ROWS, both_sides, computed_sets, text, uniform
from dsl.samples.sampled_target import Numbers


@sampled_family(
    title="mean of {count} sines",
    convention="trained on pi <= |x| < 4 pi, validated on |x| < pi, tested on |x| < 10 pi;"
    " frequencies uniform in (0, 2)",
    most={"count": 100},
)
def sines(rng: np.random.Generator, *, samples: int = TRAINING_ROWS, count: int = 3) -> SampleSets:
    """Mean of sines of random frequencies, trained on both sides of a gap."""
    frequencies = rng.uniform(0, 2, count).tolist()

    def mean(x: Numbers) -> Numbers:
        return sum((np.sin(frequency * x) for frequency in frequencies), np.zeros(len(x))) / count

    return computed_sets(
        mean,
        rng,
        samples,
        formula=f"({' + '.join(f'sin({text(each)} x)' for each in frequencies)}) / {count}",
        train=both_sides(np.pi, 4 * np.pi),
        validation=uniform(-np.pi, np.pi),
        test=uniform(-10 * np.pi, 10 * np.pi),
    )
