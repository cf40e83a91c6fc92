"""From a genome and a target matrix to stages and a remainder: the definition.

The target A is split as A = R_1 ... R_l K C_k ... C_1. A gene on the input side appends
a stage C and leaves K C^-1; a gene on the output side is the same on the transpose of K.
This plain NumPy decoder says what a genome means; compiled evaluators must agree with it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt
import sympy

from dsl.cost import SAME
from dsl.derive import ENTRIES, derive
from dsl.genome import CHOICE, FIRST, FROM_ROW, ONE, OUTPUT_SIDE, PATTERN, PRIMITIVE, SECOND, SIDE
from dsl.grammars.factor.remainder import (
    Prices,
    is_same,
    prices_for,
    remainder_cost,
    snap,
    turn,
    zero_threshold,
)
from dsl.patterns import PATTERNS, Pattern, Place
from dsl.primitives import PRIMITIVES, Primitive

# A parameter outside this range would only amplify rounding errors.
SMALLEST, LARGEST = 1e-3, 1e3

# A real or imaginary part below this fraction of a parameter is a rounding error.
NOISE = 1e-10


@dataclass(frozen=True, slots=True)
class Step:
    """One block that was moved out of the remainder.

    Attributes:
        primitive: The block.
        is_output_side: The block acts on outputs, transposed; otherwise on inputs.
        place: Indices of the values it acts on.
        parameter: The block's parameter.
        gene: Position of the gene that did it.
    """

    primitive: Primitive
    is_output_side: bool
    place: Place
    parameter: complex
    gene: int


@dataclass(frozen=True, slots=True)
class Decoding:
    """What a genome means for a target.

    Attributes:
        steps: Blocks in the order in which they were moved out, for the best prefix.
        remainder: (m, n) what is left after the best prefix.
        prefix: Number of genes of the cheapest prefix of the genome.
        operations: Operations of the steps and of the remainder.
    """

    steps: tuple[Step, ...]
    remainder: npt.NDArray[Any]
    prefix: int
    operations: int


@dataclass(frozen=True, slots=True)
class _Proposal:
    place: Place
    parameter: complex
    gain: int


def decode(
    genome: npt.NDArray[np.integer],
    matrix: npt.NDArray[Any],
    *,
    is_complex: bool,
) -> Decoding:
    """Decodes a genome against a target.

    Args:
        genome: (length, 6) integers (`dsl.genome`).
        matrix: (m, n) target, real or complex.
        is_complex: The data are complex; a complex matrix requires it.
    """
    blocks, rules = tuple(PRIMITIVES), tuple(PATTERNS)
    prices = prices_for(is_complex)
    threshold = zero_threshold(matrix)
    remainder = snap(np.array(matrix), threshold)
    steps: list[Step] = []
    spent = 0
    best = Decoding((), remainder.copy(), 0, remainder_cost(remainder, prices).operations)
    for position, gene in enumerate(np.asarray(genome).tolist()):
        block, rule = blocks[gene[PRIMITIVE]], rules[gene[PATTERN]]
        is_output_side = gene[SIDE] == OUTPUT_SIDE
        view = remainder.T if is_output_side else remainder
        for proposal in _choose(view, block, rule, gene, prices, is_output_side):
            _move_out(view, block, proposal, threshold)
            spent += block_cost(block, is_output_side, proposal.parameter, prices)
            steps.append(Step(block, is_output_side, proposal.place, proposal.parameter, position))
        operations = spent + remainder_cost(remainder, prices).operations
        if operations < best.operations:
            best = Decoding(tuple(steps), remainder.copy(), position + 1, operations)
    return best


def block_cost(block: Primitive, transposed: bool, parameter: complex, prices: Prices) -> int:
    """Returns the operations of one block on its own."""
    derived = derive(block)
    lowering = derived.transposed if transposed else derived.lowering
    additions = sum(step.kind == "add" for step in lowering.steps)
    constants = lowering.constants(parameter)
    return prices.addition * additions + sum(prices.of_constant(complex(c)) for c in constants)


def _choose(
    view: npt.NDArray[Any],
    block: Primitive,
    rule: Pattern,
    gene: Sequence[int],
    prices: Prices,
    is_output_side: bool,
) -> list[_Proposal]:
    """Returns the places where a gene puts its block, with their parameters."""
    rows, width = view.shape
    places = rule.places(width, block.points, gene[FIRST] % width, gene[SECOND] % width)
    reference = (gene[CHOICE] - FROM_ROW) % rows if gene[CHOICE] >= FROM_ROW else None
    must_pay = rule.is_stage and derive(block).makes_zeros
    proposals = []
    for place in places:
        entries = view[:, list(place)]
        parameter = _parameter(entries, block, gene[CHOICE] == ONE, reference)
        if parameter is None:
            continue
        gain = 0
        if must_pay:
            removed = _removed(entries, block, parameter)
            price = block_cost(block, is_output_side, parameter, prices)
            gain = prices.addition * removed - price if removed > 0 else -1
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
    votes = is_same(ballot[:, None], ballot[None, :]).sum(axis=1)
    return complex(ballot[np.argmax(votes)])


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


def _move_out(
    view: npt.NDArray[Any], block: Primitive, proposal: _Proposal, threshold: float
) -> None:
    """Replaces columns of the remainder by columns times the block's inverse."""
    columns = list(proposal.place)
    moved = view[:, columns] @ np.linalg.inv(np.array(block.matrix(proposal.parameter)))
    if not np.iscomplexobj(view):
        moved = moved.real
    view[:, columns] = snap(moved, threshold)


@lru_cache(maxsize=256)
def _formulas(block: Primitive) -> tuple[Callable[..., Any], ...]:
    """Returns the derived candidate parameters as NumPy functions of the columns."""
    arguments = ENTRIES[: block.points]
    return tuple(sympy.lambdify(arguments, c, "numpy") for c in derive(block).candidates)
