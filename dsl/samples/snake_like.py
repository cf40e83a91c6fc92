"""A rising line with waves, as the activation function of that name."""

from __future__ import annotations

import numpy as np

from dsl.samples.base import SampleSets, sampled_family
from dsl.samples.drawing import TRAINING_ROWS, computed_sets, text, uniform


@sampled_family(
    title="x + sin({frequency:g} x)^2 / {frequency:g}",
    convention="trained on -5 <= x < 5, tested on -25 <= x < 25, x in radians",
)
def snake_like(
    rng: np.random.Generator, *, samples: int = TRAINING_ROWS, frequency: float = 3.0
) -> SampleSets:
    """A trend with waves on it: x + sin(a x)^2 / a, with a the frequency."""
    return computed_sets(
        lambda x: x + np.sin(frequency * x) ** 2 / frequency,
        rng,
        samples,
        formula=f"x + sin({text(frequency)} x)^2 / {text(frequency)}",
        train=uniform(-5, 5),
        test=uniform(-25, 25),
    )
