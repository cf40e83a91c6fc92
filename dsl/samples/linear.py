"""A straight line."""

from __future__ import annotations

import numpy as np

from dsl.samples.base import SampleSets, sampled_family
from dsl.samples.drawing import TRAINING_ROWS, computed_sets, uniform


@sampled_family(
    title="2 x + 1",
    convention="trained on -5 <= x < 5, tested on -25 <= x < 25",
)
def linear(rng: np.random.Generator, *, samples: int = TRAINING_ROWS) -> SampleSets:
    """A straight line, which every model should continue."""
    return computed_sets(
        lambda x: 2 * x + 1,
        rng,
        samples,
        formula="2 x + 1",
        train=uniform(-5, 5),
        test=uniform(-25, 25),
    )
