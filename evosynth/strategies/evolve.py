"""The genetic algorithm: variable-length genomes, tournaments, gentle replacement."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from deap import base

from dsl.genome import Genomes
from evosynth.engine.population import score, spend, tournament, with_members
from evosynth.engine.spec import Population
from evosynth.engine.task import Task
from evosynth.engine.variation import mutate, splice
from evosynth.strategies.base import STRATEGIES, Strategy

TOURNAMENT = 3
CROSSOVER_ODDS = 0.3
# A child meets this many random members and takes the place of the worst of them, unless
# that one is better. Truncation of parents and children together converges too early.
RIVALS = 3


def make_toolbox(task: Task) -> base.Toolbox:
    """Returns the operators, each acting on a whole population."""
    toolbox = base.Toolbox()
    toolbox.register("select", tournament, size=TOURNAMENT, rng=task.rng)
    toolbox.register("mate", splice, odds=CROSSOVER_ODDS, rng=task.rng)
    toolbox.register("mutate", mutate, space=task.space, rng=task.rng)
    toolbox.register("evaluate", score, task=task)
    return toolbox


def advance(population: Population, task: Task) -> Population:
    """Spends one turn breeding; starts anew when the island has been stale for too long."""
    return spend(population, task, _generation)


def _generation(population: Population, most: int, task: Task) -> tuple[Population, int]:
    """Breeds as many children as the population is large, at most `most`."""
    toolbox = make_toolbox(task)
    count = min(task.spec.population, most)
    children = toolbox.evaluate(_breed(population, count, toolbox))
    return _replace_worse(population, children, task.rng), count


def _breed(population: Population, count: int, toolbox: base.Toolbox) -> Genomes:
    """Returns children: selected, some crossed over, all mutated."""
    ranks = population.ranks()
    parents = population.genomes.take(toolbox.select(ranks, count))
    mates = population.genomes.take(toolbox.select(ranks, count))
    children: Genomes = toolbox.mutate(toolbox.mate(parents, mates))
    return children


def _replace_worse(
    population: Population, children: Population, rng: np.random.Generator
) -> Population:
    """Puts each child in the place of the worst of a few random members, if not worse."""
    from evosynth.engine import breeding_kernel  # Numba: half a second to import

    ranks, arriving = population.ranks(), children.ranks()
    rivals = rng.integers(0, len(ranks), size=(len(arriving), RIVALS))
    source: npt.NDArray[np.intp] = np.full(len(ranks), -1)
    breeding_kernel.settle(ranks, arriving, rivals, source)
    taken = np.flatnonzero(source >= 0)
    return with_members(population, taken, children, source[taken])


EVOLVE = STRATEGIES.register(
    Strategy("evolve", advance, "genetic algorithm with islands, restarts and migration")
)
