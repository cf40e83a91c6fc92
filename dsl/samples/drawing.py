"""Draws places and computes a function there: what families of formulas are made of."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from dsl.samples.base import SampleSets
from dsl.samples.sampled_target import Numbers, Samples

# Rows of the sets unless a family or the user says otherwise.
TRAINING_ROWS = 2_000
VALIDATION_ROWS = 1_000
TEST_ROWS = 10_000

Draw = Callable[[np.random.Generator, int], Numbers]


def uniform(low: float, high: float) -> Draw:
    """Returns how to draw places: uniform, low <= x < high."""

    def draw(rng: np.random.Generator, rows: int) -> Numbers:
        return rng.uniform(low, high, rows)

    return draw


def both_sides(low: float, high: float) -> Draw:
    """Returns how to draw places: |x| uniform, low <= |x| < high, either sign."""

    def draw(rng: np.random.Generator, rows: int) -> Numbers:
        size = rng.uniform(low, high, rows)
        return np.where(rng.random(rows) < 0.5, -size, size)

    return draw


def text(number: float) -> str:
    """Returns a number as formulas write it, with all its digits."""
    return repr(number).removesuffix(".0")


def computed_sets(
    function: Callable[[Numbers], Numbers],
    rng: np.random.Generator,
    samples: int,
    *,
    formula: str,
    train: Draw,
    test: Draw,
    validation: Draw | None = None,
    test_samples: int = TEST_ROWS,
) -> SampleSets:
    """Returns samples of a function of one number.

    Each set has a random stream of its own: validation and test are the same for any
    number of rows to train on.

    Args:
        function: (rows,) -> (rows,) or (rows, outputs).
        rng: The generator of the seed; three streams are spawned from it.
        samples: Rows to train on.
        formula: What the function computes, for people.
        train: How to draw places to train on.
        test: How to draw places to test on.
        validation: How to draw places to validate on; by default as those to train on.
        test_samples: Rows to test on.
    """

    def computed(draw: Draw, rng: np.random.Generator, rows: int) -> Samples:
        x = draw(rng, rows)
        return Samples(x[:, None], function(x).reshape(rows, -1))

    streams = rng.spawn(3)
    return SampleSets(
        computed(train, streams[0], samples),
        computed(validation or train, streams[1], VALIDATION_ROWS),
        computed(test, streams[2], test_samples),
        formula,
    )
