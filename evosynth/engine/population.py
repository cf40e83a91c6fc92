"""Scored populations: the array operations that strategies share."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from dsl.genome import Genomes
from evosynth.engine.spec import State
from evosynth.engine.task import Task
from evosynth.engine.variation import random_genomes
from fitness.objectives import ERROR, OPERATIONS

# Genomes start short: a long random genome is cut to its best prefix anyway.
LONGEST_START = 4


def score(genomes: Genomes, task: Task) -> State:
    """Evaluates genomes."""
    scores = task.evaluate(genomes)
    return State(genomes, ERROR.of_scores(scores), OPERATIONS.of_scores(scores))


def draw(count: int, task: Task) -> State:
    """Evaluates random genomes."""
    spec = task.spec
    return score(random_genomes(count, spec.capacity, LONGEST_START, task.space, task.rng), task)


def with_members(
    state: State, places: npt.NDArray[np.intp], other: State, chosen: npt.NDArray[np.intp]
) -> State:
    """Returns `state` with `other`'s genomes at positions `chosen` put in `places`."""
    genes, lengths = state.genomes.genes.copy(), state.genomes.lengths.copy()
    errors, operations = state.errors.copy(), state.operations.copy()
    genes[places], lengths[places] = other.genomes.genes[chosen], other.genomes.lengths[chosen]
    errors[places], operations[places] = other.errors[chosen], other.operations[chosen]
    return State(Genomes(genes, lengths), errors, operations, state.stale)


def tournament(
    ranks: npt.NDArray[np.float64], count: int, size: int, rng: np.random.Generator
) -> npt.NDArray[np.intp]:
    """Draws `count` winners of tournaments of `size`: (count,) positions."""
    entrants = rng.integers(0, len(ranks), size=(count, size))
    return entrants[np.arange(count), ranks[entrants].argmin(axis=1)]
