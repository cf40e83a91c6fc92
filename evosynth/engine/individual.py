"""Individuals as DEAP sees them: a genome with its fitness."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from deap import base

from dsl.genome import Genes, Genomes, pack
from dsl.grammars.factor.decode import Decoding
from dsl.grammars.factor.steps import Step
from dsl.program import Program
from evosynth.engine.spec import rank


class Fitness(base.Fitness):  # type: ignore[misc]  # DEAP is not annotated
    """Error, then operations; both are minimised, error first."""

    weights = (-1.0, -1.0)


class Individual(list[tuple[int, ...]]):
    """A genome as a list of genes, with the fitness that DEAP's tools compare."""

    def __init__(self, genes: Genes, error: float, operations: float) -> None:
        super().__init__(tuple(gene) for gene in genes.tolist())
        self.fitness = Fitness((error, operations))

    @property
    def error(self) -> float:
        """The error objective."""
        return float(self.fitness.values[0])

    @property
    def operations(self) -> int:
        """The operations objective."""
        return int(self.fitness.values[1])

    @property
    def rank(self) -> float:
        """One number to compare by."""
        return float(rank(self.error, self.operations))

    def genes(self) -> Genes:
        """Returns the genome as an array: (length, 6) int16."""
        return pack([self], max(len(self), 1))[0]


def individuals(
    genomes: Genomes, errors: npt.NDArray[np.float64], operations: npt.NDArray[np.float64]
) -> list[Individual]:
    """Returns one individual per genome of a population."""
    return [
        Individual(genomes[k], float(errors[k]), float(operations[k])) for k in range(len(genomes))
    ]


def population_of(members: Sequence[Individual], capacity: int) -> Genomes:
    """Packs individuals into a population."""
    return pack(members, capacity)


@dataclass(frozen=True, slots=True)
class Reference:
    """A block that a program refers to.

    Attributes:
        rows: Of its matrix.
        columns: Of its matrix.
        operations: To compute it once.
        times: How often it is computed.
    """

    rows: int
    columns: int
    operations: int
    times: int


class Solution(list[Step]):
    """A decoding as the list of its steps, with the fitness that DEAP's tools compare.

    Attributes:
        decoding: Steps and remainder.
        program: What it was written as, once it was.
        references: Blocks that it refers to more than once.
        fitness: Error, then operations.
    """

    def __init__(
        self,
        decoding: Decoding,
        operations: int,
        program: Program | None = None,
        references: tuple[Reference, ...] = (),
    ) -> None:
        super().__init__(decoding.steps)
        self.decoding = decoding
        self.references = references
        self.program = program
        self.fitness = Fitness((0.0, operations))

    def __deepcopy__(self, memo: object) -> Solution:
        """Decodings and programs are never changed: DEAP's copies may share them."""
        return Solution(self.decoding, self.operations, self.program, self.references)

    @property
    def operations(self) -> int:
        """The operations objective."""
        return int(self.fitness.values[1])
