"""The instructions of the `expression` grammar: scalar primitives and constants.

The name of a scalar primitive applies it to its operands, one or two; `constant` makes a
value of its one constant. Each has one result. What is not a finite number is nan.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from dsl.grammars.base import GRAMMARS
from dsl.registry import brief
from dsl.scalars import SCALARS
from dsl.straightline import CodeWriter, Ref, only_finite

CONSTANT = "constant"


class ExpressionInstructions:
    """Scalar primitives and constants."""

    name = "expression"
    is_linear = False

    def results(self, name: str, operands: int, constants: tuple[complex, ...]) -> int:
        """Returns how many values an instruction defines: one."""
        if name != CONSTANT and name not in SCALARS:
            raise ValueError(f"unknown instruction {brief(name)}")
        arity, numbers = (0, 1) if name == CONSTANT else (SCALARS.get(name).arity, 0)
        if (operands, len(constants)) != (arity, numbers):
            raise ValueError(
                f"'{name}' takes {arity} operands and {numbers} constants, "
                f"got {operands} and {len(constants)}"
            )
        if any(constant.imag for constant in constants):
            raise ValueError("the constants of formulas must be real")
        return 1

    def needs_complex(self, name: str) -> bool:
        """Tells that nothing is complex."""
        return False

    def execute(
        self, name: str, values: list[npt.NDArray[Any]], constants: tuple[complex, ...]
    ) -> list[npt.NDArray[Any]]:
        """Computes an instruction's result on batches."""
        if name == CONSTANT:
            return [np.array(constants[0].real)]
        from dsl.scalars.derived import derive_scalar  # SymPy: only who executes pays for it

        with np.errstate(all="ignore"):
            return [only_finite(derive_scalar(name).numpy(*values))]

    def lower(
        self, name: str, values: list[Ref], constants: tuple[complex, ...], code: CodeWriter
    ) -> list[Ref]:
        """Writes an instruction as straight-line code.

        Sums and negatives become additions and free factors, products with a constant
        multiplications by it; functions of constants alone are computed here.
        """
        if name == CONSTANT:
            return [code.constant(constants[0].real)]
        return [lower_function(name, values, code)]


def lower_function(name: str, values: list[Ref], code: CodeWriter) -> Ref:
    """Writes a scalar primitive of values as straight-line code."""
    known = [code.known_value(ref) for ref in values]
    numbers = [number for number in known if number is not None]
    if len(numbers) == len(values):
        result = value_at(name, numbers)
        if math.isfinite(result):
            return code.constant(result)
    if name == "negate":
        return values[0].times(2)
    if name in ("add", "subtract"):
        return code.add(values[0], values[1].times(2 if name == "subtract" else 0))
    if name == "multiply" and numbers:
        number, factor = numbers[0], values[1] if known[0] is not None else values[0]
        return code.scale(number, factor)
    return code.apply(name, *values)


def value_at(name: str, numbers: list[float]) -> float:
    """Returns a scalar primitive of numbers; nan or infinity where it is invalid."""
    from dsl.scalars.derived import derive_scalar  # SymPy: only who asks pays for its import

    with np.errstate(all="ignore"):
        return float(derive_scalar(name).numpy(*map(np.float64, numbers)))


EXPRESSION = GRAMMARS.register(ExpressionInstructions())
