"""The values of one genome on samples, and how they change with its constants."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from dsl.genome import Genes
from dsl.grammars.expression.genome import CONSTANT, CONSTANTS, constants, slot_at
from dsl.scalars import SCALARS
from dsl.scalars.derived import DerivedScalar, derive_scalar

Column = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Step:
    """One live gene with its addresses resolved.

    Attributes:
        position: Of the gene.
        function: Of the operands; None for a reference or a constant.
        left: Slot of the first operand: inputs first, then one per gene.
        right: Slot of the second operand, or -1 where it is the constant c0.
        c0: First constant.
        c1: Second constant.
        is_term: It is a term of the formula.
        name: Of the primitive, "reference" or "constant".
    """

    position: int
    function: DerivedScalar | None
    left: int
    right: int
    c0: float
    c1: float
    is_term: bool
    name: str

    @property
    def is_unary(self) -> bool:
        """A function of one operand, which is scaled by c0 and shifted by c1."""
        return self.function is not None and len(self.function.symbols) == 1

    @property
    def takes_constant(self) -> bool:
        """A function of two operands whose second one is c0."""
        return self.function is not None and not self.is_unary and self.right < 0


def steps_of(genes: Genes, inputs: int) -> list[Step]:
    """Returns the live genes of a genome, (length, 12) int16, with addresses resolved.

    It is `tapes` for one genome, where arrays would take ten times as long.
    """
    table = _table(SCALARS.edition)
    rows = genes[:, :CONSTANTS].tolist()
    numbers = constants(genes).tolist()
    is_live = [use % 2 == 1 for *_, use in rows]
    steps: list[Step] = []
    for position in reversed(range(len(rows))):
        if not is_live[position]:
            continue
        primitive, first, second, use = rows[position]
        name, arity, function = table[primitive % len(table)]
        left = slot_at(first, position, inputs)
        right = -1 if arity < 2 or second == CONSTANT else slot_at(second - 1, position, inputs)
        for operand in (left, right) if arity else ():
            if operand >= inputs:
                is_live[operand - inputs] = True
        c0, c1 = numbers[position]
        steps.append(Step(position, function, left, right, c0, c1, use % 2 == 1, name))
    return steps[::-1]


@lru_cache(maxsize=1)
def _table(edition: int) -> list[tuple[str, int, DerivedScalar | None]]:
    """Returns name, arity and function by primitive field, of what is registered now."""
    derived = [derive_scalar(name) for name in SCALARS.names()]
    known = [(m.name, m.arity, d) for m, d in zip(SCALARS, derived, strict=True)]
    return [*known, ("reference", 1, None), ("constant", 0, None)]


def values(steps: list[Step], x: npt.NDArray[np.float64]) -> dict[int, Column]:
    """Returns the inputs and the values of live genes by slot: each (rows,).

    Args:
        steps: Of one genome.
        x: (inputs, rows).
    """
    found = dict(enumerate(x))
    with np.errstate(all="ignore"):
        for step in steps:
            operands = _operands(step, found)
            result = operands[0] if step.function is None else step.function.numpy(*operands)
            # What is not finite stays so, whatever is done with it later.
            found[len(x) + step.position] = result + (result - result)
    return found


def _operands(step: Step, known: dict[int, Any]) -> list[Any]:
    if step.name == "constant":
        return [np.full_like(known[0], step.c0)]
    left = known[step.left]
    if step.is_unary:
        return [_affine(left, step)]
    if step.takes_constant:
        return [left, step.c0]
    return [left] if step.function is None else [left, known[step.right]]


def _affine(u: Column, step: Step) -> Column:
    scaled = u if step.c0 == 1 else u * step.c0
    return scaled if step.c1 == 0 else scaled + step.c1


Parameter = tuple[int, int]


def parameters(steps: list[Step]) -> list[Parameter]:
    """Returns the constants that are not what they are by default: (gene, 0 or 1) each."""
    found = []
    for step in steps:
        if step.takes_constant or (step.name == "constant" and step.c0 != 1):
            found.append((step.position, 0))
        elif step.is_unary:
            found += [(step.position, 0)] * (step.c0 != 1) + [(step.position, 1)] * (step.c1 != 0)
    return found


def jacobian(
    steps: list[Step],
    known: dict[int, Column],
    inputs: int,
    weights: dict[int, float],
    wanted: list[Parameter],
) -> npt.NDArray[np.float64]:
    """Returns the derivatives of the formula by its constants: (rows, parameters).

    Reverse accumulation: one pass over the steps, whatever the number of constants.

    Args:
        steps: Of one genome.
        known: Their values (`values`).
        inputs: Number of inputs.
        weights: Of the terms, by position of the gene.
        wanted: The constants (`parameters`).
    """
    rows = len(known[0])
    adjoint: dict[int, Any] = {}
    columns = {parameter: np.zeros(rows) for parameter in wanted}
    with np.errstate(all="ignore"):
        for step in reversed(steps):
            slot = inputs + step.position
            seed = adjoint.pop(slot, 0.0) + (weights[step.position] if step.is_term else 0.0)
            if step.name == "constant":
                if (step.position, 0) in columns:
                    columns[step.position, 0] += seed
                continue
            if step.function is None:
                adjoint[step.left] = adjoint.get(step.left, 0.0) + seed
                continue
            operands = _operands(step, known)
            slopes = [seed * by(*operands) for by in step.function.gradient]
            if step.is_unary:
                if (step.position, 0) in columns:
                    columns[step.position, 0] += slopes[0] * known[step.left]
                if (step.position, 1) in columns:
                    columns[step.position, 1] += slopes[0]
                adjoint[step.left] = adjoint.get(step.left, 0.0) + slopes[0] * step.c0
                continue
            adjoint[step.left] = adjoint.get(step.left, 0.0) + slopes[0]
            if step.right < 0:
                columns[step.position, 0] += slopes[1]
            else:
                adjoint[step.right] = adjoint.get(step.right, 0.0) + slopes[1]
    return np.column_stack([columns[p] for p in wanted]) if wanted else np.zeros((rows, 0))
