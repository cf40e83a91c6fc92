"""Variation of variable-length genomes: pure functions of (population, generator).

Every function works on all genomes of a population at once, so that nothing here loops
over genes or individuals in Python.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Protocol

import numpy as np
import numpy.typing as npt

from dsl.genome import Genes, Genomes


class Space(Protocol):
    """The genes that make sense for a problem."""

    def draw(self, count: int, rng: np.random.Generator) -> Genes:
        """Draws genes: (count, fields) int16."""
        ...

    def tweaked(self, shares: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
        """Returns which fields of a gene change together: (count,) shares -> (count, fields)."""
        ...


class Mutation(IntEnum):
    """What may happen to a genome."""

    INSERT = 0
    DELETE = 1
    REPLACE = 2
    TWEAK = 3
    SWAP = 4


# How often a mutation is each of these, in the order above.
MUTATION_ODDS = (0.35, 0.15, 0.15, 0.25, 0.1)
MOST_MUTATIONS = 3


def random_genomes(
    count: int, capacity: int, longest: int, space: Space, rng: np.random.Generator
) -> Genomes:
    """Draws genomes of 1 to `longest` genes."""
    lengths = rng.integers(1, longest + 1, size=count).astype(np.int16)
    genes = space.draw(count * capacity, rng)
    genes = genes.reshape(count, capacity, genes.shape[1])
    return _blank(genes, lengths)


def mutate(genomes: Genomes, space: Space, rng: np.random.Generator) -> Genomes:
    """Applies one to three random mutations to every genome."""
    count = len(genomes)
    times = rng.integers(1, MOST_MUTATIONS + 1, size=count)
    for turn in range(MOST_MUTATIONS):
        kinds = np.searchsorted(np.cumsum(MUTATION_ODDS), rng.random(count), side="right")
        varied = edit(genomes, np.minimum(kinds, len(Mutation) - 1), space, rng)
        genomes = choose(times > turn, varied, genomes)
    return genomes


def edit(
    genomes: Genomes, kinds: npt.NDArray[np.integer], space: Space, rng: np.random.Generator
) -> Genomes:
    """Applies one mutation to every genome, at random positions with random genes.

    A full genome takes no insertion, an empty one nothing but an insertion. All kinds are
    done in one pass over the array: a pass per kind costs five times as many calls.

    Args:
        genomes: The population.
        kinds: (population,) a `Mutation` for each genome.
        space: Where new genes come from.
        rng: Source of randomness.
    """
    count, capacity = len(genomes), genomes.capacity
    rows, slots = np.arange(count), np.arange(capacity)
    lengths = genomes.lengths.astype(np.int64)
    is_insert = (kinds == Mutation.INSERT) & (lengths < capacity)
    is_delete = (kinds == Mutation.DELETE) & (lengths > 0)
    places = (rng.random((2, count)) * (lengths + is_insert)).astype(np.int64)
    first, second = np.minimum(places, capacity - 1)
    source = slots - (is_insert[:, None] & (slots > first[:, None]))
    source += is_delete[:, None] & (slots >= first[:, None])
    is_swap = kinds == Mutation.SWAP
    source[rows[is_swap], first[is_swap]] = second[is_swap]
    source[rows[is_swap], second[is_swap]] = first[is_swap]
    genes = genomes.genes[rows[:, None], np.minimum(source, capacity - 1)]
    fields = space.tweaked(rng.random(count))
    is_new = is_insert | (kinds == Mutation.REPLACE)
    is_tweaked = (kinds == Mutation.TWEAK)[:, None] & fields
    new = space.draw(count, rng)
    genes[rows, first] = np.where(is_new[:, None] | is_tweaked, new, genes[rows, first])
    return _blank(genes, lengths + is_insert - is_delete)


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
    genes = np.where(
        from_mate[:, :, None], mates.genes[np.arange(len(mates))[:, None], mate_slot], genomes.genes
    )
    lengths = np.minimum(head + mates.lengths - tail, capacity)
    return _blank(genes, lengths)


def choose(mask: npt.NDArray[np.bool_], one: Genomes, other: Genomes) -> Genomes:
    """Returns `one`'s genomes where the mask, (population,), is set, else `other`'s."""
    genes = np.where(mask[:, None, None], one.genes, other.genes)
    return Genomes(genes, np.where(mask, one.lengths, other.lengths))


def _blank(genes: Genes, lengths: npt.NDArray[np.integer]) -> Genomes:
    """Clears the slots beyond each genome's length, in place."""
    genes[np.arange(genes.shape[1]) >= lengths[:, None]] = 0
    return Genomes(genes, lengths.astype(np.int16))
