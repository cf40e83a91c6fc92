"""All real operations: the rule of `dsl.cost`."""

from __future__ import annotations

from dsl.cost import count_code
from dsl.costs.base import COSTS, Cost, Tally
from dsl.straightline import Code


def _of_code(code: Code) -> Tally:
    count = count_code(code)
    return Tally(
        count.operations, count.additions, count.multiplications, functions=count.functions
    )


FLOPS = COSTS.register(
    Cost("flops", _of_code, "real additions plus multiplications, 1 each", "operations")
)
