"""Forests that several test files search for, and ways to look at them."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from dsl.grammars.factor.decode import Decoding
from dsl.grammars.factor.steps import SumStep
from dsl.targets import Target, make_target
from evosynth.engine.blocks import Block, Forest, Split, start_forest
from evosynth.engine.spec import Population, Spec
from evosynth.engine.turn import run_turn

UNITS = (1, 1j, -1, -1j)
SPEC = Spec(
    strategy="evolve",
    seed=3,
    islands=1,
    population=100,
    capacity=32,
    turn=200,
    restart=4_000,
    migration=10,
)


def begun(target: Target, spec: Spec = SPEC) -> Forest:
    """Returns the forest that a search begins with."""
    return start_forest(target.matrix, target.domain == "complex", spec)


def epochs_of(target: Target, count: int, island: int = 0, spec: Spec = SPEC) -> list[Forest]:
    """Returns the forest after each epoch of an island."""
    forest, forests = begun(target, spec), []
    for epoch in range(count):
        forest, _ = run_turn(target.domain, spec, forest, epoch, island)
        forests.append(forest)
    return forests


# Matrices


def scrambled(
    matrix: npt.NDArray[Any], rng: np.random.Generator, units: tuple[complex, ...] = UNITS
) -> npt.NDArray[Any]:
    """Returns the matrix with rows and columns in another order and times units."""
    rows, columns = matrix.shape
    picked = matrix[rng.permutation(rows)][:, rng.permutation(columns)]
    return rng.choice(units, rows)[:, None] * picked * rng.choice(units, columns)


def side_by_side(*parts: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Returns the block diagonal matrix of parts."""
    shape = [sum(sizes) for sizes in zip(*(part.shape for part in parts), strict=True)]
    whole = np.zeros(shape, np.result_type(*parts))
    row = column = 0
    for part in parts:
        whole[row : row + part.shape[0], column : column + part.shape[1]] = part
        row, column = row + part.shape[0], column + part.shape[1]
    return whole


def lopsided() -> npt.NDArray[Any]:
    """Returns rows of a DFT 5, columns scaled: neither transpose nor conjugate is the same."""
    return make_target("dft", 5).matrix[:3] * np.array([1, 1 + 2j, 2, 1, 1])


def copies() -> Target:
    """Returns four scrambled copies of one matrix: two transposed, two conjugated."""
    rng, part = np.random.default_rng(7), lopsided()
    parts = (part, part.T, part.conj(), part.conj().T)
    matrix = side_by_side(*(scrambled(p, rng) for p in parts))
    return Target("copies", matrix.shape[1], matrix, "complex")


TARGETS = {
    "dft7": make_target("dft", 7),
    "dft12": make_target("dft", 12),
    "dft15": make_target("dft", 15),
    "dct2-8": make_target("dct2", 8),
    "dft9-real": make_target("dft", 9, "real"),
    "copies": copies(),
}


@lru_cache(maxsize=8)
def searched(name: str) -> tuple[Forest, ...]:
    """Returns the forest after each epoch of a short search."""
    return tuple(epochs_of(TARGETS[name], 12))


# What forests hold


def population_bits(population: Population) -> tuple[bytes, ...]:
    """Returns a population as bytes."""
    arrays = (array.tobytes() for array in arrays_of(population))
    return (*arrays, str(population.stale).encode())


def arrays_of(population: Population) -> tuple[npt.NDArray[Any], ...]:
    """Returns a population's arrays."""
    genomes = population.genomes
    return genomes.genes, genomes.lengths, population.errors, population.operations


def forest_bits(forest: Forest) -> tuple[Any, ...]:
    """Returns all that a forest holds, to compare."""
    return (forest.costs, forest.addition, forest.version, *map(_block_bits, forest.blocks))


def _block_bits(block: Block) -> tuple[Any, ...]:
    return (
        block.matrix.tobytes(),
        (block.fingerprint, block.dense, block.is_ambiguous, block.version, block.effort),
        population_bits(block.population),
        tuple(map(_split_bits, block.splits)),
        block.offered,
    )


def _split_bits(split: Split) -> tuple[Any, ...]:
    parts = [
        (
            (part.block, part.rows, part.columns),
            (part.equivalence.rows.tobytes(), part.equivalence.columns.tobytes()),
            (part.equivalence.row_units.tobytes(), part.equivalence.column_units.tobytes()),
            (part.equivalence.is_transposed, part.equivalence.is_conjugated),
        )
        for part in split.parts
    ]
    return split.steps, split.levels, split.operations, tuple(parts)


def has_sums(decoding: Decoding) -> bool:
    """Says whether a decoding makes shared sums."""
    return any(isinstance(step, SumStep) for step in decoding.steps)
