"""From rules to straight-line code.

A rule is lowered for one size on its own: the results of calls are inputs of that code,
their operands are outputs. Only what the result needs is written, equal operations once.
Splicing puts the code of the calls in their places.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from dsl.cost import Count, count_code
from dsl.exact_number import Exact
from dsl.grammars.recursive.families import family, matrix_in
from dsl.grammars.recursive.rule import CALL, MULTIPLY, Rule
from dsl.straightline import UNITS, ZERO, ZERO_VALUE, Code, CodeWriter, Domain, Ref
from dsl.vectors import VECTORS
from dsl.vectors.base import NOWHERE
from dsl.vectors.fields import DOUBLES, EXACTS, Field

Vector = list[Ref]
# At so many times the divisor, factors that are complex at some size are.
SEVERAL = 4


@dataclass(frozen=True, slots=True)
class Body:
    """A rule's own operations for one size.

    Attributes:
        code: Inputs: the rule's, then the results of the calls in order. Outputs: the
            result, then the operands of the calls in order.
        calls: The family and length of each call, in an order in which they can be done.
    """

    code: Code
    calls: tuple[tuple[str, int], ...]


class SharingWriter(CodeWriter):
    """Writes code in which equal operations, up to powers of i, are written once."""

    def __init__(self, domain: Domain, inputs: int) -> None:
        super().__init__(domain, inputs)
        self._known: dict[Any, Ref] = {}

    def sum(self, left: Ref, right: Ref) -> Ref:
        """Returns the sum; of nothing and a value, the value."""
        if left.value == ZERO_VALUE:
            return right
        if right.value == ZERO_VALUE:
            return left
        if left.value > right.value:
            left, right = right, left
        turn = left.unit
        key = (left.value, right.times(-turn))
        if key not in self._known:
            self._known[key] = self.add(Ref(left.value), right.times(-turn))
        return self._known[key].times(turn)

    def product(self, constant: complex, value: Ref) -> Ref:
        """Returns a constant times a value; units, and the unit of the value, are free."""
        if value.value == ZERO_VALUE or constant == 0:
            return ZERO
        for unit, number in enumerate(UNITS):
            if constant == number:
                return value.times(unit)
        turn = _quadrant(complex(constant))
        if turn:
            constant = constant * UNITS[-turn % 4]
        key = (complex(constant), value.value)
        if key not in self._known:
            self._known[key] = self.scale(constant, Ref(value.value))
        return self._known[key].times(value.unit + turn)


def _quadrant(constant: complex) -> int:
    """Returns the power of i by which a constant is off the first quadrant."""
    if constant.imag == 0:
        return 0 if constant.real > 0 else 2
    if constant.real == 0:
        return 1 if constant.imag > 0 else 3
    return {(True, True): 0, (False, True): 1, (False, False): 2, (True, False): 3}[
        constant.real > 0, constant.imag > 0
    ]


def is_real(rule: Rule) -> bool:
    """Tells whether no step has complex factors, so that real data stay real."""
    return _is_real(rule, VECTORS.edition)


@lru_cache(maxsize=1 << 10)
def _is_real(rule: Rule, edition: int) -> bool:
    n = SEVERAL * rule.divisor
    for position, step in enumerate(rule.steps):
        if step.name in (CALL, MULTIPLY):
            continue
        primitive = VECTORS.get(step.name)
        if any(unit % 2 for unit in primitive.units):
            return False
        if primitive.factor is not None:
            length = int(n * rule.ratios[rule.value(position)])
            try:
                factors = primitive.factor(DOUBLES, n, length, step.parameters)
            except ZeroDivisionError:  # such sizes cannot be done, which is another matter
                continue
            if np.iscomplexobj(factors):
                return False
    return True


def lower_rule(rule: Rule, n: int, domain: Domain, field: Field) -> Body:
    """Returns a rule's own operations for n points."""
    return _RuleLowering(rule, n, domain, field).body()


def own_count(rule: Rule, n: int, domain: Domain) -> Count:
    """Returns the operations of a rule for n points, without those of calls.

    A product of two values counts as one of data.
    """
    return _own_count(rule, n, domain, VECTORS.edition)


@lru_cache(maxsize=1 << 12)
def _own_count(rule: Rule, n: int, domain: Domain, edition: int) -> Count:
    count = count_code(lower_rule(rule, n, domain, DOUBLES).code)
    each = Count(2, 4) if domain == "complex" else Count(0, 1)
    products = [
        step
        for position, step in enumerate(rule.steps)
        if step.name == MULTIPLY and rule.used[rule.value(position)]
    ]
    total = sum(int(n * rule.ratios[step.operands[0]]) for step in products)
    return count + Count(each.additions * total, each.multiplications * total)


class _RuleLowering:
    """Lowers elements on demand, so that what nothing needs is not written."""

    def __init__(self, rule: Rule, n: int, domain: Domain, field: Field) -> None:
        self.rule, self.n, self.field = rule, n, field
        self.lengths = [int(n * ratio) for ratio in rule.ratios]
        opaque = [
            rule.value(position)
            for position, step in enumerate(rule.steps)
            if step.name in (CALL, MULTIPLY) and rule.used[rule.value(position)]
        ]
        self.opaque = opaque
        self.elements: dict[int, list[Ref | None]] = {}
        total = 0
        for value in [*range(len(rule.inputs)), *opaque]:
            self.elements[value] = [Ref(total + r) for r in range(self.lengths[value])]
            total += self.lengths[value]
        self.writer = SharingWriter(domain, total)
        self.tables: dict[int, tuple[npt.NDArray[np.intp], list[complex] | None]] = {}

    def body(self) -> Body:
        """Returns the whole body."""
        rule = self.rule
        outputs: Vector = []
        calls = []
        for value in self.opaque:
            step = rule.steps[value - len(rule.inputs)]
            for operand in step.operands:
                outputs += self.vector(operand)
            if step.name == CALL:
                calls.append((step.family, self.lengths[value]))
        result = self.vector(rule.output)
        return Body(self.writer.finish([*result, *outputs]), tuple(calls))

    def vector(self, value: int) -> Vector:
        """Returns all elements of a value."""
        self._need({value: np.ones(self.lengths[value], bool)})
        return [ref for ref in self.elements[value] if ref is not None]

    def _need(self, needed: dict[int, npt.NDArray[np.bool_]]) -> None:
        """Writes the elements that are needed: marks backwards, then writes forwards."""
        rule = self.rule
        (last,) = needed
        for value in range(last, len(rule.inputs) - 1, -1):
            mask = needed.get(value)
            if mask is None or value in self.opaque:
                continue
            places, _ = self._table(value)
            step = rule.steps[value - len(rule.inputs)]
            for operand, taken in zip(step.operands, places, strict=True):
                marks = needed.setdefault(operand, np.zeros(self.lengths[operand], bool))
                chosen = taken[mask]
                marks[chosen[chosen != NOWHERE]] = True
        for value in sorted(needed):
            if value >= len(rule.inputs) and value not in self.opaque:
                self._write(value, needed[value])

    def _table(self, value: int) -> tuple[npt.NDArray[np.intp], list[complex] | None]:
        """Returns a step's places, and its factors as constants of code."""
        if value not in self.tables:
            step = self.rule.steps[value - len(self.rule.inputs)]
            primitive = VECTORS.get(step.name)
            places = primitive.places(self.lengths[step.operands[0]], step.parameters)
            factors = None
            if primitive.factor is not None:
                length = self.lengths[value]
                numbers = primitive.factor(self.field, self.n, length, step.parameters)
                factors = constants(numbers, self.field)
            self.tables[value] = places, factors
        return self.tables[value]

    def _write(self, value: int, mask: npt.NDArray[np.bool_]) -> None:
        step = self.rule.steps[value - len(self.rule.inputs)]
        primitive = VECTORS.get(step.name)
        places, factors = self._table(value)
        row = self.elements.setdefault(value, [None] * self.lengths[value])
        for r in np.flatnonzero(mask).tolist():
            if row[r] is not None:
                continue
            total = ZERO
            for position, operand in enumerate(step.operands):
                place = int(places[position, r])
                if place != NOWHERE:
                    ref = self.elements[operand][place]
                    assert ref is not None
                    total = self.writer.sum(total, ref.times(primitive.unit(position)))
            row[r] = self.writer.product(factors[r], total) if factors else total


def constants(numbers: npt.NDArray[Any], field: Field) -> list[complex]:
    """Returns numbers of a field as constants of straight-line code."""
    if field is EXACTS:
        return [Exact(number) for number in numbers.tolist()]
    return [complex(number) for number in np.asarray(numbers, np.complex128).tolist()]


def lower_matrix(name: str, n: int, field: Field) -> Body:
    """Returns the product with a family's matrix, as the sums of products that it is."""
    matrix = matrix_in(name, n, field)
    writer = SharingWriter(family(name).domain, n)
    outputs = []
    for row in matrix:
        total = ZERO
        for column, constant in enumerate(constants(row, field)):
            total = writer.sum(total, writer.product(constant, Ref(column)))
        outputs.append(total)
    return Body(writer.finish(outputs), ())


def splice(name: str, n: int, body: Callable[[str, int], Body], domain: Domain) -> Code:
    """Returns code for n points with the code of calls in their places.

    Args:
        name: The family.
        n: The size.
        body: (family, size) -> its own operations.
        domain: Of the data.
    """
    writer = SharingWriter(domain, n)
    outputs = _spliced(writer, name, [Ref(k) for k in range(n)], body)
    return writer.finish(outputs)


def _spliced(
    writer: SharingWriter, name: str, inputs: Vector, body: Callable[[str, int], Body]
) -> Vector:
    own = body(name, len(inputs))
    code = own.code
    # Results of calls are inputs of the code; each becomes known once its operands are.
    values: list[Ref | None] = [*inputs, *[None] * (code.inputs - len(inputs))]
    pending = list(code.operations)
    values += [None] * len(pending)

    def known(ref: Ref) -> bool:
        return ref.value == ZERO_VALUE or values[ref.value] is not None

    def read(ref: Ref) -> Ref:
        if ref.value == ZERO_VALUE:
            return ZERO
        value = values[ref.value]
        assert value is not None
        return value.times(ref.unit)

    done = 0
    first, start = len(inputs), len(inputs)
    calls = []
    for called, length in own.calls:
        calls.append((called, length, first, start))
        first += length
        start += length

    def advance() -> None:
        nonlocal done
        while done < len(pending) and all(map(known, pending[done].operands)):
            operation = pending[done]
            if operation.kind == "add":
                result = writer.sum(read(operation.left), read(operation.right))
            else:
                result = writer.product(operation.constant, read(operation.left))
            values[code.inputs + done] = result
            done += 1

    advance()
    for called, length, first, start in calls:
        operands = [read(ref) for ref in code.outputs[start : start + length]]
        results = _spliced(writer, called, operands, body)
        values[first : first + length] = results
        advance()
    return [read(ref) for ref in code.outputs[: len(inputs)]]
