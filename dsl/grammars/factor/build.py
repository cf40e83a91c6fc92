"""From a decoded genome to a program."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from dsl.cost import SAME
from dsl.grammars.factor.decode import Decoding, Step
from dsl.grammars.factor.instructions import SUM, TRANSPOSED
from dsl.grammars.factor.remainder import distinct, is_same, prices_for, remainder_cost, turn
from dsl.program import Instruction, Program
from dsl.straightline import UNITS, Domain


def build_program(decoding: Decoding, domain: Domain, name: str = "program") -> Program:
    """Writes stages and remainder as a program.

    Input-side steps come first, in order; then the remainder; then the output-side steps
    in the opposite order. Each run of steps from one gene is a stage.
    """
    columns = decoding.remainder.shape[1]
    writer = _Writer(columns)
    values = list(range(columns))
    for step in (s for s in decoding.steps if not s.is_output_side):
        writer.open_stage(("input", step.gene))
        _apply(writer, values, step)
    prices = prices_for(domain == "complex")
    by_rows = remainder_cost(decoding.remainder, prices).by_rows
    writer.open_stage(("remainder", 0))
    values = (_sums_first if by_rows else _products_first)(writer, decoding.remainder, values)
    for step in (s for s in reversed(decoding.steps) if s.is_output_side):
        writer.open_stage(("output", step.gene))
        _apply(writer, values, step)
    instructions = tuple(writer.instructions)
    return Program("factor", domain, columns, instructions, tuple(values), name)


class _Writer:
    def __init__(self, inputs: int) -> None:
        self.instructions: list[Instruction] = []
        self._defined = inputs
        self._stages: list[tuple[str, int]] = []

    def open_stage(self, key: tuple[str, int]) -> None:
        if not self._stages or self._stages[-1] != key:
            self._stages.append(key)

    def emit(self, name: str, operands: list[int], constants: list[complex], results: int) -> int:
        """Adds an instruction; returns the number of its first result."""
        stage = len(self._stages) - 1
        self.instructions.append(Instruction(name, tuple(operands), tuple(constants), stage))
        self._defined += results
        return self._defined - results

    def combine(self, terms: list[tuple[int, complex]]) -> int:
        """Adds values times units; a single value times 1 needs no instruction."""
        if len(terms) == 1 and terms[0][1] == 1:
            return terms[0][0]
        return self.emit(SUM, [v for v, _ in terms], [u for _, u in terms], 1)

    def scale(self, value: int, constant: complex) -> int:
        """Multiplies by a constant; a constant of 1 needs no instruction."""
        return value if constant == 1 else self.emit("scale", [value], [constant], 1)


def _apply(writer: _Writer, values: list[int], step: Step) -> None:
    """Replaces the values at a place by a block's results; an identity needs nothing."""
    matrix: npt.NDArray[Any] = np.array(step.primitive.matrix(step.parameter))
    if np.allclose(matrix, np.eye(len(matrix)), rtol=0, atol=SAME):
        return
    name = step.primitive.name + (TRANSPOSED if step.is_output_side else "")
    first = writer.emit(name, [values[k] for k in step.place], [step.parameter], len(step.place))
    for offset, k in enumerate(step.place):
        values[k] = first + offset


def _split(entry: complex, constants: list[complex]) -> tuple[int, complex]:
    """Writes an entry as (position among distinct constants, unit)."""
    canonical = complex(turn(np.array([entry]), 4)[0])
    position = next(k for k, c in enumerate(constants) if is_same(c, canonical))
    ratio = entry / canonical
    return position, min(UNITS, key=lambda unit: abs(unit - ratio))


def _sums_first(writer: _Writer, remainder: npt.NDArray[Any], values: list[int]) -> list[int]:
    """Computes each row as a sum of constants times signed sums."""
    outputs = []
    for row in remainder:
        constants = _tidy(distinct(row))
        groups: list[list[tuple[int, complex]]] = [[] for _ in constants]
        for column in np.flatnonzero(row):
            position, unit = _split(complex(row[column]), constants)
            groups[position].append((values[column], unit))
        terms = [
            (writer.scale(writer.combine(group), constant), 1 + 0j)
            for group, constant in zip(groups, constants, strict=True)
        ]
        outputs.append(writer.combine(terms))
    return outputs


def _products_first(writer: _Writer, remainder: npt.NDArray[Any], values: list[int]) -> list[int]:
    """Computes each row as a signed sum of products that rows share."""
    terms: list[list[tuple[int, complex]]] = [[] for _ in remainder]
    for value, column in zip(values, remainder.T, strict=True):
        constants = _tidy(distinct(column))
        products = [writer.scale(value, constant) for constant in constants]
        for row in np.flatnonzero(column):
            position, unit = _split(complex(column[row]), constants)
            terms[row].append((products[position], unit))
    return [writer.combine(row) for row in terms]


def _tidy(constants: list[complex]) -> list[complex]:
    """Makes constants that are one within tolerance exactly one."""
    return [1 + 0j if is_same(c, 1.0) else c for c in constants]
