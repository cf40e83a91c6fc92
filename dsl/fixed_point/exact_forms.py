"""What straight-line code computes, without rounding."""

from __future__ import annotations

from fractions import Fraction
from typing import NamedTuple

from dsl.fixed_point.dyadic import Form, total, unit
from dsl.straightline import ZERO_VALUE, Code, Operation, Ref

# A constant is a double, which is so near to the exact number that it stands for.
NEAR = Fraction(1, 1 << 53)


class ExactValue(NamedTuple):
    """A value of code whose constants are doubles.

    Attributes:
        form: What it is.
        slack: How far it may be from what it is with the exact constants.
    """

    form: Form
    slack: Fraction


def exact_outputs(code: Code, largest_input: int) -> list[ExactValue]:
    """Returns the outputs of linear real code, for inputs of at most some magnitude."""
    last_reads = _last_reads(code)
    values = {k: ExactValue(unit(code.inputs, k), Fraction(0)) for k in range(code.inputs)}
    for position, operation in enumerate(code.operations):
        values[code.inputs + position] = _result(operation, values, code.inputs, largest_input)
        for ref in operation.operands:
            if last_reads.get(ref.value) == position:
                values.pop(ref.value, None)  # forms are long
    return [_read(ref, values, code.inputs) for ref in code.outputs]


def _last_reads(code: Code) -> dict[int, int]:
    """Returns the last operation that reads each value; none for outputs."""
    found = {
        ref.value: position
        for position, operation in enumerate(code.operations)
        for ref in operation.operands
    }
    for ref in code.outputs:
        found.pop(ref.value, None)
    return found


def _read(ref: Ref, values: dict[int, ExactValue], inputs: int) -> ExactValue:
    if ref.value == ZERO_VALUE:
        return ExactValue(total((), inputs), Fraction(0))
    form, slack = values[ref.value]
    return ExactValue(form.times(-1) if ref.unit else form, slack)


def _result(
    operation: Operation, values: dict[int, ExactValue], inputs: int, largest_input: int
) -> ExactValue:
    left = _read(operation.left, values, inputs)
    if operation.kind == "add":
        right = _read(operation.right, values, inputs)
        return ExactValue(total((left.form, right.form), inputs), left.slack + right.slack)
    constant = Fraction(operation.constant.real)
    size = left.form.size * largest_input + left.slack
    is_whole = constant.denominator == 1
    slack = abs(constant) * (left.slack + (0 if is_whole else NEAR * size))
    exponent = constant.denominator.bit_length() - 1
    return ExactValue(left.form.times(constant.numerator, exponent), slack)
