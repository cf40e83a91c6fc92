"""Hill climbing: every genome of the population climbs on its own."""

from __future__ import annotations

from dataclasses import replace

from evosynth.engine.population import draw, score, select
from evosynth.engine.spec import State
from evosynth.engine.variation import mutate
from evosynth.strategies.base import STRATEGIES, Strategy, Task


def advance(state: State, task: Task) -> State:
    """Mutates every genome; a mutant that is not worse takes its parent's place."""
    spec = task.spec
    spent = 0
    if len(state.genomes) == 0 or state.stale >= spec.restart:
        state = draw(min(spec.population, spec.epoch), task)
        spent = len(state.genomes)
    while spent + len(state.genomes) <= spec.epoch:
        mutants = score(mutate(state.genomes, task.space, task.rng), task)
        best = state.ranks().min()
        state = select(state, mutants.ranks() <= state.ranks(), mutants)
        stale = 0 if state.ranks().min() < best else state.stale + len(state.genomes)
        state = replace(state, stale=stale)
        spent += len(state.genomes)
    return state


HILL_CLIMB = STRATEGIES.register(
    Strategy("hill-climb", advance, "parallel hill climbers with restarts")
)
