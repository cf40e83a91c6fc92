"""A test for C: each function against the product with the matrix."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from dsl.errors import UsageError
from dsl.program import Program
from dsl.straightline import ZERO_VALUE, Code

MOST_ENTRIES = 1 << 16  # of the matrix
MOST_COEFFICIENTS = 1 << 24  # of all values in inputs and outputs
EPSILON = {"double": float(np.finfo(np.float64).eps), "single": float(np.finfo(np.float32).eps)}


def tested_matrix(program: Program) -> str:
    """Returns the entries of the matrix as C, a row per line; complex ones as pairs.

    Raises:
        UsageError: The matrix is too large to be written down.
    """
    if program.inputs * len(program.outputs) > MOST_ENTRIES:
        raise UsageError(f"expected at most {MOST_ENTRIES} entries of the matrix for a test")
    rows = np.ascontiguousarray(program.matrix()).view(np.float64)
    return ",\n".join("    {" + ", ".join(map(repr, row.tolist())) + "}" for row in rows)


def tolerance(code: Code, precision: str) -> str:
    """Returns a bound of the largest error that rounding can make, inputs within -1 .. 1.

    Raises:
        UsageError: There is no finite bound, or it takes too long to find.
    """
    values = code.inputs + len(code.operations)
    if values * (code.inputs + len(code.outputs)) > MOST_COEFFICIENTS:
        raise UsageError("the program is too large for a test", "write it without a test")
    with np.errstate(all="ignore"):
        sizes = np.abs(code.linear_forms()).sum(axis=1)
        # One rounding of a constant, one of the operation, and the same in the product.
        bound = 4 * EPSILON[precision] * float((np.abs(_gains(code)).T @ sizes).max())
    if not math.isfinite(bound):
        raise UsageError("the program's values are too large for a test")
    return repr(bound)


def _gains(code: Code) -> npt.NDArray[np.float64]:
    """Returns how far each output follows each value: (values, outputs)."""
    gains = np.zeros((code.inputs + len(code.operations), len(code.outputs)))
    for position, ref in enumerate(code.outputs):
        if ref.value != ZERO_VALUE:
            gains[ref.value, position] = 1 - ref.unit
    for value in range(len(gains) - 1, code.inputs - 1, -1):
        step = code.operations[value - code.inputs]
        factor = step.constant.real if step.kind == "scale" else 1.0
        for ref in step.operands:
            if ref.value != ZERO_VALUE:
                gains[ref.value] += (1 - ref.unit) * factor * gains[value]
    return gains
