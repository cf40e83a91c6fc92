"""The instructions of the `factor` grammar: blocks, transposed blocks and signed sums.

`NAME` applies a primitive's matrix, `NAME.T` its transpose; both take the block's
parameter, if it has one. `sum` adds its operands times its constants, which must be 1, -1, i or -i.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from dsl.errors import UsageError
from dsl.grammars.base import GRAMMARS
from dsl.primitives import PRIMITIVES, Primitive
from dsl.primitives.base import NO_PARAMETER, needs_complex
from dsl.registry import brief
from dsl.straightline import UNITS, CodeWriter, Ref

SUM = "sum"
TRANSPOSED = ".T"


class FactorInstructions:
    """Blocks, transposed blocks and signed sums."""

    name = "factor"
    is_linear = True

    def results(self, name: str, operands: int, constants: tuple[complex, ...]) -> int:
        """Returns how many values an instruction defines."""
        if name == SUM:
            if len(constants) != operands:
                raise ValueError(f"expected {operands} signs, got {len(constants)} constants")
            if any(c not in UNITS for c in constants):
                raise ValueError("the constants of a sum must be 1, -1, i or -i")
            return 1
        block, _ = _block(name)
        if operands != block.points or len(constants) != block.parameters:
            wanted = "1 constant" if block.parameters else "no constant"
            raise ValueError(
                f"'{name}' takes {block.points} operands and {wanted}, "
                f"got {operands} and {len(constants)}"
            )
        if block.is_angle and constants[0].imag != 0:
            raise ValueError(f"the angle of '{name}' must be real")
        return block.points

    def needs_complex(self, name: str) -> bool:
        """Tells whether a block fits complex data alone."""
        return name != SUM and needs_complex(_block(name)[0])

    def execute(
        self, name: str, values: list[npt.NDArray[Any]], constants: tuple[complex, ...]
    ) -> list[npt.NDArray[Any]]:
        """Computes an instruction's results on batches."""
        if name == SUM:
            return [_weighted(values, constants)]
        block, is_transposed = _block(name)
        matrix: npt.NDArray[Any] = np.array(block.rows(*(constants or (NO_PARAMETER,))))
        rows = matrix.T if is_transposed else matrix
        return [_weighted(values, row.tolist()) for row in rows]

    def lower(
        self, name: str, values: list[Ref], constants: tuple[complex, ...], code: CodeWriter
    ) -> list[Ref]:
        """Writes an instruction as straight-line code."""
        if name == SUM:
            return [_lower_sum(values, constants, code)]
        from dsl.derive import derive  # SymPy: only who lowers pays for its import

        block, is_transposed = _block(name)
        derived = derive(block)
        lowering = derived.transposed if is_transposed else derived.lowering
        factors = iter(lowering.constants(*(constants or (NO_PARAMETER,))))
        known = list(values)

        def read(ref: Ref) -> Ref:
            return known[ref.value].times(ref.unit)

        for step in lowering.steps:
            if step.kind == "add":
                known.append(code.add(read(step.left), read(step.right)))
            else:
                known.append(code.scale(next(factors), read(step.left)))
        return [read(ref) for ref in lowering.results]


def _block(name: str) -> tuple[Primitive, bool]:
    """Returns the primitive and whether its transpose is meant."""
    plain = name.removesuffix(TRANSPOSED)
    try:
        return PRIMITIVES.get(plain), plain != name
    except UsageError as error:
        raise ValueError(f"unknown instruction {brief(name)}") from error


def _weighted(values: list[npt.NDArray[Any]], weights: Any) -> Any:
    """Returns the sum of values times weights, real where the weights are."""
    total: Any = 0.0
    for value, weight in zip(values, weights, strict=True):
        factor = complex(weight)
        total = total + value * (factor if factor.imag else factor.real)
    return total


def _lower_sum(values: list[Ref], constants: tuple[complex, ...], code: CodeWriter) -> Ref:
    terms = [value.times(UNITS.index(unit)) for value, unit in zip(values, constants, strict=True)]
    if not terms:
        return code.zero
    total = terms[0]
    for term in terms[1:]:
        total = code.add(total, term)
    return total


FACTOR = GRAMMARS.register(FactorInstructions())
