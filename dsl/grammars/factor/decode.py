"""From a genome and a target matrix to stages and a remainder: the definition.

The target A is split as A = R_1 ... R_l K C_k ... C_1. A gene on the input side appends
a stage C and leaves K C^-1; a gene on the output side is the same on the transpose of K.
This plain NumPy decoder says what a genome means; compiled evaluators must agree with it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt
import sympy

from dsl.cost import SAME
from dsl.derive import ENTRIES, derive
from dsl.genome import CHOICE, FIRST, FROM_ROW, ONE, OUTPUT_SIDE, PATTERN, PRIMITIVE, SECOND, SIDE
from dsl.grammars.factor.known_blocks import NOTHING_KNOWN, KnownBlocks
from dsl.grammars.factor.remainder import (
    Prices,
    components,
    is_same,
    multiplication_cost,
    prices_for,
    snap,
    turn,
    zero_threshold,
)
from dsl.grammars.factor.steps import (
    BlockStep,
    Step,
    SumStep,
    block_cost,
    empty_rows_fed,
    move_out,
    moved_out,
    step_cost,
)
from dsl.patterns import PATTERNS, Pattern, Place
from dsl.primitives import PRIMITIVES, Primitive
from dsl.straightline import UNITS

# A parameter outside this range would only amplify rounding errors.
SMALLEST, LARGEST = 1e-3, 1e3

# A real or imaginary part below this fraction of a parameter is a rounding error.
NOISE = 1e-10

# Different proposals that a vote counts.
MOST_BALLOTS = 16

# Sums that a genome may make on either side, and entries up to which their weights descend.
MOST_SUMS = 4
MOST_DESCENT = 256
SWEEPS = 2


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


def _steps(state: PartialDecoding, gene: Sequence[int], position: int) -> list[Step]:
    """Returns what a gene moves out of the remainder."""
    is_output_side = gene[SIDE] == OUTPUT_SIDE
    view = state.view(is_output_side)
    blocks, rules = tuple(PRIMITIVES), tuple(PATTERNS)
    if gene[PRIMITIVE] == len(blocks):
        width = state.shape[0 if is_output_side else 1]
        is_full = view.shape[1] - width >= MOST_SUMS
        step = None if is_full else _sum(view, gene, position, state.prices)
        return [] if step is None else [step]
    block, rule = blocks[gene[PRIMITIVE]], rules[gene[PATTERN]]
    return [
        BlockStep(block, is_output_side, proposal.place, proposal.parameter, position)
        for proposal in _choose(state, block, _places(state, gene, block, rule), gene)
    ]


def _places(
    state: PartialDecoding, gene: Sequence[int], block: Primitive, rule: Pattern
) -> list[Place]:
    """Returns where a gene may put its block."""
    side = gene[SIDE]
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
    proposals = []
    for place in places:
        entries = view[:, list(place)]
        parameter = _parameter(entries, block, gene[CHOICE] == ONE, reference)
        if parameter is None:
            continue
        gain = 0
        if must_pay:
            price = block_cost(block, is_output_side, parameter, prices)
            if gene[SECOND] % 2:
                saved = _saved(entries, block, parameter, state)
            else:
                saved = prices.addition * _removed(entries, block, parameter)
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


def _parameter(
    entries: npt.NDArray[Any], block: Primitive, is_one: bool, reference: int | None
) -> complex | None:
    """Returns the block's parameter for these columns, or None if it has none."""
    if is_one and not block.is_angle:
        return 1.0
    candidates = _candidates(entries, block)
    ballot = (candidates if reference is None else candidates[reference]).ravel()
    ballot = ballot[~np.isnan(ballot)]
    if not len(ballot):
        return None
    if reference is not None:
        return complex(ballot[0])
    return _elected(ballot)


def _elected(ballot: npt.NDArray[Any]) -> complex | None:
    """Returns what most want, the first of equals.

    Where the first so many are all different, the rest is not asked; new proposals after so
    many different ones are not counted.
    """
    found: list[Any] = []
    votes: list[int] = []
    for proposal in ballot.tolist():
        same = [k for k, other in enumerate(found) if is_same(other, proposal)]
        if same:
            votes[same[0]] += 1
        elif len(found) < MOST_BALLOTS:
            found.append(proposal)
            votes.append(1)
        elif max(votes) == 1:
            return None
    return complex(found[int(np.argmax(votes))])


def _candidates(entries: npt.NDArray[Any], block: Primitive) -> npt.NDArray[np.complex128]:
    """Returns the parameters that each row proposes, NaN where one cannot be used.

    Args:
        entries: (m, points) columns of the remainder.
        block: The primitive.

    Returns:
        (m, candidates) complex128.
    """
    with np.errstate(all="ignore"):
        columns = entries.T.astype(np.complex128)
        found = np.stack([formula(*columns) for formula in _formulas(block)], axis=1)
        size = NOISE * np.abs(found)
        unusable = ~np.all(entries != 0, axis=1)[:, None] | np.zeros(found.shape, bool)
        if block.is_angle:
            unusable |= np.abs(found.imag) > SAME
            found.imag = 0
        found = np.where(np.abs(found.real) > size, found.real, 0) + 1j * np.where(
            np.abs(found.imag) > size, found.imag, 0
        )
        found = turn(found, derive(block).turns)
        unusable |= ~((np.abs(found) >= SMALLEST) & (np.abs(found) <= LARGEST))
    found[unusable] = np.nan
    return found


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


def _removed(entries: npt.NDArray[Any], block: Primitive, parameter: complex) -> int:
    """Returns how many non-zeros fewer the columns have once the block is moved out."""
    if block.points == 1:
        return 0
    present = entries != 0
    removed = int(is_same(_candidates(entries, block), parameter).sum())
    for column, filled in enumerate(derive(block).filled):
        alone = present[:, column] & (present.sum(axis=1) == 1)
        removed += int(alone.sum()) * (1 - filled)
    return removed


def _sum(
    view: npt.NDArray[Any], gene: Sequence[int], position: int, prices: Prices
) -> SumStep | None:
    """Returns the sum that a gene makes, or None if it makes none."""
    found = _members(view, gene)
    if found is None:
        return None
    members, factors = found
    quotients = view[:, members] / factors
    sources = [_majority(row) for row in quotients]
    if gene[PATTERN] % 2:
        _descend(view, members, factors, sources, prices)
    if max(sources) < 0:
        return None
    return SumStep(
        gene[SIDE] == OUTPUT_SIDE,
        view.shape[1],
        tuple(members),
        tuple(complex(f) for f in factors),
        tuple(sources),
        position,
    )


def _members(
    view: npt.NDArray[Any], gene: Sequence[int]
) -> tuple[list[int], npt.NDArray[Any]] | None:
    """Returns the members of a sum and their factors.

    A reference to a row takes the entries of one size, up to free factors; otherwise it is
    a pair, with a factor by vote, or 1 or -1.
    """
    rows, width = view.shape
    i, j = gene[FIRST] % width, gene[SECOND] % width
    if gene[CHOICE] >= FROM_ROW:
        row = view[(gene[CHOICE] - FROM_ROW) % rows]
        if row[i] == 0:
            return None
        sizes = turn(row, 4)
        members = np.flatnonzero((row != 0) & is_same(sizes[i], sizes)).tolist()
        factors = np.array([_unit(row[c] / row[i]) for c in members])
        return (members, _like(factors, view)) if len(members) > 1 else None
    if i == j:
        return None
    if gene[CHOICE] == ONE:
        factor: complex | None = -1.0 if gene[PATTERN] // 2 % 2 else 1.0
    else:
        factor = _parameter(view[:, [i, j]], PRIMITIVES.get("shear"), False, None)
    return None if factor is None else ([i, j], _like(np.array([1, factor]), view))


def _unit(ratio: complex) -> complex:
    return min(UNITS, key=lambda unit: abs(unit - ratio))


def _like(values: npt.NDArray[Any], view: npt.NDArray[Any]) -> npt.NDArray[Any]:
    return values.astype(np.complex128) if np.iscomplexobj(view) else np.real(values).astype(float)


def _majority(quotients: npt.NDArray[Any]) -> int:
    """Returns the position of the first quotient that most agree with, if two do, else -1."""
    votes = is_same(quotients[:, None], quotients[None, :]) & (quotients != 0)[:, None]
    count = votes.sum(axis=1)
    return int(np.argmax(count)) if count.max() > 1 else -1


def _descend(
    view: npt.NDArray[Any],
    members: list[int],
    factors: npt.NDArray[Any],
    sources: list[int],
    prices: Prices,
) -> None:
    """Chooses weights for the rows without a majority where they make products fewer.

    Such a row gains a non-zero for the one that it loses. Coordinate descent: row by row
    the first choice of the fewest operations of the multiplications.
    """
    if view.size > MOST_DESCENT:
        return
    free = [r for r, k in enumerate(sources) if k < 0 and (view[r, members] != 0).all()]
    trial = np.pad(np.array(view), [(0, 0), (0, 1)])
    for row, source in enumerate(sources):
        _take(trial, view, row, members, factors, source)
    for _ in range(SWEEPS):
        for row in free:
            costs = []
            for source in range(-1, len(members)):
                _take(trial, view, row, members, factors, source)
                costs.append(multiplication_cost(trial, prices))
            sources[row] = int(np.argmin(costs)) - 1
            _take(trial, view, row, members, factors, sources[row])


def _take(
    trial: npt.NDArray[Any],
    view: npt.NDArray[Any],
    row: int,
    members: list[int],
    factors: npt.NDArray[Any],
    source: int,
) -> None:
    """Writes a row as it is when it takes the sum with the weight of a source."""
    trial[row, :-1], trial[row, -1] = view[row], 0
    if source >= 0:
        weight = view[row, members[source]] / factors[source]
        moved = view[row, members] - weight * factors
        moved[is_same(view[row, members] / factors, weight)] = 0
        trial[row, members], trial[row, -1] = moved, weight


@lru_cache(maxsize=256)
def _formulas(block: Primitive) -> tuple[Callable[..., Any], ...]:
    """Returns the derived candidate parameters as NumPy functions of the columns."""
    arguments = ENTRIES[: block.points]
    return tuple(sympy.lambdify(arguments, c, "numpy") for c in derive(block).candidates)
