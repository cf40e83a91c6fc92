"""The order of operations: the same operations and results, with fewer live values."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from random_programs import TARGET_SAMPLES, codes, sample_programs, target_name
from test_formats import dft8, dft16

from dsl.program import Program
from dsl.real_code import to_real
from dsl.schedule import reordered, schedule
from dsl.simplify import simplify
from dsl.straightline import ZERO_VALUE, Code, Operation, Ref


def live_values(code: Code) -> list[int]:
    """Returns how many values are alive after each operation.

    An input is alive from its first use on; an output is written at once.
    """
    last: dict[int, int] = {}
    for position, operation in enumerate(code.operations):
        last |= {ref.value: position for ref in operation.operands}
    last.pop(ZERO_VALUE, None)
    alive: set[int] = set()
    counts = []
    for position, operation in enumerate(code.operations):
        alive |= {ref.value for ref in operation.operands} | {code.inputs + position}
        alive = {value for value in alive if last.get(value, -1) > position}
        counts.append(len(alive))
    return counts


def meanings(code: Code) -> Counter[object]:
    """Returns the operations, each by the values it reads and makes."""
    forms = [tuple(np.round(form, 9).tolist()) for form in code.linear_forms()]
    return Counter(
        (
            operation.kind,
            tuple((forms[r.value] if r.value >= 0 else 0, r.unit) for r in operation.operands),
            operation.constant,
            forms[code.inputs + position],
        )
        for position, operation in enumerate(code.operations)
    )


@given(codes(most=20))
def test_same_operations_and_results(code: Code) -> None:
    ordered = schedule(code)
    assert meanings(ordered) == meanings(code)
    x = np.random.default_rng(0).standard_normal((4, code.inputs))
    assert np.array_equal(ordered.execute(x), code.execute(x))


@given(codes(most=20))
def test_order_depends_on_the_code_alone(code: Code) -> None:
    assert schedule(code) == schedule(Code(*(getattr(code, n) for n in Code.__slots__)))


@pytest.mark.parametrize(
    "position", range(len(TARGET_SAMPLES)), ids=map(target_name, TARGET_SAMPLES)
)
def test_not_more_live_values_on_samples(position: int) -> None:
    before = after = 0
    for program in sample_programs(position):
        code = simplify(to_real(simplify(program.lower())))
        before += sum(live_values(code))
        after += sum(live_values(schedule(code)))
    assert after <= before


@pytest.mark.parametrize(("program", "largest"), [(dft8(), 16), (dft16(), 34)], ids=str)
def test_transforms_need_hardly_more_registers_than_inputs(program: Program, largest: int) -> None:
    code = simplify(to_real(simplify(program.lower())))
    assert max(live_values(schedule(code))) <= largest
    assert sum(live_values(schedule(code))) <= 0.9 * sum(live_values(code))


def test_programs_are_in_this_order() -> None:
    code = dft16().code
    assert schedule(code) == code


def test_independent_parts_come_one_after_the_other() -> None:
    parts, length = 10, 5
    operations = [
        Operation("scale", Ref(step * parts + part), constant=3.0)
        for step in range(length)
        for part in range(parts)
    ]
    outputs = tuple(Ref(length * parts + part) for part in range(parts))
    code = Code("real", parts, tuple(operations), outputs)
    assert max(live_values(code)) == parts
    assert max(live_values(schedule(code))) == 1


def test_code_without_operations() -> None:
    code = Code("real", 2, (), (Ref(1), Ref(ZERO_VALUE)))
    assert schedule(code) == code


def test_reordered_renumbers_values() -> None:
    add = Operation("add", Ref(0), Ref(1))
    code = Code(
        "real", 2, (add, Operation("scale", Ref(0), constant=2.0)), (Ref(2, 2), Ref(3), Ref(0))
    )
    expected = Code(
        "real", 2, (Operation("scale", Ref(0), constant=2.0), add), (Ref(3, 2), Ref(2), Ref(0))
    )
    assert reordered(code, [1, 0]) == expected
