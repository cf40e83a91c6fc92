"""What a strategy is: how an island spends an epoch."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from dsl.genome import GeneSpace, Genomes
from dsl.registry import Registry
from evosynth.engine.spec import Spec, State
from fitness.evaluators import Scores

Evaluate = Callable[[Genomes], Scores]


@dataclass(frozen=True, slots=True)
class Task:
    """What a strategy works with.

    Attributes:
        spec: The search's parameters.
        space: The genes that may be drawn.
        evaluate: Scores a population; the strategy calls it for `spec.epoch` genomes.
        rng: The epoch's only source of randomness.
    """

    spec: Spec
    space: GeneSpace
    evaluate: Evaluate
    rng: np.random.Generator


@dataclass(frozen=True, slots=True)
class Strategy:
    """A way to search.

    Attributes:
        name: What the command line calls it.
        advance: (state, task) -> state after `task.spec.epoch` evaluations.
        summary: One line for people.
    """

    name: str
    advance: Callable[[State, Task], State]
    summary: str


STRATEGIES: Registry[Strategy] = Registry("strategy")
