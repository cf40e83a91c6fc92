"""Additions of a program without multipliers: constants are sums of powers of two.

Shifts, products by powers of two, are wires in hardware and free. A constant of the word
length is expanded (`dsl.number_forms.expand`) and costs the additions that are written; any
other costs what it would if it were rounded to the word length.
"""

from __future__ import annotations

import math
from functools import lru_cache, partial

from dsl.costs.base import COSTS, Cost, Tally, expect_real_linear
from dsl.number_forms import expand, is_power_of_two, nonzero_digits
from dsl.straightline import Code

WORD_LENGTH = 16


@lru_cache(maxsize=64)
def shift_add(word_length: int) -> Cost:
    """Returns the cost at a word length: bits of constants after the point."""
    return Cost(
        "shift-add",
        partial(_of_code, word_length=word_length),
        "additions, those that products by constants need included; shifts are free",
        "additions",
        word_length,
        shift_add,
    )


def _of_code(code: Code, word_length: int) -> Tally:
    expect_real_linear(code, "shift-add")
    code = expand(code, word_length)
    additions = sum(operation.kind == "add" for operation in code.operations)
    constants = [operation.constant for operation in code.operations if operation.kind == "scale"]
    dear = [constant for constant in constants if not is_power_of_two(constant)]
    made = sum(_additions(constant.real, word_length) for constant in dear)
    return Tally(
        additions + made,
        additions,
        len(dear),
        shifts=len(constants) - len(dear),
    )


def _additions(constant: float, word_length: int) -> int:
    """Returns how many additions a product by a constant is made of; none by 0."""
    if not math.isfinite(constant):  # a product of constants of any size
        return word_length
    return max(0, nonzero_digits(constant, word_length) - 1)


SHIFT_ADD = COSTS.register(shift_add(WORD_LENGTH))
