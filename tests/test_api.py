"""The Python interface: what `import evosynth as es` offers."""

from __future__ import annotations

import inspect
import json
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import evosynth as es
from dsl.errors import DataError, UsageError
from dsl.formats import FORMATS
from dsl.patterns import PATTERNS
from dsl.primitives import PRIMITIVES
from dsl.targets import TARGETS
from evosynth.names import PUBLIC

KEYS = {
    "target",
    "n",
    "seed",
    "operations",
    "additions",
    "multiplications",
    "dense_operations",
    "best_known",
    "error",
    "verified",
    "evaluations",
    "seconds",
    "run",
}


@pytest.fixture(scope="module")
def result() -> es.Result:
    return es.run("dft", n=8, seed=0, goal=56, evaluations=20_000)


# Names


def test_public_names_are_those_that_are_promised() -> None:
    assert sorted(es.__all__) == sorted(PUBLIC) == dir(es)
    for name in es.__all__:
        assert getattr(es, name).__name__ == name
        assert inspect.getdoc(getattr(es, name)), f"{name} has no docstring"


def test_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="nonesuch"):
        _ = es.nonesuch  # type: ignore[attr-defined]
    assert not hasattr(es, "nonesuch")


# Results


def test_result_says_all_there_is(result: es.Result) -> None:
    data = result.to_dict()
    assert set(data) >= KEYS
    assert json.loads(json.dumps(data, allow_nan=False)) == data
    assert (data["target"], data["n"], data["seed"]) == ("dft", 8, 0)
    assert data["operations"] == data["additions"] + data["multiplications"] == 56
    assert (data["dense_operations"], data["best_known"]) == (176, 56)
    assert data["verified"] is True
    assert 0 <= data["error"] <= 1e-12
    assert data["evaluations"] == result.evaluations > 0
    assert data["seconds"] > 0
    assert data["stopped_by"] == "goal"
    assert data["run"] is None


@pytest.mark.parametrize("shape", [(8,), (1, 8), (3, 2, 8), (0, 8)])
def test_best_is_a_function_of_batches(result: es.Result, shape: tuple[int, ...]) -> None:
    rng = np.random.default_rng(0)
    x = rng.standard_normal(shape) + 1j * rng.standard_normal(shape)
    before = x.copy()
    assert np.allclose(result.best(x), np.fft.fft(x), rtol=0, atol=1e-12)
    assert np.array_equal(x, before)
    assert result.best([1, 0, 0, 0, 0, 0, 0, 0]).tolist() == [1] * 8


def test_best_refuses_other_sizes(result: es.Result) -> None:
    with pytest.raises(ValueError, match="8"):
        result.best(np.zeros(7))


def test_logbook_is_deaps(result: es.Result) -> None:
    assert result.logbook.select("evaluations")[-1] == result.evaluations
    assert result.logbook.select("best")[-1] == 56
    assert len(result.logbook.chapters["operations"].select("median")) == len(result.logbook)


# Arguments


def test_a_target_object_is_a_target() -> None:
    target = es.make_target("wht", 4)
    by_name = es.run("wht", 4, seed=0, evaluations=400)
    by_object = es.run(target, seed=0, evaluations=400)
    assert by_object.target is target
    assert by_object.best == by_name.best


def test_input_data_can_be_chosen() -> None:
    real = es.run("dft", n=4, input="real", seed=0, evaluations=1_000)
    assert real.target.domain == "real"
    assert real.target.best_known is None
    x = np.random.default_rng(0).standard_normal((5, 4))
    parts = real.best(x)
    assert np.allclose(parts[:, 0::2] + 1j * parts[:, 1::2], np.fft.fft(x), rtol=0, atol=1e-12)
    complex_ = es.run("wht", n=4, input="complex", seed=0, evaluations=1_000)
    assert (complex_.target.domain, complex_.claims.operations) == ("complex", 16)


@pytest.mark.parametrize("goal", [56, "56", "best-known"])
def test_goal_is_a_number_or_the_best_known(goal: int | str) -> None:
    result = es.run("dft", n=8, seed=0, goal=goal, evaluations=20_000)
    assert (result.stopped_by, result.claims.operations) == ("goal", 56)


def test_goal_may_be_the_only_limit() -> None:
    assert es.run("wht", n=4, seed=0, goal=8).stopped_by == "goal"


@pytest.mark.parametrize(
    "arguments",
    [
        {"seed": -1},
        {"evaluations": 0},
        {"evaluations": -5},
        {"time": 0},
        {"time": float("nan")},
        {"patience": 0},
        {"workers": 0},
        {"islands": 0},
        {"goal": 0},
        {"goal": "abc"},
        {"goal": "best_known"},
        {"strategy": "evolv"},
        {"input": "quaternion"},
        {"target": "dftt"},
        {"target": "dft", "n": None},
        {"n": 0},
        {"n": 1},
        {"n": -4},
        {"n": 2**20},
        {"n": 10**9},
        {"target": "wht", "n": 12},
        {"target": "dft", "n": 11, "goal": "best-known"},
    ],
    ids=str,
)
def test_unusable_argument_is_a_usage_error(arguments: dict[str, Any], tmp_path: Path) -> None:
    defaults = {"target": "dft", "n": 8, "evaluations": 200, "out": tmp_path / "runs"}
    with pytest.raises(UsageError) as caught:
        es.run(**(defaults | arguments))
    assert caught.value.exit_code == 2
    assert "\n" not in str(caught.value)
    assert list(tmp_path.iterdir()) == [], "something was left behind"


def test_seed_is_drawn_and_told() -> None:
    seeds = {es.run("wht", n=4, evaluations=200).seed for _ in range(5)}
    assert len(seeds) > 1
    assert all(isinstance(seed, int) and 0 <= seed < 10**6 for seed in seeds)


def test_a_run_without_limits_ends_by_itself() -> None:
    result = es.run("wht", n=4, seed=0)
    assert result.stopped_by in ("patience", "time")
    assert result.claims.operations == 8


# Matrices at the edge

EDGES = {
    "identity": np.eye(3),
    "permutation": np.eye(4)[[2, 0, 3, 1]],
    "signs": np.diag([1.0, -1.0, 1.0]),
    "units": np.diag([1, 1j, -1j]),
    "one row": np.array([[1.0, 2.0, 3.0]]),
    "one column": np.array([[1.0], [2.0], [2.0]]),
    "zero row": np.array([[1.0, 2.0], [0.0, 0.0], [3.0, 4.0]]),
    "zero column": np.array([[1.0, 0.0], [2.0, 0.0]]),
    "rank one": np.outer([1.0, 2, 3], [1.0, 2, 3]),
    "wide": np.random.default_rng(0).integers(-2, 3, (2, 9)),
    "tall": np.random.default_rng(0).integers(-2, 3, (9, 2)),
    "no structure": np.random.default_rng(0).standard_normal((4, 4)),
    "truth values": np.array([[True, False], [True, True]]),
    "imaginary": 1j * np.ones((2, 2)),
    "small": 1e-9 * np.array([[1.0, 2.0], [3.0, 4.0]]),
    "large": 1e9 * np.array([[1.0, 2.0], [3.0, 4.0]]),
}
FREE = {"identity", "permutation", "signs", "units"}


@pytest.mark.parametrize("name", EDGES)
def test_matrix_at_the_edge(name: str, tmp_path: Path) -> None:
    matrix = EDGES[name]
    np.save(tmp_path / "matrix.npy", matrix)
    result = es.run(str(tmp_path / "matrix.npy"), seed=0, evaluations=400)
    x = np.random.default_rng(0).standard_normal((7, matrix.shape[1]))
    wanted = x @ matrix.T
    error = np.linalg.norm(result.best(x) - wanted)
    assert error <= 1e-12 * np.linalg.norm(wanted)
    assert result.is_verified
    assert result.claims.operations <= result.dense
    assert (result.claims.operations == 0) == (name in FREE)


@pytest.mark.parametrize("scale", [1e-320, 1e-200, 1e200, 1e300])
def test_matrix_of_extreme_size_works_or_is_refused(scale: float, tmp_path: Path) -> None:
    """Without warnings: they would show on a user's terminal."""
    matrix = scale * np.array([[1.0, 2.0], [3.0, 4.0]])
    np.save(tmp_path / "matrix.npy", matrix)
    with suppress(DataError):
        result = es.run(str(tmp_path / "matrix.npy"), seed=0, evaluations=400)
        assert result.is_verified
        assert np.allclose(result.best(np.eye(2)).T / scale, matrix / scale)


# Looking


def test_targets_and_primitives_are_plain_data() -> None:
    targets, primitives = es.targets(), es.primitives()
    assert [row["name"] for row in targets] == list(TARGETS.names())
    blocks = [row["name"] for row in primitives if row["kind"] == "block"]
    patterns = [row["name"] for row in primitives if row["kind"] == "pattern"]
    assert (blocks, patterns) == (list(PRIMITIVES.names()), list(PATTERNS.names()))
    for rows in (targets, primitives):
        assert json.loads(json.dumps(rows, allow_nan=False)) == rows
        assert all(row["summary"] for row in rows)
    dft = next(row for row in targets if row["name"] == "dft")
    assert dft["best_known"]["16"]["operations"] == 168


@pytest.mark.parametrize("format", FORMATS.names())
def test_show_writes_every_format(format: str, tmp_path: Path) -> None:
    folder = es.run("dft", n=4, seed=0, evaluations=400, out=tmp_path).folder
    assert folder
    shown = es.show(folder, format)
    assert shown.endswith("\n")
    assert shown == es.show(str(folder), format) == es.show(folder / "best.json", format)
    assert shown == FORMATS.get(format).write(es.load(folder))


def test_show_knows_its_formats(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        es.show(tmp_path, "latx")
    assert "did you mean 'latex'?" in caught.value.hint
