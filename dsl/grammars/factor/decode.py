"""From a genome and a target matrix to stages and a remainder: the definition.

The target A is split as A = R_1 ... R_l K C_k ... C_1. A gene on the input side appends
a stage C and leaves K C^-1; a gene on the output side is the same on the transpose of K.
This plain NumPy decoder says what a genome means; compiled evaluators must agree with it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from dsl.derive import derive
from dsl.genome import (
    CHOICE,
    FIRST,
    FROM_ROW,
    ONE,
    OUTPUT_SIDE,
    PATTERN,
    PRIMITIVE,
    SECOND,
    SIDE,
    most_sums,
)
from dsl.grammars.factor.known_blocks import NOTHING_KNOWN, KnownBlocks
from dsl.grammars.factor.remainder import (
    Prices,
    components,
    is_same,
    prices_for,
    snap,
    zero_threshold,
)
from dsl.grammars.factor.shared_sums import make_pair_sum, make_sum
from dsl.grammars.factor.steps import (
    BlockStep,
    Step,
    SumStep,
    block_cost,
    empty_rows_fed,
    is_usable,
    move_out,
    moved_out,
    step_cost,
)
from dsl.grammars.factor.voting import candidates, find_parameter
from dsl.patterns import PATTERNS, Pattern, Place
from dsl.primitives import PRIMITIVES, Primitive


@dataclass(frozen=True, slots=True)
class Decoding:
    """What a genome means for a target.

    Attributes:
        steps: Steps in the order in which they were moved out, for the best prefix.
        remainder: What is left after the best prefix: the target's rows and columns,
            then those of the sums.
        prefix: Number of genes of the cheapest prefix of the genome.
        operations: Operations of the steps and of the remainder.
        shape: Of the target: (m, n).
    """

    steps: tuple[Step, ...]
    remainder: npt.NDArray[Any]
    prefix: int
    operations: int
    shape: tuple[int, int]


@dataclass(frozen=True, slots=True)
class _Proposal:
    place: Place
    parameter: complex
    gain: int


@dataclass(slots=True)
class PartialDecoding:
    """A remainder that steps are being moved out of.

    Attributes:
        remainder: What is left: rows and columns of the target, then of the sums.
        prices: The operation-count rule.
        threshold: Parts of entries below it are zero.
        shape: Of the target.
        steps: In the order in which they were moved out.
        spent: Their operations.
    """

    remainder: npt.NDArray[Any]
    prices: Prices
    threshold: float
    shape: tuple[int, int]
    steps: list[Step] = field(default_factory=list)
    spent: int = 0

    @classmethod
    def start(cls, matrix: npt.NDArray[Any], is_complex: bool) -> PartialDecoding:
        """Returns the decoding of no genes."""
        threshold = zero_threshold(matrix)
        rows, columns = matrix.shape
        return cls(
            snap(np.array(matrix), threshold), prices_for(is_complex), threshold, (rows, columns)
        )

    def view(self, is_output_side: bool) -> npt.NDArray[Any]:
        """Returns the remainder as a side sees it: its own values are the columns."""
        return self.remainder.T if is_output_side else self.remainder

    def apply(self, step: Step) -> None:
        """Moves a step out of the remainder."""
        if isinstance(step, SumStep):
            grown = (1, 0) if step.is_output_side else (0, 1)
            self.remainder = np.pad(self.remainder, [(0, k) for k in grown])
        move_out(self.view(step.is_output_side), step, self.threshold)
        self.steps.append(step)
        self.spent += step_cost(step, self.prices)

    def operations(self, known: KnownBlocks = NOTHING_KNOWN) -> int:
        """Returns the operations of the steps and the remainder."""
        total = self.spent
        for part in components(self.remainder, self.prices):
            total += known.cost(self.remainder[np.ix_(part.rows, part.columns)], part.operations)
        return total - self.prices.addition * empty_rows_fed(self.steps, self.remainder)

    def result(self, prefix: int, known: KnownBlocks = NOTHING_KNOWN) -> Decoding:
        """Returns what has been decoded so far."""
        operations = self.operations(known)
        return Decoding(tuple(self.steps), self.remainder.copy(), prefix, operations, self.shape)


def decode(
    genome: npt.NDArray[np.integer],
    matrix: npt.NDArray[Any],
    *,
    is_complex: bool,
    known: KnownBlocks = NOTHING_KNOWN,
) -> Decoding:
    """Decodes a genome against a target.

    Args:
        genome: (length, 6) integers (`dsl.genome`).
        matrix: (m, n) target, real or complex.
        is_complex: The data are complex; a complex matrix requires it.
        known: What components of the remainder are known to cost at most.
    """
    state = PartialDecoding.start(matrix, is_complex)
    best = state.result(0, known)
    for position, gene in enumerate(np.asarray(genome).tolist()):
        for step in _steps(state, gene, position):
            state.apply(step)
        decoding = state.result(position + 1, known)
        if decoding.operations < best.operations:
            best = decoding
    return best


def _steps(state: PartialDecoding, gene: Sequence[int], position: int) -> Iterable[Step]:
    """Returns what a gene moves out of the remainder; a sum is made once those before are."""
    is_output_side = gene[SIDE] == OUTPUT_SIDE
    view = state.view(is_output_side)
    blocks, rules = tuple(PRIMITIVES), tuple(PATTERNS)
    if gene[PRIMITIVE] >= len(blocks):
        return _sums(state, gene, position)
    block, rule = blocks[gene[PRIMITIVE]], rules[gene[PATTERN]]
    if derive(block).needs_complex and not np.iscomplexobj(view):
        return []
    return [
        BlockStep(block, is_output_side, proposal.place, proposal.parameter, position)
        for proposal in _choose(state, block, _places(state, gene, block, rule), gene)
    ]


def _sums(state: PartialDecoding, gene: Sequence[int], position: int) -> Iterator[SumStep]:
    """Makes the sum of a gene, or one at every place, while there is room for it."""
    side = gene[SIDE]
    width, is_output_side = state.shape[1 - side], side == OUTPUT_SIDE
    is_single, rule = gene[PRIMITIVE] == len(PRIMITIVES), tuple(PATTERNS)[gene[PATTERN]]
    places: list[Place] = [()] if is_single else []
    if not is_single and rule.reach == "listed":
        places = rule.places(width, 2, gene[FIRST] % width, gene[SECOND] % width)
    for place in places:
        view = state.view(is_output_side)
        if view.shape[1] - width == most_sums(width):
            return
        step = (
            make_sum(view, gene, position, state.prices)
            if is_single
            else make_pair_sum(view, gene, position, place)
        )
        if step is not None:
            yield step


def _places(
    state: PartialDecoding, gene: Sequence[int], block: Primitive, rule: Pattern
) -> list[Place]:
    """Returns where a gene may put its block."""
    side = gene[SIDE]
    if not block.is_pairwise:
        width = state.shape[1 - side]
        i, j = gene[FIRST] % width, gene[SECOND] % width
        return rule.tuples(width, derive(block).orders, i, j)
    width = state.remainder.shape[1 - side]
    if rule.reach == "listed" and block.points > 1:
        width = state.shape[1 - side]
    is_ordered = rule.is_stage and derive(block).is_ordered
    i, j = gene[FIRST] % width, gene[SECOND] % width
    return rule.places(width, block.points, i, j, is_ordered=is_ordered)


def _choose(
    state: PartialDecoding, block: Primitive, places: list[Place], gene: Sequence[int]
) -> list[_Proposal]:
    """Returns the places where a gene puts its block, with their parameters.

    A place of a stage must gain operations: by the zeros that the block makes, or, by the
    gene's second index, by what each entry costs on its own before and after.
    """
    is_output_side = gene[SIDE] == OUTPUT_SIDE
    view, prices = state.view(is_output_side), state.prices
    reference = (gene[CHOICE] - FROM_ROW) % len(view) if gene[CHOICE] >= FROM_ROW else None
    must_pay = tuple(PATTERNS)[gene[PATTERN]].is_stage and derive(block).makes_zeros
    is_real = not np.iscomplexobj(view)
    proposals = []
    for place in places:
        entries = view[:, list(place)]
        parameter = find_parameter(entries, block, gene[CHOICE] == ONE, reference)
        if parameter is None or not is_usable(block, parameter, is_real=is_real):
            continue
        gain = 0
        if must_pay:
            price = block_cost(block, is_output_side, parameter, prices)
            if gene[SECOND] % 2:
                saved = _saved(entries, block, parameter, state)
            else:
                saved = prices.addition * _removed(entries, block, parameter, state.threshold)
            gain = saved - price if saved > 0 else -1
        if gain >= 0:
            proposals.append(_Proposal(place, parameter, gain))
    taken: set[int] = set()
    chosen = []
    for proposal in sorted(proposals, key=lambda p: -p.gain):
        if taken.isdisjoint(proposal.place):
            taken.update(proposal.place)
            chosen.append(proposal)
    return chosen


def _saved(
    entries: npt.NDArray[Any], block: Primitive, parameter: complex, state: PartialDecoding
) -> int:
    """Returns how many operations fewer the columns' entries cost, none shared."""
    moved = moved_out(entries, block, parameter, state.threshold)
    before, after = (
        sum(
            state.prices.addition + state.prices.of_constant(c)
            for c in columns[columns != 0].tolist()
        )
        for columns in (entries, moved)
    )
    return before - after


def _removed(
    entries: npt.NDArray[Any], block: Primitive, parameter: complex, threshold: float
) -> int:
    """Returns how many non-zeros fewer the columns have once the block is moved out."""
    if not block.is_pairwise:
        moved = moved_out(entries, block, parameter, threshold)
        return int(np.count_nonzero(entries) - np.count_nonzero(moved))
    if block.points == 1:
        return 0
    present = entries != 0
    removed = int(is_same(candidates(entries, block), parameter).sum())
    for column, filled in enumerate(derive(block).filled):
        alone = present[:, column] & (present.sum(axis=1) == 1)
        removed += int(alone.sum()) * (1 - filled)
    return removed
