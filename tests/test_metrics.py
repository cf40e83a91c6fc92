"""Depth, values alive and constants, against what they mean."""

from __future__ import annotations

import pytest
from hypothesis import given
from random_programs import DFT16_GENES, codes, decoded_program

from dsl.cost import count_code, scale_count
from dsl.metrics import Metrics, measure
from dsl.program import Program
from dsl.simplify import drop_unused
from dsl.straightline import UNITS, Code, Operation, Ref
from dsl.targets import make_target


def add(left: int, right: int) -> Operation:
    return Operation("add", Ref(left), Ref(right))


def scale(constant: complex, value: int) -> Operation:
    return Operation("scale", Ref(value), constant=constant)


def real(inputs: int, operations: list[Operation], outputs: list[int]) -> Code:
    return Code("real", inputs, tuple(operations), tuple(map(Ref, outputs)))


# Independent computations


def chains(code: Code, value: int) -> list[int]:
    """Returns the lengths of all chains from an input, or from zero, to a value."""
    if value < code.inputs:
        return [0]
    operation = code.operations[value - code.inputs]
    is_complex = code.domain == "complex"
    is_free = (
        operation.kind == "scale" and not scale_count(operation.constant, is_complex).operations
    )
    return [
        length + (not is_free) for ref in operation.operands for length in chains(code, ref.value)
    ]


def most_places(code: Code) -> int:
    """Runs the code on places that are given back as early as can be; returns how many."""
    count = len(code.operations)
    reads = [{ref.value for ref in operation.operands} for operation in code.operations]
    kept = {ref.value for ref in code.outputs}

    def is_needed_after(value: int, position: int) -> bool:
        return value in kept or any(value in later for later in reads[position:])

    places = set(range(code.inputs))
    most = len(places)
    for position in range(count):
        places = {value for value in places if is_needed_after(value, position + 1)}
        places.add(code.inputs + position)
        most = max(most, len(places))
    return most


def distinct_constants(code: Code) -> int:
    """Counts constants of which none is another one times a free factor."""
    is_complex = code.domain == "complex"
    found: list[complex] = []
    for operation in code.operations:
        c = operation.constant
        is_known = any(c == unit * known for known in found for unit in UNITS)
        if operation.kind == "scale" and scale_count(c, is_complex).operations and not is_known:
            found.append(c)
    return len(found)


@given(codes())
def test_measures_of_any_code(code: Code) -> None:
    for measured in (code, drop_unused(code)):
        metrics = measure(measured)
        assert metrics.depth == max(
            length for ref in measured.outputs for length in chains(measured, ref.value)
        )
        assert metrics.live_values == most_places(measured)
        assert metrics.constants == distinct_constants(measured)
        assert metrics.depth <= count_code(measured).operations


# Examples


def test_no_operations() -> None:
    assert measure(real(3, [], [2, 0])) == Metrics(0, 3, 0)
    assert measure(real(1, [], [-1, -1])) == Metrics(0, 1, 0)


def test_a_chain_is_as_deep_as_long_and_needs_one_place() -> None:
    operations = [scale(3.0, k) for k in range(5)]
    assert measure(real(1, operations, [5])) == Metrics(5, 1, 1)
    assert measure(real(1, operations, [5, 0])) == Metrics(5, 2, 1)


def test_what_no_output_needs_is_not_deep() -> None:
    code = real(2, [add(0, 1), scale(3.0, 2), scale(5.0, 3), add(0, 1)], [5])
    assert measure(code).depth == 1


def test_free_products_are_not_deep_and_no_constants() -> None:
    operations = [scale(1.0, 0), scale(-1.0, 1), scale(1j, 2), scale(2j, 3), scale(-2.0, 4)]
    code = Code("complex", 1, tuple(operations), (Ref(5),))
    assert measure(code) == Metrics(2, 1, 1)


def test_live_values_depend_on_the_order() -> None:
    """Four products, added: all at first, or as soon as they are there."""
    late = [scale(k + 2.0, 0) for k in range(4)] + [add(1, 2), add(5, 3), add(6, 4)]
    soon = [scale(2.0, 0), scale(3.0, 0), add(1, 2)]
    soon += [scale(4.0, 0), add(3, 4), scale(5.0, 0), add(5, 6)]
    assert measure(real(1, late, [7])) == Metrics(4, 4, 4)
    assert measure(real(1, soon, [7])) == Metrics(4, 3, 4)


def test_outputs_live_to_the_end() -> None:
    operations = [add(0, 1), scale(0.5, 2), scale(0.3, 3), scale(0.7, 4)]
    assert measure(real(2, operations, [5])).live_values == 2
    assert measure(real(2, operations, [5, 2, 3])).live_values == 3


def test_what_nobody_reads_takes_a_place_for_a_moment() -> None:
    assert measure(real(3, [scale(3.0, 0)], [0])).live_values == 3
    assert measure(real(2, [add(0, 1)], [0, 1])).live_values == 3


def test_constants_up_to_free_factors() -> None:
    constants = [0.3, -0.3, 0.3j, 0.3 + 1j, -1 + 0.3j, 1 + 0.3j, 0.5]
    operations = [scale(c, 0) for c in constants]
    assert measure(Code("complex", 1, tuple(operations), (Ref(1),))).constants == 4


@pytest.mark.parametrize(("n", "depth"), [(2, 1), (4, 2), (16, 10)])
def test_fourier_transforms(n: int, depth: int) -> None:
    """One addition per halving, and where twiddle factors come between, two more."""
    genes = DFT16_GENES[: {2: 1, 4: 2, 16: 6}[n]]
    program: Program = decoded_program(make_target("dft", n), genes)
    metrics = measure(program.code)
    assert metrics.depth <= depth
    assert 2 * n <= metrics.live_values <= 3 * n + 2
    assert metrics.constants == (3 if n == 16 else 0)
