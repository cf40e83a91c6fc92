"""Variation of variable-length genomes: pure functions of (population, generator).

Every function works on all genomes of a population at once, so that nothing here loops
over genes or individuals in Python: what NumPy has no function for is compiled. All random
numbers are drawn here.
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
# Instead of a kind: nothing happens.
NO_MUTATION = -1


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
    count, varied = len(genomes), _copied(genomes)
    times = rng.integers(1, MOST_MUTATIONS + 1, size=count)
    for turn in range(MOST_MUTATIONS):
        kinds = np.searchsorted(np.cumsum(MUTATION_ODDS), rng.random(count), side="right")
        kinds = np.where(turn < times, np.minimum(kinds, len(Mutation) - 1), NO_MUTATION)
        _edit(varied, kinds, space, rng)
    return varied


def edit(
    genomes: Genomes, kinds: npt.NDArray[np.integer], space: Space, rng: np.random.Generator
) -> Genomes:
    """Applies one mutation to every genome, at random positions with random genes.

    A full genome takes no insertion, an empty one nothing but an insertion.

    Args:
        genomes: The population.
        kinds: (population,) a `Mutation` for each genome, or NO_MUTATION.
        space: Where new genes come from.
        rng: Source of randomness.
    """
    varied = _copied(genomes)
    _edit(varied, kinds.astype(np.int64), space, rng)
    return varied


def splice(genomes: Genomes, mates: Genomes, odds: float, rng: np.random.Generator) -> Genomes:
    """Crosses over, at these odds: the start of a genome, then the end of its mate.

    A child longer than the capacity loses its tail.
    """
    from evosynth.engine import breeding_kernel  # Numba: half a second to import

    head = rng.integers(0, genomes.lengths + 1)
    tail = rng.integers(0, mates.lengths + 1)
    is_crossed = rng.random(len(genomes)) < odds
    head = np.where(is_crossed, head, genomes.lengths)
    tail = np.where(is_crossed, tail, mates.lengths)
    children = _copied(genomes)
    breeding_kernel.splice(children.genes, children.lengths, mates.genes, mates.lengths, head, tail)
    return children


def _edit(
    genomes: Genomes, kinds: npt.NDArray[np.int64], space: Space, rng: np.random.Generator
) -> None:
    """Does what `edit` does, in place."""
    from evosynth.engine import breeding_kernel  # Numba: half a second to import

    count = len(genomes)
    shares = rng.random((2, count))
    is_tweaked = space.tweaked(rng.random(count))
    new = space.draw(count, rng)
    breeding_kernel.edit(genomes.genes, genomes.lengths, kinds, shares, is_tweaked, new)


def _copied(genomes: Genomes) -> Genomes:
    return Genomes(genomes.genes.copy(), genomes.lengths.copy())


def _blank(genes: Genes, lengths: npt.NDArray[np.integer]) -> Genomes:
    """Clears the slots beyond each genome's length, in place."""
    genes[np.arange(genes.shape[1]) >= lengths[:, None]] = 0
    return Genomes(genes, lengths.astype(np.int16))
