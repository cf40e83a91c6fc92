"""Code in which products by sums of powers of two are additions and shifts.

A shift is a product by a power of two. What is written once is not written again: equal
shifts of a value, and equal sums of its shifts, up to sign and a further shift.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from dsl.cost import SAME
from dsl.number_forms.rounding import is_power_of_two
from dsl.number_forms.signed_digits import Digit, places, signed_digits
from dsl.real_code import to_real
from dsl.simplify import drop_unused
from dsl.straightline import ZERO_VALUE, Code, CodeWriter, Operation, Ref

MOST_BITS = 52


def expand(code: Code, bits: int = 16, terms: int = MOST_BITS) -> Code:
    """Returns real code for the same matrix, with few products but by powers of two.

    Args:
        code: Linear code; complex code is made real first.
        bits: A constant is written as a sum if it has at most so many bits after the point,
            or after its leading bit where it is below 1.
        terms: And at most so many signed digits.

    Raises:
        ValueError: The code is not linear.
    """
    if not code.is_linear:
        raise ValueError("expected linear code, got formulas: nothing in them is a shift")
    code = to_real(code)
    writer = _ShiftWriter(code.inputs)
    names = [Ref(k) for k in range(code.inputs)]

    def renamed(ref: Ref) -> Ref:
        return ref if ref.value == ZERO_VALUE else names[ref.value].times(ref.unit)

    for operation in code.operations:
        left = renamed(operation.left)
        if operation.kind == "add":
            names.append(writer.add(left, renamed(operation.right)))
        else:
            digits = digits_of(operation.constant, bits)
            is_sum = 0 < len(digits) <= terms
            names.append(
                writer.sum(digits, left) if is_sum else writer.scale(operation.constant, left)
            )
    return drop_unused(writer.finish(map(renamed, code.outputs)))


def digits_of(constant: complex, bits: int) -> tuple[Digit, ...]:
    """Returns the signed digits of a real constant; none if it has more bits than that."""
    c = constant.real
    if not math.isfinite(c):  # a product of constants of any size
        return ()
    if is_power_of_two(c):
        return (Digit(1 if c > 0 else -1, round(math.log2(abs(c)))),)
    form = signed_digits(c, min(places(c, bits), MOST_BITS))
    return form.digits if abs(form.value - c) <= SAME * abs(c) else ()


class _ShiftWriter(CodeWriter):
    """Writes each operation once."""

    def __init__(self, inputs: int) -> None:
        super().__init__("real", inputs)
        self._known: dict[Operation, Ref] = {}
        self._shifts: dict[int, tuple[Ref, int]] = {}  # value: what was shifted, and how far

    def sum(self, digits: Sequence[Digit], value: Ref) -> Ref:
        """Returns a value times a sum of powers of two."""
        leading = digits[0]
        return _signed(self._shifted(self._divided(digits, value), leading.exponent), leading.sign)

    def _divided(self, digits: Sequence[Digit], value: Ref) -> Ref:
        """Returns the same, divided by the leading digit.

        From the last digit on, so that no partial sum is much larger than the value.
        """
        leading, *others = digits
        if not others:
            return value
        shift = others[0].exponent - leading.exponent
        rest = self._shifted(self._divided(others, value), shift)
        return self.add(value, _signed(rest, others[0].sign * leading.sign))

    def _shifted(self, value: Ref, exponent: int) -> Ref:
        base, so_far = self._shifts.get(value.value, (Ref(value.value), 0))
        source = base.times(value.unit)
        if exponent + so_far == 0 or source.value == ZERO_VALUE:
            return source
        made = self.scale(math.ldexp(1.0, exponent + so_far), Ref(source.value))
        self._shifts[made.value] = (Ref(source.value), exponent + so_far)
        return made.times(source.unit)

    def add(self, left: Ref, right: Ref) -> Ref:
        """Returns `left + right`."""
        first, second = sorted((left, right))
        turn = first.unit
        return self._once(Operation("add", first.times(turn), second.times(turn))).times(turn)

    def scale(self, constant: complex, value: Ref) -> Ref:
        """Returns `constant * value`."""
        if constant in (1, -1):
            return super().scale(constant, value)
        return self._once(Operation("scale", Ref(value.value), constant=constant)).times(value.unit)

    def _once(self, operation: Operation) -> Ref:
        if operation not in self._known:
            self._known[operation] = self._emit(operation)
        return self._known[operation]


def _signed(ref: Ref, sign: int) -> Ref:
    return ref if sign > 0 else ref.times(2)
