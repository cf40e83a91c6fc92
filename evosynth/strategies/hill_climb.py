"""Hill climbing: every genome of the population climbs on its own."""

from __future__ import annotations

import numpy as np

from evosynth.engine.population import score, spend, with_members
from evosynth.engine.spec import State
from evosynth.engine.task import Task
from evosynth.engine.variation import mutate
from evosynth.strategies.base import STRATEGIES, Strategy


def advance(state: State, task: Task) -> State:
    """Spends one epoch climbing; starts anew when the island has been stale for too long."""
    return spend(state, task, _climb)


def _climb(state: State, most: int, task: Task) -> tuple[State, int]:
    """Mutates every genome; a mutant that is not worse takes its parent's place."""
    climbers = task.rng.permutation(len(state.genomes))[:most]
    mutants = score(mutate(state.genomes.take(climbers), task.space, task.rng), task)
    better = np.flatnonzero(mutants.ranks() <= state.ranks()[climbers])
    return with_members(state, climbers[better], mutants, better), len(climbers)


HILL_CLIMB = STRATEGIES.register(
    Strategy("hill-climb", advance, "parallel hill climbers with restarts")
)
