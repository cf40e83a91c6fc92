"""The sine over a period and a half."""

from __future__ import annotations

import numpy as np

from dsl.samples.base import SampleSets, sampled_family
from dsl.samples.drawing import TRAINING_ROWS, computed_sets, uniform


@sampled_family(
    title="sin(x)",
    convention="trained on -5 <= x < 5, tested on -25 <= x < 25, x in radians",
)
def sin(rng: np.random.Generator, *, samples: int = TRAINING_ROWS) -> SampleSets:
    """The sine, seen for a period and a half."""
    return computed_sets(
        np.sin,
        rng,
        samples,
        formula="sin(x)",
        train=uniform(-5, 5),
        test=uniform(-25, 25),
    )
