"""Programs: their own checks, and that all ways to run one compute the same."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from random_programs import (
    DFT8_GENES,
    TARGET_SAMPLES,
    decoded_program,
    programs,
    sample_programs,
    size_of,
    target_name,
)

from dsl.cost import count_code
from dsl.grammars import FACTOR, GRAMMARS
from dsl.primitives import PRIMITIVES, Primitive
from dsl.program import MOST_INSTRUCTIONS, MOST_VALUES, Instruction, Program
from dsl.real_code import to_real
from dsl.targets import make_target


def make(*instructions: Instruction, outputs: tuple[int, ...] = (0,), **changes: Any) -> Program:
    """Returns a program on two complex inputs."""
    fields = {"grammar": "factor", "domain": "complex", "inputs": 2} | changes
    return Program(instructions=instructions, outputs=outputs, **fields)


def sum_of(*operands: int, signs: tuple[complex, ...] | None = None) -> Instruction:
    return Instruction("sum", operands, (1,) * len(operands) if signs is None else signs)


def scale(value: int, constant: complex) -> Instruction:
    return Instruction("scale", (value,), (constant,))


# Checks


REFUSED: list[tuple[str, dict[str, Any]]] = [
    ("name of letters", {"name": ""}),
    ("name of letters", {"name": "1st"}),
    ("name of letters", {"name": "a b"}),
    ("name of letters", {"name": "a\n"}),
    ("name of letters", {"name": "é"}),
    ("name of letters", {"name": "x" * 65}),
    ("name of letters", {"name": "__import__('os')"}),
    ("name of letters", {"name": "../x"}),
    ("domain 'real' or 'complex', got 'quaternion'", {"domain": "quaternion"}),
    ("1 to 4096 inputs", {"inputs": 0}),
    ("1 to 4096 inputs", {"inputs": -1}),
    ("1 to 4096 inputs", {"inputs": MOST_VALUES + 1}),
    ("1 to 4096 inputs and outputs", {"outputs": ()}),
    ("1 to 4096 inputs and outputs", {"outputs": (0,) * (MOST_VALUES + 1)}),
    ("unknown grammar 'nonsense'", {"grammar": "nonsense"}),
    ("output 1 names value 2 of 2", {"outputs": (0, 2)}),
    ("output 0 names value -1 of 2", {"outputs": (-1,)}),
]


@pytest.mark.parametrize(("reason", "changes"), REFUSED)
def test_program_checks_itself(reason: str, changes: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=reason):
        make(**changes)


REFUSED_INSTRUCTIONS = [
    (r"instruction 0 \('sum'\) reads value 2 of 2", sum_of(0, 2)),
    (r"instruction 0 \('sum'\) reads value -1 of 2", sum_of(-1)),
    ("constant that is not finite", scale(0, float("nan"))),
    ("constant that is not finite", scale(0, complex(0, float("inf")))),
    ("expected 2 signs, got 1", Instruction("sum", (0, 1), (1,))),
    ("must be 1, -1, i or -i", sum_of(0, 1, signs=(1, 0.5))),
    ("unknown instruction 'nonsense'", Instruction("nonsense", (0,), (1,))),
    ("unknown instruction 'sum.T'", Instruction("sum.T", (0,), (1,))),
    ("unknown instruction", Instruction("scale.T.T", (0,), (1,))),
    ("unknown instruction", Instruction("", (0,), (1,))),
    ("takes 1 operands and 1 constant, got 2 and 1", Instruction("scale", (0, 1), (1,))),
    ("takes 1 operands and 1 constant, got 1 and 0", Instruction("scale", (0,))),
    ("takes 2 operands and 1 constant, got 1 and 1", Instruction("butterfly.T", (0,), (1,))),
    ("takes 2 operands and 1 constant, got 2 and 2", Instruction("shear", (0, 1), (1, 2))),
    ("angle of 'rotation.T' must be real", Instruction("rotation.T", (0, 1), (1j,))),
]


@pytest.mark.parametrize(("reason", "instruction"), REFUSED_INSTRUCTIONS)
def test_program_checks_its_instructions(reason: str, instruction: Instruction) -> None:
    with pytest.raises(ValueError, match=reason):
        make(instruction)


def test_position_of_a_bad_instruction_is_named() -> None:
    forward = [scale(0, 2), Instruction("butterfly", (1, 2), (1,)), sum_of(3, 5)]
    with pytest.raises(ValueError, match=r"instruction 2 \('sum'\) reads value 5 of 5"):
        make(*forward)


def test_complex_constants_on_real_data_are_refused() -> None:
    with pytest.raises(ValueError, match=r"instruction 0 .* complex constant on real data"):
        make(scale(0, 1 + 1j), domain="real")
    with pytest.raises(ValueError, match="complex constant on real data"):
        make(sum_of(0, signs=(1j,)), domain="real")


def test_too_many_instructions_are_refused_unseen() -> None:
    many = (Instruction("nonsense", (), ()),) * (MOST_INSTRUCTIONS + 1)
    with pytest.raises(ValueError, match="at most 100000 instructions"):
        make(*many)


@pytest.mark.parametrize("stage", [-1, -5, 10**9])
def test_stages_that_a_listing_cannot_hold_are_refused(stage: int) -> None:
    with pytest.raises(ValueError, match="stage"):
        make(replace(scale(0, 2), stage=stage))


def test_messages_about_long_names_are_short() -> None:
    changes: tuple[dict[str, str], ...] = (
        {"name": "x" * 10**5},
        {"grammar": "x" * 10**5},
        {"domain": "x" * 10**5},
    )
    for change in changes:
        with pytest.raises(ValueError, match="x") as caught:
            make(**change)
        assert len(str(caught.value)) <= 200
    with pytest.raises(ValueError, match="x") as caught:
        make(Instruction("x" * 10**5, (), ()))
    assert len(str(caught.value)) <= 200


def test_program_is_immutable() -> None:
    program = make(scale(0, 2))
    for field, value in (("inputs", 3), ("outputs", (1,)), ("name", "other")):
        with pytest.raises(FrozenInstanceError):
            setattr(program, field, value)
    with pytest.raises(FrozenInstanceError):
        program.instructions[0].name = "sum"  # type: ignore[misc]


def test_equal_programs_are_equal() -> None:
    assert make(scale(0, 2)) == make(scale(0, 2 + 0j))
    assert make(scale(0, 2)) != make(scale(0, 2), name="other")
    assert len({make(scale(0, 2)), make(scale(0, 2))}) == 1


def test_values_are_numbered_in_order() -> None:
    program = make(Instruction("butterfly", (0, 1), (1,)), scale(3, 2), sum_of(), outputs=(5,))
    assert program.first_results == (2, 4, 5, 6)


# Execution


def test_instructions_compute_what_they_say() -> None:
    x = np.array([3 + 1j, 2 - 5j])
    angle = 0.4
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    shear = np.array([[1, 2j], [0, 1]])
    cases = [
        (Instruction("butterfly", (0, 1), (2j,)), [x[0] + 2j * x[1], x[0] - 2j * x[1]]),
        (Instruction("butterfly.T", (0, 1), (2j,)), [x[0] + x[1], 2j * (x[0] - x[1])]),
        (Instruction("butterfly", (1, 0), (2,)), [x[1] + 2 * x[0], x[1] - 2 * x[0]]),
        (Instruction("rotation", (0, 1), (angle,)), turn @ x),
        (Instruction("rotation.T", (0, 1), (angle,)), turn.T @ x),
        (Instruction("shear", (0, 1), (2j,)), shear @ x),
        (Instruction("shear.T", (0, 1), (2j,)), shear.T @ x),
    ]
    for instruction, expected in cases:
        assert np.allclose(make(instruction, outputs=(2, 3))(x), expected, rtol=1e-15)
    one_result = [
        (scale(1, 1 - 2j), (1 - 2j) * x[1]),
        (Instruction("scale.T", (1,), (3,)), 3 * x[1]),
        (sum_of(0, 1, 0, signs=(1j, -1, -1j)), -x[1]),
        (sum_of(), 0),
    ]
    for instruction, expected in one_result:
        assert np.allclose(make(instruction, outputs=(2,))(x), expected, rtol=1e-15)


@pytest.mark.parametrize("shape", [(), (1,), (5,), (2, 3), (0,), (2, 0, 3)])
@pytest.mark.parametrize("domain", ["real", "complex"])
def test_batches_of_any_shape(shape: tuple[int, ...], domain: Any) -> None:
    matrix = np.array([[1.0, 1], [1, -1], [0, 0], [1, 0]])
    program = make(
        Instruction("butterfly", (0, 1), (1,)), sum_of(), outputs=(2, 3, 4, 0), domain=domain
    )
    x = np.random.default_rng(1).standard_normal((*shape, 2))
    for run in (program, program.execute, program.run_code):
        assert run(x).shape == (*shape, 4)
        assert np.allclose(run(x), x @ matrix.T, rtol=1e-14)


@pytest.mark.parametrize("shape", [(), (3,), (2, 1)])
def test_data_of_another_width_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"expected \(\.\.\., 2\) values"):
        make()(np.ones(shape))


def test_lists_and_integers_are_data() -> None:
    program = make(Instruction("butterfly", (0, 1), (1,)), outputs=(2, 3), domain="real")
    assert program([3, 4]).tolist() == [7, -1]
    assert program.run_code([3, 4]).tolist() == [7, -1]


@pytest.mark.parametrize("domain", ["real", "complex"])
def test_zero_rows_give_zero(domain: Any) -> None:
    program = make(sum_of(), sum_of(0, 0, signs=(1, -1)), outputs=(2, 3), domain=domain)
    assert np.array_equal(program.matrix(), np.zeros((2, 2)))
    assert program.count.operations == 0
    assert np.array_equal(program([1, 2]), [0, 0])
    assert np.array_equal(program.run_code([1, 2]), [0, 0])


@given(programs())
def test_all_ways_to_run_any_program_agree(program: Program) -> None:
    assert_all_ways_agree(program)


@pytest.mark.parametrize(
    "position", range(len(TARGET_SAMPLES)), ids=map(target_name, TARGET_SAMPLES)
)
def test_all_ways_to_run_decoded_programs_agree(position: int) -> None:
    for program in sample_programs(position):
        assert_all_ways_agree(program)
        assert np.abs(program.matrix() - TARGET_SAMPLES[position].matrix).max() <= 1e-10


def assert_all_ways_agree(program: Program) -> None:
    """Compares instructions, code as written, simplified code, real code and matrix."""
    written = program.lower()
    rng = np.random.default_rng(2)
    x = rng.standard_normal((3, program.inputs))
    if program.domain == "complex":
        x = x + 1j * rng.standard_normal(x.shape)
    expected = program.execute(x)
    tolerance = 1e-10 * size_of(written)
    assert expected.shape == (3, len(program.outputs))
    assert np.abs(written.execute(x) - expected).max() <= tolerance
    assert np.abs(program.plain_code.execute(x) - expected).max() <= tolerance
    assert np.abs(program.run_code(x) - expected).max() <= tolerance
    assert np.abs(x @ program.matrix().T - expected).max() <= tolerance
    assert np.isrealobj(program.matrix()) == (program.domain == "real")
    assert program.code.domain == "real"
    assert count_code(written).operations == count_code(to_real(written)).operations
    assert program.count == count_code(program.code)
    assert program.count.operations <= count_code(written).operations


def test_known_program_is_numpys_transform() -> None:
    program = decoded_program(make_target("dft", 8), DFT8_GENES)
    x = np.random.default_rng(3).standard_normal((4, 8, 2)) @ [1, 1j]
    assert np.abs(program(x) - np.fft.fft(x)).max() <= 1e-14
    assert np.abs(program.run_code(x) - np.fft.fft(x)).max() <= 1e-14


def test_constants_are_rounded_to_exact_numbers() -> None:
    noisy = 0.5**0.5 * (1 + 4e-14)
    program = make(scale(0, noisy), scale(1, 0.1234567890123), outputs=(2, 3))
    exact = program.with_exact_constants()
    assert [i.constants[0] for i in exact.instructions] == [0.5**0.5, 0.1234567890123]
    assert replace(exact, instructions=program.instructions) == program


# Grammars and their blocks


@pytest.mark.parametrize("primitive", PRIMITIVES, ids=lambda primitive: primitive.name)
@pytest.mark.parametrize("suffix", ["", ".T"])
def test_every_primitive_is_an_instruction(primitive: Primitive, suffix: str) -> None:
    parameter = 0.7
    name = primitive.name + suffix
    operands = tuple(range(primitive.points))
    results = tuple(range(primitive.points, 2 * primitive.points))
    program = Program(
        "factor",
        "complex",
        primitive.points,
        (Instruction(name, operands, (parameter,)),),
        results,
    )
    matrix = np.array(primitive.matrix(parameter), complex)
    expected = matrix.T if suffix else matrix
    assert FACTOR.results(name, primitive.points, (parameter,)) == primitive.points
    assert np.abs(program(np.eye(primitive.points)).T - expected).max() <= 1e-15
    assert np.abs(program.matrix() - expected).max() <= 1e-15


def test_grammars_are_named() -> None:
    assert GRAMMARS.get("factor") is FACTOR
    assert GRAMMARS.names() == ("expression", "factor")
