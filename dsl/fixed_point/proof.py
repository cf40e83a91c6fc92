"""The proof that no value overflows, in whole numbers and fractions alone.

It reads the steps of a fixed-point program, and nothing of how they were chosen. A value is
a linear form of the inputs plus an error of its roundings; the form's largest magnitude is
the sum of its coefficients' magnitudes times the largest input.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import accumulate

from dsl.errors import EvosynthError
from dsl.fixed_point.dyadic import Form, halved, total, unit
from dsl.fixed_point.exact_forms import exact_outputs
from dsl.fixed_point.fixed_program import FixedProgram, Step, Term

HALF = Fraction(1, 2)


class UnprovedError(EvosynthError):
    """A fixed-point program of which some value may overflow."""


@dataclass(frozen=True, slots=True)
class Proof:
    """What is certain for every input in range.

    Attributes:
        magnitudes: The largest magnitude of each value, inputs first.
        error_bounds: The largest error of each output, in units of the inputs.
    """

    magnitudes: tuple[int, ...]
    error_bounds: tuple[Fraction, ...]

    def last_places(self, fixed: FixedProgram) -> list[Fraction]:
        """Returns the largest error of each output in units of its last place."""
        pairs = zip(self.error_bounds, fixed.output_bits, strict=True)
        return [halved(error, -bits) for error, bits in pairs]


@dataclass(frozen=True, slots=True)
class _Value:
    """What is known of a value.

    Attributes:
        form: What it is without roundings.
        error: The largest magnitude of what they add.
        magnitude: The largest magnitude.
    """

    form: Form
    error: Fraction
    magnitude: int


def prove_no_overflow(fixed: FixedProgram) -> Proof:
    """Returns the largest magnitudes, and the largest errors of the outputs.

    Every product, every partial sum with the half that is added before a shift, and every
    value is looked at. A product counts as the next power of two, so that it may be written
    as shifts and additions.

    Raises:
        UnprovedError: Something may overflow.
    """
    words, inputs = fixed.words, fixed.inputs
    reads = Counter(term.value for step in fixed.steps for term in step.terms)
    kept = set(fixed.outputs)
    values: dict[int, _Value] = {
        k: _Value(unit(inputs, k), Fraction(0), words.largest_input) for k in range(inputs)
    }
    magnitudes = [words.largest_input] * inputs
    for position, step in enumerate(fixed.steps, inputs):
        result = _result(step, values, fixed, position)
        if result.magnitude > words.largest:
            raise UnprovedError(
                f"value {position} may be {result.magnitude}, expected at most {words.largest}"
            )
        values[position] = result
        magnitudes.append(result.magnitude)
        for term in step.terms:
            reads[term.value] -= 1
            if not reads[term.value] and term.value not in kept:
                values.pop(term.value, None)  # forms are long
    outputs = [values[k] for k in fixed.outputs]
    return Proof(tuple(magnitudes), _error_bounds(fixed, outputs))


def _result(step: Step, values: dict[int, _Value], fixed: FixedProgram, position: int) -> _Value:
    """Returns what is known of a step's value, after a look at its sum."""
    words, half = fixed.words, (1 << step.shift) >> 1
    operands = [values[term.value] for term in step.terms]
    products = [
        operand.magnitude << (abs(term.multiplier) - 1).bit_length()
        for term, operand in zip(step.terms, operands, strict=True)
        if term.multiplier
    ]
    forms = [o.form.times(t.multiplier) for t, o in zip(step.terms, operands, strict=True)]
    errors = [o.error * abs(t.multiplier) for t, o in zip(step.terms, operands, strict=True)]
    sums = list(accumulate(forms, lambda a, b: total((a, b), fixed.inputs)))
    sizes = [s.size * words.largest_input for s in sums]
    reached = [size + error for size, error in zip(sizes, accumulate(errors), strict=True)]
    largest_sum = min(_sum_of_magnitudes(step.terms, operands), math.floor(max(reached, default=0)))
    largest = max([largest_sum + half, *products])
    if largest > words.largest_wide:
        raise UnprovedError(
            f"a sum for value {position} may be {largest}, expected at most {words.largest_wide}"
        )
    form = sums[-1].times(1, step.shift) if sums else total((), fixed.inputs)
    error = halved(sum(errors, Fraction(0)), step.shift) + (HALF if step.shift else 0)
    by_form = math.floor(form.size * words.largest_input + error)
    by_terms = (_sum_of_magnitudes(step.terms, operands) + half) >> step.shift
    return _Value(form, error, min(by_form, by_terms))


def _sum_of_magnitudes(terms: Sequence[Term], operands: Sequence[_Value]) -> int:
    return sum(abs(t.multiplier) * o.magnitude for t, o in zip(terms, operands, strict=True))


def _error_bounds(fixed: FixedProgram, outputs: Sequence[_Value]) -> tuple[Fraction, ...]:
    """Returns how far the outputs may be from what the source computes exactly."""
    bounds = []
    exact = exact_outputs(fixed.source.code, fixed.words.largest_input)
    for output, (form, slack), bits in zip(outputs, exact, fixed.output_bits, strict=True):
        difference = total((output.form.times(1, bits), form.times(-1)), fixed.inputs)
        roundings = halved(output.error, bits)
        bounds.append(difference.size * fixed.words.largest_input + roundings + slack)
    return tuple(bounds)
