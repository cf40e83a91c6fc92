"""Straight-line code with as few negations as possible: differences instead."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from dsl.straightline import Code, Operation, Ref

NEGATIVE = (2, 3)  # powers of i that are written with a minus sign


def with_few_negations(code: Code) -> Code:
    """Returns the same operations with positive constants and, if possible, positive operands.

    A value may come out with the other sign; whoever reads it turns it back. Of a
    difference only the second operand is negative.
    """
    turns = [0] * code.inputs
    operations: list[Operation] = []

    def read(ref: Ref) -> Ref:
        return ref if ref.value < 0 else ref.times(turns[ref.value])

    for operation in code.operations:
        left, right = read(operation.left), read(operation.right)
        if operation.kind == "apply":
            written, turn = operation._replace(left=left, right=right), 0
        elif operation.kind == "constant":
            turn = 2 if is_negative(operation.constant) else 0
            written = operation._replace(constant=abs(operation.constant))
        else:
            tidy = _product if operation.kind == "scale" else _sum
            written, turn = tidy(left, right, operation.constant)
        operations.append(written)
        turns.append(turn)
    outputs = tuple(map(read, code.outputs))
    return _turn_differences(replace(code, operations=tuple(operations), outputs=outputs))


def _sum(left: Ref, right: Ref, _: complex) -> tuple[Operation, int]:
    """Returns a sum, and by which power of i the result has to be multiplied."""
    if left.unit in NEGATIVE and right.unit in NEGATIVE:
        return Operation("add", left.times(2), right.times(2)), 2
    if left.unit in NEGATIVE:
        left, right = right, left
    return Operation("add", left, right), 0


def _product(left: Ref, _: Ref, constant: complex) -> tuple[Operation, int]:
    turn = 0
    if is_negative(constant):
        constant, turn = -constant + 0j, 2  # adding zero turns -0.0 into 0.0
    if left.unit in NEGATIVE:
        left, turn = left.times(2), 2 - turn
    return Operation("scale", left, constant=constant), turn


def is_negative(constant: complex) -> bool:
    """Tells which one of a constant and its negative is written with a minus sign."""
    return constant.real < 0 or (constant.real == 0 and constant.imag < 0)


def _turn_differences(code: Code) -> Code:
    """Writes b - a where a - b serves nothing but an output with a minus sign."""
    uses = Counter(ref.value for operation in code.operations for ref in operation.operands)
    uses.update(ref.value for ref in code.outputs)
    operations, outputs = list(code.operations), list(code.outputs)
    for k, ref in enumerate(code.outputs):
        position = ref.value - code.inputs
        if position < 0 or ref.unit not in NEGATIVE or uses[ref.value] > 1:
            continue
        operation = operations[position]
        if operation.kind != "add":
            continue
        if operation.right.unit in NEGATIVE and operation.left.unit not in NEGATIVE:
            left, right = operation.right.times(2), operation.left.times(2)
            operations[position] = operation._replace(left=left, right=right)
            outputs[k] = ref.times(2)
    return replace(code, operations=tuple(operations), outputs=tuple(outputs))
