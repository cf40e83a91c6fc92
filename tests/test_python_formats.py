"""Formats for Python: what they write runs, and computes what the program computes."""

from __future__ import annotations

import ast
import importlib.util
import inspect
import itertools
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import HealthCheck, given, settings
from random_programs import (
    DFT8_GENES,
    DFT16_GENES,
    TARGET_SAMPLES,
    codes,
    decoded_program,
    programs,
    sample_programs,
    size_of,
    target_name,
)
from test_formats import dft4, eighth_turn

from dsl.errors import UsageError
from dsl.formats import render
from dsl.formats.code_lines import Style, assignments, constants, decimal
from dsl.formats.signs import NEGATIVE, is_negative, with_few_negations
from dsl.program import Instruction, Program
from dsl.straightline import Code, Operation, Ref
from dsl.targets import make_target

NUMPY_STYLE = Style("x[{}]".format, "y[{}]".format, "C[{}]".format, "0")
FORMATS = ("numpy", "numba", "torch")
EACH_FORMAT = pytest.mark.parametrize("form", FORMATS)
NUMBERS = itertools.count()


def dft16() -> Program:
    return decoded_program(make_target("dft", 16), DFT16_GENES, "dft16")


def real_dft8() -> Program:
    return decoded_program(make_target("dft", 8, "real"), DFT8_GENES, "dft8_real")


def wht4() -> Program:
    """Returns a program without constants."""
    instructions = tuple(
        Instruction("butterfly", points, (1,)) for points in ((0, 1), (2, 3), (4, 6), (5, 7))
    )
    return Program("factor", "real", 4, instructions, (8, 10, 9, 11), "wht4")


def copies() -> Program:
    """Returns a program of no operations: zeros, inputs, and inputs times i."""
    instructions = (
        Instruction("sum", (), ()),
        Instruction("sum", (0,), (1j,)),
        Instruction("sum", (1,), (-1,)),
    )
    return Program("factor", "complex", 3, instructions, (3, 1, 4, 5, 4, 0), "copies")


def one_to_many() -> Program:
    """Returns a program of one input, with unrecognised, large and small constants."""
    constants = (-0.1234567890123, 1e200, 1e-300, 3.0, -1 / 3)
    instructions = tuple(Instruction("scale", (0,), (c,)) for c in constants)
    return Program("factor", "real", 1, instructions, (1, 2, 3, 4, 5, 0), "one_to_many")


def complex_constants() -> Program:
    """Returns a program of complex constants of every sign, read and returned."""
    constants = (-0.3 - 0.7j, 0.3 + 0.7j, 2j, -2j, 1 - 1j, 0.25 - 0.5j)
    instructions = tuple(Instruction("scale", (k,), (c,)) for k, c in enumerate(constants))
    last = Instruction("sum", (2, 4, 6), (-1, -1j, -1))
    return Program("factor", "complex", 2, (*instructions, last), (8, 7, 5, 3), "odd")


FIXED = (dft4, eighth_turn, dft16, real_dft8, wht4, copies, one_to_many, complex_constants)
EACH_FIXED = pytest.mark.parametrize("make", FIXED)


def long_program(steps: int) -> Program:
    """Returns a program of butterflies, each on two random values of sixteen."""
    rng = np.random.default_rng(0)
    values, instructions = list(range(16)), []
    for first in range(16, 16 + 2 * steps, 2):
        i, j = rng.choice(16, 2, replace=False)
        constant = rng.uniform(0.5, 2)
        instructions.append(Instruction("butterfly", (values[i], values[j]), (constant,)))
        values[i], values[j] = first, first + 1
    return Program("factor", "real", 16, tuple(instructions), tuple(values), "long")


def load(text: str, folder: Path) -> ModuleType:
    """Imports a module from a file of its own, as users do."""
    name = f"exported_{next(NUMBERS)}"
    path = folder / f"{name}.py"
    path.write_text(text, encoding="utf-8")
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def function_of(form: str, program: Program, folder: Path) -> Callable[[Any], Any]:
    """Returns the exported program as a function of NumPy arrays."""
    module = load(render(program, form), folder)
    if form != "torch":
        function: Callable[[Any], Any] = getattr(module, program.name)
        return function
    torch = pytest.importorskip("torch")
    (layer,) = (value for value in vars(module).values() if inspect.isclass(value))
    return lambda x: layer()(torch.from_numpy(x)).numpy()


def data(program: Program, shape: tuple[int, ...], dtype: Any) -> npt.NDArray[Any]:
    rng = np.random.default_rng(0)
    x = rng.standard_normal((*shape, program.inputs))
    if np.issubdtype(dtype, np.complexfloating):
        x = x + 1j * rng.standard_normal(x.shape)
    return x.astype(dtype)


def result_type(program: Program, dtype: Any) -> Any:
    return np.result_type(dtype, np.complex64 if program.domain == "complex" else np.float32)


def assert_computes(function: Callable[[Any], Any], program: Program, dtype: Any) -> None:
    """Fails unless the function multiplies batches by the program's matrix."""
    with np.errstate(all="ignore"):  # some constants are beyond single precision
        matrix = program.matrix().astype(result_type(program, dtype))
    matrix[~np.isfinite(matrix)] = 0
    precision = 1e-12 if np.finfo(dtype).bits == 64 else 1e-5
    for shape in ((), (5,), (2, 0), (2, 1, 3)):
        x = data(program, shape, dtype)
        before = x.copy()
        with np.errstate(all="ignore"):
            y = function(x)
        assert np.array_equal(x, before)
        assert y.shape == (*shape, len(program.outputs))
        assert y.dtype == result_type(program, dtype)
        known = np.abs(matrix).max(axis=1) > 0
        wanted = x @ matrix[known].T
        limit = precision * np.maximum(1, np.abs(matrix[known]).max(axis=1)) * size(program)
        assert (np.abs(y[..., known] - wanted) <= limit).all()


def size(program: Program) -> float:
    """Returns how much larger values on the way may be than the outputs' coefficients."""
    forms = np.abs(program.code.linear_forms()).max()
    return float(max(1.0, forms / max(1.0, np.abs(program.matrix()).max())))


# What every one of them computes


@EACH_FORMAT
@EACH_FIXED
@pytest.mark.parametrize("dtype", [np.float64, np.complex128, np.float32, np.complex64])
def test_fixed_programs(form: str, make: Callable[[], Program], dtype: Any, tmp_path: Path) -> None:
    assert_computes(function_of(form, make(), tmp_path), make(), dtype)


@pytest.mark.parametrize("form", ["numpy", "torch"])
@pytest.mark.parametrize(
    "position", range(len(TARGET_SAMPLES)), ids=map(target_name, TARGET_SAMPLES)
)
def test_decoded_programs(form: str, position: int, tmp_path: Path) -> None:
    for program in sample_programs(position)[:3]:
        assert_computes(function_of(form, program, tmp_path), program, np.complex128)


@pytest.mark.parametrize("form", ["numpy", "torch"])
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(program=programs(odd_constants=True))
def test_any_program(form: str, program: Program, tmp_path: Path) -> None:
    assert_computes(function_of(form, program, tmp_path), program, np.complex128)


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(program=programs(odd_constants=True))
def test_any_program_compiled(program: Program, tmp_path: Path) -> None:
    dtype = np.complex128 if program.domain == "complex" else np.float64
    assert_computes(function_of("numba", program, tmp_path), program, dtype)


@EACH_FORMAT
@pytest.mark.parametrize("scale", [1e300, 1e-320])
def test_products_that_overflow(form: str, scale: float, tmp_path: Path) -> None:
    """Simplification multiplies constants, which may leave the range of doubles."""
    steps = [Instruction("scale", (k,), (scale * (1 + 0.3j),)) for k in range(3)]
    program = Program("factor", "complex", 1, tuple(steps), (3, 2), "beyond")
    with np.errstate(all="ignore"):
        y = function_of(form, program, tmp_path)(np.ones((2, 1)))
    assert y.shape == (2, 2)


@EACH_FORMAT
def test_thousands_of_operations(form: str) -> None:
    """Neither nested expressions nor long lines: one operation per line."""
    program = long_program(1_000)
    assert program.count.operations == 3_000
    text = render(program, form)
    compile(text, "long.py", "exec")
    assert max(map(len, text.splitlines())) <= 100


@pytest.mark.parametrize("form", ["numpy", "torch"])
def test_wide_programs(form: str, tmp_path: Path) -> None:
    steps = [Instruction("sum", (k, k + 1), (1, -1)) for k in range(1_999)]
    program = Program(
        "factor", "complex", 2_000, tuple(steps), tuple(range(2_000, 3_999)), "differences"
    )
    x = data(program, (3,), np.complex128)
    y = function_of(form, program, tmp_path)(x)
    assert np.array_equal(y, x[:, :-1] - x[:, 1:])


def test_blocks_of_vectors_join(tmp_path: Path) -> None:
    module = load(render(dft16(), "numpy"), tmp_path)
    x = data(dft16(), (2, module.ROWS + 3), np.complex64)
    assert np.allclose(module.dft16(x), np.fft.fft(x), rtol=0, atol=1e-4)


@pytest.mark.parametrize("form", ["numpy", "numba"])
@pytest.mark.parametrize("dtype", [np.int64, np.uint8, np.bool_, np.float16])
def test_other_numbers(form: str, dtype: Any, tmp_path: Path) -> None:
    x = (np.arange(12).reshape(3, 4) % 5).astype(dtype)
    for program in (dft4(), wht4()):
        y = function_of(form, program, tmp_path)(x)
        assert y.dtype == result_type(program, dtype)
        assert np.allclose(y, x @ program.matrix().T)
        assert np.array_equal(function_of(form, program, tmp_path)(x.tolist()[0]), y[0])


def test_strided_data(tmp_path: Path) -> None:
    x = data(dft4(), (6, 5), np.complex128)
    for form in FORMATS:
        function = function_of(form, dft4(), tmp_path)
        for view in (x[::2], np.moveaxis(x.copy().reshape(4, 5, 6), 0, -1), x[..., ::-1].copy()):
            assert np.allclose(function(view), np.fft.fft(view))


def test_single_precision_is_single_throughout(tmp_path: Path) -> None:
    """Compiled code rounds after every operation, as NumPy does."""
    x = data(eighth_turn(), (100,), np.float32)
    one, other = (function_of(form, eighth_turn(), tmp_path) for form in ("numpy", "numba"))
    assert np.array_equal(one(x), other(x))


# What they refuse


@EACH_FORMAT
@pytest.mark.parametrize("shape", [(3,), (4, 3), (), (0,), (5,)])
def test_other_shapes(form: str, shape: tuple[int, ...], tmp_path: Path) -> None:
    function = function_of(form, dft4(), tmp_path)
    with pytest.raises(ValueError, match=r"expected shape \(\.\.\., 4\), got \(.*\)$"):
        function(np.ones(shape))


def test_other_data(tmp_path: Path) -> None:
    compiled = function_of("numba", dft4(), tmp_path)
    with pytest.raises(TypeError, match="expected single or double precision, got "):
        compiled(np.ones(4, np.longdouble))
    torch = pytest.importorskip("torch")
    layer = load(render(dft4(), "torch"), tmp_path).Dft4()
    with pytest.raises(TypeError, match=r"got torch\.int64"):
        layer(torch.ones(4, dtype=torch.int64))


@pytest.mark.parametrize("shapes", [((2, 3), (2, 4)), ((2, 4), (3, 4)), ((2, 4), (2, 3))])
def test_kernels_check_shapes(shapes: tuple[tuple[int, ...], ...], tmp_path: Path) -> None:
    """Compiled code would read and write outside of the arrays."""
    module = load(render(wht4(), "numba"), tmp_path)
    for kernel in (module.wht4_batch, module.wht4_parallel):
        with pytest.raises(ValueError, match="expected x of shape"):
            kernel(*(np.ones(shape) for shape in shapes))


# Names


@EACH_FORMAT
@pytest.mark.parametrize("name", ["class", "np", "torch", "ROWS", "C1", "range", "__file__"])
def test_names_that_mean_something_else(form: str, name: str, tmp_path: Path) -> None:
    """A file may call its program so; who chooses a name is told."""
    program = Program("factor", "complex", 1, (Instruction("scale", (0,), (0.3,)),), (1,), name)
    text = render(program, form)
    module = load(text, tmp_path)
    public = [value for key, value in vars(module).items() if key in (name, f"{name}_")]
    if form == "torch":
        public = [value for value in vars(module).values() if inspect.isclass(value)]
    assert callable(public[-1])
    if name in ("class", "range") and form != "torch":
        with pytest.raises(UsageError, match=f"'{name}' has another meaning"):
            render(program, form, name=name)


@pytest.mark.parametrize("form", ["numpy", "numba"])
def test_module_needs_no_name_that_a_function_may_have(form: str) -> None:
    """Every global name that the module reads is refused as a name of the function."""
    tree = ast.parse(render(eighth_turn(), form))
    read = {n.id for n in ast.walk(tree) if isinstance(n, ast.Name)}
    defined = {n.name for n in ast.walk(tree) if isinstance(n, ast.FunctionDef)}
    bound = {a.arg for a in ast.walk(tree) if isinstance(a, ast.arg)} | {
        n.id
        for f in tree.body
        if isinstance(f, ast.FunctionDef)
        for n in ast.walk(f)
        if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)
    }
    names = read - defined - bound
    assert len(names) >= 8
    for name in names:
        with pytest.raises(UsageError):
            render(eighth_turn(), form, name=name)


@EACH_FORMAT
@pytest.mark.parametrize(
    "name", ["", "2x", "a b", "a-b", "x\n", "é", "a" * 65, "x;y", "__import__(1)"]
)
def test_names_that_are_none(form: str, name: str) -> None:
    with pytest.raises(UsageError, match="expected a name") as caught:
        render(dft4(), form, name=name)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("dft16", "Dft16"),
        ("dct2_8", "Dct2_8"),
        ("my_filter", "MyFilter"),
        ("dft16_inverse", "Dft16Inverse"),
        ("FFT", "FFT"),
        ("_x", "X"),
        ("__", "Program"),
        ("_1", "Program1"),
        ("none", "None_"),
        ("valueError", "ValueError_"),
    ],
)
def test_classes_are_named_as_classes(name: str, expected: str, tmp_path: Path) -> None:
    program = Program("factor", "real", 1, (), (0,), name)
    assert f"class {expected}(torch.nn.Module)" in render(program, "torch")


@EACH_FORMAT
def test_a_name_can_be_chosen(form: str, tmp_path: Path) -> None:
    module = load(render(dft4(), form, name="fast"), tmp_path)
    assert callable(module.Fast if form == "torch" else module.fast)
    assert "dft4" not in render(dft4(), form, name="fast")


# How they are written


@EACH_FORMAT
@EACH_FIXED
def test_ruff_finds_nothing(form: str, make: Callable[[], Program], tmp_path: Path) -> None:
    ruff = shutil.which("ruff", path=str(Path(sys.executable).parent)) or shutil.which("ruff")
    if ruff is None:
        pytest.skip("ruff is not installed")
    path = tmp_path / "exported.py"
    path.write_text(render(make(), form), encoding="utf-8")
    done = subprocess.run(
        [ruff, "check", "--isolated", "--extend-select", "I,N,D1,W", "--ignore", "N802", path],
        capture_output=True,
        text=True,
        check=False,
    )
    ignorable = "D107"  # constructors are documented with their class
    problems = [line for line in done.stdout.splitlines() if line[:1].isupper()]
    assert all(ignorable in p or p.startswith(("All", "Found")) for p in problems), done.stdout


@EACH_FORMAT
def test_modules_say_what_they_are(form: str) -> None:
    head = ast.get_docstring(ast.parse(render(dft16(), form))) or ""
    assert head.splitlines()[0].lower() == "dft16: 16 complex inputs, 16 outputs."
    assert "168 real operations: 144 additions, 24 multiplications." in head
    assert "= sqrt(2)/2" in render(dft16(), form) or "# sqrt(2)/2" in render(dft16(), form)
    assert "1 real input, 6 outputs" in render(one_to_many(), form)


@EACH_FORMAT
def test_modules_do_not_need_us(form: str) -> None:
    tree = ast.parse(render(dft16(), form))
    imported = [
        alias.name if isinstance(node, ast.Import) else node.module
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in node.names
    ]
    assert set(imported) <= {"numpy", "numba", "torch", "os"}


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.5, "0.5"),
        (complex(-0.5, -0.0), "-0.5"),
        (1e-300, "1e-300"),
        (1 / 3 - 2j, "0.3333333333333333 - 2.0j"),
        (-1 + 0.5j, "-1.0 + 0.5j"),
        (-2j, "-2.0j"),
        (float("inf"), 'float("inf")'),
        (complex("nan-infj"), 'complex("(nan-infj)")'),
    ],
)
def test_decimals_are_read_back(value: complex, text: str) -> None:
    assert decimal(complex(value)) == text
    assert np.array_equal(eval(text), value, equal_nan=True)


# Straight-line code as lines


def run_lines(code: Code, is_frugal: bool) -> npt.NDArray[Any]:
    """Runs the lines of some code on the unit vectors."""
    style = Style(NUMPY_STYLE.read, NUMPY_STYLE.write, NUMPY_STYLE.constant, "0", is_frugal)
    y = np.zeros((len(code.outputs), code.inputs), complex)
    names = {"x": np.eye(code.inputs, dtype=complex), "y": y}
    names["C"] = [eval(digits) for digits in constants(code, 0)]
    exec("\n".join(assignments(code, style)), names)
    return y


@pytest.mark.parametrize("is_frugal", [True, False])
@given(code=codes())
def test_lines_compute_what_the_code_computes(is_frugal: bool, code: Code) -> None:
    for written in (code, with_few_negations(code)):
        difference = np.abs(run_lines(written, is_frugal) - code.matrix()).max()
        assert difference <= 1e-12 * size_of(code)


@given(codes())
def test_few_negations(code: Code) -> None:
    tidy = with_few_negations(code)
    assert np.array_equal(tidy.matrix(), code.matrix())
    assert len(tidy.operations) == len(code.operations)
    for operation in tidy.operations:
        assert operation.left.unit not in NEGATIVE or operation.left.value < 0
        assert operation.kind == "add" or not is_negative(operation.constant)


def test_negations_of_differences_vanish() -> None:
    """y0 = -(x0 - x1), y1 = -0.5 * x0 read by a sum, y2 = -x1."""
    code = Code(
        "real",
        2,
        (
            Operation("add", Ref(0), Ref(1, 2)),
            Operation("scale", Ref(0), constant=-0.5),
            Operation("add", Ref(1), Ref(3)),
        ),
        (Ref(2, 2), Ref(4), Ref(1, 2)),
    )
    assert assignments(with_few_negations(code), NUMPY_STYLE) == [
        "y[2] = -x[1]",
        "y[0] = x[1] - x[0]",
        "t1 = C[0] * x[0]",
        "y[1] = x[1] - t1",
    ]


def test_frugal_names_are_as_few_as_values_alive() -> None:
    code = with_few_negations(dft16().code)
    frugal, greedy = (
        [line.split()[0] for line in assignments(code, style) if line.startswith("t")]
        for style in (NUMPY_STYLE, replace(NUMPY_STYLE, is_frugal=False))
    )
    assert len(frugal) == len(greedy) == len(set(greedy)) == 168 - 32
    assert len(set(frugal)) <= 40


# Numba


def test_threads_compute_the_same(tmp_path: Path) -> None:
    module = load(render(dft16(), "numba"), tmp_path)
    x = data(dft16(), (module.ROWS * 3 + 5,), np.complex128)
    assert np.array_equal(module.dft16(x, parallel=True), module.dft16(x))


def test_compiled_code_is_kept_beside_a_file_only(tmp_path: Path) -> None:
    text = render(wht4(), "numba")
    load(text, tmp_path).wht4(np.ones(4))
    assert list((tmp_path / "__pycache__").glob("*.nbi"))
    names: dict[str, Any] = {"__file__": __file__}
    exec(text, names)
    assert names["wht4"](np.ones(4)).tolist() == [4, 0, 0, 0]


# PyTorch


@pytest.fixture
def torch() -> Any:
    return pytest.importorskip("torch")


def layer_of(program: Program, folder: Path, **options: Any) -> Any:
    module = load(render(program, "torch", **options), folder)
    return next(value for value in vars(module).values() if inspect.isclass(value))


@EACH_FIXED
def test_gradients_of_inputs(make: Callable[[], Program], torch: Any, tmp_path: Path) -> None:
    program = make()
    if program.name == "one_to_many":
        pytest.skip("finite differences fail at 1e200")
    layer = layer_of(program, tmp_path)()
    dtypes = [np.complex128] if program.domain == "complex" else [np.float64, np.complex128]
    for dtype in dtypes:
        x = torch.from_numpy(data(program, (2,), dtype)).requires_grad_()
        assert torch.autograd.gradcheck(layer, (x,))


@pytest.mark.parametrize("make", [eighth_turn, dft16, real_dft8, complex_constants])
def test_gradients_of_constants(make: Callable[[], Program], torch: Any, tmp_path: Path) -> None:
    program = make()
    layer = layer_of(program, tmp_path)(trainable=True)

    def function(constants: Any, x: Any) -> Any:
        return torch.func.functional_call(layer, {"constants": constants}, (x,))

    dtype = np.complex128 if program.domain == "complex" else np.float64
    x = torch.from_numpy(data(program, (2,), dtype)).requires_grad_()
    constants = layer.constants.detach().clone().requires_grad_()
    assert torch.autograd.gradcheck(function, (constants, x))


def test_training_changes_constants_alone(torch: Any, tmp_path: Path) -> None:
    """From another eighth turn, training finds the one of the matrix."""
    layer = layer_of(eighth_turn(), tmp_path)(trainable=True)
    torch.manual_seed(0)
    wanted = torch.from_numpy(eighth_turn().matrix())
    with torch.no_grad():
        layer.constants += 0.1
    optimizer = torch.optim.Adam(layer.parameters(), lr=0.01)
    x = torch.randn(64, 2, dtype=torch.float64)
    losses = []
    for _ in range(300):
        optimizer.zero_grad()
        loss = (layer(x) - x @ wanted.T).square().mean()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 1e-6 * losses[0]


@pytest.mark.parametrize("trainable", [False, True])
def test_parameters_are_the_distinct_constants(trainable: bool, torch: Any, tmp_path: Path) -> None:
    for layer in (
        layer_of(dft16(), tmp_path)(trainable),
        layer_of(dft16(), tmp_path, trainable=trainable)(),
    ):
        parameters = list(layer.parameters())
        assert len(parameters) == trainable
        assert [*layer.state_dict()] == ["constants"]
        roots = [2**-0.5, np.cos(np.pi / 8), np.sin(np.pi / 8)]
        assert sorted(layer.constants.tolist()) == pytest.approx(sorted(roots))
        assert layer.constants.dtype == torch.float64


def test_no_constants_no_parameters(torch: Any, tmp_path: Path) -> None:
    layer = layer_of(wht4(), tmp_path)(trainable=True)
    assert list(layer.parameters()) == list(layer.buffers()) == []
    assert layer(torch.ones(4)).tolist() == [4, 0, 0, 0]


def test_state_comes_back(torch: Any, tmp_path: Path) -> None:
    kind = layer_of(dft16(), tmp_path)
    trained, plain = kind(trainable=True), kind()
    with torch.no_grad():
        trained.constants.mul_(1.25)
    x = torch.from_numpy(data(dft16(), (3,), np.complex128))
    assert not torch.equal(plain(x), trained(x))
    path = tmp_path / "state.pt"
    torch.save(trained.state_dict(), path)
    plain.load_state_dict(torch.load(path, weights_only=True))
    assert torch.equal(plain(x), trained(x))


@pytest.mark.parametrize("make", [dft16, real_dft8])
def test_layers_can_be_moved(make: Callable[[], Program], torch: Any, tmp_path: Path) -> None:
    layer = layer_of(make(), tmp_path)(trainable=True)
    x = torch.from_numpy(data(make(), (3,), np.complex128))
    wanted = layer(x)
    single = layer.to(torch.float32)
    assert single.constants.dtype == torch.float32
    assert torch.allclose(single(x.to(torch.complex64)), wanted.to(torch.complex64), atol=1e-5)
    with pytest.warns(UserWarning, match="Complex modules"):
        layer.to(torch.complex128)
    assert torch.allclose(layer(x), wanted, atol=1e-6)
    meta = layer_of(make(), tmp_path)().to("meta")
    assert meta(x.to("meta")).device.type == "meta"


def test_precision_is_that_of_the_data(torch: Any, tmp_path: Path) -> None:
    layer = layer_of(eighth_turn(), tmp_path)()
    for dtype in (torch.float64, torch.float32, torch.bfloat16, torch.complex64):
        assert layer(torch.ones(2, dtype=dtype)).dtype == dtype
        assert layer(torch.ones(3, 2, dtype=dtype)).dtype == dtype


def test_conjugate_views(torch: Any, tmp_path: Path) -> None:
    layer = layer_of(dft16(), tmp_path)()
    x = torch.from_numpy(data(dft16(), (3,), np.complex128))
    assert torch.allclose(layer(x.conj()), layer(x.conj().resolve_conj()))


def test_layers_can_be_traced(torch: Any, tmp_path: Path) -> None:
    """`torch.compile` sees one graph: no branch depends on the data."""
    for make in (dft4, eighth_turn):
        program = make()
        layer = layer_of(program, tmp_path)(trainable=True)
        dtype = np.complex128 if program.domain == "complex" else np.float64
        x = torch.from_numpy(data(program, (3,), dtype))
        compiled = torch.compile(layer, backend="eager", fullgraph=True)
        assert torch.equal(compiled(x), layer(x))


def test_layers_can_be_mapped(torch: Any, tmp_path: Path) -> None:
    layer = layer_of(dft4(), tmp_path)()
    x = torch.from_numpy(data(dft4(), (5, 3), np.complex128))
    assert torch.allclose(torch.func.vmap(layer)(x), layer(x))
