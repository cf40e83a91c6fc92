"""Scored populations: the array operations that strategies share."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from dsl.genome import Genomes
from evosynth.engine.spec import State
from evosynth.engine.variation import choose, random_genomes
from evosynth.strategies.base import Task
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


def select(state: State, where: npt.NDArray[np.bool_], other: State) -> State:
    """Returns `other`'s genomes where the mask is set, else `state`'s."""
    return State(
        choose(where, other.genomes, state.genomes),
        np.where(where, other.errors, state.errors),
        np.where(where, other.operations, state.operations),
        state.stale,
    )


def tournament(
    ranks: npt.NDArray[np.float64], count: int, size: int, rng: np.random.Generator
) -> npt.NDArray[np.intp]:
    """Draws `count` winners of tournaments of `size`: (count,) positions."""
    entrants = rng.integers(0, len(ranks), size=(count, size))
    return entrants[np.arange(count), ranks[entrants].argmin(axis=1)]
