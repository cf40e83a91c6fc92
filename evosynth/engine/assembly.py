"""From a forest to one decoding: splits within splits, written in the target's own indices."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from dsl.grammars.factor.decode import Decoding, PartialDecoding
from dsl.grammars.factor.steps import BlockStep, SumStep
from dsl.primitives import PRIMITIVES
from dsl.straightline import UNITS
from evosynth.engine.blocks import Forest, Part, Split, cheapest, equivalence_of


@dataclass(frozen=True, slots=True)
class _Frame:
    """Where a block lies in the target's remainder.

    Attributes:
        split: How the block is computed.
        rows: Index of each of its rows; grows with sums.
        columns: Likewise.
        is_transposed: Its rows are columns of the target's remainder.
        is_conjugated: The remainder holds its conjugate.
    """

    split: Split
    rows: list[int]
    columns: list[int]
    is_transposed: bool
    is_conjugated: bool

    def own(self, is_output_side: bool) -> list[int]:
        """Returns where the block's values of a side are."""
        return self.rows if is_output_side else self.columns


def assemble(
    forest: Forest, is_complex: bool, index: int = 0, split: Split | None = None
) -> Decoding:
    """Writes a block with all that it refers to as one decoding.

    Independent blocks are computed side by side: genes of the same number are one stage.

    Args:
        forest: The blocks.
        is_complex: The data are complex.
        index: Number of the block.
        split: How to begin; by default the cheapest way.
    """
    first = split or cheapest(forest, index)
    return _assembled(forest, forest.blocks[index].matrix, first, is_complex)


def transferred(
    source: Forest, index: int, matrix: npt.NDArray[Any], is_complex: bool
) -> Decoding | None:
    """Writes a block's program for a matrix that is equivalent to it.

    Returns:
        None if the matrix is not found to be equivalent.
    """
    equivalence = equivalence_of(matrix, source.blocks[index].matrix)
    if equivalence is None:
        return None
    rows, columns = (tuple(range(size)) for size in matrix.shape)
    whole = Split((), 0, 0, (Part(index, rows, columns, equivalence),))
    return _assembled(source, matrix, whole, is_complex)


def _assembled(
    forest: Forest, matrix: npt.NDArray[Any], first: Split | None, is_complex: bool
) -> Decoding:
    working = PartialDecoding.start(matrix, is_complex)
    rows, columns = (list(range(size)) for size in matrix.shape)
    frames = [_Frame(first, rows, columns, False, False)] if first else []
    level = depth = 0
    while frames:
        depth += 1
        assert depth <= len(forest.blocks) + 1, "a block refers to itself"
        levels = max(frame.split.levels for frame in frames)
        for gene in range(levels):
            for frame in frames:
                for step in frame.split.steps:
                    if step.gene == gene:
                        working.apply(_placed(step, frame, level + gene, working))
        level += levels
        frames = [
            found
            for frame in frames
            for part in frame.split.parts
            for found in _entered(forest, frame, part, level, working)
        ]
        level += 1
    return working.result(level)


def _placed(
    step: BlockStep | SumStep, frame: _Frame, gene: int, working: PartialDecoding
) -> BlockStep | SumStep:
    """Returns a block's step as one of the target."""
    own, other = frame.own(step.is_output_side), frame.own(not step.is_output_side)
    side = step.is_output_side != frame.is_transposed

    def turned(constant: complex) -> complex:
        return constant.conjugate() if frame.is_conjugated else constant

    if isinstance(step, BlockStep):
        place = tuple(own[k] for k in step.place)
        parameter = turned(step.parameter)
        return replace(step, is_output_side=side, place=place, parameter=parameter, gene=gene)
    value = working.view(side).shape[1]
    sources = np.full(len(working.view(side)), -1)
    sources[[other[row] for row in range(len(step.sources))]] = step.sources
    members = tuple(own[k] for k in step.members)
    own.append(value)
    factors = tuple(map(turned, step.factors))
    return SumStep(side, value, members, factors, tuple(sources.tolist()), gene)


def _entered(
    forest: Forest, frame: _Frame, part: Part, gene: int, working: PartialDecoding
) -> Iterator[_Frame]:
    """Turns a component into the block that it equals; yields it unless it is left dense."""
    split = cheapest(forest, part.block)
    if split is None:
        return
    equivalence = part.equivalence
    here = [frame.rows[k] for k in part.rows], [frame.columns[k] for k in part.columns]
    units = equivalence.row_units, equivalence.column_units
    for is_output_side, places, powers in zip((True, False), here, units, strict=True):
        side = is_output_side != frame.is_transposed
        for place, power in zip(places, powers.tolist(), strict=True):
            if power:
                turns = -power % 4 if frame.is_conjugated else power
                scale = PRIMITIVES.get("scale")
                working.apply(BlockStep(scale, side, (place,), complex(UNITS[turns]), gene))
    rows, columns = (np.empty(len(places), int) for places in here)
    rows[equivalence.rows], columns[equivalence.columns] = here
    lines = (columns, rows) if equivalence.is_transposed else (rows, columns)
    yield _Frame(
        split,
        lines[0].tolist(),
        lines[1].tolist(),
        frame.is_transposed != equivalence.is_transposed,
        frame.is_conjugated != equivalence.is_conjugated,
    )
