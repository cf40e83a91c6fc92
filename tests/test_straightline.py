"""Straight-line code: its own checks, what it computes, and complex code as real code."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from random_programs import assert_same_matrix, codes, size_of

from dsl.cost import count_code
from dsl.real_code import to_real
from dsl.straightline import UNITS, ZERO, Code, CodeWriter, Operation, Ref, combine


def add(left: Ref, right: Ref) -> Operation:
    return Operation("add", left, right)


def scale(constant: complex, value: Ref) -> Operation:
    return Operation("scale", value, constant=constant)


# Checks


@pytest.mark.parametrize(
    ("domain", "operations", "outputs", "reason"),
    [
        ("real", [], [Ref(2)], "value 2 is read but only 2 exist"),
        ("real", [], [Ref(-2)], "value -2 is read"),
        ("real", [add(Ref(0), Ref(2))], [Ref(0)], "value 2 is read but only 2 exist"),
        ("real", [add(Ref(3), Ref(0)), add(Ref(0), Ref(1))], [Ref(2)], "value 3 is read"),
        ("complex", [scale(2, Ref(2))], [Ref(0)], "value 2 is read"),
        ("real", [], [Ref(0, 1)], r"factor i\^1 is not allowed"),
        ("real", [add(Ref(0, 3), Ref(1))], [Ref(2)], r"factor i\^3 is not allowed"),
        ("complex", [], [Ref(0, 4)], r"factor i\^4 is not allowed"),
        ("complex", [], [Ref(0, -1)], r"factor i\^-1 is not allowed"),
        ("real", [add(Ref(0), Ref(1)), scale(1j, Ref(0))], [Ref(0)], "operation 1 .* complex"),
    ],
)
def test_code_checks_itself(
    domain: Any, operations: list[Operation], outputs: list[Ref], reason: str
) -> None:
    with pytest.raises(ValueError, match=reason):
        Code(domain, 2, tuple(operations), tuple(outputs))


def test_code_is_immutable() -> None:
    code = Code("real", 1, (), (Ref(0),))
    with pytest.raises(AttributeError):
        code.inputs = 2  # type: ignore[misc]


def test_zero_may_be_read_anywhere() -> None:
    code = Code("real", 1, (add(ZERO, Ref(0)), scale(3, ZERO)), (Ref(1), Ref(2), ZERO))
    assert code.matrix().tolist() == [[1], [0], [0]]


@pytest.mark.parametrize("shape", [(), (3,), (2, 3)])
def test_data_of_another_width_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="expected"):
        Code("real", 2, (), (Ref(0),)).execute(np.ones(shape))


@given(st.integers(-1, 9), st.integers(0, 3), st.integers(-9, 9))
def test_references_turn_by_powers_of_i(value: int, unit: int, turn: int) -> None:
    turned = Ref(value, unit).times(turn)
    assert turned.value == value
    assert 0 <= turned.unit < 4
    assert UNITS[turned.unit] == UNITS[unit] * UNITS[turn % 4]


# Meaning


def matrix_by_hand(code: Code) -> Any:
    """Multiplies the code out: rows of coefficients of one value after the other."""
    rows: list[Any] = [np.eye(code.inputs, dtype=complex)[k] for k in range(code.inputs)]

    def read(ref: Ref) -> Any:
        return 0 * rows[0] if ref == ZERO or ref.value == -1 else rows[ref.value] * 1j**ref.unit

    for kind, left, right, constant, _ in code.operations:
        rows.append(read(left) + read(right) if kind == "add" else complex(constant) * read(left))
    return np.array(rows), np.array([read(ref) for ref in code.outputs])


@given(codes())
def test_code_computes_what_its_operations_say(code: Code) -> None:
    forms, matrix = matrix_by_hand(code)
    tolerance = 1e-12 * size_of(code)
    assert np.abs(code.linear_forms() - forms).max() <= tolerance
    assert np.abs(code.matrix() - matrix).max() <= tolerance
    assert code.matrix().dtype == (np.float64 if code.domain == "real" else np.complex128)
    x = np.random.default_rng(1).standard_normal((2, 3, code.inputs))
    assert np.abs(code.execute(x) - x @ matrix.T).max() <= 10 * code.inputs * tolerance
    for position, operation in enumerate(code.operations):
        row = combine(code.linear_forms(), operation)
        assert np.abs(row - forms[code.inputs + position]).max() <= tolerance


def test_a_batch_may_have_any_shape() -> None:
    code = Code("complex", 2, (add(Ref(0), Ref(1, 1)),), (Ref(2), ZERO, Ref(0)))
    assert code.execute([1, 2]).tolist() == [1 + 2j, 0, 1]
    assert code.execute(np.ones((4, 2))).shape == (4, 3)
    assert code.execute(np.ones((3, 4, 2))).shape == (3, 4, 3)
    assert code.execute(np.ones((0, 2))).shape == (0, 3)


def test_real_code_runs_on_complex_data_part_by_part() -> None:
    code = Code("real", 2, (add(Ref(0), Ref(1, 2)), scale(0.5, Ref(2))), (Ref(3),))
    assert code.execute([1 + 2j, 3j]).tolist() == [0.5 - 0.5j]
    assert code.execute(np.array([3, 1])).tolist() == [1.0]


def test_constants_can_be_replaced() -> None:
    code = Code("real", 2, (add(Ref(0), Ref(1)), scale(0.5, Ref(2))), (Ref(3),))
    changed = code.with_constants(lambda c: 10 * c)
    assert [op.constant for op in changed.operations] == [1.0, 5.0]
    assert changed.matrix().tolist() == [[5, 5]]


def test_writer_spares_products_by_one() -> None:
    code = CodeWriter("complex", 2)
    total = code.add(Ref(0), code.scale(-1, Ref(1)))
    outputs = [total, code.scale(1, total), code.scale(2, total), code.zero]
    written = code.finish(outputs)
    assert written.operations == (add(Ref(0), Ref(1, 2)), scale(2 + 0j, Ref(2)))
    assert written.outputs == (Ref(2), Ref(2), Ref(3), ZERO)


# Real code


@given(codes())
def test_real_code_computes_the_same(code: Code) -> None:
    real = to_real(code)
    if code.domain == "real":
        assert real is code
        return
    assert (real.domain, real.inputs, len(real.outputs)) == (
        "real",
        2 * code.inputs,
        2 * len(code.outputs),
    )
    packed, matrix = real.matrix(), code.matrix()
    tolerance = 1e-12 * size_of(code)
    assert np.abs(packed[0::2, 0::2] - matrix.real).max() <= tolerance
    assert np.abs(packed[1::2, 1::2] - matrix.real).max() <= tolerance
    assert np.abs(packed[1::2, 0::2] - matrix.imag).max() <= tolerance
    assert np.abs(packed[0::2, 1::2] + matrix.imag).max() <= tolerance
    assert count_code(real) == count_code(code)


# One constant of each class, and each with rounding errors in both parts.
PRODUCTS = [1, -1j, 2, -0.5j, 1 + 1j, -1 + 1j, 0.7 - 0.7j, 1 + 0.3j, 0.3 - 1j, 0.3 + 0.7j]


@pytest.mark.parametrize("noise", [0, 3e-15 - 2e-15j])
@pytest.mark.parametrize("constant", PRODUCTS)
def test_products_take_as_many_real_operations_as_they_cost(
    constant: complex, noise: complex
) -> None:
    code = Code("complex", 1, (scale(complex(constant + noise), Ref(0, 1)),), (Ref(1, 3),))
    real = to_real(code)
    assert count_code(real) == count_code(code)
    x = np.array([0.6 - 0.8j])
    computed = real.execute(x.view(np.float64)).view(np.complex128)
    assert abs(computed[0] - constant * x[0]) <= 2e-14
    assert_same_matrix(code, code.with_constants(lambda c: complex(constant)))
