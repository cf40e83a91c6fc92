"""What is derived from primitives' matrices, each primitive against its contract."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st

from dsl.derive import ENTRIES, PARAMETER, Derivation, Lowering, derive
from dsl.errors import EnvironmentMismatchError
from dsl.primitives import PRIMITIVES, Primitive
from dsl.primitives.base import Rows, cos, sin
from dsl.straightline import UNITS

ALL = pytest.mark.parametrize("primitive", PRIMITIVES, ids=lambda primitive: primitive.name)
parts = st.floats(0.1, 3).flatmap(lambda size: st.sampled_from([size, -size]))
numbers = st.builds(complex, parts, parts)


def parameters(primitive: Primitive) -> st.SearchStrategy[complex]:
    """Returns parameters of the primitive, none of them special."""
    return st.builds(complex, st.floats(0.1, 1.4)) if primitive.is_angle else numbers


def matrix_of(primitive: Primitive, parameter: complex) -> npt.NDArray[np.complex128]:
    value = parameter.real if primitive.is_angle else parameter
    return np.array(primitive.matrix(value), np.complex128)


def run(lowering: Lowering, parameter: complex, columns: int) -> npt.NDArray[np.complex128]:
    """Returns the matrix that the steps of a lowering compute."""
    values = list(np.eye(columns, dtype=complex))
    constants = iter(lowering.constants(parameter))

    def read(ref: Any) -> Any:
        return values[ref.value] * 1j**ref.unit

    for step in lowering.steps:
        if step.kind == "add":
            values.append(read(step.left) + read(step.right))
        else:
            values.append(complex(next(constants)) * read(step.left))
    assert next(constants, None) is None
    return np.array([read(ref) for ref in lowering.results])


def is_regular(matrix: npt.NDArray[np.complex128]) -> bool:
    return bool(np.linalg.cond(matrix) < 1e5)


def transformed(
    primitive: Primitive, row: list[complex], parameter: complex
) -> npt.NDArray[np.complex128]:
    """Returns what a row of the remainder becomes once the block is moved out."""
    return np.array(row) @ np.linalg.inv(matrix_of(primitive, parameter))


def candidate_values(derived: Derivation, row: list[complex]) -> list[complex]:
    function = sympy.lambdify(ENTRIES[: len(row)], derived.candidates, "cmath")
    return [complex(value) for value in function(*row)]


def assert_derivation_is_right(primitive: Primitive, data: st.DataObject) -> None:
    derived = derive(primitive)
    assert derived.lowering.results
    parameter = data.draw(parameters(primitive))
    matrix = matrix_of(primitive, parameter)
    inverse = sympy.lambdify(PARAMETER, derived.inverse.tolist(), "cmath")(parameter)
    if is_regular(matrix):
        assert np.abs(np.array(inverse, complex) @ matrix - np.eye(len(matrix))).max() <= 1e-9
    assert np.abs(run(derived.lowering, parameter, primitive.points) - matrix).max() <= 1e-12
    assert np.abs(run(derived.transposed, parameter, primitive.points) - matrix.T).max() <= 1e-12
    drawn = st.builds(complex, parts) if primitive.is_angle else numbers
    row = [data.draw(drawn) for _ in range(primitive.points)]
    goal = 0 if derived.makes_zeros else 1
    for candidate in candidate_values(derived, row):
        if is_regular(matrix_of(primitive, candidate)):
            result = transformed(primitive, row, candidate)
            assert np.abs(result - goal).min() <= 1e-9 * np.abs(result).max()


@ALL
@given(st.data())
def test_every_derivation_is_right(primitive: Primitive, data: st.DataObject) -> None:
    assert_derivation_is_right(primitive, data)


GENERIC = [0.37 + 0.91j, -1.3 + 0.4j]


def entries(primitive: Primitive) -> list[complex]:
    """Returns a row in general position."""
    row = GENERIC[: primitive.points]
    return [complex(value.real) for value in row] if primitive.is_angle else row


@ALL
def test_a_candidate_stands_for_all_its_turns(primitive: Primitive) -> None:
    derived = derive(primitive)
    assert derived.turns in (1, 2, 4)
    row = entries(primitive)
    for candidate in candidate_values(derived, row):
        for turn in range(0, 4, 4 // derived.turns):
            result = transformed(primitive, row, candidate * UNITS[turn])
            goals = [0] if derived.makes_zeros else UNITS
            assert min(np.abs(result - goal).min() for goal in goals) <= 1e-12


@ALL
def test_no_candidate_stands_for_more(primitive: Primitive) -> None:
    derived = derive(primitive)
    if derived.turns == 4 or primitive.is_angle:
        return
    row = entries(primitive)
    for candidate in candidate_values(derived, row):
        other = candidate * UNITS[2 // derived.turns]
        assert np.abs(transformed(primitive, row, other)).min() > 1e-3


@ALL
def test_candidates_differ(primitive: Primitive) -> None:
    values = candidate_values(derive(primitive), entries(primitive))
    assert 1 <= len(values) <= 4
    assert all(abs(p - q) > 1e-3 for k, p in enumerate(values) for q in values[:k])


@ALL
def test_rows_with_one_entry_fill_as_derived(primitive: Primitive) -> None:
    derived = derive(primitive)
    assert len(derived.filled) == primitive.points
    for position, filled in enumerate(derived.filled):
        row = [0j] * primitive.points
        row[position] = 0.7 + 0j
        result = transformed(primitive, row, 0.83 + 0j)
        assert np.count_nonzero(np.abs(result) > 1e-12) == filled


@ALL
def test_declaration(primitive: Primitive) -> None:
    assert primitive.name.isidentifier()
    assert primitive.summary
    assert primitive.points in (1, 2)
    assert len(primitive.matrix(0.5)) == primitive.points


# (additions, products) of the lowering and of the transposed one
COSTS = {"butterfly": (2, 1), "rotation": (2, 4), "scale": (0, 1), "shear": (1, 1)}


@pytest.mark.parametrize(("name", "cost"), COSTS.items())
def test_lowerings_are_as_short_as_by_hand(name: str, cost: tuple[int, int]) -> None:
    derived = derive(PRIMITIVES.get(name))
    for lowering in (derived.lowering, derived.transposed):
        kinds = [step.kind for step in lowering.steps]
        assert (kinds.count("add"), kinds.count("scale")) == cost


EXPECTED = {
    "butterfly": ("b/a", True, 2, (2, 2), False),
    "rotation": ("-atan(a/b), atan(b/a)", True, 1, (2, 2), False),
    "scale": ("a", False, 4, (1,), False),
    "shear": ("b/a", True, 1, (2, 1), True),
}


@pytest.mark.parametrize(("name", "expected"), EXPECTED.items())
def test_derivations_are_those_by_hand(name: str, expected: tuple[Any, ...]) -> None:
    derived = derive(PRIMITIVES.get(name))
    candidates = ", ".join(map(str, derived.candidates))
    found = (candidates, derived.makes_zeros, derived.turns, derived.filled, derived.is_ordered)
    assert found == expected


# Primitives that somebody might declare


def make(matrix: Callable[[Any], Rows], points: int = 2, *, is_angle: bool = False) -> Primitive:
    return Primitive("mine", matrix, points, is_angle, "test")


SOUND = {
    "symmetric": make(lambda c: [[c, 1], [1, c]]),
    "skew": make(lambda c: [[1, c], [-c, 1]]),
    "lower shear": make(lambda c: [[1, 0], [c, 1]]),
    "half butterfly": make(lambda c: [[1, c / 2], [1, -c / 2]]),
    "weighted butterfly": make(lambda c: [[1, c], [c, -1]]),
    "exchange": make(lambda c: [[0, c], [1, 0]]),
    "scale of one of two": make(lambda c: [[c, 0], [0, 1]]),
    "reflection": make(lambda t: [[cos(t), sin(t)], [sin(t), -cos(t)]], is_angle=True),
    "divider": make(lambda c: [[1 / c]], 1),
    "balanced scale": make(lambda c: [[c, 0], [0, 1 / c]]),
    "square shear": make(lambda c: [[1, c * c], [0, 1]]),
    "square both ways": make(lambda c: [[1, c * c], [c * c, -1]]),
    "imaginary butterfly": make(lambda c: [[1, 1j * c], [1, -1j * c]]),
    "halved butterfly": make(lambda c: [[0.5, 0.5 * c], [0.5, -0.5 * c]]),
    "phase": make(lambda t: [[cos(t)]], 1, is_angle=True),
}


@pytest.mark.parametrize("name", SOUND)
@settings(max_examples=25)
@given(data=st.data())
def test_other_primitives_are_derived_right_or_refused_by_name(
    name: str, data: st.DataObject
) -> None:
    try:
        derive(SOUND[name])
    except EnvironmentMismatchError as error:
        assert "'mine'" in str(error)  # either is fine, nothing else is
        return
    assert_derivation_is_right(SOUND[name], data)


UNSOUND = [
    (make(lambda c: [[1, c], [1, c]]), "singular"),
    (make(lambda c: [[0]], 1), "singular"),
    (make(lambda c: [[c if j == k else 0 for j in range(5)] for k in range(5)], 5), "got 5 x 5"),
    (make(lambda c: [[1, c]], 1), "got 1 x 2"),
    (make(lambda c: [[1, c], [1]]), "expected a square matrix"),
    (make(lambda c: [], 0), "mine"),
    (make(lambda c: [[1, 1], [1, -1]]), "no entry"),
    (make(lambda c: [[2]], 1), "no entry"),
    (make(lambda t: [[0, 1], [1, 0]], is_angle=True), "no entry"),
    (make(lambda c: [[float("nan") * c]], 1), "mine"),
    (make(lambda c: [["a"]], 1), "mine"),
]


@pytest.mark.parametrize(("primitive", "reason"), UNSOUND, ids=[str(k) for k in range(11)])
def test_unsound_primitives_are_refused_by_name(primitive: Primitive, reason: str) -> None:
    with pytest.raises(EnvironmentMismatchError) as caught:
        derive(primitive)
    assert "'mine'" in str(caught.value)
    assert reason in str(caught.value)
    assert "\n" not in str(caught.value)
    assert caught.value.exit_code == 78
