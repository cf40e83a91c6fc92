"""The benchmark of formulas: what counts as recovered, and that it resumes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks import formulas as benchmark
from benchmarks.formulas import TASKS, Case, Task
from dsl.samples import SAMPLED

NOISY = TASKS["sine-31-noise"]


def line_of(case: Case, **more: Any) -> dict[str, Any]:
    key = {"task": case.task, "system": case.system, "seed": case.seed, "time": case.time}
    return key | {"recovered": True, "residual": 1e-12, "seconds": 2.0, "error": ""} | more


# Criteria


def test_residual_is_that_of_the_worst_output() -> None:
    values = np.array([[0.0, 1.0], [2.0, 3.0]])
    assert benchmark.residual(values, values) == 0
    assert benchmark.residual(values, np.array([[0.0, 1.0], [2.0, 2.0]])) == 0.5
    means = np.broadcast_to(values.mean(axis=0), values.shape)
    assert benchmark.residual(values, means) == 1


@pytest.mark.parametrize("wrong", [np.nan, np.inf, 1e200])
def test_what_is_not_finite_is_infinitely_wrong(wrong: float) -> None:
    values = np.array([[0.0], [1.0]])
    assert benchmark.residual(values, np.array([[0.0], [wrong]])) == np.inf


def test_a_constant_is_right_or_wrong() -> None:
    ones = np.ones((3, 1))
    assert benchmark.residual(ones, ones) == 0
    assert benchmark.residual(ones, ones + 1e-6) == np.inf


def test_frequency_bound_is_the_spread_of_least_squares() -> None:
    rng = np.random.default_rng(3)
    x = rng.uniform(-10, 10, 400)
    bound = benchmark.frequency_bound(x, 0.2, 1.5)
    found = [
        benchmark.frequency_near(x, 1.5 * np.sin(3 * x) + 0.2 * rng.standard_normal(400), 3.0)[0]
        for _ in range(200)
    ]
    assert benchmark.frequency_bound(np.array([1.0, 3.0]), 6.0, 2.0) == pytest.approx(3)
    assert np.std(found) == pytest.approx(bound, rel=0.2)
    assert np.mean(found) == pytest.approx(3, abs=bound / 3)


def test_frequency_is_read_from_any_phase_and_height() -> None:
    x = np.random.default_rng(0).uniform(-1000, 1000, 2000)
    values = 0.3 + 1.1 * np.cos(31.000123 * x + 0.4)
    frequency, rest = benchmark.frequency_near(x, values, 31.0)
    assert frequency == pytest.approx(31.000123, abs=1e-12)
    assert rest < 1e-20


@pytest.mark.parametrize("value", [1.0, np.nan])
def test_a_constant_has_no_frequency(value: float) -> None:
    x = np.linspace(0, 1, 50)
    frequency, rest = benchmark.frequency_near(x, np.full(50, value), 31.0)
    assert np.isnan(frequency)
    assert rest == np.inf


@pytest.mark.parametrize(
    ("frequency", "extra", "is_recovered"),
    [(31.000005, 0.0, True), (31.00002, 0.0, False), (31.0, 0.3, False)],
)
def test_noise_leaves_the_frequency_uncertain(
    frequency: float, extra: float, is_recovered: bool
) -> None:
    def found(x: np.ndarray) -> np.ndarray:
        return 0.99 * np.sin(frequency * x) + extra * np.sin(2 * x)

    assert benchmark.is_recovered(NOISY, 0, found) is is_recovered


def test_a_formula_is_recovered_outside_of_the_training_range() -> None:
    task = TASKS["sin"]
    assert benchmark.is_recovered(task, 0, np.sin)
    assert not benchmark.is_recovered(task, 0, lambda x: np.where(abs(x) < 5, np.sin(x), 0))


def test_every_digit_counts() -> None:
    task = Task("clock", {"test_samples": 100}, "digits")
    test = task.make(0).test
    assert test is not None
    wrong = test.y.copy()
    wrong[7, 3] += 1e-8
    assert benchmark.is_recovered(task, 0, lambda x: test.y) is True
    assert benchmark.is_recovered(task, 0, lambda x: wrong) is False


def test_tasks_are_families() -> None:
    for task in TASKS.values():
        SAMPLED.get(task.family).read(task.parameters)


# Resumption


def test_runs_are_made_once(tmp_path: Path) -> None:
    made = []

    def run(case: Case) -> dict[str, Any]:
        made.append(case)
        return line_of(case)

    path = tmp_path / "new" / "results.jsonl"
    cases = [Case("exp", "gplearn", seed, 2.0) for seed in range(3)]
    assert len(benchmark.complete(cases[:2], path, run)) == 2
    with path.open("a") as stream:
        stream.write('{"task": "exp", "sys')  # killed while it wrote
    lines = benchmark.complete(cases, path, run)
    assert made == cases
    assert sorted(line["seed"] for line in lines) == [0, 1, 2]
    other = Case("exp", "gplearn", 0, 4.0)
    assert [line["time"] for line in benchmark.complete([other], path, run)] == [4.0]


def test_failed_runs_are_repeated_only_on_demand(tmp_path: Path) -> None:
    case, path = Case("exp", "gplearn", 0, 2.0), tmp_path / "results.jsonl"
    path.write_text(json.dumps(line_of(case, recovered=False, error="it did not end")) + "\n")
    found = benchmark.complete([case], path, pytest.fail)
    assert [line["recovered"] for line in found] == [False]
    found = benchmark.complete([case], path, line_of, again=True)
    assert [line["recovered"] for line in found] == [True]


# Table


def test_rows_are_as_wide_as_their_heads() -> None:
    systems = ["evosynth", "gplearn"]
    lines = [line_of(Case("exp", "evosynth", seed, 2.0)) for seed in range(2)]
    failed = line_of(Case("exp", "evosynth", 2, 2.0), recovered=False, residual=None, seconds=9.0)
    text = benchmark.row("exp", systems, 3, [*lines, failed], 8)
    assert {len(text)} == {len(head) for head in benchmark.heads(systems, 8)}
    assert text.split() == ["exp", "|", "2/3", "2.0", "9.0", "1.0e-12", "|", "-"]


@pytest.mark.parametrize(
    ("residual", "shown"), [(0.0183, "0.982"), (10.9, "< -9"), (None, "< -9"), (9.5, "-8.500")]
)
def test_data_of_the_world_have_no_formula_to_recover(residual: float | None, shown: str) -> None:
    lines = [line_of(Case("co2", "evosynth", 0, 2.0), recovered=None, residual=residual)]
    text = benchmark.row("co2", ["evosynth"], 1, lines, 8)
    assert text.split() == ["co2", "|", "-", "2.0", "2.0", "R^2", *shown.split()]
    assert len(text) == len(benchmark.heads(["evosynth"], 8)[1])


@pytest.mark.parametrize("arguments", [["--targets", "sine"], ["--systems", "x"], ["--seeds", "0"]])
def test_wrong_arguments_are_refused(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        benchmark.main(arguments)
    assert "error: " in capsys.readouterr().err


def test_the_table_is_printed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["--targets", "exp", "co2", "--systems", "evosynth", "--seeds", "2", "--time", "3"]
    benchmark.main([*arguments, "--results", str(tmp_path / "results.jsonl")], line_of)
    printed = capsys.readouterr().out
    assert "; 3 s a run, one core; seeds 0 to 1\n4 of 4 runs are left" in printed
    assert len(printed.splitlines()) == 8
