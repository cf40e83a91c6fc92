"""Variation of variable-length genomes: pure functions of (population, generator).

Every function works on all genomes of a population at once, so that nothing here loops
over genes or individuals in Python.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from dsl.genome import CHOICE, FROM_ROW, ONE, VOTE, Genes, GeneSpace, Genomes

# How often a random gene takes its parameter from a vote, is one, or refers to a row.
CHOICE_ODDS = (0.6, 0.1, 0.3)

Variation = Callable[[Genomes, GeneSpace, np.random.Generator], Genomes]


def random_genes(count: int, space: GeneSpace, rng: np.random.Generator) -> Genes:
    """Draws genes: (count, 6) int16."""
    genes = rng.integers(0, space.bounds, size=(count, len(space.bounds)))
    source = rng.choice(3, size=count, p=CHOICE_ODDS)
    row = FROM_ROW + rng.integers(0, max(space.rows, space.columns), size=count)
    genes[:, CHOICE] = np.select([source == 0, source == 1], [VOTE, ONE], row)
    return genes.astype(np.int16)


def random_genomes(
    count: int, capacity: int, longest: int, space: GeneSpace, rng: np.random.Generator
) -> Genomes:
    """Draws genomes of 1 to `longest` genes."""
    lengths = rng.integers(1, longest + 1, size=count).astype(np.int16)
    genes = random_genes(count * capacity, space, rng).reshape(count, capacity, -1)
    return _blank(genes, lengths)


def insert(genomes: Genomes, space: GeneSpace, rng: np.random.Generator) -> Genomes:
    """Inserts a random gene at a random position; a full genome stays as it is."""
    count, capacity = len(genomes), genomes.capacity
    fits = genomes.lengths < capacity
    position = rng.integers(0, genomes.lengths + 1)
    slots = np.arange(capacity)
    source = slots - (slots > position[:, None])
    genes = _gather(genomes.genes, source)
    where = np.minimum(position, capacity - 1)
    genes[np.arange(count), where] = random_genes(count, space, rng)
    genes = np.where(fits[:, None, None], genes, genomes.genes)
    return _blank(genes, genomes.lengths + fits)


def delete(genomes: Genomes, space: GeneSpace, rng: np.random.Generator) -> Genomes:
    """Deletes a random gene; an empty genome stays as it is."""
    capacity = genomes.capacity
    position = rng.integers(0, np.maximum(genomes.lengths, 1))
    slots = np.arange(capacity)
    source = np.minimum(slots + (slots >= position[:, None]), capacity - 1)
    return _blank(_gather(genomes.genes, source), np.maximum(genomes.lengths - 1, 0))


def replace(genomes: Genomes, space: GeneSpace, rng: np.random.Generator) -> Genomes:
    """Replaces a random gene by another."""
    count = len(genomes)
    genes = genomes.genes.copy()
    position = rng.integers(0, np.maximum(genomes.lengths, 1))
    genes[np.arange(count), position] = random_genes(count, space, rng)
    return _blank(genes, genomes.lengths)


def tweak(genomes: Genomes, space: GeneSpace, rng: np.random.Generator) -> Genomes:
    """Replaces one field of a random gene."""
    count = len(genomes)
    genes = genomes.genes.copy()
    position = rng.integers(0, np.maximum(genomes.lengths, 1))
    field = rng.integers(0, genes.shape[2], size=count)
    rows = np.arange(count)
    genes[rows, position, field] = random_genes(count, space, rng)[rows, field]
    return _blank(genes, genomes.lengths)


def swap(genomes: Genomes, space: GeneSpace, rng: np.random.Generator) -> Genomes:
    """Exchanges two random genes."""
    genes = genomes.genes.copy()
    rows = np.arange(len(genomes))
    one, two = rng.integers(0, np.maximum(genomes.lengths, 1), size=(2, len(genomes)))
    genes[rows, one], genes[rows, two] = genomes.genes[rows, two], genomes.genes[rows, one]
    return _blank(genes, genomes.lengths)


def splice(genomes: Genomes, mates: Genomes, rng: np.random.Generator) -> Genomes:
    """Crosses over: the start of each genome, then the end of its mate.

    A child longer than the capacity loses its tail.
    """
    capacity = genomes.capacity
    head = rng.integers(0, genomes.lengths + 1)
    tail = rng.integers(0, mates.lengths + 1)
    slots = np.arange(capacity)
    from_mate = slots >= head[:, None]
    mate_slot = np.clip(slots - head[:, None] + tail[:, None], 0, capacity - 1)
    genes = np.where(from_mate[:, :, None], _gather(mates.genes, mate_slot), genomes.genes)
    lengths = np.minimum(head + mates.lengths - tail, capacity)
    return _blank(genes, lengths)


MUTATIONS: tuple[Variation, ...] = (insert, delete, replace, tweak, swap)
MUTATION_ODDS = (0.35, 0.15, 0.15, 0.25, 0.1)


def mutate(
    genomes: Genomes,
    space: GeneSpace,
    rng: np.random.Generator,
    odds: tuple[float, ...] = MUTATION_ODDS,
) -> Genomes:
    """Applies one to three random mutations to every genome."""
    genes, lengths = genomes.genes.copy(), genomes.lengths.copy()
    times = rng.integers(1, 4, size=len(genomes))
    for turn in range(3):
        kinds = np.where(times > turn, rng.choice(len(MUTATIONS), size=len(genomes), p=odds), -1)
        for kind, mutation in enumerate(MUTATIONS):
            rows = np.flatnonzero(kinds == kind)
            if len(rows):
                varied = mutation(Genomes(genes[rows], lengths[rows]), space, rng)
                genes[rows], lengths[rows] = varied.genes, varied.lengths
    return Genomes(genes, lengths)


def _gather(genes: Genes, source: npt.NDArray[np.integer]) -> Genes:
    """Returns genes[k, source[k, slot]] for every genome k and slot."""
    return genes[np.arange(len(genes))[:, None], source]


def _blank(genes: Genes, lengths: npt.NDArray[np.integer]) -> Genomes:
    """Clears the slots beyond each genome's length, in place."""
    genes[np.arange(genes.shape[1]) >= lengths[:, None]] = 0
    return Genomes(genes, lengths.astype(np.int16))
