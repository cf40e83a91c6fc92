"""What formulas compute: real numbers, or nan where something on the way is no number."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from dsl.scalars.derived import derive_scalar
from dsl.straightline import ZERO_VALUE, Code, Ref, only_finite


def execute_formulas(code: Code, data: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Runs code of formulas: (..., inputs) -> (..., outputs), nan where they are invalid."""
    values = list(np.moveaxis(only_finite(data), -1, 0))
    zero = np.zeros(data.shape[:-1])

    def read(ref: Ref) -> npt.NDArray[Any]:
        value = zero if ref.value == ZERO_VALUE else values[ref.value]
        return -value if ref.unit else value

    with np.errstate(all="ignore"):
        for operation in code.operations:
            operands = [read(ref) for ref in operation.operands]
            if operation.kind == "add":
                result = operands[0] + operands[1]
            elif operation.kind == "scale":
                result = operands[0] * operation.constant.real
            elif operation.kind == "constant":
                result = zero + operation.constant.real
            else:
                result = derive_scalar(operation.function).numpy(*operands)
            values.append(only_finite(result))
    return np.stack([read(ref) for ref in code.outputs], axis=-1)
