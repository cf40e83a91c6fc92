"""Hill climbing: every genome of the population climbs on its own."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from evosynth.engine.population import draw, score, with_members
from evosynth.engine.spec import State
from evosynth.engine.task import Task
from evosynth.engine.variation import mutate
from evosynth.strategies.base import STRATEGIES, Strategy


def advance(state: State, task: Task) -> State:
    """Mutates every genome; a mutant that is not worse takes its parent's place."""
    spec = task.spec
    spent = 0
    if len(state.genomes) == 0 or state.stale >= spec.restart:
        state = draw(min(spec.population, spec.epoch), task)
        spent = len(state.genomes)
    while spent < spec.epoch:
        climbers = np.arange(min(len(state.genomes), spec.epoch - spent))
        mutants = score(mutate(state.genomes.take(climbers), task.space, task.rng), task)
        best = state.ranks().min()
        state = _climb(state, mutants)
        spent += len(climbers)
        stale = 0 if state.ranks().min() < best else state.stale + len(climbers)
        state = replace(state, stale=stale)
    return state


def _climb(state: State, mutants: State) -> State:
    """Puts each mutant that is not worse in its parent's place; the k-th's is the k-th."""
    better = np.flatnonzero(mutants.ranks() <= state.ranks()[: len(mutants.genomes)])
    return with_members(state, better, mutants, better)


HILL_CLIMB = STRATEGIES.register(
    Strategy("hill-climb", advance, "parallel hill climbers with restarts")
)
