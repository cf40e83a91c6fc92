"""An island that seeks a rule as plain data: small numbers, and only those that mean something."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dsl.errors import DataError
from dsl.genome import Genomes
from dsl.grammars.recursive.families import family
from evosynth.engine.recursive.finding import FindingIsland, FindingOptions, Subject
from fitness.evaluators.recursive_kernel import MOST_HINTS, OPERANDS, OPERATION


@dataclass(frozen=True, slots=True, eq=False)
class FindingState:
    """A population that seeks a rule.

    Attributes:
        genomes: Steps of each member.
        fitness: (population,) 0 where a genome is complete.
        results: (population,) the value that is the result.
        hints: Proposed steps of each member.
        filled: Members that exist.
        spent: Evaluations since the population began.
    """

    genomes: Genomes
    fitness: npt.NDArray[np.float64]
    results: npt.NDArray[np.int16]
    hints: Genomes
    filled: int
    spent: int


def packed(island: FindingIsland) -> FindingState:
    """Returns an island as plain data have it."""
    hints = Genomes(island.hints[:, 1:].astype(np.int16), island.hints[:, 0, 0].astype(np.int16))
    return FindingState(
        Genomes(island.genomes.astype(np.int16), island.lengths.astype(np.int16)),
        island.fitness,
        island.results.astype(np.int16),
        hints,
        island.filled,
        island.spent,
    )


def unpacked(state: FindingState) -> FindingIsland:
    """Returns an island as compiled code takes it."""
    count, proposed, fields = state.hints.genes.shape
    hints = np.zeros((count, 1 + proposed, fields), np.int64)
    hints[:, 0, 0], hints[:, 1:] = state.hints.lengths, state.hints.genes
    return FindingIsland(
        state.genomes.genes.astype(np.int64),
        state.genomes.lengths.astype(np.int64),
        state.fitness,
        state.results.astype(np.int64),
        hints,
        state.filled,
        state.spent,
    )


def check_finding(state: FindingState, subject: Subject, options: FindingOptions) -> None:
    """Checks that a population can be bred: compiled code trusts its numbers.

    Raises:
        DataError: Something does not fit.
    """
    count, operations = options.population, subject.operations
    inputs = len(family(subject.family).inputs)
    fields = OPERANDS + max(operation.arity for operation in operations)
    shape = count, options.capacity, fields
    if state.genomes.genes.shape != shape or state.hints.genes.shape != (count, MOST_HINTS, 3):
        raise DataError(f"expected {count} genomes of at most {options.capacity} steps")
    if state.fitness.shape != (count,) or state.results.shape != (count,):
        raise DataError(f"expected the fitness and the results of {count} genomes")
    if np.isnan(state.fitness).any() or (state.fitness < 0).any():
        raise DataError("expected fitness from 0 on")
    if not 0 <= state.filled <= count or state.spent < 0:
        raise DataError("expected how many members there are, and evaluations")
    places = inputs + np.arange(options.capacity)[:, None]
    _check_steps(state.genomes.genes, len(operations), places)
    values = inputs + options.capacity
    _check_steps(state.hints.genes, len(operations), values)
    if ((state.results < 0) | (state.results >= values)).any():
        raise DataError(f"expected results below {values}")


def _check_steps(
    steps: npt.NDArray[np.int16], operations: int, values: npt.NDArray[np.int64] | int
) -> None:
    """Checks that steps name operations and earlier values that there are."""
    chosen, operands = steps[..., OPERATION], steps[..., OPERANDS:]
    if ((chosen < 0) | (chosen >= operations)).any():
        raise DataError(f"expected steps of {operations} operations")
    if ((operands < 0) | (operands >= values)).any():
        raise DataError("expected operands that are earlier values")
