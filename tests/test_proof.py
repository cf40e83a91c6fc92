"""Proofs: right programs are proved, wrong ones never; decided by a replay of our own.

The replay here goes from a program's instructions, as their definitions have them, to its
matrix: no lowering, no simplified code, and nothing of `fitness.proof`.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from fractions import Fraction
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sympy
from click.testing import CliRunner
from hypothesis import given, settings
from random_programs import (
    DFT8_GENES,
    DFT16_GENES,
    TARGET_SAMPLES,
    decoded_program,
    programs,
    sample_genomes,
    target_name,
)

import evosynth as es
from dsl.cyclotomic import (
    ONE,
    ZERO,
    Cyclotomic,
    I,
    TooLargeError,
    cosine,
    rational,
    root,
    sine,
    square_root,
)
from dsl.exact import parse_constant
from dsl.exact_number import Exact, is_exact, number_in
from dsl.formats import json_format
from dsl.grammars.factor.build import build_program
from dsl.grammars.factor.exact_decode import exact_program
from dsl.program import Instruction, Program
from dsl.straightline import Code
from dsl.targets import Target, make_target
from dsl.targets.exact_matrix import ExactMatrix
from evosynth.cli.main import cli
from evosynth.runs import claims_of, write_document
from fitness.evaluators.numba_evaluator import NumbaEvaluator
from fitness.proof import Proof, prove

Data = dict[str, Any]
Vector = list[Cyclotomic]

# Another replay


class OutsideError(Exception):
    """The replay cannot tell: a number lies in no field it knows."""


def element(constant: complex) -> Cyclotomic:
    """Returns an exact constant as an element of a field."""
    number = number_in(constant) if is_exact(constant) else None
    if not isinstance(number, Cyclotomic):
        raise OutsideError
    return number


def cosine_and_sine(constant: complex) -> tuple[Cyclotomic, Cyclotomic]:
    """Returns those of an angle: a multiple of pi, or the angle of a rational tangent."""
    if not is_exact(constant):
        raise OutsideError
    angle = number_in(constant)
    if isinstance(angle, Cyclotomic):
        if angle == ZERO:
            return ONE, ZERO
        raise OutsideError
    turns = angle / (2 * sympy.pi)
    if turns.is_Rational:
        turn = Fraction(int(turns.p), int(turns.q))
        return cosine(turn), sine(turn)
    sign = -1 if angle.could_extract_minus_sign() else 1
    if isinstance(sign * angle, sympy.atan):
        tangent = (sign * angle).args[0]
        if tangent.is_Rational:
            q = sign * Fraction(int(tangent.p), int(tangent.q))
            c = ONE / square_root(1 + q * q)
            return c, c * q
    raise OutsideError


def block(name: str, constant: complex) -> list[Vector]:
    """Returns a block's matrix, from its definition."""
    if name == "rotation":
        c, s = cosine_and_sine(constant)
        return [[c, s], [-s, c]]
    p = element(constant)
    return {
        "butterfly": [[ONE, p], [ONE, -p]],
        "scale": [[p]],
        "shear": [[ONE, p], [ZERO, ONE]],
    }[name]


def weighted(weights: Vector, rows: list[Vector]) -> Vector:
    total = [ZERO] * len(rows[0])
    for weight, row in zip(weights, rows, strict=True):
        total = [x + weight * y if y else x for x, y in zip(total, row, strict=True)]
    return total


def replay(program: Program) -> list[Vector]:
    """Returns the matrix of a program as written, row by row."""
    n = program.inputs
    values = [[rational(j == k) for k in range(n)] for j in range(n)]
    for instruction in program.instructions:
        operands = [values[k] for k in instruction.operands]
        if instruction.name == "sum":
            units = [element(c) for c in instruction.constants]
            values.append(weighted(units, operands) if operands else [ZERO] * n)
            continue
        matrix = block(instruction.name.removesuffix(".T"), instruction.constants[0])
        if instruction.name.endswith(".T"):
            matrix = [list(column) for column in zip(*matrix, strict=True)]
        values += [weighted(row, operands) for row in matrix]
    return [values[k] for k in program.outputs]


UNITS = (ONE, I, -ONE, -I)


def replay_code(code: Code) -> list[Vector]:
    """Returns the matrix of straight-line code, row by row."""
    n = code.inputs
    values = [[rational(j == k) for k in range(n)] for j in range(n)]

    def read(ref: Any) -> Vector:
        return [ZERO] * n if ref.value < 0 else [x * UNITS[ref.unit] for x in values[ref.value]]

    for operation in code.operations:
        left = read(operation.left)
        if operation.kind == "scale":
            factor = element(operation.constant)
            values.append([factor * x for x in left])
        else:
            values.append([x + y for x, y in zip(left, read(operation.right), strict=True)])
    return [read(ref) for ref in code.outputs]


def complex_rows(rows: list[Vector]) -> list[Vector]:
    """Returns the complex matrix that real code computes; fails if it is none."""
    result = []
    for real, imaginary in zip(rows[0::2], rows[1::2], strict=True):
        assert real[1::2] == [-x for x in imaginary[0::2]]
        assert real[0::2] == imaginary[1::2]
        result.append([x + y * I for x, y in zip(real[0::2], imaginary[0::2], strict=True)])
    return result


def wanted(target: Target) -> list[Vector]:
    assert target.exact is not None
    return [[target.exact.values[place] for place in row] for row in target.exact.places]


def is_right(program: Program, target: Target) -> bool:
    """Tells whether a program computes its target exactly."""
    if any(c != 0 for c in np.ravel(abs(program.matrix() - target.matrix) > 1e-6)):
        return False
    return replay(program) == wanted(target)


# Programs


def exactly_decoded(target: Target, genes: Any, name: str = "program") -> Program:
    decoding = NumbaEvaluator(target).decode(np.asarray(genes))
    return exact_program(build_program(decoding, target.domain, name), decoding, target.exact)


def document_of(program: Program, target: Target) -> Data:
    claims = claims_of(program, target, prove(program, target))
    data: Data = json.loads(write_document(program, target, claims))
    return data


def assert_proved(program: Program, target: Target, order: int) -> Proof:
    """Fails unless it is proved, over a field that holds the target's numbers."""
    proof = prove(program, target)
    assert proof.field, proof.summary
    assert (proof.error, proof.obstacle) == (0.0, "")
    assert proof.verdict == proof.summary == f"proved in {proof.field}"
    found = 1 if proof.field == "Q" else int(proof.field.removeprefix("Q(zeta_").rstrip(")"))
    assert found % order == 0
    assert found != 2
    return proof


@lru_cache(maxsize=16)
def example(name: str) -> tuple[Program, Target]:
    """Returns a program that is proved."""
    if name in ("dft8", "dft16"):
        target = make_target("dft", int(name[3:]))
        return exactly_decoded(target, DFT8_GENES if name == "dft8" else DFT16_GENES), target
    target = make_target(name[:-1], int(name[-1]))
    result = es.run(target, seed=0, evaluations=400)
    return result.best, target


# Right programs


def order_of(name: str, n: int, kind: str | None) -> int:
    """Returns the order of the field that holds a transform's real numbers (and I)."""
    if name == "wht" or (name == "dft" and kind == "real" and n in (2, 4)):
        return 4 if kind == "complex" else 1
    if name == "dct2":
        return 4 * n
    return n if n % 4 == 0 else 2 * n if n % 2 == 0 else 4 * n


FOUND = [
    *(("dft", n, None) for n in range(2, 17)),
    *(("dft", n, "real") for n in (2, 3, 4, 5, 8, 12, 16)),
    *(("idft", n, None) for n in (2, 3, 4, 5, 6, 8)),
    *(("dct2", n, None) for n in range(2, 10)),
    *(("dct2", 4, "complex"), ("wht", 4, "complex")),
    *(("wht", n, None) for n in (2, 4, 8, 16)),
]


# The others take as long and are like one of these.
QUICK = {
    *(("dft", n, None) for n in (2, 3, 4, 5, 8, 9, 13, 16)),
    *(("dft", n, "real") for n in (4, 5, 16)),
    *(("idft", n, None) for n in (3, 8)),
    *(("dct2", n, None) for n in (2, 5, 8)),
    *(("dct2", 4, "complex"), ("wht", 4, "complex"), ("wht", 8, None)),
}


@pytest.mark.parametrize(
    ("name", "n", "kind"),
    [pytest.param(*f, marks=[] if f in QUICK else pytest.mark.slow) for f in FOUND],
)
def test_what_a_short_run_finds_is_proved(
    name: str, n: int, kind: str | None, tmp_path: Path
) -> None:
    result = es.run(name, n=n, input=kind, seed=0, evaluations=200, out=tmp_path)
    order = order_of(name, n, kind)
    assert_proved(result.best, result.target, order)
    assert result.proof == prove(result.best, result.target)
    assert result.claims.proof == result.proof.verdict
    assert result.folder
    verification = es.verify(result.folder)
    assert verification.problems == []
    assert verification.proof == result.proof
    if n <= 8:
        assert is_right(es.load(result.folder), result.target)


@pytest.mark.parametrize(("genes", "n"), [(DFT8_GENES, 8), (DFT16_GENES, 16)])
def test_radix_two_is_proved_in_the_smallest_field(genes: Any, n: int) -> None:
    target = make_target("dft", n)
    program = exactly_decoded(target, genes)
    assert assert_proved(program, target, n).field == f"Q(zeta_{n})"
    assert is_right(program, target)


@pytest.mark.parametrize("position", range(len(TARGET_SAMPLES)))
def test_bred_programs_are_proved(position: int) -> None:
    target, genomes = TARGET_SAMPLES[position], sample_genomes(position)
    if target.exact is None:
        return
    for k in range(len(genomes) - 4, len(genomes)):
        program = exactly_decoded(target, genomes[k])
        proof = prove(program, target)
        assert proof.verdict, (target_name(target), proof.summary)
        if not proof.field:
            assert "lies in no cyclotomic field" in proof.obstacle
            continue
        assert is_right(program, target)
        assert replay_code(program.lower()) == replay_code(program.plain_code) == wanted(target)
        real = replay_code(program.code)
        assert (complex_rows(real) if target.domain == "complex" else real) == wanted(target)


ANGLES = [Exact(parse_constant(text).number) for text in ("pi/8", "-3*pi/4", "atan(1/2)", "pi/6")]


@settings(max_examples=80)
@given(programs())
def test_simplified_code_computes_exactly_the_same(drawn: Program) -> None:
    """Of any program of exact constants, whatever it computes."""
    instructions = tuple(
        replace(instruction, constants=(ANGLES[k % len(ANGLES)],))
        if instruction.name.startswith("rotation")
        else instruction
        for k, instruction in enumerate(drawn.instructions)
    )
    program = replace(drawn, instructions=instructions).with_exact_constants()
    assert program.is_exact
    rows = replay(program)
    assert replay_code(program.lower()) == rows
    assert replay_code(program.plain_code) == rows
    real = replay_code(program.code)
    assert (complex_rows(real) if program.domain == "complex" else real) == rows


def test_simplification_keeps_numbers_that_no_digits_tell() -> None:
    """Products and sums of constants, one of them recognised by nobody."""
    odd = parse_constant("1/3 + sqrt(2)*cos(pi/7)/98765432101 - 7*sqrt(3)/1234567890123")
    merged = 0
    for other in (parse_constant("cos(pi/16)"), odd, odd * 1j, 5.0, odd + 1j):
        products = (Instruction("scale", (0,), (odd,)), Instruction("scale", (1,), (other,)))
        multiples = (Instruction("scale", (0,), (odd,)), Instruction("scale", (0,), (other,)))
        total = Instruction("sum", (1, 2), (1, 1))
        for instructions, output in ((products, 2), ((*multiples, total), 3)):
            program = Program("factor", "complex", 1, instructions, (output,))
            rows = replay(program)
            merged += len(program.plain_code.operations) == 1
            assert replay_code(program.lower()) == replay_code(program.plain_code) == rows
            assert complex_rows(replay_code(program.code)) == rows
    assert merged >= 5


# Changed programs: proved just if they are right


def is_decimal(program: Program) -> bool:
    return not program.is_exact


def assert_decided(data: Data, target: Target) -> bool:
    """Proves a changed file and compares; returns whether it was still right."""
    program = json_format.from_data(data)
    with np.errstate(all="ignore"):
        proof = prove(program, target)
    if is_decimal(program):
        assert not proof.field
        assert proof.verdict in ("", "verified in 50 digits")
        return False
    try:
        right = is_right(program, target)
    except (OutsideError, TooLargeError):
        assert not proof.field
        return False
    assert bool(proof.field) == right, proof.summary
    assert (proof.error > 1e-50) != right
    return right


def decimal(text: str, digits: int) -> str:
    """Returns the decimal of a constant's text, so many digits of each part."""
    value = complex(parse_constant(text))
    parts = (f"{part:.{digits}g}" for part in (value.real, value.imag))
    real, imaginary = (part if part not in ("0", "-0") else "0" for part in parts)
    if value.imag == 0:
        return real if "." in real or "e" in real else f"{real}.{'0' * digits}1"
    return f"({real}{'' if imaginary.startswith('-') else '+'}{imaginary}j)"


CHANGES: list[Callable[[str], str]] = [
    lambda text: f"({text})*cos(pi/7)",
    lambda text: f"-({text})",
    lambda text: f"({text}) + 1/100000000000000",
    lambda text: f"({text})*(1 - 1/100000000000)",
    lambda text: "2/3",
    lambda text: f"({text})*1",
    lambda text: decimal(text, 10),
    lambda text: decimal(text, 14),
    lambda text: decimal(text, 16),
]


def positions(data: Data) -> Iterator[tuple[int, int]]:
    """Yields the instruction and the constant of every constant that is no sign."""
    for k, (name, _, constants, _) in enumerate(data["instructions"]):
        if name != "sum":
            yield from ((k, j) for j in range(len(constants)))


@pytest.mark.parametrize("name", ["dft5", "dft8", "dct28", "dft16"])
def test_a_changed_constant_is_never_proved(name: str) -> None:
    program, target = example(name)
    data, kept = json_format.to_data(program), 0
    for count, (k, j) in enumerate(positions(data)):
        changes = CHANGES if name != "dft16" else CHANGES[count % 3 :: 3]
        for change in changes:
            changed = copy.deepcopy(data)
            constants = changed["instructions"][k][2]
            constants[j] = change(constants[j])
            kept += assert_decided(changed, target)
    assert kept >= 1  # of the product with one, at least


@pytest.mark.parametrize("name", ["dft5", "dft8", "dct28"])
def test_a_flipped_sign_is_never_proved(name: str) -> None:
    program, target = example(name)
    data = json_format.to_data(program)
    for k, (kind, _, constants, _) in enumerate(data["instructions"]):
        for j in range(len(constants) if kind == "sum" else 0):
            for other in ("1", "-1", "I", "-I"):
                if other != constants[j] and (other in ("1", "-1") or target.domain == "complex"):
                    changed = copy.deepcopy(data)
                    changed["instructions"][k][2][j] = other
                    assert_decided(changed, target)


@pytest.mark.parametrize("name", ["dft5", "dft8", "dct28"])
def test_a_renumbered_operand_is_never_proved(name: str) -> None:
    program, target = example(name)
    data, right = json_format.to_data(program), 0
    for k, (kind, operands, constants, _) in enumerate(data["instructions"]):
        for j, operand in enumerate(operands):
            changed = copy.deepcopy(data)
            changed["instructions"][k][1][j] = operand - 1 if operand else operand + 1
            assert_decided(changed, target)
        if kind == "sum" and len(set(constants)) == 1:
            changed = copy.deepcopy(data)
            changed["instructions"][k][1].reverse()
            right += assert_decided(changed, target)
            right -= 1
    assert right == 0  # commuting operands change nothing


@pytest.mark.parametrize("name", ["dft5", "dft8", "dct28"])
def test_swapped_outputs_are_never_proved(name: str) -> None:
    program, target = example(name)
    data = json_format.to_data(program)
    for k in range(len(data["outputs"])):
        for value in (data["outputs"][k - 1], max(data["outputs"][k] - 1, 0), 0):
            changed = copy.deepcopy(data)
            changed["outputs"][k] = value
            assert_decided(changed, target)
        swapped = copy.deepcopy(data)
        outputs = swapped["outputs"]
        outputs[k], outputs[k - 1] = outputs[k - 1], outputs[k]
        assert not assert_decided(swapped, target)


# Constants that round to others


def one_scale(entry: float, *texts: str) -> tuple[Program, Target]:
    """Returns a program that multiplies by constants, and a target of one entry."""
    instructions = [
        Instruction("scale", (k,), (parse_constant(text),)) for k, text in enumerate(texts)
    ]
    target = Target("entry", 1, np.array([[entry]]), "real")
    return Program("factor", "real", 1, tuple(instructions), (len(texts),)), target


ALMOST_ONE = "1 + 1/(100000000000000*1000000)"
ROUNDED = [
    (1.0, ALMOST_ONE),
    (1.0, "1.0000000000000000000001"),
    (-1.0, f"-({ALMOST_ONE})"),
    (3.0, "3.0000000000000000001"),
    (2.0**53, "9007199254740993"),
]


@pytest.mark.parametrize(("entry", "text"), ROUNDED)
def test_a_constant_that_rounds_to_the_right_one_is_not_proved(entry: float, text: str) -> None:
    program, target = one_scale(entry, text)
    assert not prove(program, target).field


def test_simplification_takes_numbers_for_equal_that_differ_by_less_than_it_resolves() -> None:
    """Such a program is right as written, but its exported code is not."""
    program, target = one_scale(4.0, ALMOST_ONE, f"4/({ALMOST_ONE})")
    assert is_right(program, target)
    assert not prove(program, target).field


def test_a_sign_that_rounds_to_one_is_not_proved() -> None:
    signs = (parse_constant("1"), parse_constant(ALMOST_ONE))
    target = Target("sum", 2, np.ones((1, 2)), "real")
    try:
        program = Program("factor", "real", 2, (Instruction("sum", (0, 1), signs),), (2,))
    except ValueError:
        return  # no sign: refused
    assert not prove(program, target).field


@pytest.mark.parametrize(
    ("entry", "texts", "field"),
    [
        (3.0, ["3"], "Q"),
        (3.0, ["3.0"], "Q"),
        (3.0, ["sqrt(3)", "sqrt(3)"], "Q(zeta_12)"),
        (3.0, ["sqrt(3)", "3/sqrt(3)"], "Q(zeta_12)"),
        (1.0, ["2*cos(pi/5)", "2*cos(2*pi/5)"], "Q(zeta_5)"),
        (1.0, ["1/3", "3"], "Q"),
        (0.0, ["sqrt(2) - 2*cos(pi/4)", "7"], "Q"),
        (8.0, ["2 + 1/(100000000000000*1000000)", "8/(2 + 1/(100000000000000*1000000))"], "Q"),
        (3.0, ["3 + 1/(100000000000000*1000000)"], ""),
        (3.0, ["sqrt(3)", "sqrt(3) + 1/(100000000000000*100000000000000)"], ""),
        (3.0, ["1.5", "2"], ""),
        (3.0, ["1.7320508075688772", "sqrt(3)"], ""),
        (3.0, [f"3.{'0' * 40}1"], ""),
        (3.0, ["3 + cos(pi/4096) - cos(pi/4096)"], ""),
        (3.0, ["atan(1/2)", "2"], ""),
    ],
    ids=range(15),
)
def test_fields_of_single_constants(entry: float, texts: list[str], field: str) -> None:
    program, target = one_scale(entry or 1.0, *texts)
    if not entry:  # a target without an entry is none
        zero = np.array([[1.0], [0.0]])
        target = Target("zero", 1, zero, "real")
        program = replace(program, outputs=(0, *program.outputs))
    assert prove(program, target).field == field


# Verdicts


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        ("3.00000000000001", ""),
        (f"3.{'0' * 40}1", ""),
        (f"3.{'0' * 50}1", "verified in 50 digits"),
        ("3*atan(1)/atan(1/2)", None),
        ("3 + atan(1/2) - atan(1/2)", "verified in 50 digits"),
    ],
)
def test_fifty_digits_are_fifty(text: str, verdict: str | None) -> None:
    try:
        program, target = one_scale(3.0, text)
    except ValueError:
        assert verdict is None
        return
    proof = prove(program, target)
    assert proof.verdict in (verdict, "proved in Q" if "atan" in text else verdict)


def test_fifty_digits() -> None:
    """A rotation and its inverse by an angle whose cosine lies in no field."""
    target = Target("identity", 2, np.eye(2) * 3, "real")
    for angle in ("3/7", "atan(2)/2", "pi/5000", "0.123456789012345678901234567890123456789"):
        instructions = (
            Instruction("scale", (0,), (3.0,)),
            Instruction("scale", (1,), (3.0,)),
            Instruction("rotation", (2, 3), (parse_constant(angle),)),
            Instruction("rotation", (4, 5), (-parse_constant(angle),)),
        )
        proof = prove(Program("factor", "real", 2, instructions, (6, 7)), target)
        assert (proof.field, proof.verdict) == ("", "verified in 50 digits")
        assert proof.error <= 1e-50
        assert proof.summary.startswith("verified in 50 digits: the constant ")
        assert "lies in no cyclotomic field that is tried; relative error" in proof.summary
    wrong = (*instructions[:3], Instruction("rotation", (4, 5), (-parse_constant("pi/5000"),)))
    proof = prove(Program("factor", "real", 2, wrong, (6, 7)), target)
    assert (proof.field, proof.verdict) == ("", "")
    assert proof.summary.startswith("not proved: ")


def test_targets_of_floats() -> None:
    matrix = np.fft.fft(np.eye(8))
    target = Target("floats", 8, matrix, "complex")
    assert target.exact is None
    exact, _ = example("dft8")
    proof = prove(exact, target)
    assert proof.is_given_in_floats
    assert proof.verdict == "verified in 50 digits, target given in floats"
    assert 0 < proof.error <= 1e-15
    wrong = matrix.copy()
    wrong[3, 5] += 1e-9
    proof = prove(exact, Target("floats", 8, wrong, "complex"))
    assert (proof.verdict, proof.field) == ("", "")
    assert proof.error == pytest.approx(1e-9 / np.sqrt(8), rel=1e-3)


def test_errors_are_those_of_the_worst_output() -> None:
    target = Target("two", 2, np.array([[1e6, 0.0], [0.0, 1.0]]), "real")
    for k, error in ((0, 1e-6), (1, 1.0)):
        factors = [10**6 + (k == 0), 1 + (k == 1)]
        instructions = tuple(Instruction("scale", (j,), (f,)) for j, f in enumerate(factors))
        proof = prove(Program("factor", "real", 2, instructions, (2, 3)), target)
        assert proof.error == pytest.approx(error)
        assert proof.verdict == ""
        assert proof.summary.startswith("not proved: it computes another matrix; relative error")


def test_a_program_too_large_to_replay_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    program, target = example("dft8")
    monkeypatch.setattr("fitness.proof.MOST_STEPS", 8)
    proof = prove(program, target)
    assert (proof.field, proof.verdict, proof.error) == ("", "", float("inf"))
    assert proof.summary == "not proved: too large to replay"


# The code that is exported


def tampered(code: Code, position: int) -> Code:
    """Returns code with one constant changed, or one sign."""
    operation = code.operations[position]
    if operation.kind == "scale":
        other = operation._replace(constant=operation.constant * 3)
    else:
        other = operation._replace(right=operation.right.times(2))
    operations = (*code.operations[:position], other, *code.operations[position + 1 :])
    return replace(code, operations=operations)


@pytest.mark.parametrize("form", ["plain_code", "code"])
@pytest.mark.parametrize("name", ["dft5", "dft8", "dct28"])
def test_wrong_code_is_never_proved(name: str, form: str) -> None:
    program, target = example(name)
    for position in range(len(getattr(program, form).operations)):
        again = replace(program)
        again.__dict__[form] = tampered(getattr(program, form), position)
        proof = prove(again, target)
        assert not proof.field
        if (name, form) in (("dct28", "code"), (name, "plain_code")):
            assert not proof.verdict


@pytest.mark.parametrize("name", ["dft5", "dft8"])
def test_wrong_code_is_never_verified(name: str) -> None:
    program, target = example(name)
    for position in range(len(program.code.operations)):
        again = replace(program)
        again.__dict__["code"] = tampered(program.code, position)
        assert not prove(again, target).verdict, position


NEARLY_ROOT = "sqrt(3) + 1/(" + "*".join(["100000000000000"] * 4) + ")"


def test_what_is_known_to_be_another_matrix_is_not_verified() -> None:
    program, target = one_scale(3.0, "sqrt(3)", NEARLY_ROOT)
    assert replay(program) != wanted(target)
    proof = prove(program, target)
    assert proof.obstacle == "it computes another matrix"
    assert proof.verdict == ""


SQUARE = np.array([[0.3 + 0.4j, 1.5 + 0.5j], [0.25 - 2j, 1j]])


def test_wrong_code_for_a_target_of_floats_is_never_verified() -> None:
    target = Target("floats", 2, SQUARE, "complex")
    program = decoded_program(target, np.zeros((0, 6), np.int16))
    assert prove(program, target).verdict
    for position in range(len(program.code.operations)):
        again = replace(program)
        again.__dict__["code"] = tampered(program.code, position)
        assert not prove(again, target).verdict, position


# Targets of all shapes


MATRICES = {
    "square": np.array([[1.0, 2.0], [3.0, -4.0]]),
    "row": np.array([[1.0, 2.0, 2.0]]),
    "column": np.array([[3.0], [0.0], [5.0]]),
    "wide": np.array([[1.0, 2.0, 3.0, -7.0], [5.0, 0.0, -3.0, 1.0]]),
    "tall": np.array([[1.0, 2.0], [3.0, 4.0], [5.0, -6.0], [7.0, 7.0], [0.0, 9.0]]),
    "rank-one": np.outer([1.0, 2.0, -3.0], [5.0, 0.0, 7.0]),
    "zero-rows": np.array([[0.0, 0.0, 0.0], [1.0, 2.0, 3.0], [0.0, 0.0, 0.0]]),
    "zero-columns": np.array([[0.0, 5.0, 0.0], [0.0, 1.0, 0.0]]),
    "large": np.array([[123456789.0, 2.0], [-987654321.0, 7.0]]),
    "complex": np.array([[1 + 2j, 3.0], [-4j, 5 - 5j], [0, 0]]),
    "complex-rank-one": np.outer([1, 2j, 3 - 1j], [1 + 1j, 0, 5]),
}


@pytest.mark.parametrize("kind", ["real", "complex"])
@pytest.mark.parametrize("name", MATRICES)
def test_whole_matrices_of_files_are_proved(name: str, kind: str, tmp_path: Path) -> None:
    path = tmp_path / f"{name}.npy"
    np.save(path, MATRICES[name])
    result = es.run(str(path), input=kind, seed=0, evaluations=200, out=tmp_path)
    path.unlink()
    assert result.proof.field == ("Q(zeta_4)" if kind == "complex" else "Q")
    packing = "interleaved" if kind == "real" and name.startswith("complex") else "none"
    assert result.target.packing == packing
    assert is_right(result.best, result.target)
    assert result.folder
    assert es.verify(result.folder).problems == []
    data = json.loads((result.folder / "best.json").read_text())
    data["program"]["outputs"].reverse()
    (result.folder / "best.json").write_text(json.dumps(data))
    if len(MATRICES[name]) > 1 and name not in ("zero-rows",):
        verification = es.verify(result.folder)
        assert not verification.is_verified
        assert not verification.proof.field


# Rank one, of numbers that leave quotients of many digits.
LONG_QUOTIENTS = np.outer([1234567, 891231, 777777, 512345], [7654321, 4242437, 1100003]).astype(
    float
)


def test_a_run_with_long_quotients_verifies(tmp_path: Path) -> None:
    path = tmp_path / "long.npy"
    np.save(path, LONG_QUOTIENTS)
    result = es.run(str(path), seed=0, evaluations=400, out=tmp_path)
    assert result.proof.field == "Q"
    assert result.folder
    assert es.verify(result.folder).problems == []


def test_entries_in_a_field_too_large_are_proved() -> None:
    entry = square_root(Fraction(6)) * square_root(Fraction(3))
    exact = ExactMatrix((entry,), np.array([[0]]))
    target = Target("entry", 1, exact.rounded(), "real", exact=exact)
    program = Program(
        "factor", "real", 1, (Instruction("scale", (0,), (parse_constant("3*sqrt(2)"),)),), (1,)
    )
    assert prove(program, target).field == "Q(zeta_8)"


# Independent oracles of the targets


@pytest.mark.parametrize("n", [3, 5, 8])
def test_what_is_proved_is_the_transform(n: int) -> None:
    """From es.run to the definition, with nothing between but the replay above."""
    best = es.run("dft", n=n, seed=1, evaluations=200).best
    rows = [[root(Fraction(-j * k, n)) for k in range(n)] for j in range(n)]
    assert replay(best) == rows
    real = complex_rows(replay_code(best.code))
    assert real == rows


# Files


@pytest.mark.parametrize("name", ["dft5", "dft8", "dct28"])
@pytest.mark.parametrize(
    "proof",
    [
        *(
            "proved in Q",
            "proved in Q(zeta_4096)",
            "PROVED",
            "verified in 50 digits",
            " ",
            "x" * 999,
        ),
        "verified in 50 digits, target given in floats",
    ],
)
def test_another_proof_is_no_claim(name: str, proof: str, tmp_path: Path) -> None:
    data = document_of(*example(name))
    path = tmp_path / "file.json"
    path.write_text(json.dumps(data))
    assert es.verify(path).problems == []
    data["claims"]["proof"] = proof
    path.write_text(json.dumps(data))
    problems = es.verify(path).problems
    assert len(problems) == 1
    assert problems[0].startswith("exactness: the file claims ")
    assert len(problems[0]) < 200
    assert CliRunner().invoke(cli, ["verify", str(path)]).exit_code == 1


def test_a_file_of_wht_claims_no_field_but_its_own(tmp_path: Path) -> None:
    data = document_of(*example("wht4"))
    path = tmp_path / "file.json"
    assert data["claims"]["proof"] == "proved in Q"
    data["claims"]["proof"] = "proved in Q(zeta_4)"
    path.write_text(json.dumps(data))
    assert not es.verify(path).is_verified


def test_another_packing_is_no_claim(tmp_path: Path) -> None:
    data = document_of(*example("wht4"))
    data["target"]["packing"] = "interleaved"
    path = tmp_path / "file.json"
    path.write_text(json.dumps(data))
    try:
        assert not es.verify(path).is_verified
    except es.EvosynthError:
        return


def test_a_program_for_other_data_is_refused(tmp_path: Path) -> None:
    """On complex data the same additions are twice as many operations."""
    data = document_of(*example("wht4"))
    other = es.make_target("wht", 4, "complex")
    data["target"] |= {"input": "complex", "digest": other.digest}
    path = tmp_path / "file.json"
    path.write_text(json.dumps(data))
    with pytest.raises(es.EvosynthError, match="for real data, its target for complex data"):
        es.verify(path)


def test_a_matrix_that_calls_itself_a_transform_is_told_as_a_matrix(tmp_path: Path) -> None:
    target = Target("dft", 2, np.eye(2), "complex", "2-point DFT")
    program = decoded_program(target, np.zeros((0, 6), np.int16))
    path = tmp_path / "file.json"
    path.write_text(json.dumps(document_of(program, target)))
    subject = es.verify(path).subject
    assert subject.startswith("the 2 x 2 matrix that the file holds")
    assert "DFT" not in subject
