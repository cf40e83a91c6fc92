"""What straight-line code costs besides operations: depth, values alive, constants."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate

from dsl.cost import scale_count
from dsl.straightline import ZERO_VALUE, Code, Operation


@dataclass(frozen=True, slots=True)
class Metrics:
    """Measures of straight-line code; of real code, what a machine does.

    Attributes:
        depth: Operations on the longest chain from an input to an output, each reading the
            result of the one before. What `dsl.cost` counts as free lengthens no chain.
        live_values: Most values alive at once, at the start or after an operation. An
            input is alive from the start, any other value from its operation, until the
            last operation that reads it, whose result may take its place; an output is
            alive to the end. Zero and constants of formulas take no place.
        constants: Distinct constants of multiplications that are not free, and those of
            formulas that are values; those that differ by a free factor only are one.
    """

    depth: int
    live_values: int
    constants: int


def measure(code: Code) -> Metrics:
    """Measures straight-line code in the order in which it stands."""
    return Metrics(_depth(code), max(_live_values(code)), len(set(_constants(code))))


def _depth(code: Code) -> int:
    depths = dict.fromkeys(range(ZERO_VALUE, code.inputs), 0)
    for value, operation in enumerate(code.operations, code.inputs):
        before = max((depths[ref.value] for ref in operation.operands), default=0)
        depths[value] = before + _is_counted(operation, code)
    return max(depths[ref.value] for ref in code.outputs)


def _is_counted(operation: Operation, code: Code) -> bool:
    if operation.kind != "scale":
        return operation.kind != "constant"
    return scale_count(operation.constant, code.domain == "complex").operations > 0


def _live_values(code: Code) -> Iterator[int]:
    """Yields the number of values alive at the start and after each operation."""
    ends = dict.fromkeys(range(code.inputs), 1)
    for position, operation in enumerate(code.operations, 1):
        ends |= {ref.value: position for ref in operation.operands}
        ends[code.inputs + position - 1] = position + 1
    ends |= {ref.value: len(code.operations) + 1 for ref in code.outputs}
    is_constant = [operation.kind == "constant" for operation in code.operations]
    changes = [code.inputs] + [int(not constant) for constant in is_constant] + [0]
    for value, end in ends.items():
        if value != ZERO_VALUE and not (value >= code.inputs and is_constant[value - code.inputs]):
            changes[end] -= 1
    yield from accumulate(changes[:-1])


def _constants(code: Code) -> Iterator[tuple[float, float]]:
    for operation in code.operations:
        if operation.kind == "constant" or (
            operation.kind == "scale" and _is_counted(operation, code)
        ):
            re, im = operation.constant.real, operation.constant.imag
            yield max((re, im), (-im, re), (-re, -im), (im, -re))
