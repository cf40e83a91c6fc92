"""Refinement: cheaper programs by scales of values, network transposition, the command."""

from __future__ import annotations

import json
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result
from hypothesis import given, settings
from hypothesis import strategies as st
from random_programs import (
    DFT8_GENES,
    DFT16_GENES,
    assert_same_matrix,
    codes,
    decoded_program,
    programs,
)
from split_radix import split_radix, split_radix_code

import evosynth as es
from dsl.accuracy import EXACT, relative_error
from dsl.cost import class_prices, constant_class, count_code
from dsl.errors import DataError, StorageError, UsageError
from dsl.exact_number import Exact
from dsl.formats import render
from dsl.grammars.factor.build import build_program
from dsl.grammars.factor.decode import decode
from dsl.grammars.factor.from_code import program_from_code
from dsl.program import Program
from dsl.simplify import simplify
from dsl.straightline import Code, CodeWriter, Ref
from dsl.targets import SCALINGS, Target, make_target
from evosynth.cli.main import cli
from evosynth.refinement import is_quick, refine, transposed, transposed_program
from evosynth.refinement import potentials_kernel as kernel
from evosynth.refinement.arithmetic import is_same, parts, product, quotient, turned
from evosynth.refinement.flow import code_of, flow_of
from evosynth.refinement.potentials import FIXED, scale_names
from evosynth.runs import claims_of, read_document, write_document
from fitness.proof import prove


def generator(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def wasteful(factor: float) -> Program:
    """Returns a program that multiplies by a factor and divides by it again."""
    writer = CodeWriter("real", 3)
    total = writer.scale(factor, writer.add(Ref(0), Ref(1)))
    other = writer.scale(factor, Ref(2))
    ends = writer.add(total, other), writer.add(total, other.times(2))
    return program_from_code(writer.finish([writer.scale(1 / factor, end) for end in ends]))


@lru_cache
def samples() -> tuple[Program, ...]:
    dct8 = make_target("dct2", 8)
    return (
        decoded_program(make_target("dft", 8), DFT8_GENES),
        decoded_program(make_target("dft", 16), DFT16_GENES),
        decoded_program(dct8, DFT16_GENES),
        split_radix(16),
    )


# Code as a program


@given(codes())
def test_a_program_lowers_to_the_code_that_it_was_made_from(code: Code) -> None:
    program = program_from_code(code)
    lowered = program.lower()
    assert count_code(lowered).operations <= count_code(code).operations
    assert_same_matrix(code, lowered)


def test_stages_are_levels() -> None:
    program = program_from_code(split_radix_code(8))
    made = [-1] * program.inputs
    for instruction in program.instructions:
        assert instruction.stage == max(made[k] for k in instruction.operands) + 1
        made.append(instruction.stage)


# Graphs


@given(codes())
def test_code_of_a_graph_computes_the_same(code: Code) -> None:
    plain = simplify(code)
    again = code_of(flow_of(plain))
    assert_same_matrix(plain, again)
    assert count_code(again).operations <= count_code(plain).operations


@given(codes())
def test_graphs_are_in_order(code: Code) -> None:
    flow = flow_of(code)
    assert all(edge.source < edge.target < flow.nodes for edge in flow.edges)
    assert [e.target for e in flow.edges] == sorted(e.target for e in flow.edges)


def test_what_is_summed_and_read_twice_has_two_nodes() -> None:
    writer = CodeWriter("real", 2)
    total = writer.add(Ref(0), Ref(1))
    flow = flow_of(writer.finish([total, writer.scale(3.0, total)]))
    assert [tuple(edge) for edge in flow.edges] == [
        (0, 2, 1),
        (1, 2, 1),
        (2, 3, 1),
        (3, 4, 1),
        (3, 5, 3.0),
    ]


@pytest.mark.parametrize("scaling", SCALINGS)
def test_inputs_are_fixed_and_outputs_as_admitted(scaling: Any) -> None:
    flow = flow_of(split_radix_code(8))
    names = scale_names(flow, scaling)
    last = set(names[-8:].tolist())
    assert set(names[:8]) == {FIXED}
    assert FIXED not in names[8:-8]
    assert len(last) == (8 if scaling == "free" else 1)
    assert (FIXED in last) == (scaling == "exact")


def test_other_scalings_are_refused() -> None:
    with pytest.raises(ValueError, match="expected one of"):
        refine(split_radix(4), scaling="loose", rng=generator())  # type: ignore[arg-type]


# Arithmetic


EXACT_CONSTANTS = [
    operation.constant for operation in split_radix_code(32).operations if operation.kind == "scale"
]


@pytest.mark.parametrize("constant", [*EXACT_CONSTANTS, 2.0, -0.3, 1 - 0.4j, -1j, 1 + 1e-13])
def test_constants_are_turned_to_the_first_quadrant(constant: complex) -> None:
    turn, rest = turned(constant)
    assert abs(rest * 1j**turn - constant) <= 1e-12
    assert rest.real > 0
    assert rest.imag >= 0
    assert abs(complex(*(part.real for part in parts(constant))) - rest) <= 1e-12
    assert isinstance(rest, Exact) == isinstance(constant, Exact)


def test_quotients_are_exact() -> None:
    for one, two in pairwise(EXACT_CONSTANTS):
        found = quotient(one, two)
        assert isinstance(found, Exact)
        assert product(found, two) == one
        assert is_same(product(found, two), one)
        assert not is_same(quotient(complex(one), two), one)


def test_an_exact_number_is_not_taken_for_its_double() -> None:
    exact = EXACT_CONSTANTS[0]
    product(exact, 3)
    assert not isinstance(product(complex(exact), 3), Exact)


@given(st.complex_numbers(max_magnitude=1e3, allow_nan=False))
def test_the_kernel_has_the_classes_of_the_cost(constant: complex) -> None:
    for c in (constant, complex(constant.real, 1), complex(constant.real, constant.real), 1 + 0j):
        assert kernel.class_of(c.real, c.imag, 1e-9) == constant_class(c.real, c.imag)
    assert kernel.FIXED == FIXED
    assert len(class_prices(True)) == kernel.GENERAL + 1


# Refinement


def test_split_radix_becomes_the_tangent_fft() -> None:
    """1,152 operations at 64 points [JohnsonFrigo2007]."""
    target, program = make_target("dft", 64), split_radix(64)
    assert program.count.operations == 1160
    assert prove(program, target).verdict
    better = refine(program, rng=generator())
    assert better.count.operations == 1152
    assert prove(better, target).verdict == "proved in Q(zeta_64)"
    assert better.is_exact


@pytest.mark.parametrize("factor", [3.0, 3.0123456789])
def test_what_is_multiplied_for_nothing_is_not_multiplied(factor: float) -> None:
    program = wasteful(factor)
    better = refine(program, rng=generator())
    assert (program.count.operations, better.count.operations) == (7, 3)
    assert relative_error(better.matrix(), program.matrix()) <= EXACT


@settings(max_examples=60, deadline=None)
@given(programs(odd_constants=True))
def test_refinement_keeps_the_matrix(program: Program) -> None:
    better = refine(program, rng=generator(), rounds=2)
    assert (better.domain, better.name) == (program.domain, program.name)
    if better is not program:
        assert better.count.operations < program.count.operations
        assert relative_error(better.matrix(), program.matrix()) <= EXACT


@settings(max_examples=40, deadline=None)
@given(programs(), st.sampled_from(["common", "free"]))
def test_outputs_are_scaled_as_admitted(program: Program, scaling: Any) -> None:
    better = refine(program, scaling=scaling, rng=generator(), rounds=2)
    if better is program:
        return
    found, wanted = better.matrix(), program.matrix()
    factors = [
        row[k] / other[k] if abs(other[k]) > 0 else 1.0
        for row, other in zip(found, wanted, strict=True)
        for k in [int(np.argmax(np.abs(other)))]
    ]
    assert np.abs(np.imag(factors)).max() <= 1e-9
    assert np.real(factors).min() > 0
    assert relative_error(found / np.array(factors)[:, None], wanted) <= 1e-9
    if scaling == "common":
        present = np.array(factors)[np.abs(wanted).max(axis=1) > 0]
        assert np.abs(present - present[0]).max() <= 1e-9 * abs(present[0])


def test_a_factor_of_all_outputs_is_dropped() -> None:
    writer = CodeWriter("real", 2)
    total, difference = writer.add(Ref(0), Ref(1)), writer.add(Ref(0), Ref(1, 2))
    ends = [writer.scale(3.0, total), writer.scale(5.0, difference)]
    program = program_from_code(writer.finish(ends))
    counts = {
        scaling: refine(program, scaling=scaling, rng=generator()).count.operations
        for scaling in SCALINGS
    }
    assert counts == {"exact": 4, "common": 3, "free": 2}


@pytest.mark.parametrize("position", range(4))
def test_what_cannot_be_refined_comes_back(position: int) -> None:
    program = samples()[position]
    better = refine(program, rng=generator(), rounds=2)
    assert better.count.operations <= program.count.operations
    assert better is program or better.count.operations < program.count.operations


def test_the_seed_decides() -> None:
    program = split_radix(64)
    texts = [render(refine(program, rng=generator(3), rounds=1), "json") for _ in range(2)]
    assert texts[0] == texts[1]


def test_a_wrong_program_is_never_returned(monkeypatch: pytest.MonkeyPatch) -> None:
    """Were the exact scales wrong, the program would stay as it is."""
    from evosynth.refinement import refine_program

    monkeypatch.setattr(refine_program, "scaled", lambda flow, scales: flow_of(free_code(flow)))
    program = wasteful(3.0)
    assert refine(program, rng=generator()) is program


def free_code(flow: Any) -> Code:
    """Returns code of the right shape without any operation."""
    outputs = tuple(Ref(k % flow.inputs) for k in range(flow.outputs))
    return Code(flow.domain, flow.inputs, (), outputs)


# Transposition


@given(codes())
def test_transposition(code: Code) -> None:
    turned_round = transposed(code)
    size = max(1.0, float(np.abs(code.linear_forms()).max()))
    assert np.abs(turned_round.matrix() - code.matrix().T).max() <= 1e-12 * size
    assert np.abs(transposed(turned_round).matrix() - code.matrix()).max() <= 1e-12 * size


@pytest.mark.parametrize("position", range(4))
def test_a_square_program_has_a_transpose_of_as_many_operations(position: int) -> None:
    program = samples()[position]
    code, other = program.plain_code, transposed(program.plain_code)
    assert count_code(other) == count_code(code)
    turned_round = transposed_program(program)
    assert relative_error(turned_round.matrix(), program.matrix().T) <= EXACT


def test_additions_differ_by_outputs_less_inputs() -> None:
    writer = CodeWriter("real", 4)
    total = writer.add(writer.add(Ref(0), Ref(1)), writer.add(Ref(2), Ref(3)))
    code = writer.finish([total])
    assert count_code(code).operations == 3
    assert count_code(transposed(code)).operations == 0


def test_the_transpose_is_exact() -> None:
    """The matrix of the DFT is symmetric, so its transpose is the DFT again."""
    target = make_target("dft", 16)
    assert prove(transposed_program(split_radix(16)), target).verdict == "proved in Q(zeta_16)"


# Files and the command


@pytest.fixture
def stored(tmp_path: Path) -> Path:
    """Stores a program with its target and claims."""
    program = wasteful(3.0)
    target = Target("sums", 3, np.array([[1.0, 1, 1], [1, 1, -1]]), "real", "sums")
    path = tmp_path / "given.json"
    claims = claims_of(program, target, prove(program, target))
    path.write_text(write_document(program, target, claims))
    return path


def invoke(*arguments: object) -> Result:
    return CliRunner().invoke(cli, [str(a) for a in arguments], prog_name="evosynth")


def test_a_file_is_refined_and_stays_verified(stored: Path, tmp_path: Path) -> None:
    path = tmp_path / "refined.json"
    done = invoke("refine", stored, "--seed", 0, "-o", path)
    assert done.exit_code == 0, done.output
    assert "before: 7 real operations (3 additions, 4 multiplications)" in done.stdout
    assert "after:  3 real operations" in done.stdout
    assert "proved in Q" in done.stdout
    assert done.stderr == f"wrote {path}\n"
    verification = es.verify(path)
    assert verification.is_verified
    assert verification.claimed.operations == 3


@pytest.mark.parametrize("suffix", [".json", ".txt"])
def test_a_bare_program_is_refined(suffix: str, tmp_path: Path) -> None:
    source, path = tmp_path / f"given{suffix}", tmp_path / f"refined{suffix}"
    source.write_text(render(wasteful(3.0), "json" if suffix == ".json" else "text"))
    result = es.refine(source, seed=0, output=path)
    assert (result.before.operations, result.after.operations) == (7, 3)
    assert (result.target, result.proof) == (None, None)
    document = read_document(path)
    assert document.target is None
    assert document.program.count == result.after
    assert "bare program" in invoke("refine", source).stdout


def test_exact_constants_survive_a_file(tmp_path: Path) -> None:
    """Those of the tangent FFT are quotients of cosines."""
    path = tmp_path / "tangent.json"
    result = es.refine(split_radix(64), seed=0, rounds=2, output=path)
    assert result.after.operations < 1160
    again = es.load(path)
    assert prove(again, make_target("dft", 64)).verdict == "proved in Q(zeta_64)"


def test_nothing_is_written_unless_asked(stored: Path, tmp_path: Path) -> None:
    before = stored.read_bytes()
    done = invoke("refine", stored, "--seed", 7, "--json")
    data = json.loads(done.stdout)
    assert data["before"] == {"additions": 3, "multiplications": 4, "operations": 7}
    assert data["after"] == {"additions": 3, "multiplications": 0, "operations": 3}
    assert data["seed"] == 7
    assert list(tmp_path.iterdir()) == [stored]
    assert stored.read_bytes() == before


def test_nothing_found_is_said(tmp_path: Path) -> None:
    path = tmp_path / "dft4.json"
    path.write_text(render(split_radix(4), "json"))
    assert "after:  the same, nothing was found" in invoke("refine", path).stdout


def test_bad_arguments(stored: Path, tmp_path: Path) -> None:
    program = wasteful(3.0)
    for options in ({"rounds": 0}, {"seed": -1}, {"scaling": "loose"}, {"output": "a.svg"}):
        with pytest.raises(UsageError):
            es.refine(program, **options)  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="admits scaling 'exact'"):
        es.refine(stored, scaling="free")
    with pytest.raises(StorageError):
        es.refine(program, output=tmp_path / "missing" / "a.json")
    with pytest.raises(DataError):
        es.refine(tmp_path / "nothing.json")


def test_false_claims_are_refused(stored: Path, tmp_path: Path) -> None:
    data = json.loads(stored.read_text())
    data["claims"]["operations"] -= 1
    path = tmp_path / "wrong.json"
    path.write_text(json.dumps(data))
    done = invoke("refine", path)
    assert done.exit_code == 65
    assert "not verified" in done.stderr


def test_what_takes_minutes_is_told_from_what_takes_seconds() -> None:
    """Measured: 0.5 s a round for DFT 64, two minutes for 24 x 12 products read together."""
    assert is_quick(split_radix(64))
    matrix = np.random.default_rng(0).standard_normal((24, 48)).view(np.complex128)
    decoding = decode(np.zeros((0, 6), np.int16), matrix, is_complex=True)
    assert not is_quick(build_program(decoding, "complex"))
