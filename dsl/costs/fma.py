"""Operations of a machine that multiplies and adds in one step [LinzerFeig1993].

A product is part of the additions that read it, and no operation of its own, if nothing
else reads it and each of them does no other product: then each is one fused operation. So
do compilers. Which products are taken is decided by their number of readers, fewest first.
"""

from __future__ import annotations

from collections import defaultdict

from dsl.cost import count_code, scale_count
from dsl.costs.base import COSTS, Cost, Tally, expect_real_linear
from dsl.straightline import Code

OUTPUT = -1


def _of_code(code: Code) -> Tally:
    expect_real_linear(code, "fma")
    count = count_code(code)
    products, fused = _fused(code)
    multiplications = count.multiplications - products
    return Tally(count.additions + multiplications, count.additions, multiplications, fused=fused)


def _fused(code: Code) -> tuple[int, int]:
    """Returns how many products become part of additions, and of how many."""
    readers = _readers(code)
    products = [
        readers[value]
        for value, operation in enumerate(code.operations, code.inputs)
        if operation.kind == "scale" and scale_count(operation.constant, False).multiplications
    ]
    busy = {OUTPUT}
    taken = 0
    for reading in sorted(products, key=len):
        is_free = busy.isdisjoint(reading) and len(set(reading)) == len(reading)
        if is_free and all(code.operations[place].kind == "add" for place in reading):
            busy.update(reading)
            taken += 1
    return taken, len(busy) - 1


def _readers(code: Code) -> dict[int, list[int]]:
    """Returns the places of the operations that read each value, outputs among them."""
    readers = defaultdict(list)
    for place, operation in enumerate(code.operations):
        for ref in operation.operands:
            readers[ref.value].append(place)
    for ref in code.outputs:
        readers[ref.value].append(OUTPUT)
    return readers


FMA = COSTS.register(
    Cost(
        "fma",
        _of_code,
        "real operations where a multiplication and an addition can be one",
        "operations",
    )
)
