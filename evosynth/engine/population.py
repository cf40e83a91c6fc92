"""Scored populations: the array operations that strategies share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from dsl.genome import Genomes
from evosynth.engine.spec import State, empty_state
from evosynth.engine.task import Task
from evosynth.engine.variation import random_genomes
from fitness.objectives import ERROR, OPERATIONS

Step = Callable[[State, int, Task], tuple[State, int]]

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


def spend(state: State, task: Task, step: Step) -> State:
    """Spends one epoch: fills the population, then steps; anew when it has been stale long.

    Args:
        state: The island.
        task: Its parameters and means.
        step: (state, most evaluations, task) -> (state, evaluations made, at least 1).
    """
    spec = task.spec
    if state.stale >= spec.restart:
        state = empty_state(spec)
    spent = 0
    while spent < spec.epoch:
        left = spec.epoch - spent
        best = state.ranks().min(initial=np.inf)
        missing = spec.population - len(state.genomes)
        if missing > 0:
            drawn = draw(min(missing, left), task)
            state, made = joined(state, drawn), len(drawn.genomes)
        else:
            state, made = step(state, left, task)
        is_better = state.ranks().min() < best
        state = replace(state, stale=0 if is_better else state.stale + made)
        spent += made
    return state


def joined(one: State, other: State) -> State:
    """Returns both populations as one."""
    return State(
        one.genomes.joined(other.genomes),
        np.concatenate([one.errors, other.errors]),
        np.concatenate([one.operations, other.operations]),
        one.stale,
    )


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
