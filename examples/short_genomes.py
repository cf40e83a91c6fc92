"""A strategy of one's own: random genomes of at most four genes, the best kept."""

import numpy as np

import evosynth as es
from evosynth.extending import Population, joined, random_genomes, score


@es.strategy
def short_genomes(population, task):
    """Random genomes of at most four genes."""
    spec = task.spec
    longest = min(4, spec.capacity)
    drawn = score(random_genomes(spec.turn, spec.capacity, longest, task.space, task.rng), task)
    both = joined(population, drawn)
    best = np.argsort(both.ranks(), kind="stable")[: spec.population]
    return Population(both.genomes.take(best), both.errors[best], both.operations[best])
