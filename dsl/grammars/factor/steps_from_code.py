"""From straight-line code to the steps of a decoding, where steps can express it.

A pair of operations that makes sum and difference of two values which nothing else reads is
a butterfly in place. Any other operation is a shared sum. A row that takes such a sum finds
its weight in the entry of one member, so that for every row one member must not be read
later on; code for which that is not so has no such steps.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from dsl.grammars.factor.decode import Decoding, PartialDecoding
from dsl.grammars.factor.steps import BlockStep, Step, SumStep
from dsl.primitives import PRIMITIVES
from dsl.straightline import UNITS, ZERO_VALUE, Code

# Weights below it are rounding errors of zero.
ZERO = 1e-12

Sources = list[tuple[int, ...] | None]


def decoding_from_code(code: Code, matrix: npt.NDArray[Any]) -> Decoding | None:
    """Writes linear code as steps that are moved out of its matrix.

    Returns:
        The decoding; None if steps cannot express the code.
    """
    refs = [ref for operation in code.operations for ref in operation.operands]
    if any(ref.value == ZERO_VALUE for ref in (*refs, *code.outputs)):
        return None
    pairs = _pairs(code)
    sources = _sources(code)
    paired = {*pairs, *pairs.values()}
    if any(found is None and place not in paired for place, found in enumerate(sources)):
        return None
    working = PartialDecoding.start(matrix, code.domain == "complex")
    writer = _StepWriter(code, pairs, sources, working)
    for place in range(len(code.operations)):
        writer.write(place)
    return working.result(writer.genes)


def _readers(code: Code) -> dict[int, list[int]]:
    """Returns the operations that read each value; an output is read once more, by none."""
    readers: dict[int, list[int]] = {}
    for place, operation in enumerate(code.operations):
        for ref in operation.operands:
            readers.setdefault(ref.value, []).append(place)
    for ref in code.outputs:
        readers.setdefault(ref.value, []).append(-1)
    return readers


def _pairs(code: Code) -> dict[int, int]:
    """Returns the operations that are the sum of a butterfly, with the difference of each."""
    readers = _readers(code)
    pairs = {}
    for place, operation in enumerate(code.operations):
        if operation.kind != "add" or operation.left.value == operation.right.value:
            continue
        (a, u), (b, v) = sorted(operation.operands)
        if len(readers[a]) != 2 or readers[a] != readers[b] or readers[a][0] != place:
            continue
        other = readers[a][1]
        if other < 0 or code.operations[other].kind != "add":
            continue
        (_, s), (_, t) = sorted(code.operations[other].operands)
        if (t - s) % 4 == (v - u + 2) % 4:
            pairs[place] = other
    return pairs


def _sources(code: Code) -> Sources:
    """Returns for each operation and row which operand the row's weight is read from.

    -1 where the row does not use it; None for an operation of which no operand will do.
    """
    dtype = np.complex128 if code.domain == "complex" else np.float64
    rows, total = len(code.outputs), code.inputs + len(code.operations)
    weights = np.zeros((rows, total), dtype)
    units = np.array(UNITS)

    def unit(power: int) -> Any:
        return units[power] if code.domain == "complex" else units[power].real

    for row, ref in enumerate(code.outputs):
        weights[row, ref.value] += unit(ref.unit)
    found: Sources = []
    for place in reversed(range(len(code.operations))):
        operation = code.operations[place]
        own = weights[:, code.inputs + place]
        # What rows make of the operands after this operation.
        later = np.abs(weights[:, [ref.value for ref in operation.operands]]) > ZERO
        is_used = np.abs(own) > ZERO
        first = np.argmin(later, axis=1)
        is_possible = not (later.all(axis=1) & is_used).any()
        chosen = np.where(is_used, first, -1)
        found.append(tuple(chosen.tolist()) if is_possible else None)
        constant = operation.constant if operation.kind == "scale" else 1.0
        factor = complex(constant) if code.domain == "complex" else constant.real
        for ref in operation.operands:
            weights[:, ref.value] += own * factor * unit(ref.unit)
    return found[::-1]


class _StepWriter:
    """Writes operation after operation; values lie in columns, times powers of i."""

    def __init__(
        self, code: Code, pairs: dict[int, int], sources: Sources, working: PartialDecoding
    ) -> None:
        self._code, self._pairs, self._sources = code, pairs, sources
        self._working = working
        self._places = {k: (k, 0) for k in range(code.inputs)}
        self._readers = _readers(code)
        self._written: set[int] = set()
        self.genes = 0

    def _apply(self, step: Step) -> None:
        self._working.apply(step)
        self.genes += 1

    def write(self, place: int) -> None:
        """Writes an operation, and with the sum of a butterfly its difference."""
        if place in self._written:
            return
        operation = self._code.operations[place]
        columns, powers = [], []
        for ref in sorted(operation.operands):
            column, power = self._places[ref.value]
            columns.append(column)
            powers.append((power + ref.unit) % 4)
        value = self._code.inputs + place
        if place in self._pairs:
            self._butterfly(value, columns, powers, self._pairs[place])
            return
        constant = complex(operation.constant) if operation.kind == "scale" else 1
        factors = [constant * UNITS[power] for power in powers]
        is_last = self._readers[operation.left.value] == [place]
        if operation.kind == "scale" and is_last:
            scale = PRIMITIVES.get("scale")
            self._apply(BlockStep(scale, False, tuple(columns), complex(factors[0]), self.genes))
            self._places[value] = columns[0], 0
            return
        self._sum(value, place, columns, factors, operation.operands)

    def _butterfly(self, value: int, columns: list[int], powers: list[int], other: int) -> None:
        turn = (powers[1] - powers[0]) % 4
        butterfly = PRIMITIVES.get("butterfly")
        parameter = complex(UNITS[turn])
        self._apply(BlockStep(butterfly, False, tuple(columns), parameter, self.genes))
        self._places[value] = columns[0], powers[0]
        first = min(self._code.operations[other].operands)
        power = (self._places[first.value][1] + first.unit) % 4
        self._places[self._code.inputs + other] = columns[1], power
        self._written.add(other)

    def _sum(
        self, value: int, place: int, columns: list[int], factors: list[complex], operands: Any
    ) -> None:
        found = self._sources[place]
        assert found is not None
        order = sorted(range(len(operands)), key=lambda k: operands[k])
        moved = tuple(order.index(k) if k >= 0 else -1 for k in found)
        column = self._working.remainder.shape[1]
        members, parts = tuple(columns), tuple(map(complex, factors))
        self._apply(SumStep(False, column, members, parts, moved, self.genes))
        self._places[value] = column, 0
