"""Butterflies in straight-line code: two values become their sum and their difference."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from dsl.straightline import Code


class Couple(NamedTuple):
    """The values a + i ** turn b and a - i ** turn b; turn is 0 or 3."""

    plus: int
    minus: int
    a: int
    b: int
    turn: int


def find_couples(code: Code, readers: list[list[int]]) -> Iterator[Couple]:
    """Names the additions in twos that are a + u b and a - u b.

    With u = i or -i only where nobody else reads b, so that u can stand before both.

    Args:
        code: In which to look.
        readers: For each value the values that are computed from it.
    """
    found: dict[frozenset[int], list[int]] = {}
    for value, operation in enumerate(code.operations, code.inputs):
        if operation.kind == "add":
            key = frozenset(ref.value for ref in operation.operands)
            found.setdefault(key, []).append(value)
    for values in found.values():
        if len(values) == 2:
            yield from _couple(code, readers, values[0], values[1])


def _couple(code: Code, readers: list[list[int]], one: int, other: int) -> Iterator[Couple]:
    mine, yours = (
        {ref.value: ref.unit for ref in code.operations[value - code.inputs].operands}
        for value in (one, other)
    )
    if len(mine) != 2 or min(mine) < 0:
        return
    for a, b in (tuple(mine), tuple(mine)[::-1]):
        if mine[a] == yours[a] == 0 and (mine[b] - yours[b]) % 4 == 2:
            # Signs stay where they are; i and -i become -i in front of both.
            plus, minus = (one, other) if mine[b] in (0, 3) else (other, one)
            turn = 0 if mine[b] in (0, 2) else 3
            if turn == 0 or sorted(readers[b]) == sorted((one, other)):
                yield Couple(plus, minus, a, b, turn)
                return
