"""Fixed point: nothing overflows, errors stay below their bounds, C does what Python does."""

from __future__ import annotations

import ctypes
import itertools
import json
import re
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from random_programs import codes, programs
from test_c_format import copies, nothing, one_to_many

import evosynth as es
from dsl.errors import DataError, UsageError
from dsl.fixed_point import (
    FixedProgram,
    Step,
    Term,
    UnprovedError,
    Words,
    fixed_point,
    prove_no_overflow,
    sign_vectors,
)
from dsl.formats import format_for, json_format, render
from dsl.grammars.factor.from_code import program_from_code
from dsl.program import Instruction, Program
from dsl.straightline import CodeWriter, Ref
from evosynth.cli.main import cli

DISCOVERED = Path(__file__).parent.parent / "experiments" / "discovered"
COMPILER = shutil.which("cc") or shutil.which("gcc") or ""
NEEDS_COMPILER = pytest.mark.skipif(not COMPILER, reason="needs a C compiler")
STRICT = ("-std=c99", "-Wall", "-Wextra", "-Wconversion", "-Wmissing-prototypes", "-pedantic")
# Ends the program, and needs no library.
CHECKED = ("-fsanitize=undefined", "-fsanitize-undefined-trap-on-error")
NAMES = ("dct2-8-41", "dct2-8-free-33", "dft-8-56", "dft-16-168", "wht-8-24")
LENGTHS = (8, 16, 32)
EACH_NAME = pytest.mark.parametrize("name", [*NAMES, "random"])
EACH_LENGTH = pytest.mark.parametrize("word_length", LENGTHS)
CALM = settings(deadline=None, suppress_health_check=list(HealthCheck))

Compiler = Callable[..., Path]
Array = npt.NDArray[Any]


def dense(matrix: Array, name: str = "random") -> Program:
    """Returns the program of the product with a matrix, nothing shared."""
    code = CodeWriter("real", matrix.shape[1])
    outputs = []
    for row in matrix.tolist():
        terms = [code.scale(c, Ref(k)) for k, c in enumerate(row)]
        total = terms[0]
        for term in terms[1:]:
            total = code.add(total, term)
        outputs.append(total)
    return program_from_code(code.finish(outputs), name)


@cache
def program(name: str) -> Program:
    if name == "random":
        return dense(np.random.default_rng(7).standard_normal((5, 6)))
    return json_format.from_data(json.loads((DISCOVERED / f"{name}.json").read_text())["program"])


def inputs_of(fixed: FixedProgram, count: int = 300) -> Array:
    """Returns random inputs, all corners of few inputs, and those that make outputs largest."""
    largest, rng = fixed.words.largest_input, np.random.default_rng(1)
    corners = itertools.product((-largest, largest), repeat=min(fixed.inputs, 8))
    rows = [[*corner, *[largest] * (fixed.inputs - len(corner))] for corner in corners]
    random = rng.integers(-largest, largest, (count, fixed.inputs), endpoint=True)
    return np.concatenate([random, rows, sign_vectors(fixed), np.zeros_like(random[:1])])


def errors_of(fixed: FixedProgram, x: Array) -> Array:
    """Returns the errors of outputs in units of their last places."""
    exact = x @ fixed.source.code.matrix().T
    return fixed(x) - np.ldexp(exact, np.array(fixed.output_bits))


def assert_sound(fixed: FixedProgram, x: Array) -> None:
    """Fails if a value or an error is beyond what was proved."""
    proof = fixed.proof
    for value, magnitude in zip(fixed.values(x.astype(object)), proof.magnitudes, strict=True):
        assert np.abs(value).max() <= magnitude <= fixed.words.largest
    largest = np.abs(errors_of(fixed, x)).max(axis=0)
    assert (largest <= np.array(proof.last_places(fixed), float) + 1e-5).all()


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Compiler:
    """Returns a function that compiles C, into a library unless told otherwise."""
    folder, numbers = tmp_path_factory.mktemp("c"), itertools.count()

    def compiled(source: str, *flags: str) -> Path:
        path = folder / f"{next(numbers)}.c"
        path.write_text(source, encoding="ascii")
        result = path.with_suffix(".so")
        command = [COMPILER, *STRICT, "-Werror", "-O0", *(flags or ("-shared", "-fPIC"))]
        report = subprocess.run(
            [*command, str(path), "-o", str(result)], capture_output=True, text=True, check=False
        )
        assert report.returncode == 0, report.stderr
        return result

    return compiled


def call(library: Path, name: str, fixed: FixedProgram, x: Array) -> tuple[Array, Array]:
    """Returns what the two functions make of inputs."""
    functions = ctypes.CDLL(str(library))
    data = np.ascontiguousarray(x, f"int{fixed.words.length}")
    rows = np.full((2, len(x), len(fixed.outputs)), 77, data.dtype)
    for source, result in zip(data, rows[0], strict=True):
        getattr(functions, name)(*(ctypes.c_void_p(a.ctypes.data) for a in (source, result)))
    pointers = (ctypes.c_void_p(a.ctypes.data) for a in (data, rows[1]))
    getattr(functions, f"{name}_batch")(*pointers, ctypes.c_size_t(len(x)))
    return rows[0], rows[1]


# What is proved


@EACH_NAME
@EACH_LENGTH
@pytest.mark.parametrize("scaling", ["common", "free"])
def test_nothing_is_beyond_what_is_proved(name: str, word_length: int, scaling: str) -> None:
    fixed = fixed_point(program(name), word_length, scaling=scaling)
    assert_sound(fixed, inputs_of(fixed))


@settings(CALM, max_examples=40)
@given(
    source=programs(odd_constants=True) | codes(30).map(program_from_code),
    word_length=st.sampled_from(LENGTHS),
    input_bits=st.integers(2, 8),
    scaling=st.sampled_from(["common", "free"]),
)
def test_any_program(source: Program, word_length: int, input_bits: int, scaling: str) -> None:
    fixed = fixed_point(source, word_length, input_bits, scaling=scaling)
    if scaling == "common":
        assert len(set(fixed.output_bits)) == 1
    assert_sound(fixed, inputs_of(fixed, 50))


@settings(CALM, max_examples=20)
@given(source=codes(20).map(program_from_code).filter(lambda p: p.code.inputs <= 4))
def test_all_inputs_of_few_bits(source: Program) -> None:
    fixed = fixed_point(source, 8, 3)
    assert_sound(fixed, np.array(list(itertools.product(range(-3, 4), repeat=fixed.inputs))))


@EACH_LENGTH
def test_magnitudes_are_reached(word_length: int) -> None:
    """A Walsh-Hadamard transform fills its words to the last bit, stage after stage."""
    fixed = fixed_point(program("wht-8-24"), word_length)
    values = fixed.values(sign_vectors(fixed))
    assert {int(np.abs(value).max()) for value in values} == {fixed.words.largest}
    assert set(fixed.proof.magnitudes) == {fixed.words.largest}
    assert set(fixed.output_bits) == {-3}


@pytest.mark.parametrize("name", NAMES)
def test_words_are_full(name: str) -> None:
    """The largest output is reached, but for its error, and twice as large would overflow."""
    fixed = fixed_point(program(name), 16)
    reached = np.abs(fixed(sign_vectors(fixed))).max()
    proved = max(fixed.proof.magnitudes[k] for k in fixed.outputs)
    assert proved - 2 * fixed.error_bound <= reached <= proved <= fixed.words.largest < 2 * proved


@EACH_NAME
@EACH_LENGTH
def test_error_bounds_are_within_a_factor_of_3(name: str, word_length: int) -> None:
    fixed = fixed_point(program(name), word_length)
    measured = np.abs(errors_of(fixed, inputs_of(fixed, 10_000))).max()
    assert measured <= fixed.error_bound <= 3 * measured


def test_bounds_by_hand() -> None:
    code = CodeWriter("real", 2)
    fixed = fixed_point(program_from_code(code.finish([code.add(Ref(0), Ref(1))])), 16)
    assert fixed.steps == (Step((Term(0, 1), Term(1, 1)), 1, -1),)
    assert fixed.proof.magnitudes == (32767, 32767, 32767)
    assert fixed.proof.error_bounds == (1,)
    assert fixed.error_bound == 0.5
    assert fixed([[3, 4], [-3, -4], [32767, 32767]]).tolist() == [[4], [-3], [32767]]


# What is not proved


def tampered(fixed: FixedProgram, position: int, **changes: Any) -> FixedProgram:
    steps = list(fixed.steps)
    steps[position] = replace(steps[position], **changes)
    return replace(fixed, steps=tuple(steps))


def is_proved(fixed: FixedProgram) -> bool:
    try:
        prove_no_overflow(fixed)
    except UnprovedError:
        return False
    return True


@EACH_LENGTH
def test_a_shift_too_few_is_found(word_length: int) -> None:
    fixed = fixed_point(program("wht-8-24"), word_length)
    assert is_proved(fixed)
    for position, step in enumerate(fixed.steps):
        assert step.shift
        with pytest.raises(UnprovedError, match=f"expected at most {fixed.words.largest}"):
            prove_no_overflow(tampered(fixed, position, shift=step.shift - 1))


def test_what_is_not_proved_overflows() -> None:
    """Of each step with a bit less shifted: it is refused, or it does no harm."""
    fixed = fixed_point(program("dct2-8-41"), 16)
    x = inputs_of(fixed, 2000).astype(object)
    refused = 0
    for position, step in enumerate(fixed.steps):
        if step.shift:
            changed = tampered(fixed, position, shift=step.shift - 1)
            refused += not is_proved(changed)
            if is_proved(changed):
                assert max(np.abs(v).max() for v in changed.values(x)) <= fixed.words.largest
    assert refused > 20


def test_sums_that_overflow_are_found() -> None:
    """The same values, but a sum of so many bits that no wide word holds it."""
    fixed = fixed_point(program("dct2-8-41"), 16)
    assert not all(is_proved(finer(fixed, k)) for k in range(len(fixed.steps)))
    for position, step in enumerate(fixed.steps):
        changed = finer(fixed, position)
        values = changed.values(sign_vectors(fixed))
        terms = changed.steps[position].terms
        products = [values[term.value] * term.multiplier for term in terms]
        if any(np.abs(p).max() > 2**31 - 1 for p in products):
            assert not is_proved(changed), step


def finer(fixed: FixedProgram, position: int) -> FixedProgram:
    step = fixed.steps[position]
    terms = tuple(term._replace(multiplier=4 * term.multiplier) for term in step.terms)
    return tampered(fixed, position, terms=terms, shift=step.shift + 2)


def test_the_half_that_is_added_before_a_shift_counts() -> None:
    source = dense(np.array([[0.5, 0.7]]))
    terms = (Term(0, 1 << 15), Term(1, 1 << 15))  # at most 2^31 - 2^16
    made = [
        FixedProgram(source, Words(16, 16, 16), (Step(terms, shift, 0),), (2,))
        for shift in (16, 17)
    ]
    assert prove_no_overflow(made[0]).magnitudes[2] == 32767
    with pytest.raises(UnprovedError, match=f"may be {2**31}, expected at most {2**31 - 1}"):
        prove_no_overflow(made[1])


def test_larger_inputs_are_found() -> None:
    fixed = fixed_point(program("wht-8-24"), 16, 12)
    with pytest.raises(UnprovedError):
        prove_no_overflow(replace(fixed, words=replace(fixed.words, input_bits=16)))


def test_a_wrong_constant_is_in_the_error_bound() -> None:
    fixed = fixed_point(program("dct2-8-41"), 16)
    for position, step in enumerate(fixed.steps):
        terms = tuple(t._replace(multiplier=int(t.multiplier * 63 / 64)) for t in step.terms)
        changed = tampered(fixed, position, terms=terms)
        assert changed.error_bound > fixed.error_bound


@pytest.mark.parametrize(
    "changes",
    [{"terms": (Term(8, 1),)}, {"terms": (Term(-1, 1),)}, {"shift": 32}, {"shift": -1}],
)
def test_steps_that_make_no_sense_are_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="value 8"):
        tampered(fixed_point(program("wht-8-24"), 16), 0, **changes)


# Options


def test_inputs_of_fewer_bits_leave_more_for_fractions() -> None:
    wide, narrow = (fixed_point(program("dct2-8-41"), 16, bits) for bits in (16, 9))
    assert set(narrow.output_bits) == {3}
    assert narrow.words.largest_input == 255
    places = [f.error_bound * 2.0 ** -f.output_bits[0] for f in (wide, narrow)]
    assert places[0] > 100 * places[1]


def test_free_scaling_is_finer() -> None:
    source = dense(np.diag([1.0, 0.3, 2.0**-10]), "diagonal")
    common, free = (fixed_point(source, 16, scaling=s) for s in ("common", "free"))
    assert common.output_bits == (0, 0, 0)
    assert free.output_bits[0] == 0
    assert free.output_bits[1] == 1
    assert free.output_bits[2] == 10
    assert_sound(free, inputs_of(free))


def test_a_sum_that_just_fits_may_be_rounded_to_any_format() -> None:
    fixed = fixed_point(dense(np.array([[0.99997, 0.9999], [1000.0, 0.0]])), 16)
    assert fixed.output_bits == (-10, -10)
    assert fixed.error_bound < 1
    assert_sound(fixed, inputs_of(fixed))


def test_a_fine_value_loses_no_bit_that_matters() -> None:
    code = CodeWriter("real", 2)
    fine = code.scale(1 / 3072, Ref(1))
    sums = [code.add(code.scale(0.75, Ref(0)), fine), code.add(Ref(0), fine)]
    fixed = fixed_point(program_from_code(code.finish(sums)), 16, 9)
    assert fixed.output_bits == (7, 7)
    assert fixed.error_bound < 0.6
    assert_sound(fixed, inputs_of(fixed))


def test_more_bits_of_constants_are_nearer() -> None:
    fixed = [fixed_point(program("dct2-8-41"), 8, constant_bits=bits) for bits in (4, 8, 16)]
    bounds = [each.error_bound for each in fixed]
    assert bounds == sorted(bounds, reverse=True)
    for each in fixed:
        multipliers = [abs(t.multiplier) for step in each.steps for t in step.terms]
        largest = max(m for m in multipliers if m & (m - 1))
        assert largest <= each.words.largest_constant
        assert_sound(each, inputs_of(each))


@pytest.mark.parametrize("make", [copies, nothing, one_to_many])
def test_programs_of_little(make: Callable[[], Program]) -> None:
    for scaling in ("common", "free"):
        fixed = fixed_point(make(), 16, scaling=scaling)
        assert_sound(fixed, inputs_of(fixed))
    exact = fixed_point(copies(), 16)
    assert exact.error_bound == 0
    x = np.arange(6)
    assert exact(x).tolist() == exact.source.code.execute(x).tolist()


@pytest.mark.parametrize(
    ("options", "part", "hint"),
    [
        ({"word_length": 12}, "8, 16 or 32, got 12", ""),
        ({"word_length": "16"}, "8, 16 or 32, got '16'", ""),
        ({"word_length": True}, "8, 16 or 32, got True", ""),
        ({"word_length": 8, "input_bits": 12}, "2 to 8 bits, got 12", "16 would do"),
        ({"input_bits": 1}, "2 to 16 bits, got 1", ""),
        ({"input_bits": 64}, "2 to 16 bits, got 64", ""),
        ({"constant_bits": 17}, "2 to 16 bits, got 17", ""),
        ({"scaling": "exact"}, "unknown scaling 'exact'", "common, free"),
    ],
)
def test_bad_options_are_refused(options: dict[str, Any], part: str, hint: str) -> None:
    with pytest.raises(UsageError, match=re.escape(part)) as caught:
        fixed_point(program("wht-8-24"), **options)
    assert hint in caught.value.hint


def cancelling() -> Program:
    """Returns a program that loses all but the last digits of its values."""
    code = CodeWriter("real", 2)
    large = code.add(Ref(0), code.scale(3000.0, Ref(1)))
    middle = code.add(large, code.scale(0.3, large))
    back = code.add(code.scale(3900.0, Ref(1)).times(2), middle)
    return program_from_code(code.finish([back]), "cancelling")


def test_words_that_are_too_short_name_those_that_would_do() -> None:
    with pytest.raises(UsageError, match="words of 8 bits are too short") as caught:
        fixed_point(cancelling(), 8)
    assert caught.value.hint == "a word length of 16 would do"
    fixed = fixed_point(cancelling(), 16)
    assert_sound(fixed, inputs_of(fixed))


def test_formulas_and_endless_numbers_are_refused() -> None:
    formula = Program("expression", "real", 1, (Instruction("sin", (0,)),), (1,))
    with pytest.raises(UsageError, match="formulas"):
        fixed_point(formula)
    steps = (Instruction("scale", (0,), (1e200,)), Instruction("scale", (0,), (1e305,)))
    with pytest.raises(DataError, match="too large"):
        fixed_point(Program("factor", "real", 1, steps, (1, 2)))


@pytest.mark.parametrize("x", [[0.5] * 8, [1] * 7, 3, [32768] + [0] * 7])
def test_inputs_that_do_not_fit_are_refused(x: Any) -> None:
    with pytest.raises((UsageError, DataError), match="expected"):
        fixed_point(program("wht-8-24"))(x)


# Measured


def test_measurement() -> None:
    fixed = fixed_point(program("dct2-8-41"), 16)
    found = fixed.measure()
    assert found == fixed.measure(10_000, np.random.default_rng(0))
    assert found != fixed.measure(rng=np.random.default_rng(1))
    assert (found.count, found.worst_cases) == (10_000, 16)
    x = np.random.default_rng(0).integers(-32767, 32767, (10_000, 8), endpoint=True)
    errors = errors_of(fixed, x)
    assert found.largest_error == pytest.approx(np.abs(errors).max())
    exact = x @ program("dct2-8-41").matrix().T / 16
    assert found.snr == pytest.approx(10 * np.log10((exact**2).sum() / (errors**2).sum()))


def test_a_bit_is_6_decibels() -> None:
    snr = [fixed_point(program("dft-16-168"), w).measure(1000).snr for w in LENGTHS]
    assert np.diff(snr) == pytest.approx([8 * 6.02, 16 * 6.02], abs=1)


def test_listing_says_every_step() -> None:
    fixed = fixed_point(program("wht-8-24"))
    lines = str(fixed).splitlines()
    assert lines[0] == "fixed wht8: 8 inputs of 16 bits, words of 16 bits"
    assert len(lines) == 2 + len(fixed.steps)
    assert re.fullmatch(r"  v8 = \(v\d \+ v\d\) >> 1  / 2\^-1", lines[1])


def test_it_is_public() -> None:
    assert es.fixed_point is fixed_point
    assert es.FixedProgram is FixedProgram


# C


@NEEDS_COMPILER
@EACH_NAME
@EACH_LENGTH
@pytest.mark.parametrize("shift_add", [False, True], ids=["products", "shifts"])
def test_c_does_what_python_does(
    name: str, word_length: int, shift_add: bool, compiled: Compiler
) -> None:
    source = render(
        program(name), "c-fixed", name="tried", word_length=word_length, shift_add=shift_add
    )
    factors = {int(m) for m in re.findall(r"_t\)\S+ \* (\d+)", source)}
    is_shifted = all(m & (m - 1) == 0 for m in factors)
    assert is_shifted == (shift_add or name.startswith("wht"))
    fixed = fixed_point(program(name), word_length)
    x = inputs_of(fixed)
    for result in call(compiled(source), "tried", fixed, x):
        np.testing.assert_array_equal(result, fixed(x))


@NEEDS_COMPILER
@settings(CALM, max_examples=8)
@given(
    source=programs(odd_constants=True) | codes(30).map(program_from_code),
    word_length=st.sampled_from(LENGTHS),
    scaling=st.sampled_from(["common", "free"]),
)
def test_c_of_any_program(
    source: Program, word_length: int, scaling: str, compiled: Compiler
) -> None:
    fixed = fixed_point(source, word_length, scaling=scaling)
    options = {"word_length": word_length, "scaling": scaling, "name": "tried"}
    x = inputs_of(fixed, 50)
    for result in call(compiled(render(source, "c-fixed", **options)), "tried", fixed, x):
        np.testing.assert_array_equal(result, fixed(x))


def run_main(source: str, compiled: Compiler) -> tuple[int, str]:
    path = compiled(source, *CHECKED)
    report = subprocess.run([path], capture_output=True, text=True, check=False)
    return report.returncode, report.stdout


@NEEDS_COMPILER
@pytest.mark.parametrize("name", ["dct2-8-41", "dft-8-56"])
@pytest.mark.parametrize("shift_add", [False, True], ids=["products", "shifts"])
@EACH_LENGTH
def test_main_passes_and_nothing_is_undefined(
    name: str, shift_add: bool, word_length: int, compiled: Compiler
) -> None:
    options = {"word_length": word_length, "shift_add": shift_add}
    status, output = run_main(render(program(name), "c-fixed", main=True, **options), compiled)
    assert status == 0, output
    assert re.fullmatch(r"\w+_q\d+: 0 failures, \d+ vectors\n", output)


@NEEDS_COMPILER
@pytest.mark.parametrize(
    ("former", "changed"),
    [
        ("16069, 14)", "16068, 14)"),
        ("(s - 1)", "(s)"),
        ("x + b * 8", "x"),
        ("y[4] = ", "y[4] = (int16_t)-"),
        ("x[0] + (int32_t)x[7], 1)", "x[0] + (int32_t)x[7], 2)"),
    ],
)
def test_main_finds_errors(former: str, changed: str, compiled: Compiler) -> None:
    source = render(program("dct2-8-41"), "c-fixed", main=True)
    assert former in source
    status, output = run_main(source.replace(former, changed, 1), compiled)
    assert status == 1, output


@NEEDS_COMPILER
def test_overflow_would_be_noticed(compiled: Compiler) -> None:
    """The compiler's checks do see what the proof excludes."""
    source = render(program("dct2-8-41"), "c-fixed", main=True)
    changed = source.replace("* 16069, 14)", "* 1606900, 14)", 1)
    assert changed != source
    assert run_main(changed, compiled)[0] not in (0, 1)


def test_header_says_what_is_proved_and_measured() -> None:
    fixed = fixed_point(program("dft-16-168"), 16)
    head = render(program("dft-16-168"), "c-fixed").partition("*/")[0]
    measured = fixed.measure()
    for part in (
        "dft16_q15: 16 complex inputs, 16 outputs, fixed point in words of 16 bits.",
        "x[32], y[32]: one vector",
        "the real part first",
        "whole numbers from -32767 to 32767, no others",
        "times 2^-5",
        f"at most {measured.largest_error:.2f} over 10,000 random inputs and 64 that",
        f"{measured.snr:.1f} dB below",
    ):
        assert part in head
    bound = float(re.findall(r"at most (\S+) units", head)[0])
    assert fixed.error_bound <= bound < fixed.error_bound + 0.011


def test_scales_of_free_outputs_are_in_the_header() -> None:
    head = render(dense(np.diag([1.0, 0.3])), "c-fixed", scaling="free").partition("*/")[0]
    assert "times 2 to the 0, 1" in head


@pytest.mark.parametrize("options", [{"main": 1}, {"shift_add": "no"}, {"name": "rounded"}])
def test_bad_options_of_the_format_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        render(program("wht-8-24"), "c-fixed", **options)


def test_names() -> None:
    long = replace(program("wht-8-24"), name="w" * 64)
    assert f"void {'w' * 60}_q15(" in render(long, "c-fixed")
    assert "void my_rounded_q7(" in render(replace(long, name="rounded"), "c-fixed", word_length=8)
    assert "void mine(const int32_t *x" in render(long, "c-fixed", name="mine", word_length=32)


def test_the_suffix_of_c_stands_for_plain_c() -> None:
    assert format_for("file.c").name == "c"


def test_export_says_what_people_should_know(tmp_path: Path) -> None:
    output = tmp_path / "f.c"
    arguments = ["export", str(DISCOVERED / "dct2-8-41.json"), "--to", "c-fixed", "-o", str(output)]
    result = CliRunner().invoke(cli, [*arguments, "--word-length", "8", "--input-bits", "7"])
    assert (result.exit_code, result.stdout) == (0, "")
    assert output.read_text() == render(
        program("dct2-8-41"), "c-fixed", word_length=8, input_bits=7
    )
    words = [line.split(":")[0].split()[0] for line in result.stderr.splitlines()]
    assert words == ["wrote", "input", "output", "overflow", "error", "measured", "noise"]
    result = CliRunner().invoke(cli, [*arguments, "--word-length", "0"])
    assert result.exit_code == 2
    assert "8, 16 or 32, got 0" in result.stderr
