"""Formats: each writes any program; what can be read back is the same; no file does harm."""

from __future__ import annotations

import copy
import json
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st
from random_programs import (
    DFT8_GENES,
    DFT16_GENES,
    TARGET_SAMPLES,
    decoded_program,
    programs,
    sample_programs,
    size_of,
    target_name,
)
from test_exact import bits

from dsl.errors import DataError
from dsl.formats import FORMATS, Format, json_format, text
from dsl.formats.let_form import let_form, symbolic_outputs
from dsl.formats.sympy_format import definitions
from dsl.program import Instruction, Program
from dsl.targets import make_target

EACH_FORMAT = pytest.mark.parametrize("format", FORMATS, ids=lambda format: format.name)
EACH_TARGET = pytest.mark.parametrize(
    "position", range(len(TARGET_SAMPLES)), ids=map(target_name, TARGET_SAMPLES)
)
ROOT = 0.5**0.5


def from_json(content: str) -> Program:
    return json_format.from_data(json.loads(content))


READERS: dict[str, Callable[[str], Program]] = {"text": text.parse, "json": from_json}
EACH_READER = pytest.mark.parametrize("name", READERS)


def dft4() -> Program:
    """Returns the fast Fourier transform of size 4, written by hand."""
    instructions = (
        Instruction("butterfly", (0, 2), (1,), 0),
        Instruction("butterfly", (1, 3), (1,), 0),
        Instruction("sum", (4, 6), (1, 1), 1),
        Instruction("sum", (5, 7), (1, -1j), 1),
        Instruction("sum", (4, 6), (1, -1), 1),
        Instruction("sum", (5, 7), (1, 1j), 1),
    )
    return Program("factor", "complex", 4, instructions, (8, 9, 10, 11), "dft4")


def eighth_turn() -> Program:
    """Returns a real program with constants to recognise and one that cannot be."""
    instructions = (
        Instruction("rotation.T", (0, 1), (np.pi / 4,), 0),
        Instruction("shear", (3, 2), (0.1234567890123,), 1),
        Instruction("scale", (4,), (ROOT,), 1),
        Instruction("sum", (), (), 2),
        Instruction("sum", (6, 5, 1), (1, -1, 1), 2),
    )
    return Program("factor", "real", 2, instructions, (6, 7, 8, 5), "eighth_turn")


def dft8() -> Program:
    return decoded_program(make_target("dft", 8), DFT8_GENES, "dft8")


def dft16() -> Program:
    return decoded_program(make_target("dft", 16), DFT16_GENES, "dft16")


def assert_same_program(one: Program, other: Program) -> None:
    """Fails unless both are equal, their constants to the bit."""
    assert one == other
    for mine, yours in zip(one.instructions, other.instructions, strict=True):
        assert list(map(bits, mine.constants)) == list(map(bits, yours.constants))


# Every format


@EACH_FORMAT
@EACH_TARGET
def test_every_format_writes_every_program(format: Format, position: int) -> None:
    for program in sample_programs(position)[:3]:
        content = format.write(program)
        assert content.endswith("\n")
        assert content == format.write(program)
        assert content.isascii()


@EACH_FORMAT
@settings(max_examples=20)
@given(program=programs(odd_constants=True))
def test_every_format_writes_any_program(format: Format, program: Program) -> None:
    assert format.write(program).endswith("\n")


@EACH_FORMAT
def test_declaration(format: Format) -> None:
    assert re.fullmatch(r"\.[a-z]+", format.suffix)
    assert format.summary


# To rewrite the golden files: EVOSYNTH_WRITE_GOLDEN=1 pytest tests/test_formats.py
GOLDEN = Path(__file__).parent / "golden"


@EACH_FORMAT
@pytest.mark.parametrize("make", [dft4, eighth_turn])
def test_golden_files(format: Format, make: Callable[[], Program]) -> None:
    program = make()
    path = GOLDEN / f"{program.name}.{format.name}{format.suffix}"
    if os.environ.get("EVOSYNTH_WRITE_GOLDEN"):
        path.parent.mkdir(exist_ok=True)
        path.write_text(format.write(program), encoding="utf-8")
    assert path.exists(), "set EVOSYNTH_WRITE_GOLDEN=1 to write golden files of the new format"
    assert format.write(program) == path.read_text(encoding="utf-8")


# Reading back


@EACH_READER
@EACH_TARGET
def test_decoded_programs_come_back(name: str, position: int) -> None:
    for program in sample_programs(position):
        assert_same_program(READERS[name](FORMATS.get(name).write(program)), program)


@EACH_READER
@settings(max_examples=60)
@given(program=programs(odd_constants=True))
def test_any_program_comes_back(name: str, program: Program) -> None:
    program = normalised(program)
    assert_same_program(READERS[name](FORMATS.get(name).write(program)), program)


def normalised(program: Program) -> Program:
    """Returns the program without negative zeros, which test_exact.py tests."""
    instructions = tuple(
        Instruction(i.name, i.operands, tuple(complex(c) + 0 for c in i.constants), i.stage)
        for i in program.instructions
    )
    return Program(
        program.grammar,
        program.domain,
        program.inputs,
        instructions,
        program.outputs,
        program.name,
    )


@EACH_READER
@pytest.mark.parametrize("make", [dft4, eighth_turn, dft8, dft16])
def test_fixed_programs_come_back(name: str, make: Callable[[], Program]) -> None:
    content = FORMATS.get(name).write(make())
    assert READERS[name](content) == make()
    assert FORMATS.get(name).write(READERS[name](content)) == content


def test_listing_may_have_comments_blank_lines_and_indents() -> None:
    listing = text.write(dft4())
    loose = "\n\n# note\n\t".join(listing.splitlines()) + "\n\n\n"
    assert text.parse(loose) == dft4()
    assert text.parse(listing.replace("\n", "\r\n")) == dft4()


def test_json_is_plain_data() -> None:
    program = eighth_turn()
    data = json_format.to_data(program)
    assert json.loads(json_format.write(program)) == data
    assert json_format.from_data(json.loads(json.dumps(data))) == program
    assert data["format"] == "evosynth-program"


# Exact constants and symbolic meaning


@pytest.mark.parametrize("name", ["text", "json", "sympy", "latex"])
@pytest.mark.parametrize("make", [dft4, dft8, dft16])
def test_no_decimals_in_programs_of_exact_numbers(name: str, make: Callable[[], Program]) -> None:
    assert re.findall(r"\d*\.\d+|\d+\.(?!T)", FORMATS.get(name).write(make())) == []


def test_decimals_where_nothing_is_recognised() -> None:
    for format in FORMATS:
        assert "0.1234567890123" in format.write(eighth_turn())


def run_script(script: str) -> dict[str, Any]:
    """Runs a script that we wrote; returns its names."""
    names: dict[str, Any] = {}
    exec(script, names)
    return names


def symbolic_matrix(program: Program, outputs: list[Any]) -> npt.NDArray[Any]:
    """Evaluates expressions in x0, x1, ... on the unit vectors."""
    inputs = sympy.symbols(f"x:{program.inputs}")
    function = sympy.lambdify(inputs, outputs, "numpy")
    return np.array([function(*row) for row in np.eye(program.inputs).tolist()], complex).T


def assert_computes(program: Program, outputs: list[Any]) -> None:
    expected = program.execute(np.eye(program.inputs)).T
    difference = np.abs(symbolic_matrix(program, outputs) - expected).max()
    assert difference <= 1e-12 * size_of(program.lower())


def outputs_of(program: Program) -> list[Any]:
    names = run_script(FORMATS.get("sympy").write(program))
    assert not any(f"y{k}" in names for k in (-1, len(program.outputs)))
    return [names[f"y{k}"] for k in range(len(program.outputs))]


@pytest.mark.parametrize("make", [dft4, eighth_turn, dft8])
def test_symbolic_forms_of_fixed_programs_compute_their_matrix(make: Callable[[], Program]) -> None:
    assert_symbolic_forms_compute(make())


@EACH_TARGET
def test_symbolic_forms_of_decoded_programs_compute_their_matrix(position: int) -> None:
    assert_symbolic_forms_compute(sample_programs(position)[0])


@settings(max_examples=40)
@given(programs())
def test_symbolic_forms_of_any_program_compute_its_matrix(program: Program) -> None:
    assert_symbolic_forms_compute(program)


def assert_symbolic_forms_compute(program: Program) -> None:
    assert_computes(program, outputs_of(program))
    assert_computes(program, symbolic_outputs(program))
    known: dict[Any, Any] = {}
    for symbol, expression in let_form(program):
        assert symbol not in known
        known[symbol] = sympy.sympify(expression).xreplace(known)
    assert_computes(program, [known[sympy.Symbol(f"y{k}")] for k in range(len(program.outputs))])


FRACTIONS = [1 / 6 + np.cos(2 * np.pi / 7), 0.3 + 0.4j, -7 / 6, 1 / 3, ROOT / 3, 0.25 * (1 + 1j)]


@pytest.mark.parametrize("constant", FRACTIONS)
def test_sympy_script_keeps_exact_numbers_exact(constant: complex) -> None:
    scale = Instruction("scale", (0,), (constant,))
    program = Program("factor", "complex", 7, (scale,), (7,))
    (output,) = outputs_of(program)
    assert output.atoms(sympy.Float) == set()
    assert sympy.expand(output - symbolic_outputs(program)[0]) == 0


def test_let_form_names_values_in_order() -> None:
    lines = definitions(dft4())
    assert lines == [
        "t1 = x0 + x2",
        "t2 = x0 - x2",
        "t3 = x1 + x3",
        "t4 = x1 - x3",
        "y0 = t1 + t3",
        "y1 = t2 - I*t4",
        "y2 = t1 - t3",
        "y3 = t2 + I*t4",
    ]


def test_inputs_and_zeros_as_outputs() -> None:
    program = Program("factor", "complex", 2, (Instruction("sum", (), ()),), (1, 0, 2, 1), "copy")
    assert definitions(program) == ["y0 = x1", "y1 = x0", "y2 = 0", "y3 = x1"]
    assert_symbolic_forms_compute(program)


def test_latex_has_a_line_per_definition() -> None:
    lines = FORMATS.get("latex").write(dft16()).splitlines()
    assert lines[0] == r"\begin{align*}"
    assert lines[-1] == r"\end{align*}"
    assert len(lines) - 2 == len(let_form(dft16()))
    assert all(line.endswith(r" \\") for line in lines[1:-2])
    assert all(line.count("&=") == 1 for line in lines[1:-1])
    body = "\n".join(lines)
    assert body.count("{") == body.count("}")
    assert not re.search(r"_\d", body)


# Damaged and hostile files


def assert_refused(read: Callable[[], object], *parts: str) -> None:
    with pytest.raises(DataError) as caught:
        read()
    message = str(caught.value)
    assert "\n" not in message
    assert len(message) <= 400
    for part in parts:
        assert part in message


GOOD = "program p: factor, 2 complex inputs\n  v2 v3 = butterfly v0 v1 (1)\noutputs v2 v3\n"

BAD_LISTINGS = [
    ("", "line 1"),
    ("\n" + GOOD, "line 1"),
    (GOOD.replace("program", "programme"), "line 1"),
    (GOOD.replace("2 complex", "two complex"), "line 1"),
    (GOOD.replace("2 complex", "-2 complex"), "line 1"),
    (GOOD.replace("2 complex", "9" * 5000 + " complex"), "line 1"),
    (GOOD.replace("2 complex", "99999999 complex"), "line 2"),
    (GOOD.replace("complex", "quaternion"), "line 1"),
    (GOOD.replace("factor", "other"), "unknown grammar 'other'"),
    (GOOD.replace("p:", "é:"), "name"),
    (GOOD.replace("p:", "__import__('os'):"), "line 1"),
    (GOOD.replace("p:", "p" * 70 + ":"), "name"),
    (GOOD.replace("butterfly", "nonsense"), "instruction 0", "unknown instruction 'nonsense'"),
    (GOOD.replace("butterfly", "butterfly.T.T"), "instruction 0"),
    (GOOD.replace("v0 v1 (", "v0 ("), "instruction 0", "takes 2 operands"),
    (GOOD.replace("v0 v1 (", "v0 v1 v1 ("), "instruction 0"),
    (GOOD.replace(" (1)", ""), "instruction 0", "1 constant"),
    (GOOD.replace("(1)", "(1, 1)"), "instruction 0"),
    (GOOD.replace("v0 v1", "v0 v2"), "instruction 0", "reads value 2 of 2"),
    (GOOD.replace("v0 v1", "v0 v3"), "instruction 0", "reads value 3"),
    (GOOD.replace("v0 v1", "v0 v-1"), "line 2"),
    (GOOD.replace("v0 v1", "v0 v" + "9" * 5000), "line 2"),
    (GOOD.replace("v2 v3 =", "v2 ="), "number of results"),
    (GOOD.replace("v2 v3 =", "v2 v3 v4 ="), "number of results"),
    (GOOD.replace("v2 v3 =", "v3 v2 ="), "line 2", "from v2 on"),
    (GOOD.replace("v2 v3 =", "v0 v1 ="), "line 2"),
    (GOOD.replace("v2 v3 =", "="), "line 2"),
    (GOOD.replace("outputs v2 v3", "outputs v2 v4"), "output 1 names value 4"),
    (GOOD.replace("outputs v2 v3", "outputs"), "line 3"),
    (GOOD.replace("outputs v2 v3", "outputs x"), "line 3"),
    (GOOD.replace("outputs v2 v3\n", ""), "outputs"),
    (GOOD + "outputs v2\n", "line 4"),
    (GOOD + "  v4 = scale v0 (1)\n", "line 4"),
    (GOOD.replace("  v2", "stage x\n  v2"), "line 2"),
    (GOOD.replace("  v2", "stage -1\n  v2"), "line 2"),
    (GOOD.replace("  v2", "stage " + "9" * 5000 + "\n  v2"), "line 2"),
    (GOOD.replace("(1)", "(1e999)"), "line 2", "finite"),
    (GOOD.replace("(1)", "(nan)"), "line 2", "finite"),
    (GOOD.replace("(1)", "(-inf)"), "line 2", "finite"),
    (GOOD.replace("(1)", "(__import__('os'))"), "line 2", "expected a constant"),
    (GOOD.replace("(1)", "(9**9**9)"), "line 2", "expected a constant"),
    (GOOD.replace("(1)", "(10**10**10)"), "line 2", "expected a constant"),
    (GOOD.replace("(1)", "(1/0)"), "line 2", "expected a finite constant"),
    (GOOD.replace("(1)", "(" * 10000 + "1" + ")" * 10000), "line 2", "at most 4000"),
    (GOOD.replace("(1)", "(" + "9" * 10**6 + ")"), "line 2", "at most 4000"),
    (GOOD.replace("(1)", "(1"), "line 2"),
    (GOOD.replace("(1)", "((1)"), "line 2"),
    (GOOD.replace("(1)", "()"), "1 constant"),
    (GOOD.replace("butterfly", "x" * 10**5), "instruction 0"),
    ("\0" * 100, "line 1"),
    ("program " * 10**5, "line 1"),
    (GOOD.replace("v0 v1 (1)", "v0 " * 10**5), "instruction 0", "got 100000"),
    (GOOD.replace("v2 v3 =", "v2 " * 10**5 + "!"), "line 2"),
]


@pytest.mark.parametrize("case", BAD_LISTINGS, ids=[str(k) for k in range(len(BAD_LISTINGS))])
def test_bad_listings_are_refused(case: tuple[str, ...]) -> None:
    listing, *parts = case
    assert text.parse(GOOD).instructions  # what the cases spoil
    assert_refused(lambda: text.parse(listing), *parts)


def good_data() -> dict[str, Any]:
    return json_format.to_data(text.parse(GOOD))


def nested(depth: int) -> list[Any]:
    """Returns a list in a list in a list ..."""
    value: list[Any] = []
    for _ in range(depth):
        value = [value]
    return value


BAD_VALUES = [
    ("format", "other", "expected an evosynth program"),
    ("format", None, "expected an evosynth program"),
    ("version", 2, "version 1, got 2"),
    ("version", None, "version"),
    ("version", "9" * 10**6, "version"),
    ("name", "__import__('os')", "name"),
    ("name", "<script>", "name"),
    ("name", "../x", "name"),
    ("name", "x" * 10**6, "name"),
    ("name", 7, "expected text"),
    ("grammar", "other", "unknown grammar"),
    ("grammar", ["factor"], "expected text"),
    ("grammar", "x" * 10**6, "grammar"),
    ("domain", "quaternion", "domain"),
    ("domain", ["real"], "domain"),
    ("domain", None, "domain"),
    ("domain", "x" * 10**6, "domain"),
    ("inputs", 0, "inputs"),
    ("inputs", -5, "inputs"),
    ("inputs", 2.0, "expected an integer"),
    ("inputs", True, "expected an integer"),
    ("inputs", "2", "expected an integer"),
    ("inputs", float("nan"), "expected an integer"),
    ("inputs", 10**30, "inputs"),
    ("inputs", 10**5000, "inputs"),
    ("outputs", [], "outputs"),
    ("outputs", [4], "output 0 names value 4"),
    ("outputs", [-1], "output 0 names value -1"),
    ("outputs", [10**5000], "valid program"),
    ("outputs", ["2"], "expected an integer"),
    ("outputs", "23", "expected an integer"),
    ("outputs", 7, "not a valid program"),
    ("outputs", None, "not a valid program"),
    ("outputs", {"2": 3}, "expected an integer"),
    ("instructions", None, "not a valid program"),
    ("instructions", 7, "not a valid program"),
    ("instructions", "abcd", "instruction 0"),
    ("instructions", [None], "instruction 0"),
    ("instructions", [[]], "instruction 0"),
    ("instructions", [["butterfly", [0, 1], ["1"]]], "instruction 0"),
    ("instructions", [["butterfly", [0, 1], ["1"], 0, 0]], "instruction 0"),
    ("instructions", [{"a": 1, "b": 2, "c": 3, "d": 4}], "instruction 0"),
    ("instructions", [["nonsense", [0], ["1"], 0]], "unknown instruction 'nonsense'"),
    ("instructions", [[["butterfly"], [0, 1], ["1"], 0]], "instruction 0: expected text"),
    ("instructions", [["butterfly", [0], ["1"], 0]], "instruction 0"),
    ("instructions", [["butterfly", [0, 2], ["1"], 0]], "reads value 2 of 2"),
    ("instructions", [["butterfly", [0, 10**5000], ["1"], 0]], "valid program"),
    ("instructions", [["butterfly", [0, 0.5], ["1"], 0]], "instruction 0"),
    ("instructions", [["butterfly", [0, 1], [1], 0]], "instruction 0: expected text"),
    ("instructions", [["butterfly", [0, 1], [], 0]], "instruction 0"),
    ("instructions", [["butterfly", [0, 1], ["1"], 0.5]], "instruction 0"),
    ("instructions", [["butterfly", [0, 1], ["1"], -1]], "stage"),
    ("instructions", [["butterfly", [0, 1], ["1e999"], 0]], "instruction 0: expected a finite"),
    ("instructions", [["butterfly", [0, 1], ["NaN"], 0]], "instruction 0: expected a finite"),
    ("instructions", [["butterfly", [0, 1], ["9**9**9"], 0]], "instruction 0: expected a constant"),
    ("instructions", [["butterfly", [0, 1], ["(" * 10000], 0]], "instruction 0"),
    ("instructions", [["x" * 10**6, [0, 1], ["1"], 0]], "instruction 0"),
    ("instructions", [["x\ny", [0, 1], ["1"], 0]], "instruction 0"),
]


@pytest.mark.parametrize("case", BAD_VALUES, ids=[str(k) for k in range(len(BAD_VALUES))])
def test_bad_data_are_refused(case: tuple[str, Any, str]) -> None:
    key, value, part = case
    assert json_format.from_data(good_data()).instructions  # what the cases spoil
    assert_refused(lambda: json_format.from_data(good_data() | {key: value}), part)


@pytest.mark.parametrize("data", [None, 7, "x", [], [1], {}, True, 0.5, nested(10**5)])
def test_data_that_are_no_program_are_refused(data: Any) -> None:
    assert_refused(lambda: json_format.from_data(data), "expected an evosynth program")


@pytest.mark.parametrize("key", ["version", "name", "grammar", "domain", "inputs", "outputs"])
def test_missing_and_nested_parts_are_refused(key: str) -> None:
    missing = good_data()
    del missing[key]
    assert_refused(lambda: json_format.from_data(missing), key)
    assert_refused(lambda: json_format.from_data(good_data() | {key: nested(10**5)}))


@pytest.mark.parametrize("place", range(4))
def test_nested_instructions_are_refused(place: int) -> None:
    data = good_data()
    data["instructions"][0][place] = nested(10**5)
    assert_refused(lambda: json_format.from_data(data), "instruction 0")


@EACH_READER
def test_nothing_in_a_file_is_executed(name: str, tmp_path: Path) -> None:
    trap = tmp_path / "trap"
    payload = f"open({str(trap)!r},'w')"
    written = FORMATS.get(name).write(text.parse(GOOD))
    for part in ("butterfly", "factor", '"1"' if name == "json" else "(1)", "complex"):
        quotes = part[0] + part[-1] if not part.isalpha() else ""
        hostile = payload.join(quotes).join(written.split(part))
        assert hostile != written
        assert_refused(lambda hostile=hostile: READERS[name](hostile))  # type: ignore[misc]
    assert not trap.exists()
    eval(payload).close()  # the trap itself works
    assert trap.exists()


JUNK = ["", "v", "v0", "(", ")", "=", "1e999", "stage 1", "outputs v2", "#", "\n", "\x85", "99"]


@settings(max_examples=200)
@given(st.data())
def test_damaged_listings_raise_nothing_but_our_errors(data: st.DataObject) -> None:
    listing = text.write(data.draw(st.sampled_from([dft4(), eighth_turn()])))
    for _ in range(data.draw(st.integers(1, 3))):
        start = data.draw(st.integers(0, len(listing)))
        stop = data.draw(st.integers(start, min(start + 5, len(listing))))
        junk = data.draw(st.one_of(st.sampled_from(JUNK), st.text(max_size=3)))
        listing = listing[:start] + junk + listing[stop:]
    assert_program_or_refused("text", lambda: text.parse(listing))


@given(st.text(max_size=200))
def test_random_texts_raise_nothing_but_our_errors(content: str) -> None:
    assert_program_or_refused("text", lambda: text.parse(content))
    head = GOOD.splitlines()[0]
    assert_program_or_refused("text", lambda: text.parse(f"{head}\n{content}\noutputs v0"))


scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=5),
    st.sampled_from(["factor", "real", "complex", "butterfly", "sum", "1", "I", 10**20, 1e308]),
)
values = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.dictionaries(st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=6,
)


@settings(max_examples=200)
@given(st.data())
def test_damaged_data_raise_nothing_but_our_errors(data: st.DataObject) -> None:
    damaged = copy.deepcopy(json_format.to_data(dft4()))
    for _ in range(data.draw(st.integers(1, 2))):
        spoil(damaged, data)
    assert_program_or_refused("json", lambda: json_format.from_data(damaged))


def spoil(part: Any, data: st.DataObject) -> None:
    """Replaces something in nested lists and dictionaries."""
    while True:
        keys = list(part) if isinstance(part, dict) else list(range(len(part)))
        key = data.draw(st.sampled_from(keys))
        inner = part[key]
        if not isinstance(inner, list | dict) or not inner or data.draw(st.booleans()):
            part[key] = data.draw(values)
            return
        part = inner


@given(values)
def test_random_data_raise_nothing_but_our_errors(data: Any) -> None:
    assert_program_or_refused("json", lambda: json_format.from_data(data))
    disguised = {"format": "evosynth-program", "version": 1, "name": data, "inputs": data}
    assert_program_or_refused("json", lambda: json_format.from_data(disguised))


def assert_program_or_refused(name: str, read: Callable[[], Program]) -> None:
    """Fails unless reading gives a program that can be written and read, or a DataError."""
    try:
        program = normalised(read())
    except DataError as error:
        assert "\n" not in str(error)  # either is fine, nothing else is
    else:
        assert READERS[name](FORMATS.get(name).write(program)) == program
