"""Programs of formulas: every form computes the same; what is invalid stays invalid."""

from __future__ import annotations

import ctypes
import json
import math
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import sympy
from hypothesis import HealthCheck, assume, given, reject, settings
from hypothesis import strategies as st
from random_programs import formula_samples, formulas
from test_c_format import COMPILER, STRICT
from test_formats import assert_same_program, run_script
from test_python_formats import load

from dsl.cost import Count, count_code
from dsl.display import operations
from dsl.errors import DataError, UsageError
from dsl.exact import parse_constant
from dsl.factors import factors
from dsl.formats import FORMATS, json_format, render, text
from dsl.formats.let_form import symbolic_outputs
from dsl.metrics import Metrics, measure
from dsl.plain_constants import expression_latex, expression_text, plain_number, plain_text
from dsl.program import Instruction, Program
from dsl.real_code import to_real
from dsl.scalars import SCALARS, Scalar, scalar, sp
from dsl.scalars.derived import derive_scalar
from dsl.straightline import Code, CodeWriter, Operation, Ref
from dsl.targets import make_target
from dsl.value_numbering import share_values
from fitness.proof import prove

Array = npt.NDArray[Any]
TEXT_FORMATS = [form for form in FORMATS.names() if form not in ("svg", "c-fixed")]
IN_FOLDER = [HealthCheck.function_scoped_fixture]


def program_of(inputs: int, *steps: tuple[Any, ...], outputs: tuple[int, ...] = ()) -> Program:
    """Returns a program of steps (name, operands) and constants (number,)."""
    instructions = tuple(
        Instruction(step[0], step[1]) if len(step) == 2 else Instruction("constant", (), step)
        for step in steps
    )
    outputs = outputs or (inputs + len(steps) - 1,)
    return Program("expression", "real", inputs, instructions, outputs, "formula")


def sine() -> Program:
    """Returns sin(31 x)."""
    return program_of(1, (31.0,), ("multiply", (0, 1)), ("sin", (2,)))


def hidden() -> Program:
    """Returns what is invalid at x = 0, while floating-point numbers make 0 or more of it."""
    inverse = [("divide", (1, 0)), ("divide", (1, 2)), ("step", (2,)), ("min", (2, 1))]
    rest = [("negate", (2,)), ("exp", (6,)), ("max", (6, 1)), ("abs", (2,)), ("divide", (1, 9))]
    return program_of(1, (1.0,), *inverse, *rest, outputs=(3, 4, 5, 7, 8, 10))


def broad() -> Program:
    """Returns a program with every primitive, constants as outputs and shared values."""
    steps: list[tuple[Any, ...]] = [(0.75,), (-2.0,), ("add", (0, 1))]
    for member in SCALARS:
        value = 2 + len(steps) - 1
        steps.append((member.name, (value, 1)[: member.arity]))
        steps.append(("sin", (2 + len(steps) - 1,)))
    return program_of(2, *steps, outputs=(1, 3, *range(4, 2 + len(steps))))


def assert_near(result: Any, expected: Array, digits: float = 1e-12) -> None:
    """Fails unless both are invalid at the same places, and else equal."""
    result = np.asarray(result)
    assert result.shape == expected.shape
    np.testing.assert_array_equal(np.isnan(result), np.isnan(expected))
    np.testing.assert_allclose(result, expected, rtol=digits, atol=0)


# What programs and code compute


@given(formulas())
def test_programs_compute_what_their_instructions_say(program: Program) -> None:
    x, y = formula_samples(program)
    assert_near(program.execute(x), y)
    assert_near(program.lower().execute(x), y)
    assert_near(program.run_code(x), y)
    assert_near(program.execute(x.reshape(-1, 1, program.inputs))[:, 0], y)


def test_samples_are_many_and_of_both_kinds() -> None:
    x, y = formula_samples(program_of(2, ("log", (0,)), ("mod", (2, 1)), ("sin", (3,))))
    assert 20 < len(x) <= 40
    assert 5 < np.isnan(y).sum() < len(y) - 5


def test_invalid_stays_invalid() -> None:
    program, x = hidden(), np.array([[0.0], [2.0], [np.inf], [-np.inf], [np.nan]])
    for result in (program.execute(x), program.run_code(x), program.lower().execute(x)):
        assert np.isnan(result).tolist() == [[k != 1] * 6 for k in range(5)]
    assert program.execute(x)[1].tolist() == [2.0, 1.0, 0.5, math.exp(-0.5), 1.0, 2.0]


def test_what_overflows_is_invalid() -> None:
    program = program_of(1, (1e300,), ("multiply", (0, 1)), ("step", (2,)), outputs=(2, 3))
    x = np.array([[1.0], [1e10]])
    assert program.execute(x).tolist()[0] == [1e300, 1.0]
    for result in (program.execute(x), program.run_code(x)):
        assert np.isnan(result[1]).all()


def test_whole_numbers_and_single_precision_are_data() -> None:
    for dtype in (np.int64, np.float32):
        result = sine().execute(np.ones((3, 1), dtype))
        assert result.tolist() == [[math.sin(31)]] * 3


def test_complex_data_and_domains_are_refused() -> None:
    for run in (sine().execute, sine().code.execute):
        with pytest.raises(ValueError, match="real numbers"):
            run(np.ones((3, 1), complex))
    with pytest.raises(ValueError, match="real"):
        Program("expression", "complex", 1, (), (0,))


@pytest.mark.parametrize(
    ("instruction", "part"),
    [
        (Instruction("sine", (0,)), "unknown instruction 'sine'"),
        (Instruction("sin", (0, 0)), "'sin' takes 1 operands and 0 constants, got 2 and 0"),
        (Instruction("sin", (0,), (1.0,)), "got 1 and 1"),
        (Instruction("constant", ()), "takes 0 operands and 1 constants"),
        (Instruction("constant", (0,), (1.0,)), "got 1 and 1"),
        (Instruction("constant", (), (math.inf,)), "not finite"),
        (Instruction("constant", (), (1j,)), "complex constant"),
        (Instruction("butterfly", (0, 0), (1.0,)), "unknown instruction"),
    ],
)
def test_bad_instructions_are_refused(instruction: Instruction, part: str) -> None:
    with pytest.raises(ValueError, match=re.escape(part)):
        Program("expression", "real", 1, (instruction,), (0,))


def test_code_is_checked() -> None:
    apply = Operation("apply", Ref(0), function="sin")
    with pytest.raises(ValueError, match="complex code"):
        Code("complex", 1, (apply,), (Ref(0),))
    with pytest.raises(ValueError, match="unknown function 'sine'"):
        Code("real", 1, (apply._replace(function="sine"),), (Ref(0),))
    with pytest.raises(ValueError, match="not finite"):
        Code("real", 1, (Operation("constant", constant=math.inf),), (Ref(0),))
    with pytest.raises(ValueError, match="read"):
        Code("real", 1, (Operation("apply", Ref(0), Ref(1), function="max"),), (Ref(0),))
    with pytest.raises(ValueError, match="takes 1 operands, got 2"):
        CodeWriter("real", 1).apply("sin", Ref(0), Ref(0))
    assert not Code("real", 1, (apply,), (Ref(0),)).is_linear
    assert Code("real", 1, (), (Ref(0),)).is_linear


def test_constants_of_code_can_be_replaced() -> None:
    code = program_of(1, (3.0,), ("max", (0, 1)), ("multiply", (2, 1))).lower()
    assert code.with_constants(lambda c: 2 * c).execute([[7.0], [1.0]]).tolist() == [[42], [36]]


def test_what_only_matrices_have_is_refused() -> None:
    program = sine()
    assert not program.is_linear
    assert program.constants_order is None
    for ask in (program.matrix, lambda: program.order, program.with_exact_constants):
        with pytest.raises(ValueError, match="'formula' is made of formulas"):
            ask()
    for ask in (program.code.matrix, program.code.linear_forms):
        with pytest.raises(ValueError, match="expected linear code"):
            ask()
    with pytest.raises(ValueError, match="formulas"):
        prove(program, make_target("wht", 2))
    with pytest.raises(UsageError, match="formulas"):
        factors(program)
    assert to_real(program.code) is program.code


# Cost, and how code is made cheaper


@given(formulas())
def test_simplification_never_costs(program: Program) -> None:
    lowered, code = program.lower(), program.code
    assert program.count == count_code(code)
    assert count_code(code).operations <= count_code(lowered).operations
    assert code == program.plain_code
    assert share_values(code) == code or count_code(share_values(code)) == program.count


def test_counts() -> None:
    program = broad()
    prices = [derive_scalar(name).operations for name in SCALARS.names()]
    assert count_code(program.lower()).operations == sum(prices) + 10 * len(SCALARS) + 1
    assert count_code(sine().code) == Count(0, 1, 10)
    assert Count(1, 2, 3) + Count(1, 1, 1) == Count(2, 3, 4)
    assert Count(1, 2, 3).operations == 6
    product = program_of(2, ("multiply", (0, 1)), ("add", (2, 0)), ("divide", (3, 1)))
    assert product.count == Count(1, 1, derive_scalar("divide").operations)
    assert operations(sine()) == (
        "11 real operations: 0 additions, 1 multiplication, 10 of functions."
    )
    assert repr(sine()) == "<Program formula: 1 real input, 1 output, 11 real operations>"


SHARED = [
    # Two values that are one, up to sign and the order of operands.
    ([("sin", (0,)), ("sin", (0,)), ("multiply", (2, 3))], Count(0, 1, 10)),
    ([("multiply", (0, 1)), ("multiply", (1, 0)), ("max", (2, 3))], Count(0, 1, 1)),
    ([("add", (0, 1)), ("add", (1, 0)), ("multiply", (2, 3))], Count(1, 1, 0)),
    ([("subtract", (0, 1)), ("subtract", (1, 0)), ("multiply", (2, 3))], Count(1, 1, 0)),
    ([("negate", (0,)), ("cos", (2,)), ("cos", (0,)), ("max", (3, 4))], Count(0, 0, 11)),
    ([("negate", (0,)), ("sin", (2,)), ("sin", (0,)), ("max", (3, 4))], Count(0, 0, 11)),
    ([("divide", (0, 1)), ("divide", (1, 0)), ("max", (2, 3))], Count(0, 0, 9)),
    # Constants.
    ([(2.0,), ("multiply", (0, 2)), ("multiply", (2, 3)), ("sin", (4,))], Count(0, 1, 10)),
    ([(0.5,), (2.0,), ("multiply", (0, 2)), ("multiply", (3, 4)), ("sin", (5,))], Count(0, 0, 10)),
    ([(1.0,), ("multiply", (0, 2)), ("sin", (3,))], Count(0, 0, 10)),
    ([(0.0,), ("add", (0, 2)), ("sin", (3,))], Count(0, 0, 10)),
    ([(2.0,), ("sqrt", (2,)), ("exp", (3,)), ("max", (0, 4))], Count(0, 0, 1)),
    ([(-3.0,), (3.0,), ("max", (0, 2)), ("min", (4, 3))], Count(0, 0, 2)),
    # What must stay, since x may be invalid, or the constant is.
    ([("subtract", (0, 0))], Count(1, 0, 0)),
    ([(0.0,), ("multiply", (0, 2))], Count(0, 1, 0)),
    ([(0.0,), ("log", (2,))], Count(0, 0, 10)),
    # What no output needs.
    ([("sin", (0,)), ("add", (0, 1))], Count(1, 0, 0)),
]


@pytest.mark.parametrize("case", SHARED, ids=range(len(SHARED)))
def test_equal_values_are_computed_once(case: tuple[Any, Count]) -> None:
    steps, count = case
    program = program_of(2, *steps)
    assert program.count == count
    x = np.random.default_rng(0).normal(size=(50, 2))
    assert_near(program.run_code(x), program.execute(x))


def test_constants_stay_as_they_are() -> None:
    near = math.nextafter(math.sqrt(0.5), 1)
    program = program_of(1, (near,), ("multiply", (0, 1)), ("max", (2, 1)))
    assert [operation.constant.real for operation in program.code.operations[:2]] == [near] * 2


def test_measures() -> None:
    program = program_of(1, (31.0,), ("multiply", (0, 1)), ("sin", (2,)), ("max", (3, 1)))
    assert measure(program.code) == Metrics(depth=3, live_values=1, constants=1)
    assert measure(hidden().code).constants == 1
    program = program_of(1, (31.0,), ("max", (0, 1)))
    assert measure(program.code) == Metrics(depth=1, live_values=1, constants=1)


# Constants as text

CONSTANTS = {
    31.0: "31",
    -3.0: "-3",
    0.0: "0",
    1 / 3: "1/3",
    -2.5: "-5/2",
    0.1: "1/10",
    math.pi: "pi",
    math.pi / 2: "pi/2",
    -7 * math.pi / 12: "-7*pi/12",
    math.sqrt(2): "sqrt(2)",
    -math.sqrt(8): "-2*sqrt(2)",
    24.0 * 60 * 60: "86400",
    123.456789: "123.456789",
    1e-9: "1e-09",
    1e22: "1e+22",
    5e-324: "5e-324",
    math.nextafter(1 / 3, 1): "0.33333333333333337",
}


@pytest.mark.parametrize("value", CONSTANTS)
def test_constants_are_shown_plainly(value: float) -> None:
    assert expression_text(plain_number(value)) == CONSTANTS[value]


def test_decimals_in_latex() -> None:
    assert expression_latex(plain_number(1e-9)) == r"1 \cdot 10^{-9}"
    assert expression_latex(plain_number(123.456789)) == "123.456789"


@given(
    st.floats(allow_nan=False, allow_infinity=False)
    | st.builds(lambda p, q: p * math.pi / q, st.integers(-30, 30), st.integers(1, 14))
    | st.builds(lambda p, q: p / q, st.integers(-2000, 2000), st.integers(1, 1100))
    | st.builds(lambda n, k: k * math.sqrt(n), st.integers(0, 120), st.sampled_from([1, -1]))
)
def test_constants_come_back_to_the_bit(value: float) -> None:
    assert repr(parse_constant(plain_text(value)).real) == repr(value)
    number = float(plain_number(value))
    assert abs(number - value) <= 2 * math.ulp(value)


# Formats


def from_json(content: str) -> Program:
    return json_format.from_data(json.loads(content))


@given(formulas())
def test_programs_come_back(program: Program) -> None:
    for read, form in ((text.parse, "text"), (from_json, "json")):
        written = render(program, form)
        assert_same_program(read(written), program)
        assert render(read(written), form) == written
        assert read(written).code == program.code


def test_bad_listings_are_refused() -> None:
    listing = render(sine(), "text")
    for former, changed in (("sin v2", "sin v2 v2"), ("(31)", "(I)"), ("sin", "butterfly")):
        with pytest.raises(DataError, match="instruction"):
            text.parse(listing.replace(former, changed))
    with pytest.raises(DataError, match="real"):
        text.parse(listing.replace("real inputs", "complex inputs"))


@settings(max_examples=40)
@given(formulas())
def test_every_format_writes_any_program(program: Program) -> None:
    for form in TEXT_FORMATS:
        content = render(program, form)
        assert content.endswith("\n")
        assert content.isascii()
        assert content == render(program, form)
        assert "matri" not in content
        assert "trix" not in content


def test_what_cannot_be_written_is_refused_by_name() -> None:
    for form, options in (("svg", {}), ("latex", {"factors": True}), ("c", {"main": True})):
        with pytest.raises(UsageError, match="formulas") as caught:
            render(sine(), form, **options)
        assert caught.value.hint
    assert sine()._repr_svg_() is None
    assert r"\sin" in (sine()._repr_latex_() or "")


@settings(max_examples=60, suppress_health_check=IN_FOLDER)
@given(program=formulas())
def test_numpy_modules_compute_the_program(program: Program, tmp_path: Path) -> None:
    function = load(render(program, "numpy"), tmp_path).drawn
    x, y = formula_samples(program)
    assert_near(function(x), y)
    assert function(np.ones((3, program.inputs), np.float32)).dtype == np.float32


@settings(max_examples=60, suppress_health_check=IN_FOLDER)
@given(program=formulas())
def test_torch_modules_compute_the_program(program: Program, tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    layer = load(render(program, "torch"), tmp_path).Drawn(trainable=True)
    x, y = formula_samples(program)
    assert_near(layer(torch.from_numpy(x)).detach().numpy(), y)


@settings(max_examples=4, suppress_health_check=IN_FOLDER, deadline=None)
@given(program=formulas(most=20))
def test_numba_modules_compute_the_program(program: Program, tmp_path: Path) -> None:
    function = load(render(program, "numba"), tmp_path).drawn
    x, y = formula_samples(program)
    assert_near(function(x), y)


def compiled(source: str, folder: Path, *flags: str) -> Any:
    """Compiles C without a warning; returns the library."""
    number = len(list(folder.iterdir()))
    path = folder / f"{number}.c"
    path.write_text(source, encoding="ascii")
    library = path.with_suffix(".so")
    command = [COMPILER, *STRICT, *flags, "-shared", "-fPIC", str(path), "-o", str(library), "-lm"]
    report = subprocess.run(command, capture_output=True, text=True)
    assert report.returncode == 0, report.stderr
    return ctypes.CDLL(str(library))


def run_c(library: Any, name: str, x: Array, outputs: int, *sizes: int) -> Array:
    """Calls a function of a library on contiguous copies of its data."""
    x, y = np.ascontiguousarray(x), np.full((len(x), outputs), 7, x.dtype)
    function = getattr(library, name)
    function.restype = None
    function(*(ctypes.c_void_p(a.ctypes.data) for a in (x, y)), *map(ctypes.c_size_t, sizes))
    return y


def assert_c_computes(program: Program, x: Array, y: Array, folder: Path) -> None:
    """Fails unless each function in each precision computes the program."""
    count, outputs = len(x), y.shape[1]
    for flags in ((), ("-O3", "-march=native")):
        library = compiled(render(program, "c", name="f"), folder, *flags)
        assert_near(run_c(library, "f_batch", x, outputs, count), y)
        for row, expected in zip(x[:5], y[:5], strict=True):
            assert_near(run_c(library, "f", row[None], outputs), expected[None])
        columns = run_c(library, "f_columns", x.T.reshape(count, -1), outputs, count)
        assert_near(columns.reshape(outputs, count).T, y)
        assert_near(run_c(library, "f_blocks", x, outputs, count, 1), y)
    library = compiled(render(program, "c", name="f", precision="single"), folder)
    with np.errstate(over="ignore"):
        rough = x.astype(np.float32)
        expected = program.execute(rough).astype(np.float32)
    result = run_c(library, "f_batch", rough, outputs, count)
    is_valid = np.isfinite(expected)
    np.testing.assert_allclose(result[is_valid], expected[is_valid], rtol=1e-5)


@pytest.mark.skipif(not COMPILER, reason="needs a C compiler")
@settings(max_examples=12, suppress_health_check=IN_FOLDER, deadline=None)
@given(program=formulas(most=20))
def test_c_files_compute_the_program(program: Program, tmp_path: Path) -> None:
    x, y = formula_samples(program)
    assume(len(x))
    assert_c_computes(program, x, y, tmp_path)


def test_fixed_programs_in_every_language(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    x = np.array([[0.0, 0.5], [2.0, -0.5], [1e200, 3.0], [-1e-200, 1.5], [np.nan, 2.0]])
    for program in (sine(), hidden(), broad()):
        data = x[:, : program.inputs]
        y = program.execute(data)
        assert_near(load(render(program, "numpy"), tmp_path).formula(data), y)
        assert_near(load(render(program, "numba"), tmp_path).formula(data), y)
        layer = load(render(program, "torch"), tmp_path).Formula()
        assert_near(layer(torch.from_numpy(data)).numpy(), y)
        if COMPILER:
            assert_c_computes(program, data, y, tmp_path)


def test_signs_stay_with_the_operands(tmp_path: Path) -> None:
    """Of differences operands change places to save a sign; of functions they must not."""
    steps = [("negate", (1,)), ("mod", (0, 2)), ("negate", (3,)), ("max", (2, 0))]
    program = program_of(2, *steps, outputs=(4, 5))
    x = np.array([[7.0, 3.0], [1.0, -2.5]])
    assert program.run_code(x).tolist() == program.execute(x).tolist() == [[2, 7], [-1, 2.5]]
    assert_near(load(render(program, "numpy"), tmp_path).formula(x), program.execute(x))


def test_modules_say_what_they_do_and_take(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    function = load(render(sine(), "numpy"), tmp_path).formula
    assert function.__doc__.startswith("Compute 1 formula of the 1 number along the last axis")
    compiled_function = load(render(sine(), "numba"), tmp_path).formula
    for refusing in (function, compiled_function):
        with pytest.raises(TypeError, match="real numbers"):
            refusing(np.ones((3, 1), complex))
    layer = load(render(sine(), "torch"), tmp_path).Formula()
    assert layer.__doc__.startswith("Computes 1 formula of the 1 number")
    with pytest.raises(TypeError, match="floating-point"):
        layer(torch.ones(3, 1, dtype=torch.complex64))


def test_layers_can_be_trained(tmp_path: Path) -> None:
    """From a frequency nearby, training finds that of sin(31 x)."""
    torch = pytest.importorskip("torch")
    layer = load(render(sine(), "torch"), tmp_path).Formula(trainable=True)
    x = torch.linspace(-0.1, 0.1, 50, dtype=torch.float64)[:, None]
    with torch.no_grad():
        layer.constants += 1.0
    optimizer = torch.optim.Adam(layer.parameters(), lr=0.1)
    for _ in range(300):
        optimizer.zero_grad()
        (layer(x) - torch.sin(31 * x)).square().mean().backward()
        optimizer.step()
    assert layer.constants.item() == pytest.approx(31, abs=1e-3)


@given(st.data())
def test_gradients_are_those_of_the_formula(data: st.DataObject) -> None:
    torch = pytest.importorskip("torch")
    names: dict[str, Any] = {}
    exec(render(sine(), "torch"), names)
    x = data.draw(st.floats(-3, 3))
    point = torch.tensor([x], dtype=torch.float64, requires_grad=True)
    names["Formula"]()(point).sum().backward()
    assert point.grad.item() == pytest.approx(31 * math.cos(31 * x), rel=1e-9, abs=1e-12)


# Symbolic forms


def values_of(expressions: list[Any], x: Array) -> Array:
    """Evaluates expressions in x0, x1, ... at rows; nan where they are no real numbers."""
    symbols = sympy.symbols(f"x:{x.shape[1]}")
    found = np.full((len(x), len(expressions)), np.nan)
    for j, expression in enumerate(expressions):
        for k, row in enumerate(x.tolist()):
            exact = dict(zip(symbols, map(sympy.Rational, row), strict=True))
            try:
                written = sympy.sympify(expression).replace(
                    sympy.Mod, lambda x, y: x - y * sympy.floor(x / y)
                )
                value = written.subs(exact).evalf(30)
            except (ArithmeticError, TypeError, ValueError):
                continue
            if value.is_Number and value.is_finite:
                found[k, j] = float(value)
    return found


def assert_same_where_valid(expressions: list[Any], x: Array, y: Array) -> None:
    values = values_of(expressions, x)
    is_valid = np.isfinite(y)
    np.testing.assert_allclose(values[is_valid], y[is_valid], rtol=1e-9, atol=1e-300)


@settings(max_examples=30, deadline=None)
@given(formulas(most=8))
def test_symbolic_forms_compute_the_program(program: Program) -> None:
    x, y = formula_samples(program, 20)
    x, y = x[-4:], y[-4:]
    assume(len(x))
    try:
        names = run_script(render(program, "sympy", full=True))
    except ZeroDivisionError:  # SymPy takes no remainder of a division by what it knows to be 0
        reject()
    assert_same_where_valid(symbolic_outputs(program), x, y)
    assert_same_where_valid([names[f"y{k}"] for k in range(len(program.outputs))], x, y)
    assert_same_where_valid(names["full"], x, y)


def test_short_formulas_are_written_whole() -> None:
    assert render(sine(), "sympy").splitlines()[-1] == "y0 = sin(31*x0)"
    assert r"y_{0} &= \sin{\left(31 x_{0} \right)}" in render(sine(), "latex")
    assert [str(expression) for expression in symbolic_outputs(sine())] == ["sin(31*x0)"]
    steps = [(2.0,), (1 / 3,), ("add", (0, 2)), ("multiply", (1, 3)), ("floor", (4,))]
    (output,) = symbolic_outputs(program_of(1, *steps))
    assert str(output) == "floor(2*(x0 + 1/3))"


def test_shared_values_are_written_once() -> None:
    program = program_of(
        2, ("multiply", (0, 1)), ("sin", (2,)), ("cos", (2,)), ("add", (3, 4)), ("step", (5,))
    )
    lines = render(program, "sympy").splitlines()
    assert lines[-2:] == ["t1 = x0*x1", "y0 = Heaviside(sin(t1) + cos(t1), 0)"]
    assert r"\theta\left(" in render(program, "latex")
    (whole,) = symbolic_outputs(program)
    assert str(whole) == "Heaviside(sin(x0*x1) + cos(x0*x1), 0)"


def test_long_formulas_are_broken_up() -> None:
    steps = [("sin", (0,)), *(("sin" if k % 2 else "exp", (k,)) for k in range(1, 60))]
    lines = render(program_of(1, *steps), "sympy").splitlines()[3:]
    assert 2 < len(lines) < 6
    assert max(map(len, lines)) < 150


@pytest.mark.parametrize(
    "steps",
    [
        [(-1.0,), ("sqrt", (1,)), ("max", (2, 0)), ("add", (3, 0))],
        [(-1.0,), ("sqrt", (1,)), ("multiply", (2, 0))],
        [(0.0,), ("log", (1,)), ("add", (2, 0))],
        [(0.0,), ("mod", (0, 1)), ("step", (2,))],
    ],
)
def test_what_is_never_valid_is_nan(steps: list[Any]) -> None:
    program = program_of(1, *steps)
    assert symbolic_outputs(program) == [sympy.nan]
    assert run_script(render(program, "sympy"))["y0"] == sympy.nan
    assert np.isnan(program.run_code([[1.0]])).all()


def test_graphs_have_a_node_per_value() -> None:
    graph = render(hidden(), "dot")
    assert len(re.findall(r"^\w+ \[shape", graph, re.MULTILINE)) == 1 + 1 + 8 + 6
    for name in ("/", "step", "min", "exp", "max", "abs"):
        assert f'label="{name}"' in graph
    assert '[label="y"]' in graph  # which operand is the divisor
    nodes = set(re.findall(r"^(\w+) \[shape", graph, re.MULTILINE))
    assert {*re.findall(r"(\w+) -> (\w+)", graph)} <= {(a, b) for a in nodes for b in nodes}


# New primitives


@pytest.fixture
def triangle() -> Iterator[Scalar]:
    """A primitive that nothing else knows, as long as a test runs."""

    def triangle(x: Any) -> Any:
        """A triangle wave."""
        return 2 * sp.Abs(x - sp.floor(x + sp.Rational(1, 2)))

    def clip(x: Any, y: Any) -> Any:
        """Values between 0 and y."""
        return sp.Min(sp.Max(x, 0), y)

    members = [scalar(triangle), scalar(clip)]
    yield members[0]
    for member in members:
        del SCALARS._members[member.name]


def test_new_primitives_work_everywhere(triangle: Scalar, tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    steps = [("negate", (0,)), ("triangle", (0,)), ("triangle", (1,)), ("clip", (2, 3))]
    program = program_of(1, *steps, ("clip", (0, 4)), outputs=(2, 3, 4, 5))
    x = np.array([[-1.3], [0.2], [0.5], [1.9], [np.nan]])
    wave = 2 * np.abs(x - np.floor(x + 0.5))
    y = program.execute(x)
    assert_near(y[:, :1], wave)
    assert_near(program.run_code(x), y)
    for form in TEXT_FORMATS:
        assert render(program, form)
    assert text.parse(render(program, "text")) == program
    assert_near(load(render(program, "numpy"), tmp_path).formula(x), y)
    assert_near(load(render(program, "numba"), tmp_path).formula(x), y)
    layer = load(render(program, "torch"), tmp_path).Formula()
    assert_near(layer(torch.from_numpy(x)).numpy(), y)
    if COMPILER:
        assert_c_computes(program, x, y, tmp_path)
    assert_same_where_valid(symbolic_outputs(program), x[:4], y[:4])
    assert "triangle" in render(program, "dot")
    assert program.count.functions == sum(
        derive_scalar(name).operations for name in ("triangle", "triangle", "clip", "clip")
    )
