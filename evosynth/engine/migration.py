"""Exchange of genomes between islands."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from deap import tools

from evosynth.engine.individual import individuals, population_of
from evosynth.engine.spec import Spec, State

MIGRANTS = 2


def migrate(states: list[State], spec: Spec) -> list[State]:
    """Sends the best of each island around the ring, where they replace the worst.

    Nothing is drawn at random, so the result depends on the states alone.
    """
    if len(states) < 2:
        return states
    islands = [individuals(s.genomes, s.errors, s.operations) for s in states]
    tools.migRing(islands, MIGRANTS, tools.selBest, replacement=tools.selWorst)
    return [
        replace(
            state,
            genomes=population_of(members, spec.capacity),
            errors=np.array([m.error for m in members]),
            operations=np.array([float(m.operations) for m in members]),
        )
        for state, members in zip(states, islands, strict=True)
    ]
