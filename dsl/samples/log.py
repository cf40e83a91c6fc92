"""The natural logarithm."""

from __future__ import annotations

import numpy as np

from dsl.samples.base import SampleSets, sampled_family
from dsl.samples.drawing import TRAINING_ROWS, computed_sets, uniform


@sampled_family(
    title="log(x)",
    convention="natural; trained on 0.05 <= x < 5, away from 0, tested on 0.05 <= x < 25",
    singular="x <= 0",
)
def log(rng: np.random.Generator, *, samples: int = TRAINING_ROWS) -> SampleSets:
    """The natural logarithm, away from 0."""
    return computed_sets(
        np.log,
        rng,
        samples,
        formula="log(x)",
        train=uniform(0.05, 5),
        test=uniform(0.05, 25),
    )
