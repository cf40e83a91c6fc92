"""Formats of algorithms: what is written computes what the rules compute, for every size."""

from __future__ import annotations

import copy
import ctypes
import itertools
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import sympy
from random_rules import random_algorithm
from recursive_rules import ALGORITHMS, RADIX2, RADIX3, RuleWriter, written
from scipy.fft import dct

from dsl.algorithm_formats import ALGORITHM_FORMATS, c_format, render_algorithm, stages
from dsl.algorithm_formats.affine import pieces_of
from dsl.algorithm_formats.angle_text import power, radians
from dsl.algorithm_formats.json_format import MOST_RULES, from_data, to_data
from dsl.algorithm_formats.recurrences import (
    N,
    NoFormulaError,
    R,
    Recurrence,
    formulas_of,
)
from dsl.algorithm_formats.stages import Staging
from dsl.errors import DataError, UsageError
from dsl.formats import Format
from dsl.grammars.recursive.algorithm import Algorithm
from dsl.grammars.recursive.families import matrix_in
from dsl.grammars.recursive.rule import MOST_STEPS, Rule, Step
from dsl.vectors import VECTORS, VectorPrimitive
from dsl.vectors.base import NOWHERE
from dsl.vectors.fields import DOUBLES

Array = npt.NDArray[Any]
EACH_FORMAT = pytest.mark.parametrize("form", ALGORITHM_FORMATS, ids=lambda form: form.name)
EACH_ALGORITHM = pytest.mark.parametrize("name", ALGORITHMS)
SEEDS = range(6)
EACH_SEED = pytest.mark.parametrize("seed", SEEDS)
COMPILER = shutil.which("cc") or shutil.which("gcc") or ""
STRICT = ("-std=c99", "-Wall", "-Wextra", "-Wmissing-prototypes", "-pedantic", "-Werror", "-O0")


def random_sample(seed: int) -> Algorithm:
    return random_algorithm(np.random.default_rng(seed), "dft" if seed % 2 else "dct2")


def some_size(algorithm: Algorithm, least: int = 24) -> int:
    return next(n for n in algorithm.sizes if n >= least)


def data_for(algorithm: Algorithm, n: int, count: int = 2) -> list[Array]:
    rng = np.random.default_rng(n)
    shapes = [(count, int(n * ratio)) for ratio in algorithm.family.inputs]
    data = [rng.standard_normal(shape) for shape in shapes]
    if algorithm.family.domain == "complex":
        data = [x + 1j * rng.standard_normal(x.shape) for x in data]
    return data


def assert_close(result: Array, expected: Array, tolerance: float = 1e-13) -> None:
    assert result.shape == expected.shape
    assert np.abs(result - expected).max() <= tolerance * np.abs(expected).max()


# Every format


@EACH_FORMAT
@EACH_ALGORITHM
def test_every_format_writes_every_algorithm(form: Format, name: str) -> None:
    algorithm = ALGORITHMS[name]
    options = {"n": some_size(algorithm, 65)} if "n" in form.options else {}
    content = form.write(algorithm, **options)
    assert content.endswith("\n")
    assert not content.endswith("\n\n")
    assert content.isascii()
    assert content == render_algorithm(algorithm, form.name, **options)


@EACH_FORMAT
@EACH_SEED
def test_every_format_writes_any_rules(form: Format, seed: int) -> None:
    algorithm = random_sample(seed)
    options = {"n": some_size(algorithm, 65)} if "n" in form.options else {}
    assert form.write(algorithm, **options).endswith("\n")


@EACH_FORMAT
def test_declaration(form: Format) -> None:
    assert re.fullmatch(r"\.[a-z]+", form.suffix)
    assert form.summary


def test_unknown_formats_and_options_are_refused() -> None:
    with pytest.raises(UsageError, match="unknown format of algorithms 'pdf'"):
        render_algorithm(ALGORITHMS["radix2"], "pdf")
    with pytest.raises(UsageError, match="has no option 'n'") as caught:
        render_algorithm(ALGORITHMS["radix2"], "text", n=8)
    assert caught.value.hint == "formats that have it: c"


# Text

RADIX2_TEXT = """\
dft: n-point DFT, n = 2^a
unnormalised, w = exp(-2 pi i / n), equal to numpy.fft.fft
real operations: 176 for n = 16, 496 for n = 32, 1296 for n = 64

dft(x), n a multiple of 2:
    a = dft(evens(x))     # n/2 points
    b = w^r dft(odds(x))  # n/2 points
    return (a + b, a - b)

dft(x), n = 1: x

w = exp(-2 pi i/n)
r = 0, 1, ... is the element
evens(x) = x[0::2], odds(x) = x[1::2]
"""
SPLIT_RADIX_TEXT = """\
dft(x), n a multiple of 4:
    a = dft(evens(x))         # n/2 points
    b = w^r dft(x[1::4])      # n/4 points
    c = w^(3 r) dft(x[3::4])  # n/4 points
    d = (b + c, -i (b - c))   # n/2 points
    return (a + d, a - d)

dft(x), n = 1: x;  n = 2: the product with the matrix
"""


def test_text_of_radix_2_and_split_radix() -> None:
    assert render_algorithm(ALGORITHMS["radix2"], "text") == RADIX2_TEXT
    assert SPLIT_RADIX_TEXT in render_algorithm(ALGORITHMS["split_radix"], "text")


def test_text_names_every_family_the_wanted_one_first() -> None:
    text = render_algorithm(ALGORITHMS["dct4"], "text")
    assert text.index("\ndct4(x)") < text.index("\ndct2(x)")
    assert "a = 1/(2 cos(pi (2 r + 1)/(4 n))) x" in text
    assert "dct2(x), n = 1: 2 x\n" in text
    assert "return idft(dft(pad(x)) * dft(pad(y)))" in render_algorithm(
        ALGORITHMS["polymul"], "text"
    )


@pytest.mark.parametrize(
    ("parameters", "words", "exponent"),
    [
        ((-1, 0, 0), "-2 pi r/n", "r"),
        ((3, 0, 0), "6 pi r/n", "(-3 r)"),
        (("1/4", "1/8", 0), "pi (2 r + 1)/(4 n)", "(-r/4 - 1/8)"),
        ((0, 0, "1/6"), "pi/3", "(-n/6)"),
        ((0, 0, "-1/2"), "-pi", "(n/2)"),
        ((1, 0, "1/4"), "2 pi r/n + pi/2", "(-r - n/4)"),
        ((-1, -1, 0), "-2 pi (r + 1)/n", "(r + 1)"),
        ((0, 0, 0), "0", "0"),
    ],
)
def test_angles(parameters: tuple[Any, ...], words: str, exponent: str) -> None:
    fractions = tuple(map(Fraction, parameters))
    assert radians(fractions) == words
    assert power(fractions) == exponent


# JSON


def read(content: str) -> Algorithm:
    return from_data(json.loads(content))


def assert_same(one: Algorithm, other: Algorithm) -> None:
    assert (one.name, dict(one.rules)) == (other.name, dict(other.rules))


@EACH_ALGORITHM
def test_algorithms_come_back(name: str) -> None:
    algorithm = ALGORITHMS[name]
    content = render_algorithm(algorithm, "json")
    assert_same(read(content), algorithm)
    assert render_algorithm(read(content), "json") == content


@EACH_SEED
def test_any_rules_come_back(seed: int) -> None:
    algorithm = random_sample(seed)
    assert_same(from_data(to_data(algorithm)), algorithm)


def paths(data: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield path
    if isinstance(data, dict | list):
        for key, value in data.items() if isinstance(data, dict) else enumerate(data):
            yield from paths(value, (*path, key))


def replaced(data: Any, path: tuple[Any, ...], value: Any) -> Any:
    if not path:
        return value
    data = copy.deepcopy(data)
    place = data
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    return data


HOSTILE: list[Any] = [
    None, True, -1, 0.5, float("nan"), 10**400, "", "x" * 10**5, "1/0", "9" * 5000, "__import__",
    [], {}, [[]] * 10**4, ["1"] * 10**4, {"dft": []}, {str(k): [] for k in range(100)},
]  # fmt: skip


def test_hostile_data_are_refused() -> None:
    data = to_data(ALGORITHMS["radix2"])
    refused = 0
    for path, value in itertools.product(paths(data), HOSTILE):
        changed = replaced(data, path, value)
        try:
            found = from_data(changed)
        except DataError:
            refused += 1
        else:  # what is accepted means something
            assert_same(from_data(to_data(found)), found)
    assert refused > 300


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ((), [], "expected an evosynth algorithm"),
        (("format",), "evosynth-program", "expected an evosynth algorithm"),
        (("version",), 2, "expected algorithm version 1, got 2"),
        (("version",), True, "expected algorithm version 1"),
        (("name",), "dct2", "no rule for 'dct2'"),
        (("rules",), {"fourier": []}, "unknown transform 'fourier'"),
        (("rules",), {str(k): [] for k in range(99)}, "at most 16 entries"),
        (("rules", "dft"), [{}] * (MOST_RULES + 1), "at most 16 rules"),
        (("rules", "dft", 0, "inputs"), ["1/2"], "expected inputs of 1 n"),
        (("rules", "dft", 0, "output"), 10**9, "number of a value"),
        (("rules", "dft", 0, "output"), 1, "has length 1/2 n"),
        (("rules", "dft", 0, "steps"), [[]] * (MOST_STEPS + 1), "at most 256 steps"),
        (("rules", "dft", 0, "steps", 1, 3), "fourier", "has no rule|unknown transform"),
        (("rules", "dft", 0, "steps", 1, 1), [0], "lead back to 'dft'|expected operands"),
        (("rules", "dft", 0, "steps", 0, 0), "eval", "no such vector primitive"),
        (("rules", "dft", 0, "steps", 0, 1), [7], "reads value 7"),
        (("rules", "dft", 0, "steps", 0, 1), ["0"], "expected an integer"),
        (("rules", "dft", 0, "steps", 0, 2), ["2/0", "0"], "expected a fraction"),
        (("rules", "dft", 0, "steps", 0, 2), [2, 0], "expected a fraction"),
        (("rules", "dft", 0, "steps", 0, 2), ["1e9", "0"], "expected a fraction"),
        (("rules", "dft", 0, "steps", 0, 2), ["999999999", "0"], "make no sense"),
    ],
)
def test_reasons_of_refusals(path: tuple[Any, ...], value: Any, message: str) -> None:
    data = replaced(to_data(ALGORITHMS["radix2"]), path, value)
    with pytest.raises(DataError, match=message):
        from_data(data)


def test_data_without_a_part_are_refused() -> None:
    data = to_data(ALGORITHMS["radix2"])
    for path in paths(data):
        if path and isinstance(path[-1], str):
            changed = copy.deepcopy(data)
            place = changed
            for key in path[:-1]:
                place = place[key]
            del place[path[-1]]
            with pytest.raises(DataError):
                from_data(changed)


def test_calls_that_do_not_end_are_refused() -> None:
    data = to_data(ALGORITHMS["dct4"])
    data["rules"]["dct2"] = [{"inputs": ["1"], "output": 1, "steps": [["call", [0], [], "dct4"]]}]
    with pytest.raises(DataError, match="lead back to"):
        from_data(data)


# Python


def hadamard(x: Array) -> Array:
    """Returns the fast Walsh-Hadamard transform."""
    if x.shape[-1] == 1:
        return x
    low, high = np.split(x, 2, axis=-1)
    return np.concatenate([hadamard(low + high), hadamard(low - high)], axis=-1)


def truth(algorithm: Algorithm, data: list[Array], n: int) -> Array:
    fft = np.fft.fft
    known: dict[str, Callable[..., Array]] = {
        "dft": fft,
        "idft": np.fft.ifft,
        "dht": lambda x: fft(x).real - fft(x).imag,
        "dct2": lambda x: dct(x, 2),
        "dct4": lambda x: dct(x, 4),
        "wht": hadamard,
        "polymul": lambda x, y: np.fft.ifft(fft(x, n) * fft(y, n)),
    }
    return known[algorithm.name](*data)


def module_of(algorithm: Algorithm, **options: Any) -> dict[str, Any]:
    found: dict[str, Any] = {}
    exec(compile(render_algorithm(algorithm, "python", **options), "module", "exec"), found)
    return found


@EACH_ALGORITHM
def test_python_is_right_for_every_size(name: str) -> None:
    algorithm = ALGORITHMS[name]
    function = module_of(algorithm)[algorithm.name]
    sizes = [n for n in (*range(1, 100), 243, 432, 729, 1024) if algorithm.has_size(n)]
    assert len(sizes) >= 5
    for n in sizes:
        data = data_for(algorithm, n)
        assert_close(function(*data), truth(algorithm, data, n))
        assert_close(function(*(x[0] for x in data)), truth(algorithm, data, n)[0])
    for n in range(1, 60):
        if not algorithm.has_size(n) and all(
            (n * r).denominator == 1 for r in algorithm.family.inputs
        ):
            with pytest.raises(ValueError, match=f"cannot do n = {n}; .* can be done"):
                function(*data_for(algorithm, n))


@EACH_SEED
def test_python_computes_any_rules(seed: int) -> None:
    algorithm = random_sample(seed)
    n = some_size(algorithm)
    data = data_for(algorithm, n)
    assert_close(module_of(algorithm)[algorithm.name](*data), algorithm.execute(*data), 1e-11)


CHECK = """
import numpy as np
assert "dsl" not in sys.modules
for n in (1, 2, 3, 4, 6, 12, 36, 1024, 1536, 4096):
    x = np.random.default_rng(n).standard_normal((2, 3, n)) + 1j
    assert np.abs(fast(x) - np.fft.fft(x)).max() <= 1e-13 * n, n
assert fast([1, 2]).tolist() == [3, -1]
for wrong in (np.ones(5), 1.0, np.ones((3, 0))):
    try:
        fast(wrong)
    except ValueError as error:
        assert "sizes that can be done: 1, 2, 3, 4, 6" in str(error)
    else:
        raise AssertionError
print("right")
"""


def test_python_stands_alone(tmp_path: Path) -> None:
    source = render_algorithm(ALGORITHMS["split_mixed"], "python", name="fast")
    path = tmp_path / "module.py"
    path.write_text(f"import sys\n{source}{CHECK}", encoding="ascii")
    report = subprocess.run(
        [sys.executable, "-I", "-W", "error", str(path)], capture_output=True, text=True
    )
    assert report.stdout == "right\n", report.stderr


def test_python_uses_the_rules_that_the_algorithm_does() -> None:
    for name in ("mixed", "split_mixed"):
        algorithm, found = ALGORITHMS[name], module_of(ALGORITHMS[name])
        rules = algorithm.rules["dft"]
        for n in algorithm.sizes:
            rule = algorithm.rule("dft", n)
            number = found["_rule"]("dft", n)
            if rule is None:
                assert number == -1
            else:
                assert found["RULES"]["dft"][number][0] == rule.divisor
        assert len({rule.divisor for rule in rules}) == 2


@pytest.mark.parametrize("name", ["np", "_rule", "_dft", "class", "1x", "x", "RULES"])
def test_python_names_are_checked(name: str) -> None:
    with pytest.raises(UsageError):
        render_algorithm(ALGORITHMS["radix2"], "python", name=name)


# Recurrences


def evaluated(
    rule: Rule, n: int, inputs: list[Array], call: Callable[[str, Array], Array]
) -> Array:
    """Computes a rule by its formulas."""
    found = formulas_of(rule)
    vectors: dict[str, dict[int, complex]] = {
        name: dict(enumerate(x)) for name, x in zip(found.names, inputs, strict=False)
    }

    def number(expression: sympy.Expr, r: int) -> complex:
        expression = expression.subs({R: r, N: n})
        values = {
            entry: vectors[str(entry.base)][int(entry.indices[0])]
            for entry in expression.atoms(sympy.Indexed)
        }
        return complex(expression.subs(values).evalf())

    for item in found.items:
        if isinstance(item, Recurrence):
            first, last = (int(bound.subs(N, n)) for bound in (item.first, item.last))
            for r in range(first, last + 1):
                left = item.left.subs({R: r, N: n})
                vector = vectors.setdefault(str(left.base), {})
                assert int(left.indices[0]) not in vector, "two formulas for one element"
                vector[int(left.indices[0])] = number(item.right, r)
            last_name = str(item.left.base)
        else:
            length = int(item.length.subs(N, n))
            data = np.array([number(item.operand, r) for r in range(length)])
            vectors[item.result] = dict(enumerate(call(item.family, data)))
            last_name = item.result
    result = vectors[last_name]
    return np.array([result[k] for k in range(n)])


@EACH_ALGORITHM
def test_recurrences_are_right(name: str) -> None:
    algorithm = ALGORITHMS[name]
    for called, rules in algorithm.rules.items():
        for rule in rules:
            n = 2 * rule.divisor
            part = Algorithm(called, algorithm.rules)
            data = [x[0] for x in data_for(part, n)]

            def call(family: str, x: Array) -> Array:
                return matrix_in(family, len(x), DOUBLES) @ x

            assert_close(evaluated(rule, n, data, call), part.family.truth(data, n, DOUBLES))


def test_recurrences_of_any_rules() -> None:
    formulas = 0
    for seed in SEEDS:
        algorithm = random_sample(seed)
        (rule,) = algorithm.rules[algorithm.name]
        try:
            formulas_of(rule)
        except NoFormulaError:
            continue
        n = 4 * rule.divisor
        (x,) = data_for(algorithm, n, 1)
        called: list[Array] = []

        def call(family: str, x: Array) -> Array:
            return np.cumsum(x)  # any linear function

        expected = run_with(rule, n, x[0], call)
        if np.abs(expected).max() < 1e6:
            assert_close(evaluated(rule, n, [x[0]], call), expected, 1e-11)
            formulas += 1
        assert not called
    assert formulas >= 3


def run_with(rule: Rule, n: int, x: Array, call: Callable[[str, Array], Array]) -> Array:
    values: list[Array] = [x]
    for step in rule.steps:
        operands = [values[k] for k in step.operands]
        if step.name == "call":
            values.append(call(step.family, operands[0]))
        else:
            values.append(VECTORS.get(step.name).apply(operands, step.parameters, n, DOUBLES))
    return values[rule.output]


def test_sympy_scripts_run() -> None:
    for name, algorithm in ALGORITHMS.items():
        found: dict[str, Any] = {}
        exec(compile(render_algorithm(algorithm, "sympy"), name, "exec"), found)
        lists = [found[k] for k in found if k.split("_")[0] in algorithm.rules]
        assert len(lists) == sum(map(len, algorithm.rules.values()))
        assert all(isinstance(e, sympy.Eq) for equations in lists for e in equations)


def test_formulas_of_radix_2() -> None:
    script = render_algorithm(ALGORITHMS["radix2"], "sympy")
    assert "    # B = dft of x[2*r + 1], n/2 points\n" in script
    assert "    Eq(X[r], A[r] + B[r]*exp(-2*pi*I*r/n)),  # r = 0, ..., n/2 - 1\n" in script
    assert "    Eq(X[0], A[0] + B[0]),\n" in render_algorithm(ALGORITHMS["dht"], "sympy")
    latex = render_algorithm(ALGORITHMS["radix2"], "latex")
    assert r"A &= \operatorname{DFT}_{\frac{n}{2}}\left({x}_{2 r}\right) \\" in latex
    assert r"{X}_{\frac{n}{2} + r} &= {A}_{r} - {B}_{r} e^{- \frac{2 \pi i r}{n}}, && r" in latex


# C


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Any]:
    """Returns a function that compiles sources into one library."""
    if not COMPILER:
        pytest.skip("needs a C compiler")
    folder, numbers = tmp_path_factory.mktemp("c"), itertools.count()

    def compiled(*sources: str, flags: tuple[str, ...] = ("-shared", "-fPIC")) -> Path:
        files = [folder / f"{next(numbers)}.c" for _ in sources]
        for path, source in zip(files, sources, strict=True):
            path.write_text(source, encoding="ascii")
        result = files[0].with_suffix(".so")
        command = [COMPILER, *STRICT, *flags, *map(str, files), "-o", str(result)]
        report = subprocess.run(command, capture_output=True, text=True)
        assert report.returncode == 0, report.stderr
        return result

    return compiled


def run_c(library: Path, name: str, algorithm: Algorithm, n: int, data: list[Array]) -> Array:
    """Calls the function for vectors one after the other, then the one for a single one."""
    loaded, kind = ctypes.CDLL(str(library)), data[0].dtype
    workspace = np.empty(1 << 18)
    batch = np.full((len(data[0]), n), np.nan, kind)
    call(loaded, f"{name}_batch", *data, batch, len(batch), workspace)
    single = np.full(n, np.nan, kind)
    call(loaded, name, *(x[0] for x in data), single, workspace)
    assert_close(single, batch[0])
    return batch


def call(library: ctypes.CDLL, name: str, *arguments: Any) -> None:
    function = getattr(library, name)
    function.restype = None
    function(
        *(
            ctypes.c_size_t(a) if isinstance(a, int) else ctypes.c_void_p(a.ctypes.data)
            for a in arguments
        )
    )


C_SIZES = (128, 243, 432, 1024)


@EACH_ALGORITHM
def test_c_is_right(name: str, compiled: Callable[..., Path]) -> None:
    algorithm = ALGORITHMS[name]
    more = (256, 4096) if name == "split_radix" else ()
    sizes = [n for n in (*C_SIZES, *more) if algorithm.has_size(n)]
    sources = [render_algorithm(algorithm, "c", n=n, name=f"f{n}") for n in sizes]
    library = compiled(*sources)
    for n in sizes:
        data = data_for(algorithm, n)
        result = run_c(library, f"f{n}", algorithm, n, data)
        assert_close(result, truth(algorithm, data, n))


def test_c_with_a_test_has_a_largest_size() -> None:
    """The values to compare with come from a matrix of exact numbers, which gets too large."""
    with pytest.raises(UsageError, match="up to n = 2048, got 4096"):
        render_algorithm(ALGORITHMS["radix2"], "c", n=4096, main=True)


def test_c_computes_any_rules(
    compiled: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(c_format, "LARGEST_STRAIGHT", 0)
    monkeypatch.setattr(c_format, "LARGEST_LEAF", 2)
    algorithms = {f"f{seed}": random_sample(seed) for seed in range(12)}
    sources = [
        render_algorithm(algorithm, "c", n=some_size(algorithm), name=name)
        for name, algorithm in algorithms.items()
    ]
    assert_libraries_compute(compiled(*sources), algorithms)


def assert_libraries_compute(library: Path, algorithms: dict[str, Algorithm]) -> None:
    for name, algorithm in algorithms.items():
        n = some_size(algorithm)
        data = data_for(algorithm, n)
        result = run_c(library, name, algorithm, n, data)
        assert_close(result, algorithm.execute(*data), 1e-11)


def sum_with_its_reverse(w: RuleWriter) -> int:
    """Builds a rule in which a stored value is needed in another order by the next loop."""
    total = w.add(w.part(0, 2, 0), w.part(0, 2, 1))
    called = w.call("dct2", w.add(total, w.step("reverse", total)))
    return w.concatenate(called, total)


def test_c_of_long_rules_stores_what_is_shared(
    compiled: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stages, "MOST_NODES", 4)
    monkeypatch.setattr(c_format, "LARGEST_STRAIGHT", 0)
    monkeypatch.setattr(c_format, "LARGEST_LEAF", 2)
    algorithms = {f"f{seed}": random_sample(seed) for seed in range(4)}
    algorithms["f97"] = Algorithm("dct2", {"dct2": (written(sum_with_its_reverse),)})
    algorithms["f98"], algorithms["f99"] = ALGORITHMS["dht"], ALGORITHMS["split_mixed"]
    sources = []
    for name, algorithm in algorithms.items():
        try:
            sources.append(render_algorithm(algorithm, "c", n=some_size(algorithm), name=name))
        except stages.TooManyNodesError:
            raise AssertionError("values that are shared were not stored") from None
    assert_libraries_compute(compiled(*sources), algorithms)


def scrambled(length: int, parameters: tuple[Fraction, ...]) -> npt.NDArray[np.intp]:
    """Returns places in no regular order, some nowhere."""
    places = np.random.default_rng(length).permutation(length)
    places[:: max(2, length // 3)] = NOWHERE
    return places[None]


def test_c_looks_irregular_places_up(
    compiled: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    plug_in = VectorPrimitive("scramble", "for a test", "a", "scramble({a})", places=scrambled)
    monkeypatch.setitem(VECTORS._members, "scramble", plug_in)
    before = Rule(
        (Step("scramble", (0,)), *(step.moved([1, *range(2, 11)]) for step in RADIX2.steps)), 9
    )
    after = Rule(
        (
            *RADIX2.steps,
            Step("twiddle", (8,), (-1, 0, 0)),
            Step("scramble", (9,)),
            Step("add", (8, 10)),
        ),
        11,
    )
    algorithms = {
        name: Algorithm("dft", {"dft": (rule,)}) for name, rule in (("f1", before), ("f2", after))
    }
    sources = []
    for name, algorithm in algorithms.items():
        monkeypatch.setattr(c_format, "LARGEST_STRAIGHT", 0)
        n = some_size(algorithm, 256)
        source = render_algorithm(algorithm, "c", n=n, name=name)
        assert "static const long p1[" in source
        library = compiled(source)
        data = data_for(algorithm, n)
        assert_close(run_c(library, name, algorithm, n, data), algorithm.execute(*data))
        sources.append(source)
        assert "scramble" in render_algorithm(algorithm, "sympy")
        assert "verbatim" in render_algorithm(algorithm, "latex")


@pytest.mark.parametrize("precision", ["double", "single"])
@pytest.mark.parametrize(
    ("name", "n"), [("split_radix", 16), ("mixed", 144), ("dct2", 128), ("polymul", 64)]
)
def test_c_brings_its_test_along(
    name: str, n: int, precision: str, compiled: Callable[..., Path]
) -> None:
    source = render_algorithm(ALGORITHMS[name], "c", n=n, precision=precision, main=True)
    program = compiled(source, flags=("-O0",))
    report = subprocess.run([program], capture_output=True, text=True)
    assert report.returncode == 0, report.stdout
    assert "largest error" in report.stdout
    # A wrong sign somewhere is noticed.
    broken = re.sub(r"(t\d+|v\d+r) \+ (t\d+|v\d+r);", r"\1 - \2;", source, count=1)
    broken = (
        broken if broken != source else re.sub(r"(t\d+) \+ (t\d+)", r"\1 - \2", source, count=1)
    )
    assert broken != source
    report = subprocess.run([compiled(broken, flags=("-O0",))], capture_output=True, text=True)
    assert report.returncode == 1


def test_c_takes_much_workspace_from_the_caller(
    compiled: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "REAL *workspace" not in render_algorithm(ALGORITHMS["dct2"], "c", n=128)
    monkeypatch.setattr(c_format, "MOST_STACK", 1000)
    source = render_algorithm(ALGORITHMS["dct2"], "c", n=128, main=True)
    assert "void dct2128(const REAL *x, REAL *y, REAL *workspace);" in source
    assert re.search(r"is \d+ numbers of workspace that may hold anything", source)
    assert subprocess.run([compiled(source, flags=())]).returncode == 0


def test_c_writes_results_of_calls_in_place() -> None:
    source = render_algorithm(ALGORITHMS["split_radix"], "c", n=128)
    assert "REAL *t)" not in source
    assert "workspace" not in source


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "C is written for one size"),
        ({"n": 12}, "cannot do n = 12"),
        ({"n": True}, "cannot do n = True"),
        ({"n": 1 << 17}, "at most 65536 points"),
        ({"n": 128, "precision": "half"}, "unknown precision"),
        ({"n": 128, "main": 1}, "true or false"),
        ({"n": 128, "name": "int"}, "another meaning"),
        ({"n": 128, "name": "w1"}, "another meaning"),
        ({"n": 128, "name": "y"}, "another meaning"),
    ],
)
def test_c_options_are_checked(options: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        render_algorithm(ALGORITHMS["radix2"], "c", **options)


# Loops


def test_pieces_are_few() -> None:
    rows = np.arange(12)
    assert [(p.start, p.step, p.count) for p in pieces_of([rows, rows[::-1]])] == [(0, 1, 12)]
    mirrored = np.append(0, np.arange(11, 0, -1))
    assert [(p.start, p.count) for p in pieces_of([mirrored])] == [(0, 1), (1, 11)]
    ahead = np.append(np.arange(1, 12), NOWHERE)
    assert [(p.start, p.count) for p in pieces_of([ahead])] == [(0, 11), (11, 1)]
    turns = np.where(rows % 3 == 1, rows // 3, NOWHERE)
    assert len(pieces_of([turns])) == 3


def test_pieces_cover_everything_once() -> None:
    rng = np.random.default_rng(0)
    for _ in range(200):
        length = int(rng.integers(1, 30))
        maps = [
            np.where(rng.random(length) < 0.2, NOWHERE, rng.integers(0, 4, length)) for _ in (0, 1)
        ]
        covered = np.zeros(length, int)
        for piece in pieces_of(maps):
            covered[piece.positions] += 1
            for one in maps:
                chosen = one[piece.positions]
                assert (chosen == NOWHERE).all() or (
                    (chosen != NOWHERE).all() and len(set(np.diff(chosen))) <= 1
                )
        assert (covered == 1).all()


def test_stages_of_radix_3_are_one_loop() -> None:
    (first, last) = Staging(RADIX3, 48).stages
    assert (len(first.targets), len(first.calls)) == (0, 3)
    ((_, _, pieces),) = last.targets
    assert [piece.count for piece in pieces] == [16, 16, 16]
