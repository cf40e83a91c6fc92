"""Steps: what a genome moves out of the remainder, one at a time.

The remainder holds pending outputs (rows) against live values (columns). A block takes
the place of the values that it reads. A shared sum makes a new value: it appends a column,
or on the output side a row. Steps of the output side act on the transpose.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from dsl.cost import SAME
from dsl.derive import derive
from dsl.grammars.factor.remainder import Prices, snap
from dsl.patterns import Place
from dsl.primitives import Primitive


@dataclass(frozen=True, slots=True)
class BlockStep:
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
class SumStep:
    """A value s = sum of factors times members, made once for all rows that use it.

    A row that takes the sum with weight w has w times the factors subtracted from its
    entries of the members. On the output side the transpose: one combination of the
    columns, made once, is added to every row that is a member.

    Attributes:
        is_output_side: The sum is of outputs; otherwise of inputs.
        value: Index of the new column (row).
        members: Indices of the columns (rows) that are summed.
        factors: Of each member.
        sources: For each row (column) the position among the members of the entry whose
            quotient by its factor is the weight; -1 for a weight of zero.
        gene: Position of the gene that did it.
    """

    is_output_side: bool
    value: int
    members: tuple[int, ...]
    factors: tuple[complex, ...]
    sources: tuple[int, ...]
    gene: int


Step: TypeAlias = BlockStep | SumStep

# An inverse with a larger entry would only amplify rounding errors.
LARGEST_INVERSE = 1e6


def move_out(view: npt.NDArray[Any], step: Step, threshold: float) -> None:
    """Moves a step out of the remainder, in place.

    Args:
        view: (rows, columns) the remainder, transposed for a step of the output side;
            the column of a sum's value is there already and zero.
        step: The step.
        threshold: Parts of entries below it become zero.
    """
    if isinstance(step, SumStep):
        _move_sum_out(view, step, threshold)
        return
    columns = list(step.place)
    view[:, columns] = moved_out(view[:, columns], step.primitive, step.parameter, threshold)


def moved_out(
    entries: npt.NDArray[Any], block: Primitive, parameter: complex, threshold: float
) -> npt.NDArray[Any]:
    """Returns columns of the remainder, (rows, points), times a block's inverse."""
    moved = entries @ np.linalg.inv(np.array(block.rows(parameter)))
    return snap(moved if np.iscomplexobj(entries) else moved.real, threshold)


def is_usable(block: Primitive, parameter: complex, *, is_real: bool) -> bool:
    """Tells whether a block can be moved out at a parameter: invertible, real for real data."""
    if derive(block).is_regular:
        return True
    try:
        matrix = np.array(block.rows(parameter), complex)
        inverse = np.linalg.inv(matrix)
    except (ArithmeticError, ValueError, np.linalg.LinAlgError):
        return False
    # What is not a number compares as false.
    is_moderate = bool(abs(inverse).max() <= LARGEST_INVERSE)
    return is_moderate and not (is_real and abs(matrix.imag).max() > SAME)


def _move_sum_out(view: npt.NDArray[Any], step: SumStep, threshold: float) -> None:
    factors = np.array(step.factors)
    factors = factors if np.iscomplexobj(view) else factors.real
    for row, source in enumerate(step.sources):
        if source < 0:
            continue
        members = list(step.members)
        weight = view[row, members[source]] / factors[source]
        view[row, members] = snap(view[row, members] - weight * factors, threshold)
        view[row, members[source]] = 0
        view[row, step.value] = weight


def block_cost(block: Primitive, transposed: bool, parameter: complex, prices: Prices) -> int:
    """Returns the operations of one block on its own."""
    derived = derive(block)
    lowering = derived.transposed if transposed else derived.lowering
    additions = sum(step.kind == "add" for step in lowering.steps)
    constants = lowering.numeric(parameter)
    return prices.addition * additions + sum(prices.of_constant(complex(c)) for c in constants)


def step_cost(step: Step, prices: Prices) -> int:
    """Returns the operations of a step.

    A sum on the output side adds to every member; where the member's row is empty there
    is nothing to add to, which the remainder's cost sets off.
    """
    if isinstance(step, BlockStep):
        return block_cost(step.primitive, step.is_output_side, step.parameter, prices)
    additions = len(step.members) - (0 if step.is_output_side else 1)
    return prices.addition * additions + sum(prices.of_constant(c) for c in step.factors)


def empty_rows_fed(steps: Iterable[Step], remainder: npt.NDArray[Any]) -> int:
    """Returns how many additions of output-side sums have nothing to add to."""
    fed = {row for s in steps if isinstance(s, SumStep) and s.is_output_side for row in s.members}
    return sum(not remainder[row].any() for row in fed)
