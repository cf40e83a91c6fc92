"""The reciprocal."""

from __future__ import annotations

import numpy as np

from dsl.samples.base import SampleSets, sampled_family
from dsl.samples.drawing import TRAINING_ROWS, both_sides, computed_sets


@sampled_family(
    title="1 / x",
    convention="trained on 0.05 <= |x| < 5, away from 0, tested on 0.05 <= |x| < 25",
    singular="x = 0",
)
def inverse(rng: np.random.Generator, *, samples: int = TRAINING_ROWS) -> SampleSets:
    """The reciprocal, on both sides of 0."""
    return computed_sets(
        lambda x: 1 / x,
        rng,
        samples,
        formula="1 / x",
        train=both_sides(0.05, 5),
        test=both_sides(0.05, 25),
    )
