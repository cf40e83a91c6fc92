"""Whether a forest that was read from a file makes sense: the file may be anybody's."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from dsl.accuracy import EXACT, relative_error
from dsl.errors import DataError, EvosynthError
from dsl.grammars.factor.decode import PartialDecoding
from dsl.grammars.factor.remainder import snap, zero_threshold
from dsl.grammars.factor.steps import Step, SumStep
from dsl.straightline import Domain
from evosynth.engine.blocks import Block, Forest, Matrix, Part, cheapest
from evosynth.engine.population_check import check_population
from evosynth.engine.spec import Spec, gene_space

# Rows and columns that sums may add to a block.
MOST_GROWN = 1 << 10


def check_forest(forest: Forest, target: Matrix, domain: Domain, spec: Spec) -> None:
    """Checks that every block is one of the target's and can be computed as it says.

    Raises:
        DataError: Something does not fit; the message names the block.
    """
    if not forest.blocks or len(forest.costs) != len(forest.blocks):
        raise DataError("expected a cost for each block of a forest")
    root = snap(np.array(target), zero_threshold(target))
    if not np.array_equal(forest.blocks[0].matrix, root):
        raise DataError("the forest is another target's")
    for index, block in enumerate(forest.blocks):
        try:
            _check_block(forest, block, domain, spec)
        except (ArithmeticError, EvosynthError, LookupError, TypeError, ValueError) as error:
            raise DataError(f"block {index}: {type(error).__name__}: {error}"[:200]) from error
    _check_order(forest)


def check_solved(forest: Forest, domain: Domain) -> None:
    """Checks that every block of a library can be computed by the steps that it names.

    Raises:
        DataError: One cannot; the message names the block.
    """
    if len(forest.costs) != len(forest.blocks):
        raise DataError("expected a cost for each block of a library")
    for index, block in enumerate(forest.blocks):
        try:
            _check_matrix(block.matrix)
            for split in block.splits:
                if split.parts:
                    raise ValueError("expected a block that refers to no other")
                replay(block.matrix, split.steps, domain)
        except (ArithmeticError, EvosynthError, LookupError, TypeError, ValueError) as error:
            raise DataError(f"block {index}: {type(error).__name__}: {error}"[:200]) from error


def _check_matrix(matrix: Matrix) -> None:
    is_matrix = matrix.ndim == 2 and min(matrix.shape) > 0
    if not is_matrix or matrix.dtype.kind not in "fc" or not np.isfinite(matrix).all():
        raise ValueError("expected a finite matrix")


def _check_block(forest: Forest, block: Block, domain: Domain, spec: Spec) -> None:
    matrix = block.matrix
    _check_matrix(matrix)
    if max(matrix.shape) > max(forest.blocks[0].matrix.shape) + MOST_GROWN:
        raise ValueError("it is larger than its target")
    bounds = gene_space(matrix.shape).bounds
    check_population(block.population, spec.capacity, np.zeros_like(bounds), bounds)
    for split in block.splits:
        remainder = replay(matrix, split.steps, domain).remainder
        for part in split.parts:
            _check_part(forest, part, remainder)


def replay(matrix: Matrix, steps: Iterable[Step], domain: Domain) -> PartialDecoding:
    """Returns what steps leave of a matrix.

    Raises:
        ValueError: A step does not fit.
    """
    working = PartialDecoding.start(matrix, domain == "complex")
    for step in steps:
        view = working.view(step.is_output_side)
        places = step.members if isinstance(step, SumStep) else step.place
        _check_indices(places, view.shape[1])
        if isinstance(step, SumStep):
            _check_sum(step, view)
        elif len(places) != step.primitive.points or not np.isfinite(step.parameter):
            raise ValueError(f"expected {step.primitive.points} places and a parameter")
        working.apply(step)
    return working


def _check_sum(step: SumStep, view: Matrix) -> None:
    rows, columns = view.shape
    if step.value != columns or len(step.sources) != rows:
        raise ValueError("a sum does not fit")
    if len(step.factors) != len(step.members) or not np.isfinite(step.factors).all():
        raise ValueError("expected a factor for each member of a sum")
    if not all(-1 <= k < len(step.members) for k in step.sources):
        raise ValueError("a sum's source is none of its members")


def _check_part(forest: Forest, part: Part, remainder: Matrix) -> None:
    _check_indices([part.block], len(forest.blocks))
    _check_indices(part.rows, remainder.shape[0])
    _check_indices(part.columns, remainder.shape[1])
    known, same = forest.blocks[part.block].matrix, part.equivalence
    if same.is_transposed:
        known = known.T
    if known.shape != (len(part.rows), len(part.columns)):
        raise ValueError("a part has another shape than its block")
    for order, units, size in zip(
        (same.rows, same.columns), (same.row_units, same.column_units), known.shape, strict=True
    ):
        if sorted(order.tolist()) != list(range(size)) or units.shape != (size,):
            raise ValueError("expected a permutation and units")
        if len(units) and not 0 <= units.min() <= units.max() <= 3:
            raise ValueError("expected powers of i")
    found = known.conj() if same.is_conjugated else known
    turned = 1j ** same.row_units[:, None] * found[np.ix_(same.rows, same.columns)]
    turned = turned * 1j**same.column_units
    if relative_error(turned, remainder[np.ix_(part.rows, part.columns)]) > EXACT:
        raise ValueError("a part is not equivalent to its block")


def _check_indices(indices: Sequence[int], size: int) -> None:
    if not all(0 <= k < size for k in indices) or len(set(indices)) != len(indices):
        raise ValueError(f"expected different indices below {size}")


def _check_order(forest: Forest) -> None:
    """Checks that the cheapest way to compute a block does not need the block itself."""
    done: set[int] = set()
    for start in range(len(forest.blocks)):
        stack = [(start, False)]
        open_blocks: set[int] = set()
        while stack:
            index, is_left = stack.pop()
            if is_left:
                open_blocks.discard(index)
                done.add(index)
            elif index in open_blocks:
                raise DataError(f"block {index} refers to itself")
            elif index not in done:
                open_blocks.add(index)
                stack.append((index, True))
                chosen = cheapest(forest, index)
                stack += [(part.block, False) for part in (chosen.parts if chosen else ())]
