"""The benchmark: contestants compute the same, tables say what was measured. No speed is tested."""

from __future__ import annotations

import itertools
import json
import os
import shutil
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result

import evosynth as es
from dsl.errors import DataError, EnvironmentMismatchError, UsageError
from dsl.targets import Target
from evosynth.benchmark import compiled, compiler, measure
from evosynth.benchmark.rivals import library_rivals
from evosynth.benchmark.table import ratio, table
from evosynth.benchmark.timing import time_in_turns
from evosynth.cli.main import cli

needs_compiler = pytest.mark.skipif(
    not any(map(shutil.which, compiler.COMPILERS)), reason="no C compiler"
)


def invoke(*arguments: str) -> Result:
    return CliRunner().invoke(cli, list(arguments), prog_name="evosynth")


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Returns run folders of short searches: complex, real, and a matrix of nobody's."""
    out = tmp_path_factory.mktemp("runs")
    matrix = np.random.default_rng(3).standard_normal((3, 5))
    targets = {
        "dft": es.make_target("dft", 8),
        "dct2": es.make_target("dct2", 8),
        "wide": Target("wide", 5, matrix, "real"),
    }
    found = {
        name: es.run(target, seed=1, evaluations=400, workers=1, out=out).folder
        for name, target in targets.items()
    }
    return {name: folder for name, folder in found.items() if folder is not None}


# Contestants


@pytest.mark.parametrize(
    ("name", "precision"),
    [
        ("dct2", "single"),
        *(pytest.param(k, "double", marks=pytest.mark.slow) for k in ("dft", "wide")),
    ],
)
@needs_compiler
def test_every_contestant_computes_the_program(
    runs: dict[str, Path], name: str, precision: str
) -> None:
    measured = es.bench(runs[name], [1, 37], [precision], [1, 2])
    names = {row["contestant"] for row in measured.rows}
    assert {"C", "C, batch last", "Numba", "A @ X", "memory copy"} <= names
    assert ("scipy.fft" in names) == (name != "wide")
    for row in measured.rows:
        assert 0 < row["seconds"] <= row["median_seconds"]
        if row["contestant"] != "memory copy":
            assert row["error"] <= measure.TOLERANCE[precision]
    keys = {(row["batch"], row["cores"]) for row in measured.rows}
    assert keys == {(1, 1), (37, 1), (1, 2), (37, 2)}


@pytest.mark.parametrize("transform", ["dft", "idft", "dct2"])
@pytest.mark.parametrize("is_single", [False, True])
def test_rivals_compute_the_transform(transform: str, is_single: bool) -> None:
    pytest.importorskip("pyfftw")
    target = es.make_target(transform, 8)
    kinds = {"real": (np.float64, np.float32), "complex": (np.complex128, np.complex64)}
    x = compiled.aligned((10, 8), kinds[target.domain][is_single])
    parts = x.view(x.real.dtype)
    parts[:] = np.random.default_rng(0).standard_normal(parts.shape)
    rivals = list(library_rivals(transform, x, 1))
    assert {"scipy.fft", "pyFFTW"} <= {rival.name for rival in rivals}
    for rival in rivals:
        rival.run()
        assert rival.result is not None
        result = rival.result()
        assert np.abs(result - x @ target.matrix.T).max() <= (1e-5 if is_single else 1e-14)


def test_fftw_has_no_cosine_transform_of_complex_data() -> None:
    rivals = library_rivals("dct2", compiled.aligned((2, 8), complex), 1)
    assert [rival.name for rival in rivals] == ["scipy.fft"]


def test_names_that_languages_know_are_measured(tmp_path: Path) -> None:
    path = tmp_path / "t.npy"
    np.save(path, np.eye(3) + 1)
    found = es.run(str(path), seed=1, evaluations=100, workers=1, out=tmp_path)
    assert found.folder is not None
    assert es.bench(found.folder, [10], ["double"], [1]).program == "t3"


def test_nobody_else_has_other_transforms() -> None:
    assert list(library_rivals("wht", np.zeros((2, 8)), 1)) == []
    assert list(library_rivals("", np.zeros((2, 8)), 1)) == []


@pytest.mark.parametrize("count", [1, 15, 16, 33])
@pytest.mark.parametrize("kind", [np.float32, np.float64, np.complex64, np.complex128])
def test_blocks_hold_the_rows(count: int, kind: Any) -> None:
    x = np.arange(count * 3).reshape(count, 3).astype(kind) * (1 + 2j if kind(0).imag.size else 1)
    blocks = compiled.in_blocks(x)
    assert blocks.flags.c_contiguous
    assert blocks.ctypes.data % 64 == 0
    assert np.array_equal(compiled.from_blocks(blocks, count, x.dtype), x)
    size = blocks.shape[2]
    assert blocks[0, 1, 0] == x.view(x.real.dtype)[0, 1]
    assert len(blocks) == -(-count // size)


@pytest.mark.parametrize(("count", "parts"), [(0, 1), (1, 2), (10, 3), (7, 7)])
def test_shares_cover_the_batch(count: int, parts: int) -> None:
    covered = itertools.chain.from_iterable(
        range(part.start, part.stop) for part in compiled.shares(count, parts)
    )
    assert list(covered) == list(range(count))


def test_threads_do_all_shares() -> None:
    x, y = np.arange(10.0), np.zeros(10)

    def kernel(given: Any, results: Any) -> Any:
        return lambda: np.multiply(given, 2, out=results)

    with ThreadPoolExecutor(3) as pool:
        compiled.in_threads(kernel, x, y, 3, pool)()
    assert np.array_equal(y, 2 * x)


def test_turns_are_taken() -> None:
    calls: list[int] = []
    timings = time_in_turns([lambda: calls.append(0), lambda: calls.append(1)])
    assert all(0 < timing.least <= timing.median for timing in timings)
    assert sum(one != two for one, two in itertools.pairwise(calls)) > 10


# What is left out, and what fails


def test_without_a_compiler_the_rest_is_measured(
    runs: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CC", raising=False)
    monkeypatch.setattr(shutil, "which", lambda name: None)
    measured = es.bench(runs["dct2"], [10], ["double"], [1])
    assert any("no C compiler" in note for note in measured.notes)
    assert {row["contestant"] for row in measured.rows} >= {"Numba", "scipy.fft"}
    assert "no C compiler" in str(measured)


@pytest.mark.parametrize("command", ["false", "no-such-compiler"])
def test_a_compiler_that_fails_is_one_error(
    command: str, runs: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CC", command)
    result = invoke("bench", str(runs["dct2"]), "--batch", "10", "-q")
    assert result.exit_code == 78
    assert result.stderr.startswith(f"error: '{command}' ")
    assert not (runs["dct2"] / "bench.json").exists()


def test_batches_that_do_not_fit_are_left_out(runs: dict[str, Path]) -> None:
    measured = es.bench(runs["wide"], [10, 10**15], ["double"], [1])
    assert any("too little memory" in note for note in measured.notes)
    assert {row["batch"] for row in measured.rows} == {10}


@pytest.mark.parametrize(
    ("options", "part"),
    [
        ({"batches": [0]}, "at least 1"),
        ({"cores": [-1]}, "at least 1"),
        ({"precisions": ["half"]}, "'half'"),
        ({"cores": [10**6]}, "at most"),
        ({"batches": [10**15]}, "no batch fits"),
    ],
)
def test_bad_options(runs: dict[str, Path], options: dict[str, Any], part: str) -> None:
    with pytest.raises(UsageError, match=part):
        es.bench(runs["wide"], **options)


def test_bad_files(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    path.write_text("{")
    with pytest.raises(DataError):
        es.bench(path)
    assert invoke("bench", str(path)).exit_code == 65


def test_a_worker_that_dies_is_one_error(
    runs: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(measure.sys, "executable", shutil.which("false"))
    with pytest.raises(EnvironmentMismatchError, match="measuring process failed"):
        es.bench(runs["wide"], [10], ["double"], [1])


def test_a_contestant_that_computes_something_else_is_told() -> None:
    row = {"contestant": "C", "precision": "double", "error": 0.1}
    with pytest.raises(DataError, match="C computes something else"):
        measure._check_results([row])


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signals_leave_nothing_behind(
    runs: dict[str, Path], tmp_path: Path, number: signal.Signals
) -> None:
    command = [sys.executable, "-m", "evosynth", "bench", str(runs["dft"])]
    with subprocess.Popen(
        command, stderr=subprocess.PIPE, text=True, env=os.environ | {"TMPDIR": str(tmp_path)}
    ) as process:
        assert process.stderr is not None
        assert process.stderr.readline().startswith("compiling")
        process.send_signal(number)
        assert process.wait() == 128 + number
    assert list(tmp_path.iterdir()) == []


# The table


ROWS = [
    {"contestant": name, "batch": batch, "precision": "double", "cores": 1, "seconds": seconds}
    for name, batch, seconds in (("C", 10, 1e-7), ("C", 100, 1e-6), ("other", 10, 3e-7))
]


def test_table() -> None:
    head, columns, own, other = table(ROWS).splitlines()
    assert head.startswith("double, 1 core:")
    assert columns.split() == ["batch", "10", "batch", "100"]
    assert own.split() == ["C", "10.0", "(1.00)", "10.0", "(1.00)"]
    assert other.split() == ["other", "30.0", "(3.00)"]


def test_ratio() -> None:
    assert ratio(ROWS, "other", batch=10) == pytest.approx(3)
    assert ratio(ROWS, "other", batch=100) is None
    assert ratio(ROWS, "nobody", batch=10) is None


# The command


def test_command_prints_and_stores(runs: dict[str, Path]) -> None:
    result = invoke(
        *("bench", str(runs["wide"]), "--batch", "10", "--cores", "1", "--precision", "double")
    )
    assert result.exit_code == 0, result.output
    assert "wide5, " in result.stdout
    assert "ns per vector" in result.stdout
    assert "stored in" in result.stderr
    stored = json.loads((runs["wide"] / "bench.json").read_text())
    assert stored["rows"]
    assert stored["program"] == "wide5"


def test_command_stores_elsewhere_and_prints_json(runs: dict[str, Path], tmp_path: Path) -> None:
    place = tmp_path / "figures.json"
    options = ("--batch", "10", "--cores", "1", "--precision", "single", "--json", "-q")
    result = invoke("bench", str(runs["wide"] / "best.json"), *options, "-o", str(place))
    assert (result.exit_code, result.stderr) == (0, "")
    assert json.loads(result.stdout) == json.loads(place.read_text())


def test_command_knows_before_measuring_that_it_cannot_store(runs: dict[str, Path]) -> None:
    result = invoke("bench", str(runs["wide"]), "-o", os.fspath(runs["wide"] / "no" / "x.json"))
    assert result.exit_code == 74
    assert "compiling" not in result.stderr
