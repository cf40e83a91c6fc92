"""Scored populations: the array operations that strategies share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from dsl.genome import Genomes
from evosynth.engine.pausing import between_turns
from evosynth.engine.spec import Population, no_population
from evosynth.engine.task import Task
from evosynth.engine.variation import random_genomes
from fitness.objectives import ERROR, OPERATIONS

Step = Callable[[Population, int, Task], tuple[Population, int]]

# Genomes start short: a long random genome is cut to its best prefix anyway.
LONGEST_START = 4


def score(genomes: Genomes, task: Task) -> Population:
    """Evaluates genomes; before that the search may be given up."""
    between_turns()
    scores = task.evaluate(genomes)
    return Population(genomes, ERROR.of_scores(scores), OPERATIONS.of_scores(scores))


def draw(count: int, task: Task) -> Population:
    """Evaluates random genomes."""
    spec = task.spec
    return score(random_genomes(count, spec.capacity, LONGEST_START, task.space, task.rng), task)


def begun(most: int, task: Task) -> Population:
    """Evaluates the genomes that a new population begins with."""
    assert task.starts is not None
    first = np.arange(min(most, task.spec.population, len(task.starts)))
    return score(task.starts.take(first), task)


def spend(population: Population, task: Task, step: Step) -> Population:
    """Spends one turn: fills the population, then steps; anew when it has been stale long.

    Args:
        population: The island.
        task: Its parameters and means.
        step: (population, most evaluations, task) -> (population, evaluations made, at least 1).
    """
    spec = task.spec
    if population.stale >= spec.restart:
        population = no_population(spec.capacity)
    spent = 0
    while spent < spec.turn:
        left = spec.turn - spent
        best = population.ranks().min(initial=np.inf)
        missing = spec.population - len(population.genomes)
        if missing > 0:
            is_new = not len(population.genomes) and task.starts is not None
            drawn = begun(left, task) if is_new else draw(min(missing, left), task)
            population, made = joined(population, drawn), len(drawn.genomes)
        else:
            population, made = step(population, left, task)
        is_better = population.ranks().min() < best
        population = replace(population, stale=0 if is_better else population.stale + made)
        spent += made
    return population


def joined(one: Population, other: Population) -> Population:
    """Returns both populations as one."""
    return Population(
        one.genomes.joined(other.genomes),
        np.concatenate([one.errors, other.errors]),
        np.concatenate([one.operations, other.operations]),
        one.stale,
    )


def with_members(
    population: Population,
    places: npt.NDArray[np.intp],
    other: Population,
    chosen: npt.NDArray[np.intp],
) -> Population:
    """Returns `population` with `other`'s genomes at positions `chosen` put in `places`."""
    genes, lengths = population.genomes.genes.copy(), population.genomes.lengths.copy()
    errors, operations = population.errors.copy(), population.operations.copy()
    genes[places], lengths[places] = other.genomes.genes[chosen], other.genomes.lengths[chosen]
    errors[places], operations[places] = other.errors[chosen], other.operations[chosen]
    return Population(Genomes(genes, lengths), errors, operations, population.stale)


def tournament(
    ranks: npt.NDArray[np.float64], count: int, size: int, rng: np.random.Generator
) -> npt.NDArray[np.intp]:
    """Draws `count` winners of tournaments of `size`: (count,) positions."""
    entrants = rng.integers(0, len(ranks), size=(count, size))
    return entrants[np.arange(count), ranks[entrants].argmin(axis=1)]
