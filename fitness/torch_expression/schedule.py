"""In which order the values of many formulas are made, the same primitives side by side.

A value's level is one more than the highest level of its operands. Values of the same
level and the same primitive are made by one call for all formulas at once. (To make values as
late as possible, while their operands are still in the cache, takes more calls and more time.)
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from dsl.grammars.expression.genome import Tapes, constant, reference
from dsl.scalars import SCALARS

Ints = npt.NDArray[np.int64]
# Odd numbers that mix bits: those of SplitMix64, and the golden ratio.
MIX_1, MIX_2, MIX_3 = map(np.uint64, (0xBF58476D1CE4E5B9, 0x94D049BB133111EB, 0x9E3779B97F4A7C15))
HALF = np.uint64(32)


@dataclass(frozen=True, slots=True)
class Step:
    """Values that are made together: rows start to stop.

    Attributes:
        primitive: Position in `SCALARS`, or `constant()`.
        has_constants: The operand is scaled by c0 and shifted by c1, or the second one of
            two is c0.
        start: First row.
        stop: Row after the last one.
    """

    primitive: int
    has_constants: bool
    start: int
    stop: int


@dataclass(frozen=True, slots=True, eq=False)
class Schedule:
    """How the live values of a population are made: each is a row, which equal ones share.

    The inputs come first, then a row of zeros, then the values by level and primitive.

    Attributes:
        rows: Number of rows.
        steps: In order.
        left: (rows,) row of the first operand.
        right: (rows,) row of the second operand.
        constants: (rows, 2) float64 c0 and c1.
        row_of: (capacity, population) row of each gene's value; where it is not live, any.
    """

    rows: int
    steps: tuple[Step, ...]
    left: Ints
    right: Ints
    constants: npt.NDArray[np.float64]
    row_of: Ints


@dataclass(frozen=True, slots=True, eq=False)
class _Genes:
    """Genes with the slots first, and places in a table (base + capacity, population).

    Attributes:
        base: Slots before those of genes: the inputs, and one of zeros.
        kinds: (capacity, population) twice the primitive; 1 more with constants.
        left: (capacity, population) flat place of the first operand in the table, or of what
            that stands for.
        right: (capacity, population) of the second one.
        constants: (capacity, population, 2) float64; 0 where they are not used.
        targets: (base + capacity, population) flat place of what a reference stands for, or
            its own.
    """

    base: int
    kinds: Ints
    left: Ints
    right: Ints
    constants: npt.NDArray[np.float64]
    targets: Ints


def schedule(tapes: Tapes, *, merge: bool) -> Schedule:
    """Returns the order in which values are made.

    Args:
        tapes: A population.
        merge: Make equal values once.
    """
    genes = _arranged(tapes)
    base, population = genes.base, len(tapes.is_live)
    kinds = genes.kinds.ravel()
    entries = np.flatnonzero(tapes.is_live.T & (genes.kinds >> 1 != reference()))
    first, group = np.arange(len(entries)), np.arange(len(entries))
    if merge:
        first, group = _equal_ones(_hashes(genes)[base:].ravel()[entries])
    chosen = entries[first]
    levels = _levels(genes)[base:].ravel()[chosen]
    keys = levels * np.int64(2 * constant() + 2) + kinds[chosen]
    order = np.argsort(_narrow(keys), kind="stable")
    places = np.empty_like(order)
    places[order] = np.arange(base, base + len(order))
    row_of = np.full(genes.targets.size, base - 1)
    row_of[: base * population] = np.repeat(np.arange(base), population)
    row_of[base * population + entries] = places[group]
    row_of = row_of.take(genes.targets)
    left, right = (row_of.ravel().take(side).ravel() for side in (genes.left, genes.right))
    constants = genes.constants.reshape(-1, 2)
    if merge:
        same = chosen[group]
        numbers = constants.view(np.int64)
        for field in (kinds, left, right, numbers[:, 0], numbers[:, 1]):
            if not np.array_equal(field[entries], field[same]):
                return schedule(tapes, merge=False)  # hashes that are equal by chance
    chosen = chosen[order]
    before = np.zeros(base, np.int64)
    return Schedule(
        base + len(chosen),
        _steps(keys[order], base),
        np.concatenate([before, left[chosen]]),
        np.concatenate([before, right[chosen]]),
        np.concatenate([np.zeros((base, 2)), constants[chosen]]),
        row_of[base:],
    )


def _arranged(tapes: Tapes) -> _Genes:
    population, capacity = tapes.primitives.shape
    base, own = tapes.inputs + 1, np.arange(population)
    primitives = np.ascontiguousarray(tapes.primitives.T, np.int64)
    arity = np.array([*(member.arity for member in SCALARS), 1, 0])[primitives]
    first, second = tapes.left.T.astype(np.int64), tapes.right.T.astype(np.int64)
    left, right = (
        np.where(exists, slots + (slots >= tapes.inputs), tapes.inputs) * population + own
        for slots, exists in ((first, arity > 0), (second, (arity == 2) & (second >= 0)))
    )
    c0, c1 = tapes.constants[..., 0].T, tapes.constants[..., 1].T
    is_scaled = (arity == 1) & ((c0 != 1) | (c1 != 0)) & (primitives != reference())
    uses_c0 = is_scaled | ((arity == 2) & (second < 0)) | (arity == 0)
    constants = np.zeros((capacity, population, 2))
    constants[..., 0][uses_c0] = c0[uses_c0]
    constants[..., 1][is_scaled] = c1[is_scaled]
    targets = np.arange((base + capacity) * population).reshape(-1, population)
    is_reference = primitives == reference()
    for slot in np.flatnonzero(is_reference.any(axis=1)):
        is_here = is_reference[slot]
        targets[base + slot, is_here] = targets.take(left[slot, is_here])
    left, right = targets.take(left), targets.take(right)
    return _Genes(base, 2 * primitives + uses_c0, left, right, constants, targets)


def _levels(genes: _Genes) -> npt.NDArray[np.int16]:
    """Returns 0 for inputs and constants, 1 for functions of these, and so on.

    Returns:
        (base + capacity, population); of no meaning for references.
    """
    levels = np.zeros(genes.targets.shape, np.int16)
    rises = (genes.kinds < 2 * reference()).astype(np.int16)
    for slot, rise in enumerate(rises):
        here = levels[genes.base + slot]
        np.maximum(levels.take(genes.left[slot]), levels.take(genes.right[slot]), out=here)
        here += rise
    return levels


def _hashes(genes: _Genes) -> npt.NDArray[np.uint64]:
    """Returns numbers that are equal where values are: (base + capacity, population)."""
    base = genes.base
    hashes = np.empty(genes.targets.shape, np.uint64)
    hashes[:base] = (np.arange(1, base + 1, dtype=np.uint64) * MIX_3)[:, None]
    numbers = genes.constants.view(np.uint64)
    salts = (numbers[..., 0] * MIX_1 ^ numbers[..., 1]) * MIX_2
    salts ^= salts >> HALF
    salts += genes.kinds.astype(np.uint64) * MIX_3
    for slot in range(len(salts)):
        here = hashes.take(genes.left[slot]) * MIX_1
        here ^= hashes.take(genes.right[slot]) * MIX_2
        here += salts[slot]
        here ^= here >> HALF
        here *= MIX_3
        np.bitwise_xor(here, here >> HALF, out=hashes[base + slot])
    return hashes


def _equal_ones(numbers: npt.NDArray[np.uint64]) -> tuple[Ints, Ints]:
    """Returns where the first of equal numbers is, and which of these each number is."""
    order = np.argsort(numbers)
    ordered = numbers[order]
    is_new = np.concatenate([[True], ordered[1:] != ordered[:-1]])[: len(order)]
    group = np.empty(len(order), np.int64)
    group[order] = np.cumsum(is_new) - 1
    return order[is_new], group


def _narrow(keys: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Returns keys in 16 bits if they fit, which are sorted several times as fast."""
    return keys.astype(np.uint16) if len(keys) and keys.max() < 1 << 16 else keys


def _steps(keys: npt.NDArray[Any], base: int) -> tuple[Step, ...]:
    """Returns runs of equal keys as steps."""
    edges = [*np.flatnonzero(np.diff(keys, prepend=-1)).tolist(), len(keys)]
    kinds = keys % (2 * constant() + 2)
    return tuple(
        Step(int(kinds[start]) // 2, bool(kinds[start] % 2), base + start, base + stop)
        for start, stop in pairwise(edges)
    )
