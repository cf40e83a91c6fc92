"""Blocks: the target, and the independent parts into which remainders fall.

A *split* of a block is what a genome makes of it: steps, and a remainder whose components
are blocks in their own right, each found once and referred to wherever an equivalent one
appears. A block costs what its cheapest split costs, with each component at its own cost.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from dsl.grammars.factor.decode import Decoding, PartialDecoding
from dsl.grammars.factor.equivalence import Equivalence, find_equivalence, fingerprint
from dsl.grammars.factor.known_blocks import NEAR, KnownBlocks, tilted
from dsl.grammars.factor.remainder import (
    Prices,
    components,
    prices_for,
    snap,
    zero_threshold,
)
from dsl.grammars.factor.steps import Step, empty_rows_fed, step_cost
from dsl.primitives import PRIMITIVES
from evosynth.engine.spec import Population, Spec, no_population

# Splits that a block keeps: the cheapest, no two with the same parts.
SPLITS = 4

# A forest of more blocks loses those that nothing refers to, but for some that most effort
# was spent on: they may come up again.
MOST_BLOCKS = 1_000
REMEMBERED = 200

Matrix = npt.NDArray[Any]


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """A component of a split's remainder.

    Attributes:
        block: Number of the block that it equals.
        rows: Its rows in the remainder.
        columns: Its columns.
        equivalence: How the component is made from the block.
    """

    block: int
    rows: tuple[int, ...]
    columns: tuple[int, ...]
    equivalence: Equivalence


@dataclass(frozen=True, slots=True, eq=False)
class Split:
    """A block as steps and parts.

    Attributes:
        steps: Moved out of the block, in order.
        levels: Number of genes; steps of one gene are one stage.
        operations: Of the steps, and of components too simple to be blocks.
        parts: The others.
    """

    steps: tuple[Step, ...]
    levels: int
    operations: int
    parts: tuple[Part, ...]

    @property
    def key(self) -> tuple[int, tuple[int, ...]]:
        """Equal for splits that cost the same whatever becomes of their parts."""
        return self.operations, tuple(sorted(part.block for part in self.parts))


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """A matrix that is searched for on its own.

    Attributes:
        matrix: (m, n), zeros exact.
        fingerprint: Of the matrix.
        dense: Operations as a sparse matrix.
        is_ambiguous: Another block has its fingerprint, but is not equivalent.
        population: Genomes for it.
        version: Of the costs when its population was last scored.
        effort: Evaluations spent on it.
        splits: The cheapest ways to compute it, the best first.
        offered: Genomes that were made splits of lately, as bytes.
    """

    matrix: Matrix
    fingerprint: float
    dense: int
    is_ambiguous: bool
    population: Population
    version: int = 0
    effort: int = 0
    splits: tuple[Split, ...] = ()
    offered: tuple[bytes, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Forest:
    """All blocks of an island; block 0 is the target.

    Attributes:
        blocks: The blocks.
        costs: What each costs at present.
        addition: Operations of an addition.
        version: How often costs have changed.
    """

    blocks: tuple[Block, ...]
    costs: tuple[int, ...]
    addition: int
    version: int = 0

    def known(self, index: int) -> KnownBlocks:
        """Returns what all blocks but one, and its like, are known to cost."""
        own = self.blocks[index].fingerprint
        found: dict[float, int] = {}
        for block, cost in zip(self.blocks, self.costs, strict=True):
            if block.is_ambiguous or _is_near(block.fingerprint, own):
                continue
            for shape in (block.matrix.shape, block.matrix.shape[::-1]):
                found[tilted(block.fingerprint, shape)] = cost
                cost += self.addition * (shape[0] - shape[1])
        keys = np.array(sorted(found))
        return KnownBlocks(keys, np.array([found[key] for key in keys.tolist()], np.int64))

    def cost_of(self, split: Split) -> int:
        """Returns what a split costs with its parts at their present costs."""
        return _cost(split, self.blocks, self.costs, self.addition)

    @property
    def is_connected(self) -> bool:
        """Whether the target is of one piece; otherwise all the work is in its components."""
        return not any(split.levels == 0 for split in self.blocks[0].splits)

    def like(self, key: float) -> list[int]:
        """Returns the blocks whose fingerprint it is."""
        return [k for k, block in enumerate(self.blocks) if _is_near(block.fingerprint, key)]

    def reachable(self, start: Iterable[int] = (0,)) -> list[int]:
        """Returns the blocks that some split refers to, from block 0 or others on."""
        queue = list(dict.fromkeys(start))
        seen = set(queue)
        for index in queue:
            for split in self.blocks[index].splits:
                for part in split.parts:
                    if part.block not in seen:
                        seen.add(part.block)
                        queue.append(part.block)
        return queue


def start_forest(matrix: Matrix, is_complex: bool, spec: Spec) -> Forest:
    """Returns the forest of a target that nothing is known of.

    A target that falls apart at once is split into its components for good.
    """
    prices = prices_for(is_complex)
    grower = Grower(Forest((), (), prices.addition), prices, spec)
    grower.add(snap(np.array(matrix), zero_threshold(matrix)))
    whole = PartialDecoding.start(matrix, is_complex).result(0)
    if len(components(whole.remainder, prices)) > 1:
        grower.split(0, whole)
    return grower.finish()


class Grower:
    """A forest while it is being changed."""

    def __init__(self, forest: Forest, prices: Prices, spec: Spec) -> None:
        self.blocks = list(forest.blocks)
        self.costs = list(forest.costs)
        self._before = forest
        self._prices = prices
        self._spec = spec

    def add(self, matrix: Matrix) -> int:
        """Adds a block; returns its number."""
        key = fingerprint(matrix)
        twins = [k for k, block in enumerate(self.blocks) if _is_near(block.fingerprint, key)]
        for k in twins:
            self.blocks[k] = replace(self.blocks[k], is_ambiguous=True)
        dense = sum(part.operations for part in components(matrix, self._prices))
        population = no_population(self._spec.capacity)
        self.blocks.append(Block(matrix, key, dense, bool(twins), population))
        self.costs.append(dense)
        return len(self.blocks) - 1

    def split(self, index: int, decoding: Decoding) -> None:
        """Adds a split to a block."""
        operations = sum(step_cost(step, self._prices) for step in decoding.steps)
        operations -= self._prices.addition * empty_rows_fed(decoding.steps, decoding.remainder)
        parts = []
        for component in components(decoding.remainder, self._prices):
            if min(len(component.rows), len(component.columns)) < 2 or not component.operations:
                operations += component.operations
                continue
            matrix = decoding.remainder[np.ix_(component.rows, component.columns)]
            number, equivalence = self.find(matrix)
            parts.append(Part(number, component.rows, component.columns, equivalence))
        block = self.blocks[index]
        split = Split(decoding.steps, decoding.prefix, operations, tuple(parts))
        refers_to_itself = index in split.key[1]
        if refers_to_itself or split.key in {other.key for other in block.splits}:
            return
        self.blocks[index] = replace(block, splits=(*block.splits, split))

    def finish(self) -> Forest:
        """Returns the forest, with the costs that follow."""
        self._settle()
        forest = replace(self._before, blocks=tuple(self.blocks), costs=tuple(self.costs))
        blocks = []
        for block in self.blocks:
            # Of equal ones first that with most of its work in parts: it tells more.
            ranked = sorted(block.splits, key=lambda s: (forest.cost_of(s), s.operations))
            blocks.append(replace(block, splits=tuple(ranked[:SPLITS])))
        is_new = forest.costs != self._before.costs
        grown = replace(forest, blocks=tuple(blocks), version=forest.version + is_new)
        return pruned(grown) if len(blocks) > MOST_BLOCKS else grown

    def find(self, matrix: Matrix) -> tuple[int, Equivalence]:
        """Returns a block that a matrix is equivalent to, added if there is none."""
        key = fingerprint(matrix)
        candidates = self.blocks if self._spec.shares_blocks else []
        for number, block in enumerate(candidates):
            if _is_near(block.fingerprint, key):
                equivalence = equivalence_of(matrix, block.matrix)
                if equivalence is not None:
                    return number, equivalence
        return self.add(matrix), _identity(matrix.shape)

    def _settle(self) -> None:
        """Lowers costs until no split is cheaper than its block.

        Only a strictly cheaper split changes a cost, so no block comes to refer to itself:
        operations are never negative, and round any circle the costs would have to fall.
        """
        for _ in self.blocks:
            before = list(self.costs)
            for index, block in enumerate(self.blocks):
                for split in block.splits:
                    cost = _cost(split, self.blocks, self.costs, self._prices.addition)
                    self.costs[index] = min(self.costs[index], cost)
            if self.costs == before:
                return


def equivalence_of(matrix: Matrix, known: Matrix) -> Equivalence | None:
    """Returns `find_equivalence` of two matrices; the last ones asked for are remembered."""
    return _equivalence(_Contents(matrix), _Contents(known), PRIMITIVES.edition)


class _Contents:
    """A matrix that is equal to every other of the same entries."""

    def __init__(self, matrix: Matrix) -> None:
        self.matrix = matrix
        self._bytes = matrix.tobytes()

    def __hash__(self) -> int:
        return hash(self._bytes)

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, _Contents)
            and other.matrix.shape == self.matrix.shape
            and other._bytes == self._bytes
        )


@lru_cache(maxsize=512)
def _equivalence(matrix: _Contents, known: _Contents, edition: int) -> Equivalence | None:
    return find_equivalence(matrix.matrix, known.matrix)


def _cost(split: Split, blocks: Sequence[Block], costs: Sequence[int], addition: int) -> int:
    """Returns what a split costs: the transpose of an m x n part takes m - n additions more."""
    total = split.operations
    for part in split.parts:
        rows, columns = blocks[part.block].matrix.shape
        tilt = addition * (rows - columns) if part.equivalence.is_transposed else 0
        total += costs[part.block] + tilt
    return total


def pruned(forest: Forest) -> Forest:
    """Returns a forest without the blocks that nothing refers to and little was spent on."""
    by_effort = sorted(range(len(forest.blocks)), key=lambda k: -forest.blocks[k].effort)
    kept = forest.reachable([0, *by_effort[:REMEMBERED]])
    places = {k: place for place, k in enumerate(kept)}

    def moved(split: Split) -> Split:
        parts = (replace(part, block=places[part.block]) for part in split.parts)
        return replace(split, parts=tuple(parts))

    return replace(
        forest,
        blocks=tuple(
            replace(forest.blocks[k], splits=tuple(map(moved, forest.blocks[k].splits)))
            for k in kept
        ),
        costs=tuple(forest.costs[k] for k in kept),
    )


def _identity(shape: tuple[int, ...]) -> Equivalence:
    rows, columns = (np.arange(size) for size in shape)
    return Equivalence(rows, columns, np.zeros_like(rows), np.zeros_like(columns))


def _is_near(one: float, other: float) -> bool:
    return abs(one - other) <= NEAR * abs(one)


def cheapest(forest: Forest, index: int) -> Split | None:
    """Returns the split that a block's cost is that of; None if it is the block itself."""
    block, cost = forest.blocks[index], forest.costs[index]
    return next((s for s in block.splits if forest.cost_of(s) <= cost), None)


def uses(forest: Forest, index: int = 0, split: Split | None = None) -> Iterator[int]:
    """Yields the blocks that the cheapest program refers to, once for every time."""
    chosen = split or cheapest(forest, index)
    for part in chosen.parts if chosen else ():
        yield part.block
        yield from uses(forest, part.block)
