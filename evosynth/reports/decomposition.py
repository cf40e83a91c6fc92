"""The program of a run as a product of few sparse factors, and what each of them costs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from dsl.cost import Count, count_code, dense_count, total
from dsl.errors import UsageError
from dsl.factors import Factor, factors, instruction_groups
from dsl.grammars import GRAMMARS
from dsl.grammars.factor.from_code import program_from_code
from dsl.levels import by_levels
from dsl.program import Program
from dsl.straightline import CodeWriter, Ref

# More stages than this are put in order of depth, and more levels merged.
MOST_STAGES = 12
# Rows and columns of factors, and entries of all, zeros too, that are multiplied in seconds.
LARGEST, MOST_ENTRIES = 640, 1 << 23
# More levels than this are merged in equal parts first, which does not look at them.
MOST_LEVELS = 96
# Relative to the largest entry of the program's matrix, below which one is noise.
NOISE = 1e-10

Matrix = npt.NDArray[np.complex128]
Grouping = Literal["stages", "levels", "merged levels"]


@dataclass(frozen=True, slots=True)
class Part:
    """A factor.

    Attributes:
        matrix: (values after it, values before it) complex128.
        operations: Real operations of its instructions; 0 if it only picks, orders and turns.
    """

    matrix: Matrix
    operations: int


@dataclass(frozen=True, slots=True)
class Decomposition:
    """A program's matrix as a product: the last factor comes first.

    Attributes:
        parts: Factors, in the order in which they are applied.
        remainders: `remainders[k]` is the product of the factors after the first k.
        dense: Operations of the products with the remainders.
        grouping: What the factors are.
        levels: How many of them there were before they were merged.
        operations: Of the program, as it is counted.
    """

    parts: tuple[Part, ...]
    remainders: tuple[Matrix, ...]
    dense: tuple[int, ...]
    grouping: Grouping
    levels: int
    operations: int

    @property
    def excess(self) -> int:
        """Operations of all parts that the program saves by simplification across them."""
        return sum(part.operations for part in self.parts) - self.operations


@lru_cache(maxsize=4)
def decompose(program: Program) -> Decomposition | None:
    """Returns few sparse factors of a program's matrix, or None if it is too large.

    There are none either where constants are so large that products are not finite.
    """
    if not program.is_linear or max(program.inputs, len(program.outputs)) > LARGEST:
        return None
    operations = program.count.operations
    program = _plain(program)
    grouping: Grouping = "stages"
    if len(instruction_groups(program)) > MOST_STAGES:
        program, grouping = by_levels(program), "levels"
    try:
        found = factors(program)
    except UsageError:  # it is far too long
        return None
    shapes = [factor.shape for factor in found]
    entries = sum(rows * columns for rows, columns in shapes)
    if entries > MOST_ENTRIES or max(map(max, shapes)) > LARGEST:
        return None
    with np.errstate(all="ignore"):  # constants of any size may come from a file
        return _decomposition(program, list(_parts(program, found)), grouping, operations)


def _decomposition(
    program: Program, parts: list[Part], grouping: Grouping, operations: int
) -> Decomposition | None:
    parts = _without_free(parts)
    levels = sum(part.operations > 0 for part in parts)
    if levels > MOST_STAGES:
        parts, grouping = _merged(parts), "merged levels"
    remainders = _remainders(parts)
    if not all(np.isfinite(matrix).all() for matrix in remainders):
        return None
    is_complex = program.domain == "complex"
    dense = tuple(dense_count(matrix, is_complex).operations for matrix in remainders)
    return Decomposition(tuple(parts), tuple(remainders), dense, grouping, levels, operations)


def non_zeros(matrix: npt.NDArray[Any]) -> int:
    """Returns how many entries of a matrix are not zero."""
    return int(np.count_nonzero(matrix))


def _plain(program: Program) -> Program:
    """Returns a program whose instructions cost what it costs, itself if it is one."""
    if total(_own_counts(program)) == program.count:
        return program
    return program_from_code(program.plain_code, program.name)


def _parts(program: Program, found: Sequence[Factor]) -> Iterator[Part]:
    groups = instruction_groups(program)
    counts = _own_counts(program)
    for position, factor in enumerate(found):
        group = groups[position] if position < len(groups) else []
        yield Part(factor.matrix(), total(counts[k] for k in group).operations)


def _own_counts(program: Program) -> list[Count]:
    """Returns the operations of every instruction, each for itself."""
    known: dict[tuple[str, int, tuple[complex, ...]], Count] = {}
    counts = []
    for instruction in program.instructions:
        key = instruction.name, len(instruction.operands), instruction.constants
        if key not in known:
            known[key] = _own_count(program, *key)
        counts.append(known[key])
    return counts


def _own_count(program: Program, name: str, width: int, constants: tuple[complex, ...]) -> Count:
    code = CodeWriter(program.domain, width)
    operands = [Ref(k) for k in range(width)]
    results = GRAMMARS.get(program.grammar).lower(name, operands, constants, code)
    return count_code(code.finish(results))


def _without_free(parts: Sequence[Part]) -> list[Part]:
    """Multiplies factors without operations into the next one: it has as many entries then."""
    kept: list[Part] = []
    for part in parts:
        if kept and not kept[-1].operations:
            part = _product(kept.pop(), part)
        kept.append(part)
    return kept


def _merged(parts: list[Part]) -> list[Part]:
    """Multiplies neighbours until there are few: those whose product is the sparsest."""
    if len(parts) > MOST_LEVELS:
        ends = np.linspace(0, len(parts), MOST_LEVELS + 1).astype(int)
        parts = [_chain(parts[a:b]) for a, b in pairwise(ends)]
    last = [] if parts[-1].operations else [parts.pop()]
    products = [_product(*pair) for pair in pairwise(parts)]
    while len(parts) > MOST_STAGES:
        k = min(range(len(products)), key=lambda k: non_zeros(products[k].matrix))
        parts[k : k + 2] = [products.pop(k)]
        for place in (k - 1, k):
            if 0 <= place < len(products):
                products[place] = _product(parts[place], parts[place + 1])
    return parts + last


def _chain(parts: Sequence[Part]) -> Part:
    first, *others = parts
    for part in others:
        first = _product(first, part)
    return first


def _product(first: Part, then: Part) -> Part:
    return Part(_tidy(then.matrix @ first.matrix), first.operations + then.operations)


def _remainders(parts: Sequence[Part]) -> list[Matrix]:
    """Returns the products of the factors after each, noise as zeros."""
    found = [np.eye(len(parts[-1].matrix), dtype=np.complex128)]
    for part in reversed(parts):
        found.append(_tidy(found[-1] @ part.matrix))
    return found[::-1]


def _tidy(matrix: Matrix) -> Matrix:
    largest = np.abs(matrix).max(initial=0.0)
    return np.where(np.abs(matrix) < NOISE * largest, 0, matrix)
