"""What decides the bits of a run, and the populations that it breeds."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Any

import numpy as np
import numpy.typing as npt

from dsl.genome import FEW_SUMS, FIELDS, GeneSpace, Genomes
from dsl.grammars.factor.shared_sums import SUM_ODDS
from dsl.patterns import PATTERNS
from dsl.primitives import PRIMITIVES

# Genomes of one population.
FEWEST_GENOMES, MOST_GENOMES = 4, 1_000_000


class Purpose(IntEnum):
    """What a stream of random numbers is for; part of its address."""

    TURN = 0
    REFINE = 1
    SETTLE = 2
    APPROXIMATE = 3


@dataclass(frozen=True, slots=True)
class Spec:
    """Everything that decides the bits of a run, beside the target.

    Attributes:
        strategy: Name of the strategy.
        seed: The run's seed.
        islands: Number of islands.
        population: Genomes of one island.
        capacity: Most genes of a genome.
        turn: Evaluations that an island spends on one thing, a block or an output, at a time.
        restart: An island starts anew after this many evaluations without improvement.
        migration: Islands exchange genomes after every so many epochs.
        shares_blocks: Equivalent blocks are solved once and referred to.
        turns: In an epoch, which an island spends without knowing of the others.
    """

    strategy: str
    seed: int
    islands: int
    population: int
    capacity: int
    turn: int
    restart: int
    migration: int
    shares_blocks: bool = True
    turns: int = 1

    @property
    def epoch(self) -> int:
        """Most evaluations of one epoch of one island."""
        return self.turn * self.turns

    def generator(self, purpose: Purpose, number: int, island: int) -> np.random.Generator:
        """Returns the random stream of that address, the same whenever it is asked for.

        Args:
            purpose: What it is for.
            number: Of the turn, or of the epoch, counted from the start of the run.
            island: Of the island.
        """
        sequence = np.random.SeedSequence(self.seed, spawn_key=(purpose, number, island))
        return np.random.default_rng(sequence)


def rank(error: Any, operations: Any) -> Any:
    """Returns one number, or an array of them, to compare by: error first.

    An error outweighs any count, so that an inexact genome loses to an exact one.
    """
    return np.where(error > 0, 1e15 * (1 + np.minimum(error, 1e200)), 0) + np.minimum(
        operations, 1e15
    )


@dataclass(frozen=True, slots=True)
class Population:
    """Genomes of one block, with their scores.

    Attributes:
        genomes: The genomes; none before the first turn and for a restart.
        errors: (population,) float64 error objective.
        operations: (population,) float64 operations objective.
        stale: Evaluations since the population last improved.
    """

    genomes: Genomes
    errors: npt.NDArray[np.float64]
    operations: npt.NDArray[np.float64]
    stale: int = 0

    def ranks(self) -> npt.NDArray[np.float64]:
        """Returns one number per genome to compare by (`rank`)."""
        return rank(self.errors, self.operations)


def no_population(capacity: int, fields: int = len(FIELDS)) -> Population:
    """Returns a population that has not begun."""
    genes = np.zeros((0, capacity, fields), np.int16)
    return Population(Genomes(genes, np.zeros(0, np.int16)), np.zeros(0), np.zeros(0))


def gene_space(shape: tuple[int, ...]) -> GeneSpace:
    """Returns the genes that make sense for a matrix of a shape, and its first sums."""
    rows, columns = shape
    return GeneSpace(
        rows + FEW_SUMS,
        columns + FEW_SUMS,
        (*[1.0] * len(PRIMITIVES), *SUM_ODDS),
        tuple(rule.odds for rule in PATTERNS),
    )
