"""Genes as numbers: equal numbers do the same, so that it is done once."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dsl.derive import derive
from dsl.genome import CHOICE, FIRST, FROM_ROW, ONE, PATTERN, PRIMITIVE, SECOND, SIDE, Genomes
from dsl.patterns import PATTERNS, Pattern
from dsl.primitives import Primitive

NOT, PARITY, WHOLE = range(3)
# With kinds of genes and states they have room in 63 bits; of a side of 1,000 values there are
# half as many.
MOST_CODES = 1 << 36


@dataclass(frozen=True, slots=True)
class Codes:
    """Genes of a population.

    Attributes:
        kinds: (population, capacity) int64 twice the gene's primitive, plus its side.
        rest: (population, capacity) int64 its other fields in one number.
        radices: Of pattern, first, second and choice in that number.
    """

    kinds: npt.NDArray[np.int64]
    rest: npt.NDArray[np.int64]
    radices: tuple[int, int, int, int]

    @property
    def bound(self) -> int:
        """The exclusive upper bound of `rest`."""
        return int(np.prod(self.radices))


def encode(genomes: Genomes, blocks: tuple[Primitive, ...], shape: tuple[int, ...]) -> Codes:
    """Returns the genes of a population as numbers, without what has no effect.

    Args:
        genomes: The population.
        blocks: The primitives.
        shape: Of the target.

    Raises:
        ValueError: Fields are far beyond those of any gene space.
    """
    genes = genomes.genes.astype(np.int64)
    kind, rule, side = genes[..., PRIMITIVE], genes[..., PATTERN], genes[..., SIDE]
    first, second, choice = genes[..., FIRST], genes[..., SECOND], genes[..., CHOICE]
    uses = np.array([[_uses(blocks, k, r) for r in PATTERNS] for k in range(len(blocks) + 2)])
    of_first, of_second = uses[kind, rule, 0], uses[kind, rule, 1]
    ignores = np.array([_ignored(blocks, k) for k in range(len(blocks) + 2)])
    choice = np.where((choice == ONE) & ignores[kind, 0] | ignores[kind, 1], 0, choice)
    listed = np.array([r.reach == "listed" for r in PATTERNS])[rule] & (kind != len(blocks))
    is_single = np.array([*(block.points == 1 for block in blocks), False, False])[kind]
    base = np.array(shape[::-1])[side]
    first = np.where(listed & ~is_single, first % base, first) * (of_first == WHOLE)
    second = np.where(of_second == NOT, 0, np.where(of_second == PARITY, second % 2, second))
    is_sum = kind == len(blocks)
    second = np.where(is_sum & (choice >= FROM_ROW), 0, second)
    rule = np.where(is_sum, rule % 4, rule)
    fields = (rule, first, second, choice)
    radices = tuple(int(field.max(initial=0)) + 1 for field in fields)
    if math.prod(radices) > MOST_CODES:
        raise ValueError(f"expected genes of the gene space, got fields up to {radices}")
    rest = np.zeros_like(rule)
    for field, radix in zip(fields, radices, strict=True):
        rest = rest * radix + field
    return Codes(2 * kind + side, rest, radices)  # type: ignore[arg-type]  # four of them


def _uses(blocks: tuple[Primitive, ...], kind: int, rule: Pattern) -> tuple[int, int]:
    """Returns what a gene uses of its two indices."""
    if kind == len(blocks):
        return WHOLE, WHOLE
    if kind < len(blocks):
        block = blocks[kind]
        if not block.is_pairwise or (rule.reach == "one" and block.points > 1):
            return WHOLE, WHOLE
        parity = PARITY if rule.is_stage and derive(block).makes_zeros else NOT
        if block.points == 1:
            return NOT if rule.is_stage else WHOLE, parity
    elif rule.reach == "listed":
        parity = PARITY
    else:
        return NOT, NOT
    return (
        WHOLE if rule.parameters > 0 and rule.reach == "listed" else NOT,
        WHOLE if rule.parameters > 1 and rule.reach == "listed" else parity,
    )


def _ignored(blocks: tuple[Primitive, ...], kind: int) -> tuple[bool, bool]:
    """Tells whether a gene takes a parameter of one for a vote, and any choice for one."""
    if kind >= len(blocks):
        return False, kind > len(blocks)
    return blocks[kind].is_angle, not blocks[kind].parameters
