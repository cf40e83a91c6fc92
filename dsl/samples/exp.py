"""The exponential function."""

from __future__ import annotations

import numpy as np

from dsl.samples.base import SampleSets, sampled_family
from dsl.samples.drawing import TRAINING_ROWS, computed_sets, uniform


@sampled_family(
    title="exp(x)",
    convention="trained on -5 <= x < 5, tested on -10 <= x < 10",
)
def exp(rng: np.random.Generator, *, samples: int = TRAINING_ROWS) -> SampleSets:
    """The exponential function, which grows too fast for most models."""
    return computed_sets(
        np.exp,
        rng,
        samples,
        formula="exp(x)",
        train=uniform(-5, 5),
        test=uniform(-10, 10),
    )
