"""Streams of random numbers that a seed decides, apart from those of a search."""

from __future__ import annotations

import numpy as np

from dsl.errors import UsageError
from dsl.registry import brief

# First part of the key, which keeps these streams apart from others of the same seed.
SAMPLES_KEY = 0x53414D50

# Second part: what a stream is for.
VALUES, NOISE, HOLDOUT = 0, 1, 2


def read_seed(seed: object) -> int:
    """Returns a seed as a plain number.

    Raises:
        UsageError: It is not a whole number from 0.
    """
    if not isinstance(seed, int | np.integer) or isinstance(seed, bool) or seed < 0:
        raise UsageError(f"expected a whole number from 0 as seed, got {brief(seed)}", "give one")
    return int(seed)


def stream(seed: int, purpose: int) -> np.random.Generator:
    """Returns the generator of a seed for a purpose."""
    key = (SAMPLES_KEY, purpose)
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=key))
