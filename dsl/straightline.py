"""Straight-line code: additions and multiplications by constants, in order.

Meaning, operation count and every code format read this form alone; nothing here knows
a primitive. A value is used through a `Ref`, which carries a free factor (a power of i,
for real code 1 or -1), so that negation and multiplication by i never are operations.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from dsl.exact_number import Exact

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
    """One step: `left + right`, or `constant * left` where kind is "scale"."""

    kind: Literal["add", "scale"]
    left: Ref
    right: Ref = ZERO
    constant: complex = 1.0

    @property
    def operands(self) -> tuple[Ref, ...]:
        """The references that this operation reads."""
        return (self.left, self.right) if self.kind == "add" else (self.left,)


@dataclass(frozen=True, slots=True)
class Code:
    """Straight-line code: values 0 to inputs - 1 are the inputs, then one per operation.

    Raises:
        ValueError: An operation reads a value that does not exist yet, or real code
            holds a factor that is not real.
    """

    domain: Domain
    inputs: int
    operations: tuple[Operation, ...]
    outputs: tuple[Ref, ...]

    def __post_init__(self) -> None:
        allowed = (0, 2) if self.domain == "real" else (0, 1, 2, 3)
        for position, operation in enumerate(self.operations):
            self._check(operation.operands, self.inputs + position, allowed)
            if self.domain == "real" and complex(operation.constant).imag != 0:
                raise ValueError(f"operation {position} of real code has a complex constant")
        self._check(self.outputs, self.inputs + len(self.operations), allowed)

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
            x: (..., inputs) real or complex.

        Returns:
            (..., outputs) of the same kind as the data.
        """
        data = np.asarray(x)
        if data.shape[-1:] != (self.inputs,):
            raise ValueError(f"expected (..., {self.inputs}) values, got shape {data.shape}")
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
        """Returns what every value is: (inputs + operations, inputs) rows of coefficients."""
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
            if operation.kind == "scale"
            else operation
            for operation in self.operations
        )
        return Code(self.domain, self.inputs, operations, self.outputs)

    def matrix(self) -> npt.NDArray[Any]:
        """Returns the matrix that the code computes: (outputs, inputs)."""
        return self.execute(np.eye(self.inputs)).T


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


def to_real(code: Code) -> Code:
    """Returns real code for complex code, or real code as it is.

    Complex value k becomes the real values 2 k (real part) and 2 k + 1 (imaginary part)
    among inputs and outputs. The real operations are as many as `dsl.cost` says.
    """
    if code.domain == "real":
        return code
    real = CodeWriter("real", 2 * code.inputs)
    parts = [(Ref(2 * k), Ref(2 * k + 1)) for k in range(code.inputs)]

    def read(ref: Ref) -> tuple[Ref, Ref]:
        if ref.value == ZERO_VALUE:
            return ZERO, ZERO
        re, im = parts[ref.value]
        for _ in range(ref.unit):
            re, im = im.times(2), re
        return re, im

    def product(constant: complex, re: Ref, im: Ref) -> tuple[Ref, Ref]:
        a, b = _clean(constant)
        if b == 0:
            return real.scale(a, re), real.scale(a, im)
        if a == 0:
            return real.scale(-b, im), real.scale(b, re)
        if abs(a) == abs(b):
            sign = 0 if a == b else 2
            inner = real.add(re, im.times(2 + sign)), real.add(im, re.times(sign))
            return real.scale(a, inner[0]), real.scale(a, inner[1])
        return (
            real.add(real.scale(a, re), real.scale(-b, im)),
            real.add(real.scale(b, re), real.scale(a, im)),
        )

    for operation in code.operations:
        if operation.kind == "scale":
            parts.append(product(operation.constant, *read(operation.left)))
        else:
            left, right = read(operation.left), read(operation.right)
            parts.append((real.add(left[0], right[0]), real.add(left[1], right[1])))
    outputs = [part for ref in code.outputs for part in read(ref)]
    return real.finish(outputs)


def _clean(constant: complex) -> tuple[complex, complex]:
    """Returns both components, made exactly 0, 1 or equal where they are by `dsl.cost`."""
    from dsl.cost import SAME

    parts = constant.parts() if isinstance(constant, Exact) else (constant.real, constant.imag)
    sizes = [abs(part) for part in parts]
    size = max(sizes)

    def tidy(part: complex) -> complex:
        if abs(part) <= SAME * size:
            return 0.0
        return math.copysign(1.0, part.real) if abs(abs(part) - 1) <= SAME else part

    a, b = map(tidy, parts)
    if abs(abs(a) - abs(b)) <= SAME * size:
        b = a if (a.real > 0) == (b.real > 0) else -a
    return a, b
