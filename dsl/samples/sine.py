"""A fast sine, as symbolic regression hardly ever finds."""

from __future__ import annotations

import numpy as np

from dsl.samples.base import SampleSets, sampled_family
from dsl.samples.drawing import TRAINING_ROWS, computed_sets, text, uniform


@sampled_family(
    title="sin({frequency:g} x)",
    convention="trained on -1000 <= x < 1000, tested on -10000 <= x < 10000, x in radians",
)
def sine(
    rng: np.random.Generator, *, samples: int = TRAINING_ROWS, frequency: float = 31.0
) -> SampleSets:
    """One sine over thousands of periods, tested ten times as far out."""
    return computed_sets(
        lambda x: np.sin(frequency * x),
        rng,
        samples,
        formula=f"sin({text(frequency)} x)",
        train=uniform(-1000, 1000),
        test=uniform(-10000, 10000),
    )
