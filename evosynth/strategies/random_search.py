"""Random search: the strategy that any other must beat."""

from __future__ import annotations

import numpy as np

from evosynth.engine.population import joined, score
from evosynth.engine.spec import Population
from evosynth.engine.task import Task
from evosynth.engine.variation import random_genomes
from evosynth.strategies.base import STRATEGIES, Strategy


def advance(population: Population, task: Task) -> Population:
    """Draws genomes of any length; the best ones so far are its population."""
    spec = task.spec
    drawn = score(
        random_genomes(spec.turn, spec.capacity, spec.capacity, task.space, task.rng), task
    )
    both = joined(population, drawn)
    best = np.argsort(both.ranks(), kind="stable")[: spec.population]
    is_better = drawn.ranks().min() < population.ranks().min(initial=np.inf)
    stale = 0 if is_better else population.stale + spec.turn
    return Population(both.genomes.take(best), both.errors[best], both.operations[best], stale)


RANDOM = STRATEGIES.register(
    Strategy("random", advance, "random genomes of random length, the best kept")
)
