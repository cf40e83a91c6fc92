"""C: what is written compiles without a warning and computes what the program computes."""

from __future__ import annotations

import ctypes
import itertools
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import HealthCheck, given, settings
from random_programs import programs, sample_programs, size_of
from test_formats import dft4, dft8, dft16, eighth_turn

from dsl.errors import UsageError
from dsl.formats import c_format, render
from dsl.formats.c_operations import literal
from dsl.program import Instruction, Program

COMPILER = shutil.which("cc") or shutil.which("gcc") or ""
pytestmark = pytest.mark.skipif(not COMPILER, reason="needs a C compiler")
STRICT = ("-std=c99", "-Wall", "-Wextra", "-Wmissing-prototypes", "-pedantic", "-Werror", "-O1")
VARIANTS = {
    "native": ("-march=native",),
    "fast": ("-O3", "-march=native"),
    "portable": (),
    "scalar": ("-DEVOSYNTH_SCALAR",),
    "streamed": ("-march=native", "-DEVOSYNTH_STREAM_BYTES=0"),
}
EACH_VARIANT = pytest.mark.parametrize("flags", VARIANTS.values(), ids=VARIANTS)
EACH_PRECISION = pytest.mark.parametrize("precision", ["double", "single"])
TYPES = {"double": np.float64, "single": np.float32}
COUNTS = (0, 1, 7, 8, 9, 100)

Compiler = Callable[..., Path]
Array = npt.NDArray[Any]


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Compiler:
    """Returns a function that compiles C, into a library unless told otherwise."""
    folder, numbers = tmp_path_factory.mktemp("c"), itertools.count()

    def compiled(source: str, *flags: str) -> Path:
        path = folder / f"{next(numbers)}.c"
        path.write_text(source, encoding="ascii")
        result = path.with_suffix(".so")
        command = [COMPILER, *STRICT, *(flags or ("-shared", "-fPIC")), str(path)]
        report = subprocess.run([*command, "-o", str(result)], capture_output=True, text=True)
        assert report.returncode == 0, report.stderr
        return result

    return compiled


def copies() -> Program:
    """Returns a program of no operations: zeros, inputs, and inputs times powers of i."""
    steps = [("sum", (), ()), ("sum", (0,), (1j,)), ("sum", (1,), (-1,))]
    instructions = tuple(Instruction(*step) for step in steps)
    return Program("factor", "complex", 3, instructions, (3, 1, 4, 5, 4, 0), "copies")


def nothing() -> Program:
    return Program("factor", "real", 1, (Instruction("sum", (), ()),), (1, 1), "nothing")


def one_to_many() -> Program:
    constants = (-0.1234567890123, 1e30, 1e-30, 3.0, -1 / 3, 2.0, 0.5, -7.0, 11.0)
    instructions = tuple(Instruction("scale", (0,), (c,)) for c in constants)
    return Program("factor", "real", 1, instructions, tuple(range(1, 10)), "one_to_many")


def tall() -> Program:
    return sample_programs(9)[0]


def wide() -> Program:
    return sample_programs(10)[0]


SAMPLES = (dft4, eighth_turn, dft8, dft16, copies, nothing, one_to_many, tall, wide)
EACH_SAMPLE = pytest.mark.parametrize("make", SAMPLES)


class Functions:
    """The functions of a library, on arrays of real components, vectors as rows."""

    def __init__(self, library: Path, program: Program, precision: str) -> None:
        self.library, self.name = ctypes.CDLL(str(library)), program.name
        self.type = TYPES[precision]
        self.outputs = len(program.code.outputs)

    def call(self, suffix: str, x: Array, shape: tuple[int, ...], *sizes: int) -> Array:
        """Calls a function on arrays that are aligned no better than their numbers."""
        function = getattr(self.library, self.name + suffix)
        function.restype = None
        x, y = misaligned(x, self.type), misaligned(np.full(shape, np.nan), self.type)
        function(*(ctypes.c_void_p(a.ctypes.data) for a in (x, y)), *map(ctypes.c_size_t, sizes))
        return y

    def one(self, x: Array) -> Array:
        return np.array([self.call("", row, (self.outputs,)) for row in x])

    def batch(self, x: Array) -> Array:
        return self.call("_batch", x, (len(x), self.outputs), len(x))

    def columns(self, x: Array) -> Array:
        return self.call("_columns", x.T, (self.outputs, len(x)), len(x)).T

    def blocks(self, x: Array, size: int) -> Array:
        blocks = x.reshape(-1, size, x.shape[1]).transpose(0, 2, 1)
        shape = (len(blocks), self.outputs, size)
        return self.call("_blocks", blocks, shape, len(blocks), size).transpose(0, 2, 1)


def misaligned(values: Array, dtype: type[np.floating[Any]]) -> Array:
    """Returns a copy that begins one number past a multiple of 64 bytes."""
    buffer = np.empty(values.size + 32, dtype)
    item = buffer.itemsize
    start = (-buffer.ctypes.data % 64) // item + 1
    result = buffer[start : start + values.size].reshape(values.shape)
    result[...] = values
    return result


def assert_computes(functions: Functions, program: Program, counts: tuple[int, ...]) -> None:
    """Fails unless all functions compute the program's matrix in all layouts."""
    code, rng = program.code, np.random.default_rng(0)
    limit = 200 * np.finfo(functions.type).eps * size_of(code) * (1 + code.inputs)
    for count in counts:
        x = rng.uniform(-1, 1, (count, code.inputs)).astype(functions.type)
        expected = code.execute(x.astype(np.float64))
        results = [functions.batch(x), functions.columns(x)]
        if count:
            results.append(functions.one(x[:9]))
        for size in (1, 9, 10, 25):
            if count and count % size == 0:
                results.append(functions.blocks(x, size).reshape(count, -1))
        for result in results:
            assert np.abs(result - expected[: len(result)]).max(initial=0) <= limit


@EACH_VARIANT
@EACH_PRECISION
@EACH_SAMPLE
def test_functions_compute_the_matrix(
    make: Callable[[], Program], precision: str, flags: tuple[str, ...], compiled: Compiler
) -> None:
    program = make()
    library = compiled(render(program, "c", precision=precision), "-shared", "-fPIC", *flags)
    assert_computes(Functions(library, program, precision), program, COUNTS)


@EACH_VARIANT
@EACH_PRECISION
def test_long_programs(
    precision: str, flags: tuple[str, ...], compiled: Compiler, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(c_format, "MOST_INLINE", 0)
    for program in (dft8(), wide()):
        library = compiled(render(program, "c", precision=precision), "-shared", "-fPIC", *flags)
        assert_computes(Functions(library, program, precision), program, (9, 100))


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(program=programs())
def test_any_program(program: Program, compiled: Compiler) -> None:
    library = compiled(render(program, "c"), "-shared", "-fPIC", "-march=native")
    functions = Functions(library, program, "double")
    assert_computes(functions, program, (9,))
    x = np.random.default_rng(1).standard_normal((3, program.code.inputs))
    expected = program.run_code(x.view(np.complex128) if program.domain == "complex" else x)
    limit = 1e-12 * size_of(program.code)
    assert np.abs(functions.batch(x) - expected.view(np.float64)).max() <= limit


def test_large_batches_are_streamed_and_right(compiled: Compiler) -> None:
    program = dft8()
    functions = Functions(
        compiled(render(program, "c"), "-shared", "-fPIC", "-march=native", "-O2"),
        program,
        "double",
    )
    x = np.random.default_rng(0).standard_normal((100_016, 16))  # more than 16 MiB
    expected = np.fft.fft(x.view(np.complex128)).view(np.float64)
    for result in (functions.batch(x), functions.columns(x), functions.blocks(x, 16)):
        assert np.abs(result.reshape(x.shape) - expected).max() <= 1e-13


# The test that the file brings along


def run_main(source: str, compiled: Compiler, *flags: str) -> tuple[int, str]:
    report = subprocess.run([compiled(source, *flags)], capture_output=True, text=True)
    return report.returncode, report.stdout


@EACH_VARIANT
@EACH_PRECISION
@pytest.mark.parametrize("make", [dft8, wide, nothing])
def test_main_passes(
    make: Callable[[], Program], precision: str, flags: tuple[str, ...], compiled: Compiler
) -> None:
    source = render(make(), "c", precision=precision, main=True)
    status, output = run_main(source, compiled, "-O0", *flags)
    assert status == 0, output
    assert re.fullmatch(r"\w+: largest error \S+, at most \S+ is right\n", output)


@pytest.mark.parametrize(
    ("former", "changed"),
    [
        ("X(0)", "X(1)"),
        ("= c1 *", "= 1.000001 * c1 *"),
        ("Y(3) = ", "Y(3) = -"),
        ("b = count - WIDTH; /*", "break; /*"),
        ("dft8_blocks(x, y, 1, count);", "dft8_blocks(x, y, 0, count);"),
        ("size_t b = 0;\n", "size_t b = 1;\n"),
        ("y + b * OUTPUTS * size", "y"),
    ],
)
def test_main_finds_errors(former: str, changed: str, compiled: Compiler) -> None:
    source = render(dft8(), "c", main=True)
    assert former in source
    status, output = run_main(source.replace(former, changed), compiled, "-O0")
    assert status == 1, output


def test_main_is_refused_for_large_programs() -> None:
    outputs = tuple(range(300)) * 2
    with pytest.raises(UsageError, match=r"too large|at most"):
        render(Program("factor", "real", 300, (), outputs), "c", main=True)


# Numbers


@pytest.mark.parametrize("value", [0.1, 1 / 3, 2.0, 1e300, 5e-324, 1e22, 0.7071067811865476])
def test_doubles_are_read_back(value: float) -> None:
    assert float(literal(repr(value), "double")) == value


@pytest.mark.parametrize("value", [0.1, 1 / 3, 2.0, 1e30, 1e-45, 1e22, 0.7071067811865476])
def test_singles_are_rounded_correctly(value: float) -> None:
    text = literal(repr(value), "single")
    assert text.endswith("f")
    assert np.float32(text[:-1]) == np.float32(value)


def test_too_large_constants_are_refused() -> None:
    program = Program("factor", "real", 1, (Instruction("scale", (0,), (1e40,)),), (1,))
    assert "1e+40" in render(program, "c")
    with pytest.raises(UsageError, match="1e\\+40 is too large for single"):
        render(program, "c", precision="single")


def test_equal_magnitudes_share_a_constant() -> None:
    source = render(dft16(), "c")
    constants = re.findall(r"static const double (c\d+) = (\S+); /\* (.*) \*/", source)
    assert sorted(meaning for _, _, meaning in constants) == [
        "cos(3*pi/8)",
        "cos(pi/8)",
        "sqrt(2)/2",
    ]
    assert len({digits for _, digits, _ in constants}) == 3


@EACH_PRECISION
def test_one_type_of_number(precision: str) -> None:
    source = render(dft16(), "c", precision=precision)
    body = source.partition("#include")[2]
    assert ("double" in body) == (precision == "double")
    assert ("float" in body) == (precision == "single")
    assert max(map(len, source.splitlines())) <= 110
    assert not re.search(r"@|\bNAME|\bREAL\b", source)


# Options


def test_header_says_what_it_is() -> None:
    source = render(dft16(), "c", name="fft16")
    head = source.partition("*/")[0]
    assert "fft16: 16 complex inputs, 16 outputs, double precision." in head
    assert "168 real operations: 144 additions, 24 multiplications." in head
    for declaration in re.findall(r"^void (\w+)\(.*\);$", source, re.MULTILINE):
        assert f"{declaration} " in head
    assert "KiB of stack" not in head


def test_large_programs_say_how_much_stack_they_need() -> None:
    program = Program("factor", "real", 4096, (), tuple(range(4096)))
    assert "1024 KiB of stack" in render(program, "c")


@pytest.mark.parametrize(
    "name", ["", "2x", "a-b", "for", "double", "main", "transform", "x", "c1", "t12", "_Bool", 3]
)
def test_bad_names_are_refused(name: Any) -> None:
    with pytest.raises(UsageError, match="name"):
        render(dft4(), "c", name=name)


@pytest.mark.parametrize("name", ["int", "main", "stream"])
def test_programs_of_any_name_are_written(name: str, compiled: Compiler) -> None:
    program = Program("factor", "real", 1, (), (0,), name)
    compiled(render(program, "c"))
    assert f"void my_{name}_batch(" in render(program, "c")


@pytest.mark.parametrize("options", [{"precision": "half"}, {"precision": 3}, {"main": "yes"}])
def test_bad_options_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match=r"precision|main"):
        render(dft4(), "c", **options)
