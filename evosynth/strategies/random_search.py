"""Random search: the strategy that any other must beat."""

from __future__ import annotations

import numpy as np

from evosynth.engine.population import score
from evosynth.engine.spec import State
from evosynth.engine.task import Task
from evosynth.engine.variation import random_genomes
from evosynth.strategies.base import STRATEGIES, Strategy


def advance(state: State, task: Task) -> State:
    """Draws genomes of any length; remembers the best ones as its population."""
    spec = task.spec
    drawn = score(
        random_genomes(spec.epoch, spec.capacity, spec.capacity, task.space, task.rng), task
    )
    genomes = drawn.genomes if len(state.genomes) == 0 else state.genomes.joined(drawn.genomes)
    both = State(
        genomes,
        np.concatenate([state.errors, drawn.errors]),
        np.concatenate([state.operations, drawn.operations]),
    )
    best = np.argsort(both.ranks(), kind="stable")[: spec.population]
    return State(both.genomes.take(best), both.errors[best], both.operations[best])


RANDOM = STRATEGIES.register(
    Strategy("random", advance, "random genomes of random length, the best kept")
)
