"""What a strategy works with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from dsl.genome import Genomes
from evosynth.engine.spec import Spec
from evosynth.engine.variation import Space
from fitness.scores import Scores

Evaluate = Callable[[Genomes], Scores]


@dataclass(frozen=True, slots=True)
class Task:
    """What a strategy works with.

    Attributes:
        spec: The search's parameters.
        space: The genes that may be drawn.
        evaluate: Scores a population; the strategy calls it for `spec.turn` genomes.
        rng: The turn's only source of randomness.
        starts: Genomes that a new population begins with, before random ones.
    """

    spec: Spec
    space: Space
    evaluate: Evaluate
    rng: np.random.Generator
    starts: Genomes | None = None
