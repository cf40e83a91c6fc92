"""Hill climbing: every genome of the population climbs on its own."""

from __future__ import annotations

import numpy as np

from evosynth.engine.population import score, spend, with_members
from evosynth.engine.spec import Population
from evosynth.engine.task import Task
from evosynth.engine.variation import mutate
from evosynth.strategies.base import STRATEGIES, Strategy


def advance(population: Population, task: Task) -> Population:
    """Spends one turn climbing; starts anew when the island has been stale for too long."""
    return spend(population, task, _climb)


def _climb(population: Population, most: int, task: Task) -> tuple[Population, int]:
    """Mutates every genome; a mutant that is not worse takes its parent's place."""
    climbers = task.rng.permutation(len(population.genomes))[:most]
    mutants = score(mutate(population.genomes.take(climbers), task.space, task.rng), task)
    better = np.flatnonzero(mutants.ranks() <= population.ranks()[climbers])
    return with_members(population, climbers[better], mutants, better), len(climbers)


HILL_CLIMB = STRATEGIES.register(
    Strategy("hill-climb", advance, "parallel hill climbers with restarts")
)
