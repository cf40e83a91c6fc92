"""Exchange of genomes and of solved blocks between islands."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt
from deap import tools

from dsl.grammars.factor.remainder import prices_for
from evosynth.engine.assembly import transferred
from evosynth.engine.blocks import Forest, Grower, uses
from evosynth.engine.individual import Individual, individuals, population_of
from evosynth.engine.population import with_members
from evosynth.engine.spec import Population, Spec

MIGRANTS = 2


def migrate(forests: list[Forest], spec: Spec, is_complex: bool) -> list[Forest]:
    """Sends the best of each island around the ring.

    The best genomes for the target replace the worst; the blocks of the best program that
    are cheaper than the receiver's become known there. Nothing is drawn at random, so the
    result depends on the forests alone.
    """
    if len(forests) < 2:
        return forests
    populations = _migrated([forest.blocks[0].population for forest in forests], spec)
    arrived = []
    for forest, sender, population in zip(
        forests, [forests[-1], *forests[:-1]], populations, strict=True
    ):
        root = replace(forest.blocks[0], population=population, version=-1)
        blocks = (root, *forest.blocks[1:])
        arrived.append(taught(replace(forest, blocks=blocks), sender, spec, is_complex))
    return arrived


def taught(forest: Forest, sender: Forest, spec: Spec, is_complex: bool) -> Forest:
    """Returns a forest that knows the blocks of another's best program, where cheaper."""
    grower = Grower(forest, prices_for(is_complex), spec)
    for index in sorted({0, *uses(sender)}):
        number, _ = grower.find(sender.blocks[index].matrix)
        if sender.costs[index] >= grower.costs[number]:
            continue
        decoding = transferred(sender, index, grower.blocks[number].matrix, is_complex)
        if decoding is not None:
            grower.split(number, decoding)
    return grower.finish()


def recalled(forest: Forest, first: int, library: Forest, spec: Spec, is_complex: bool) -> Forest:
    """Returns a forest whose blocks, from number `first` on, know what a library knows of them."""
    grower = Grower(forest, prices_for(is_complex), spec)
    for number in range(first, len(forest.blocks)):
        block = forest.blocks[number]
        for index in library.like(block.fingerprint):
            if library.costs[index] < grower.costs[number]:
                decoding = transferred(library, index, block.matrix, is_complex)
                if decoding is not None:
                    grower.split(number, decoding)
    return grower.finish()


def _migrated(populations: list[Population], spec: Spec) -> list[Population]:
    """Moves the best genomes around the ring; populations that have not begun keep theirs."""
    if not all(len(population.genomes) > MIGRANTS for population in populations):
        return populations
    concerned = [_concerned(population) for population in populations]
    islands = [
        individuals(p.genomes.take(some), p.errors[some], p.operations[some])
        for p, some in zip(populations, concerned, strict=True)
    ]
    tools.migRing(islands, MIGRANTS, tools.selBest, replacement=tools.selWorst)
    return [
        _with_individuals(population, some, members, spec)
        for population, some, members in zip(populations, concerned, islands, strict=True)
    ]


def _concerned(population: Population) -> npt.NDArray[np.intp]:
    """Returns the positions of those who may leave or be replaced: all others just stay.

    They are the best, the worst, and who has the genes of one of the worst: DEAP's ring looks
    for the first member that is equal to whom it replaces.
    """
    errors, operations, genomes = population.errors, population.operations, population.genomes
    best = np.lexsort((operations, errors))[:MIGRANTS]
    worst = np.lexsort((-operations, -errors))[:MIGRANTS]
    is_like = [
        (genomes.lengths == genomes.lengths[k]) & (genomes.genes == genomes.genes[k]).all((1, 2))
        for k in worst
    ]
    return np.union1d(best, np.flatnonzero(np.any(is_like, axis=0)))


def _with_individuals(
    population: Population, places: npt.NDArray[np.intp], members: list[Individual], spec: Spec
) -> Population:
    """Returns a population with these members in these places."""
    other = Population(
        population_of(members, spec.capacity),
        np.array([m.error for m in members]),
        np.array([float(m.operations) for m in members]),
    )
    return with_members(population, places, other, np.arange(len(members)))
