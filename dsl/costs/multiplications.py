"""Multiplications alone, as hardware with dear multipliers counts."""

from __future__ import annotations

from dsl.cost import count_code
from dsl.costs.base import COSTS, Cost, Tally, expect_real_linear
from dsl.straightline import Code


def _of_code(code: Code) -> Tally:
    expect_real_linear(code, "multiplications")
    count = count_code(code)
    return Tally(count.multiplications, count.additions, count.multiplications)


MULTIPLICATIONS = COSTS.register(
    Cost(
        "multiplications",
        _of_code,
        "real multiplications alone; additions only decide between equals",
        "multiplications",
    )
)
