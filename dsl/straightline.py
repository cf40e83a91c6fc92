"""Straight-line code: additions and multiplications by constants, in order.

Meaning, operation count and every code format read this form alone; nothing here knows
a primitive. A value is used through a `Ref`, which carries a free factor (a power of i,
for real code 1 or -1), so that negation and multiplication by i never are operations.

Code of formulas also has constants that are values, and functions (`dsl.scalars`) of
values. There a result that is not a finite number is invalid: nan, and all that is
computed from it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from dsl.exact_number import Exact
from dsl.scalars import SCALARS

Domain = Literal["real", "complex"]
UNITS = (1, 1j, -1, -1j)
ZERO_VALUE = -1


class Ref(NamedTuple):
    """A value times i ** unit; value -1 is the constant zero."""

    value: int
    unit: int = 0

    def times(self, unit: int) -> Ref:
        """Returns this reference times i ** unit."""
        return Ref(self.value, (self.unit + unit) % 4)


ZERO = Ref(ZERO_VALUE)


class Operation(NamedTuple):
    """One step.

    `left + right` where kind is "add", `constant * left` where it is "scale", `constant`
    alone where it is "constant", and where it is "apply" the function of that name, a
    scalar primitive, of left or of left and right.
    """

    kind: Literal["add", "scale", "constant", "apply"]
    left: Ref = ZERO
    right: Ref = ZERO
    constant: complex = 1.0
    function: str = ""

    @property
    def operands(self) -> tuple[Ref, ...]:
        """The references that this operation reads."""
        if self.kind == "add":
            return (self.left, self.right)
        if self.kind == "apply":
            return (self.left, self.right)[: SCALARS.get(self.function).arity]
        return (self.left,) if self.kind == "scale" else ()


def application(function: str, operands: Sequence[Ref]) -> Operation:
    """Returns the operation that applies a scalar primitive to one or two values."""
    left, right = (*operands, ZERO)[:2]
    return Operation("apply", left, right, function=function)


@dataclass(frozen=True, slots=True)
class Code:
    """Straight-line code: values 0 to inputs - 1 are the inputs, then one per operation.

    Raises:
        ValueError: An operation reads a value that does not exist yet, real code holds a
            factor that is not real, or complex code a function.
    """

    domain: Domain
    inputs: int
    operations: tuple[Operation, ...]
    outputs: tuple[Ref, ...]

    def __post_init__(self) -> None:
        allowed = (0, 2) if self.domain == "real" else (0, 1, 2, 3)
        for position, operation in enumerate(self.operations):
            if operation.kind in ("constant", "apply"):
                self._check_formula(position, operation)
            self._check(operation.operands, self.inputs + position, allowed)
            if self.domain == "real" and complex(operation.constant).imag != 0:
                raise ValueError(f"operation {position} of real code has a complex constant")
        self._check(self.outputs, self.inputs + len(self.operations), allowed)

    def _check_formula(self, position: int, operation: Operation) -> None:
        if self.domain != "real":
            raise ValueError(
                f"operation {position} ({operation.kind}) of complex code: expected real code"
            )
        if operation.kind == "constant" and not math.isfinite(operation.constant.real):
            raise ValueError(f"operation {position} is a constant that is not finite")
        if operation.kind == "apply" and operation.function not in SCALARS:
            known = ", ".join(SCALARS.names())
            raise ValueError(
                f"operation {position}: unknown function {operation.function!r}; known: {known}"
            )

    @property
    def is_linear(self) -> bool:
        """Whether it has additions and multiplications by constants alone."""
        return all(operation.kind in ("add", "scale") for operation in self.operations)

    @staticmethod
    def _check(refs: tuple[Ref, ...], defined: int, allowed: tuple[int, ...]) -> None:
        for ref in refs:
            if not ZERO_VALUE <= ref.value < defined:
                raise ValueError(f"value {ref.value} is read but only {defined} exist")
            if ref.unit not in allowed:
                raise ValueError(f"factor i^{ref.unit} is not allowed here")

    def execute(self, x: npt.ArrayLike) -> npt.NDArray[Any]:
        """Runs the code.

        Args:
            x: (..., inputs) real or complex; real where the code is not linear.

        Returns:
            (..., outputs) of the same kind as the data; nan where the code is not linear
            and a result, or what it needs, is not a finite number.
        """
        data = np.asarray(x)
        if data.shape[-1:] != (self.inputs,):
            raise ValueError(f"expected (..., {self.inputs}) values, got shape {data.shape}")
        if not self.is_linear:
            from dsl.formula_values import execute_formulas  # SymPy: only formulas pay for it

            return execute_formulas(self, data)
        is_real = self.domain == "real"
        dtype = np.result_type(data.dtype, np.float64 if is_real else np.complex128)
        values = [data[..., k].astype(dtype) for k in range(self.inputs)]
        zero = np.zeros(data.shape[:-1], dtype)

        def read(ref: Ref) -> npt.NDArray[Any]:
            if ref.value == ZERO_VALUE:
                return zero
            unit = UNITS[ref.unit]
            return (
                values[ref.value] * (unit.real if is_real else unit)
                if ref.unit
                else values[ref.value]
            )

        for operation in self.operations:
            if operation.kind == "add":
                values.append(read(operation.left) + read(operation.right))
            else:
                constant = operation.constant
                values.append(read(operation.left) * (constant.real if is_real else constant))
        return np.stack([read(ref) for ref in self.outputs], axis=-1)

    def linear_forms(self) -> npt.NDArray[Any]:
        """Returns what every value is: (inputs + operations, inputs) rows of coefficients.

        Raises:
            ValueError: The code is not linear.
        """
        self._expect_linear()
        dtype = np.float64 if self.domain == "real" else np.complex128
        forms = np.zeros((self.inputs + len(self.operations), self.inputs), dtype)
        forms[: self.inputs] = np.eye(self.inputs)
        for position, operation in enumerate(self.operations):
            forms[self.inputs + position] = combine(forms, operation)
        return forms

    def with_constants(self, function: Callable[[complex], complex]) -> Code:
        """Returns the code with each constant replaced by a function of it."""
        operations = tuple(
            operation._replace(constant=function(operation.constant))
            if operation.kind in ("scale", "constant")
            else operation
            for operation in self.operations
        )
        return Code(self.domain, self.inputs, operations, self.outputs)

    def matrix(self) -> npt.NDArray[Any]:
        """Returns the matrix that the code computes: (outputs, inputs).

        Raises:
            ValueError: The code is not linear.
        """
        self._expect_linear()
        return self.execute(np.eye(self.inputs)).T

    def _expect_linear(self) -> None:
        if not self.is_linear:
            raise ValueError(
                "expected linear code, got formulas: they have no matrix; execute them"
            )


class CodeWriter:
    """Writes straight-line code operation by operation."""

    zero = ZERO

    def __init__(self, domain: Domain, inputs: int) -> None:
        self.operations: list[Operation] = []
        self._domain: Domain = domain
        self._inputs = inputs

    def add(self, left: Ref, right: Ref) -> Ref:
        """Appends `left + right`."""
        return self._emit(Operation("add", left, right))

    def scale(self, constant: complex, value: Ref) -> Ref:
        """Appends `constant * value`; a constant of 1 or -1 needs no operation."""
        if constant in (1, -1):
            return value if constant == 1 else value.times(2)
        exact = constant if isinstance(constant, Exact) else complex(constant)
        return self._emit(Operation("scale", value, constant=exact))

    def constant(self, value: float) -> Ref:
        """Appends a constant that is a value."""
        return self._emit(Operation("constant", constant=float(value)))

    def apply(self, function: str, *operands: Ref) -> Ref:
        """Appends a scalar primitive of one or two values.

        Raises:
            ValueError: It takes another number of values.
        """
        arity = SCALARS.get(function).arity
        if len(operands) != arity:
            raise ValueError(f"'{function}' takes {arity} operands, got {len(operands)}")
        return self._emit(application(function, operands))

    def known_value(self, ref: Ref) -> float | None:
        """Returns the number that a reference stands for, or None if it is no constant."""
        if ref.value == ZERO_VALUE:
            return 0.0
        position = ref.value - self._inputs
        if position < 0 or self.operations[position].kind != "constant":
            return None
        number = self.operations[position].constant.real
        return -number if ref.unit else number

    def finish(self, outputs: Iterable[Ref]) -> Code:
        """Returns the code with these outputs."""
        return Code(self._domain, self._inputs, tuple(self.operations), tuple(outputs))

    def _emit(self, operation: Operation) -> Ref:
        self.operations.append(operation)
        return Ref(self._inputs + len(self.operations) - 1)


def combine(forms: npt.NDArray[Any], operation: Operation) -> npt.NDArray[Any]:
    """Returns the row of coefficients of one operation, given those of earlier values."""
    left = _form(forms, operation.left)
    if operation.kind == "add":
        return left + _form(forms, operation.right)
    constant = operation.constant
    return left * (constant if np.iscomplexobj(forms) else constant.real)


def _form(forms: npt.NDArray[Any], ref: Ref) -> npt.NDArray[Any]:
    if ref.value == ZERO_VALUE:
        return np.zeros_like(forms[0])
    factor = UNITS[ref.unit]
    return forms[ref.value] * (factor if np.iscomplexobj(forms) else factor.real)


def only_finite(values: npt.ArrayLike) -> npt.NDArray[Any]:
    """Returns real numbers as doubles, nan in place of what is not finite: the same shape.

    Raises:
        ValueError: The numbers are complex.
    """
    data = np.asarray(values)
    if np.iscomplexobj(data):
        raise ValueError("expected real numbers for a formula, got complex ones")
    with np.errstate(all="ignore"):
        doubles = data.astype(np.float64)
    return np.where(np.isfinite(doubles), doubles, np.nan)
