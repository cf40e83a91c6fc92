"""Genomes of the `expression` grammar: what the fields of a gene mean.

A gene makes one value. With u the value at address `a` and c0, c1 the gene's constants:

- a function f of one operand gives f(c0 u + c1);
- a function of two gives u op w, where w is the value at address `b`, or c0 where `b` is
  `CONSTANT`;
- a reference gives u itself, a constant c0.

Addresses below `INPUTS` name an input, those above an earlier value by how far back it is,
so that a piece of a genome keeps its meaning wherever it is put. Values whose `use` is set
are terms of the formula: an intercept and their weights are solved by least squares.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from dsl.genome import Genes, Genomes
from dsl.scalars import SCALARS

# The constants are doubles, in four fields each, so that genes stay rows of small integers.
FIELDS = ("primitive", "a", "b", "use", *(f"c{k // 4}.{k % 4}" for k in range(8)))
PRIMITIVE, FIRST, SECOND, USE, CONSTANTS = range(5)
CONSTANT = 0  # as `b`: the second operand is c0
INPUTS = 4096


def reference() -> int:
    """Returns the primitive field of a reference to an earlier value."""
    return len(SCALARS)


def constant() -> int:
    """Returns the primitive field of a constant, which has no operand."""
    return len(SCALARS) + 1


def back(distance: int) -> int:
    """Returns the address of the value that many genes back; 1 is the last one."""
    return INPUTS + distance - 1


def constants(genes: Genes) -> npt.NDArray[np.float64]:
    """Returns the constants of genes: (..., 12) int16 -> (..., 2) float64, a copy."""
    # A copy in any case: of a single gene the slice would be contiguous as it is.
    return np.array(genes[..., CONSTANTS:], order="C").view(np.float64)


def with_constants(genes: Genes, values: npt.ArrayLike) -> Genes:
    """Returns genes with other constants: (..., 2) float64."""
    changed = genes.copy()
    changed[..., CONSTANTS:] = np.ascontiguousarray(values, np.float64).view(np.int16)
    return changed


def gene(
    primitive: int,
    a: int,
    b: int = CONSTANT,
    *,
    use: bool = False,
    c0: float = 1.0,
    c1: float = 0.0,
) -> Genes:
    """Returns one gene: (12,) int16."""
    row = np.zeros(len(FIELDS), np.int16)
    row[:CONSTANTS] = primitive, a, b, use
    return with_constants(row, [c0, c1])


@dataclass(frozen=True, slots=True)
class Tapes:
    """A population with its addresses resolved: what evaluators read.

    Values have slots: first the inputs, then one per gene.

    Attributes:
        inputs: Number of inputs.
        primitives: (population, capacity) int16 position in `SCALARS`, or `reference()`, or
            `constant()`.
        left: (population, capacity) int16 slot of the first operand.
        right: (population, capacity) int16 slot of the second operand, or -1 where it is c0.
        constants: (population, capacity, 2) float64 c0 and c1.
        is_term: (population, capacity) bool: a term of the formula.
        is_live: (population, capacity) bool: a term, or what a term needs.
        lengths: (population,) int16 number of genes.
    """

    inputs: int
    primitives: npt.NDArray[np.int16]
    left: npt.NDArray[np.int16]
    right: npt.NDArray[np.int16]
    constants: npt.NDArray[np.float64]
    is_term: npt.NDArray[np.bool_]
    is_live: npt.NDArray[np.bool_]
    lengths: npt.NDArray[np.int16]


def tapes(genomes: Genomes, inputs: int) -> Tapes:
    """Resolves addresses and finds out which values the formulas need.

    Any fields are valid: what is out of range is taken modulo what there is.
    """
    genes = genomes.genes
    slots = np.arange(genomes.capacity)
    exists = slots < genomes.lengths[:, None]
    primitives = genes[..., PRIMITIVE] % (len(SCALARS) + 2)
    left = _slots(genes[..., FIRST].astype(np.int64), slots, inputs)
    second = genes[..., SECOND].astype(np.int64)
    right = np.where(second == CONSTANT, -1, _slots(second - 1, slots, inputs))
    arity = np.array([*(member.arity for member in SCALARS), 1, 0])
    right = np.where(arity[primitives] == 2, right, -1)
    is_term = (genes[..., USE] % 2 == 1) & exists
    is_live = is_term.copy()
    rows = np.arange(len(genomes))
    for slot in reversed(range(genomes.capacity)):
        for operand in (left[:, slot], right[:, slot]):
            needed = is_live[:, slot] & (operand >= inputs) & (arity[primitives[:, slot]] > 0)
            is_live[rows[needed], operand[needed] - inputs] = True
    return Tapes(
        inputs,
        primitives.astype(np.int16),
        left.astype(np.int16),
        right.astype(np.int16),
        constants(genes),
        is_term,
        is_live,
        genomes.lengths,
    )


def slot_at(address: int, here: int, inputs: int) -> int:
    """Resolves the address of a gene at the position `here`; any number is valid."""
    address = max(address, 0)
    if address < INPUTS:
        return address % inputs
    earlier = here - (address - INPUTS + 1)
    return earlier + inputs if earlier >= 0 else -earlier % inputs


def _slots(addresses: npt.NDArray[Any], here: npt.NDArray[Any], inputs: int) -> npt.NDArray[Any]:
    """Resolves addresses of genes at the positions `here`."""
    addresses = np.maximum(addresses, 0)
    earlier = here - (addresses - INPUTS + 1)
    return np.where(
        addresses < INPUTS,
        addresses % inputs,
        np.where(earlier >= 0, earlier + inputs, -earlier % inputs),
    )
