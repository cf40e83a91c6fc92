"""From straight-line code to sums of products that are rounded once.

A value that is used once, in a sum, is not rounded: its terms become terms of that sum, if
a wide word holds it. Formats are chosen one value after the other, as fine as the bound of
its magnitude allows. Magnitudes are computed in floating point here; `proof` decides.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from dsl.errors import DataError
from dsl.fixed_point.fixed_program import FixedProgram, Step, Term
from dsl.fixed_point.rounding import Draft, Product, Value, plan, rounded_operands
from dsl.fixed_point.words import Words
from dsl.program import Program
from dsl.straightline import ZERO_VALUE, Code, Operation, Ref


def draft(program: Program, words: Words, is_common: bool) -> FixedProgram:
    """Returns a program of whole numbers, not proved yet.

    Args:
        program: Linear.
        words: Sizes of the numbers.
        is_common: All outputs have the same format.

    Raises:
        DataError: A value of the program is not finite.
    """
    return _Drafter(program, words).run(is_common)


class _Drafter:
    """Values that are written, and drafts of those that wait for their only use."""

    def __init__(self, program: Program, words: Words) -> None:
        self._program, self._words = program, words
        self._code = program.code
        self._sizes = _sizes(self._code, words.largest_input)
        self._reads = Counter(r.value for o in self._code.operations for r in o.operands)
        self._is_output = {ref.value for ref in self._code.outputs}
        exact = Value(0, words.largest_input, float(words.largest_input), 0.0)
        self._values = [exact] * self._code.inputs
        self._steps: list[Step] = []
        self._places = {k: k for k in range(self._code.inputs)}
        self._waiting: dict[int, Draft] = {}

    def run(self, is_common: bool) -> FixedProgram:
        for value, operation in enumerate(self._code.operations, self._code.inputs):
            size = float(self._sizes[value])
            self._waiting[value] = Draft(self._products(operation, size), size)
            is_only_output = not self._reads[value]
            if not is_only_output and (self._reads[value] > 1 or value in self._is_output):
                self._place(value)
        bits = self._common_bits() if is_common else None
        outputs = tuple(self._output(ref, bits) for ref in self._code.outputs)
        return self._without_unused(outputs)

    def _without_unused(self, outputs: tuple[int, ...]) -> FixedProgram:
        """Returns the program of the steps that the outputs need."""
        inputs, needed = self._code.inputs, set(outputs)
        for value in reversed(range(inputs, len(self._values))):
            if value in needed:
                needed.update(term.value for term in self._steps[value - inputs].terms)
        kept = [value for value in range(inputs, len(self._values)) if value in needed]
        names = {value: k for k, value in enumerate([*range(inputs), *kept])}
        steps = (
            replace(step, terms=tuple(t._replace(value=names[t.value]) for t in step.terms))
            for step in (self._steps[value - inputs] for value in kept)
        )
        outputs = tuple(names[value] for value in outputs)
        return FixedProgram(self._program, self._words, tuple(steps), outputs)

    def _products(self, operation: Operation, size: float) -> tuple[Product, ...]:
        """Returns the terms of an operation, those of waiting operands if that is good."""
        if operation.kind == "scale":
            return self._read(operation.left, operation.constant, is_placed=True)
        for placed in ((), (operation.right,), operation.operands):
            for ref in placed:
                if ref.value != ZERO_VALUE:
                    self._place(ref.value)
            products = tuple(p for ref in operation.operands for p in self._read(ref))
            if plan(products, self._values, self._words).is_good(size):
                break
        return products

    def _read(
        self, ref: Ref, constant: complex = 1.0, is_placed: bool = False
    ) -> tuple[Product, ...]:
        """Returns the terms of constant times a value."""
        if ref.value == ZERO_VALUE:
            return ()
        sign = -1 if ref.unit else 1
        if not is_placed and ref.value in self._waiting:
            return tuple(p._replace(sign=p.sign * sign) for p in self._waiting[ref.value].products)
        if constant.real < 0:
            constant, sign = -constant, -sign
        return (Product(self._place(ref.value), sign, constant),)

    def _place(self, value: int, bits: int | None = None) -> int:
        """Returns the number of a value in the fixed program, where it is written now."""
        if value not in self._places:
            self._places[value] = self._write(self._waiting.pop(value), bits)
        return self._places[value]

    def _write(self, waiting: Draft, bits: int | None = None) -> int:
        """Appends a step for a draft, and before it one for each operand that is too fine."""
        products = []
        made = plan(waiting.products, self._values, self._words, bits)
        for product, shift in rounded_operands(made, self._values):
            place = self._rounded(product.place, shift) if shift else product.place
            if self._values[place].magnitude:
                products.append(product._replace(place=place))
        made = plan(products, self._values, self._words, bits)
        return self._append(*made.step(waiting.size, bits))

    def _rounded(self, place: int, shift: int) -> int:
        """Appends a step that rounds a value by so many bits."""
        source = self._values[place]
        step = Step((Term(place, 1),), shift, source.fraction_bits - shift)
        return self._append(step, source.shifted(shift))

    def _append(self, step: Step, value: Value) -> int:
        """Appends a step; one that is zero for all inputs needs no terms."""
        reach = sum(abs(t.multiplier) * self._values[t.value].magnitude for t in step.terms)
        if reach < (1 << step.shift) >> 1 or not reach:
            step = Step((), 0, step.fraction_bits)
        self._steps.append(step)
        self._values.append(value)
        return len(self._values) - 1

    def _common_bits(self) -> int:
        """Returns the finest format that all outputs can have."""
        written = [
            self._waiting_value(ref.value) for ref in self._code.outputs if ref.value != ZERO_VALUE
        ]
        most = [
            value.fraction_bits + (self._words.largest // value.magnitude).bit_length() - 1
            for value in written
            if value.magnitude
        ]
        return min(min(most), max(v.fraction_bits for v in written)) if most else 0

    def _waiting_value(self, value: int) -> Value:
        if value in self._places:
            return self._values[self._places[value]]
        waiting = self._waiting[value]
        return plan(waiting.products, self._values, self._words).step(waiting.size)[1]

    def _output(self, ref: Ref, bits: int | None) -> int:
        """Returns the number of an output's value, in its format and with its sign."""
        if ref.value == ZERO_VALUE:
            return self._append(Step((), 0, bits or 0), Value(bits or 0, 0, 0.0, 0.0))
        uses = sum(other.value == ref.value for other in self._code.outputs)
        if ref.value in self._waiting and uses == 1:
            return self._write(Draft(self._read(ref), self._waiting[ref.value].size), bits)
        place = self._place(ref.value, bits)
        value = self._values[place]
        if not ref.unit and bits in (None, value.fraction_bits):
            return place
        return self._write(Draft(self._read(ref), value.size), bits)


def _sizes(code: Code, largest_input: int) -> npt.NDArray[np.float64]:
    """Returns the largest magnitude of each value: (values,) float64.

    Raises:
        DataError: It is not finite.
    """
    with np.errstate(all="ignore"):
        sizes = np.abs(code.linear_forms()).sum(axis=1) * largest_input
    if not np.isfinite(sizes).all():
        raise DataError("the program has values that are too large for numbers")
    return sizes
