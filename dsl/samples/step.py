"""The step."""

from __future__ import annotations

import numpy as np

from dsl.samples.base import SampleSets, sampled_family
from dsl.samples.drawing import TRAINING_ROWS, computed_sets, uniform


@sampled_family(
    title="1 if x > 0 else 0",
    convention="trained on -5 <= x < 5, tested on -25 <= x < 25; 0 at x = 0",
    singular="x = 0 (jump)",
)
def step(rng: np.random.Generator, *, samples: int = TRAINING_ROWS) -> SampleSets:
    """The step from 0 to 1 at x = 0."""
    return computed_sets(
        lambda x: np.where(x > 0, 1.0, 0.0),
        rng,
        samples,
        formula="1 if x > 0 else 0",
        train=uniform(-5, 5),
        test=uniform(-25, 25),
    )
