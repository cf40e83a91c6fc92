"""From a decoded genome to a program."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from dsl.cost import SAME
from dsl.grammars.factor.decode import Decoding
from dsl.grammars.factor.instructions import SUM, TRANSPOSED
from dsl.grammars.factor.remainder import (
    Prices,
    components,
    distinct,
    is_same,
    prices_for,
    turn,
)
from dsl.grammars.factor.steps import BlockStep, SumStep
from dsl.program import Instruction, Program
from dsl.straightline import UNITS, Domain

# Where each value of the vector is; None is zero.
Values: TypeAlias = list[int | None]


def build_program(decoding: Decoding, domain: Domain, name: str = "program") -> Program:
    """Writes stages and remainder as a program.

    Input-side steps come first, in order; then the remainder; then the output-side steps
    in the opposite order. Each run of steps from one gene is a stage.
    """
    rows, columns = decoding.shape
    remainder = decoding.remainder
    writer = _Writer(columns)
    values: Values = [*range(columns), *[None] * (remainder.shape[1] - columns)]
    for step in (s for s in decoding.steps if not s.is_output_side):
        writer.open_stage(("input", step.gene))
        if isinstance(step, BlockStep):
            _apply(writer, values, step)
        else:
            _sum_up(writer, values, step)
    writer.open_stage(("remainder", 0))
    values = _remainder(writer, remainder, values, prices_for(domain == "complex"))
    for step in (s for s in reversed(decoding.steps) if s.is_output_side):
        writer.open_stage(("output", step.gene))
        if isinstance(step, BlockStep):
            _apply(writer, values, step)
        else:
            _feed(writer, values, step)
    outputs = tuple(writer.present(value) for value in values[:rows])
    return Program("factor", domain, columns, tuple(writer.instructions), outputs, name)


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

    def present(self, value: int | None) -> int:
        """Returns a value; zero, the sum of nothing, is written where it is needed."""
        return self.emit(SUM, [], [], 1) if value is None else value

    def combine(self, terms: list[tuple[int, complex]]) -> int | None:
        """Adds values times units; a single value times 1 needs no instruction."""
        if not terms:
            return None
        if len(terms) == 1 and terms[0][1] == 1:
            return terms[0][0]
        return self.emit(SUM, [v for v, _ in terms], [u for _, u in terms], 1)

    def scale(self, value: int, constant: complex) -> int:
        """Multiplies by a constant; a constant of 1 needs no instruction."""
        return value if constant == 1 else self.emit("scale", [value], [constant], 1)


def _apply(writer: _Writer, values: Values, step: BlockStep) -> None:
    """Replaces the values at a place by a block's results; an identity needs nothing."""
    matrix: npt.NDArray[Any] = np.array(step.primitive.rows(step.parameter))
    if np.allclose(matrix, np.eye(len(matrix)), rtol=0, atol=SAME):
        return
    name = step.primitive.name + (TRANSPOSED if step.is_output_side else "")
    operands = [writer.present(values[k]) for k in step.place]
    constants = [step.parameter] * step.primitive.parameters
    first = writer.emit(name, operands, constants, len(step.place))
    for offset, k in enumerate(step.place):
        values[k] = first + offset


def _sum_up(writer: _Writer, values: Values, step: SumStep) -> None:
    """Makes the new value of a sum of inputs."""
    terms = [
        _term(writer, writer.present(values[k]), f)
        for k, f in zip(step.members, step.factors, strict=True)
    ]
    values[step.value] = writer.combine(terms)


def _feed(writer: _Writer, values: Values, step: SumStep) -> None:
    """Adds the value of a sum to the outputs that share it."""
    shared = values[step.value]
    if shared is None:
        return
    for k, factor in zip(step.members, step.factors, strict=True):
        old = values[k]
        term = _term(writer, shared, factor)
        values[k] = writer.combine([term] if old is None else [(old, 1 + 0j), term])


def _term(writer: _Writer, value: int, factor: complex) -> tuple[int, complex]:
    """Returns a value times a factor as a value times a unit."""
    for unit in UNITS:
        if is_same(factor, unit):
            return value, unit
    return writer.scale(value, factor), 1 + 0j


def _split(entry: complex, constants: list[complex]) -> tuple[int, complex]:
    """Writes an entry as (position among distinct constants, unit)."""
    canonical = complex(turn(np.array([entry]), 4)[0])
    position = next(k for k, c in enumerate(constants) if is_same(c, canonical))
    ratio = entry / canonical
    return position, min(UNITS, key=lambda unit: abs(unit - ratio))


def _remainder(
    writer: _Writer, remainder: npt.NDArray[Any], values: Values, prices: Prices
) -> Values:
    """Computes each component the cheaper way: sums first, or products first."""
    outputs: Values = [None] * len(remainder)
    for part in components(remainder, prices):
        block = remainder[np.ix_(part.rows, part.columns)]
        inputs = [writer.present(values[column]) for column in part.columns]
        compute = _sums_first if part.by_rows else _products_first
        for row, value in zip(part.rows, compute(writer, block, inputs), strict=True):
            outputs[row] = value
    return outputs


def _sums_first(writer: _Writer, block: npt.NDArray[Any], values: list[int]) -> Values:
    """Computes each row as a sum of constants times signed sums."""
    outputs: Values = []
    for row in block:
        constants = _tidy(distinct(row))
        groups: list[list[tuple[int, complex]]] = [[] for _ in constants]
        for column in np.flatnonzero(row):
            position, unit = _split(complex(row[column]), constants)
            groups[position].append((values[column], unit))
        terms = [
            (writer.scale(writer.present(writer.combine(group)), constant), 1 + 0j)
            for group, constant in zip(groups, constants, strict=True)
        ]
        outputs.append(writer.combine(terms))
    return outputs


def _products_first(writer: _Writer, block: npt.NDArray[Any], values: list[int]) -> Values:
    """Computes each row as a signed sum of products that rows share."""
    terms: list[list[tuple[int, complex]]] = [[] for _ in block]
    for value, column in zip(values, block.T, strict=True):
        constants = _tidy(distinct(column))
        products = [writer.scale(value, constant) for constant in constants]
        for row in np.flatnonzero(column):
            position, unit = _split(complex(column[row]), constants)
            terms[row].append((products[position], unit))
    return [writer.combine(row) for row in terms]


def _tidy(constants: list[complex]) -> list[complex]:
    """Makes constants that are one within tolerance exactly one."""
    return [1 + 0j if is_same(c, 1.0) else c for c in constants]
