"""Runs for approximate programs: in Python and on the command line, stored, resumed, verified."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

import evosynth as es
from dsl.errors import DataError, StorageError, UsageError
from evosynth.approximate_result import ApproximateResult
from evosynth.cases import approximate_case
from evosynth.cli.main import cli
from evosynth.request import Request
from evosynth.runs.faults import injecting
from evosynth.settings import OF_APPROXIMATIONS

QUICK = replace(OF_APPROXIMATIONS, population=30, turn=50, turns=8)
EPOCH = 2 * 400
ASKED: dict[str, Any] = {
    "target": "dct2",
    "n": 8,
    "cost": "shift-add",
    "word_length": 8,
    "tolerance": 0.05,
    "seed": 2,
    "evaluations": 8 * EPOCH,
    "workers": 1,
    "executor": "serial",
}


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(approximate_case, "OF_APPROXIMATIONS", QUICK)
    monkeypatch.chdir(tmp_path)


def run(**options: Any) -> ApproximateResult:
    result = es.run(**{**ASKED, **options})
    assert isinstance(result, ApproximateResult)
    return result


def test_a_run_has_the_cheapest_program_within_the_tolerance() -> None:
    result = run()
    assert result.is_verified
    exact = es.make_target("dct2", 8).matrix
    x = np.random.default_rng(0).standard_normal((50, 8))
    lost = np.abs(result.best(x) - x @ exact.T).max() / np.abs(x @ exact.T).max()
    assert 0 < lost < 0.1
    assert result.point.loss <= 0.05
    assert result.point.cost == min(p.cost for p in result.front if p.loss <= 0.05)
    assert all(p.cost < 208 for p in result.front)
    assert result.front.best is result.point
    data = result.to_dict()
    assert data["verified"] is True
    assert data["front"][0]["cost"] == 0
    assert "within the tolerance" in repr(result)
    assert "<table" in result._repr_html_()


def test_multiplierless_programs_have_constants_of_the_word_length() -> None:
    result = run()
    for point in result.front:
        assert point.tally.multiplications == 0
        constants = [op.constant.real for op in point.program.code.operations if op.kind == "scale"]
        assert all(float(c * 2**8).is_integer() for c in constants)


def test_what_cannot_be_reached_is_said(tmp_path: Path) -> None:
    result = run(word_length=3, tolerance=1e-9, out=tmp_path / "runs", evaluations=4 * EPOCH)
    assert not result.is_verified
    assert result.point.loss == min(p.loss for p in result.front)
    assert result.front.best is result.point
    assert "NOT" in repr(result)
    assert result.folder is not None
    verification = es.verify(result.folder)
    assert any("expected 1e-09 or better" in line for line in verification.problems)


def test_a_run_folder_is_verified_shown_and_picked_from(tmp_path: Path) -> None:
    result = run(out=tmp_path / "runs")
    folder = result.folder
    assert folder is not None
    assert es.verify(folder).is_verified
    assert es.load(folder) == result.best
    cheapest = es.load(folder, pick="#2")
    assert cheapest == result.front[1].program
    assert [p.cost for p in es.front(folder)] == [p.cost for p in result.front]
    document = json.loads((folder / "best.json").read_text())
    document["claims"]["cost"] += 1
    document["claims"]["loss"] /= 2
    (folder / "best.json").write_text(json.dumps(document))
    problems = es.verify(folder).problems
    assert [line.split(":")[0] for line in problems] == ["cost", "loss"]


def test_a_run_that_goes_on_has_the_same_bits(tmp_path: Path) -> None:
    whole = run(out=tmp_path / "whole")
    assert whole.folder is not None
    for write in (4, 9, 14):
        out = tmp_path / f"broken{write}"
        with injecting(f"write:{write}:enospc"), pytest.raises(StorageError):
            run(out=out)
        (folder,) = out.iterdir()
        es.resume(folder, workers=1, executor="serial")
        for name in ("best.json", "front.json", "log.jsonl"):
            assert (folder / name).read_bytes() == (whole.folder / name).read_bytes(), (write, name)


def test_the_result_does_not_depend_on_the_executor(tmp_path: Path) -> None:
    one = run(evaluations=6 * EPOCH)
    other = run(evaluations=6 * EPOCH, executor="processes", workers=2)
    assert [p.program for p in one.front] == [p.program for p in other.front]


def test_a_covariance_from_a_file_is_stored_with_the_run(tmp_path: Path) -> None:
    path = tmp_path / "moments.npy"
    np.save(path, 0.9 ** np.abs(np.subtract.outer(np.arange(8), np.arange(8))))
    options = {"objective": "snr", "covariance": str(path), "tolerance": 20}
    result = run(**options, out=tmp_path / "runs")
    path.unlink()
    assert result.folder is not None
    assert es.verify(result.folder).is_verified
    assert result.objective.shown(result.point.loss).endswith("dB")
    assert result.objective.figure(result.point.loss) >= 20


def test_a_damaged_approximation_is_refused(tmp_path: Path) -> None:
    folder = run(out=tmp_path / "runs", evaluations=4 * EPOCH).folder
    assert folder is not None
    document = json.loads((folder / "best.json").read_text())
    damage = {"objective": "nothing", "tolerance": -1, "cost": 3, "covariance": "ar1:7"}
    for name, value in damage.items():
        wrong = json.loads(json.dumps(document))
        wrong["target"]["approximation"]["approximation"][name] = value
        (folder / "best.json").write_text(json.dumps(wrong))
        with pytest.raises(DataError):
            es.verify(folder)


@pytest.mark.parametrize(
    ("options", "part"),
    [
        ({"tolerance": 0}, "tolerance above 0"),
        ({"tolerance": float("nan")}, "tolerance above 0"),
        ({"tolerance": "much"}, "a number for the tolerance"),
        ({"objective": "eror"}, "did you mean 'error'"),
        ({"objective": "eror"}, "known: coding-gain, error, frobenius, snr, worst-case"),
        ({"objective": "operation"}, "unknown objective 'operation' known: coding-gain"),
        ({"objective": "operations"}, "says nothing of errors"),
        ({"cost": "flop", "word_length": None}, "did you mean 'flops'"),
        ({"cost": "flops"}, "takes no word length"),
        ({"word_length": 99}, "from 2 to 52"),
        ({"covariance": "ar1:0.9"}, "takes no covariance"),
        ({"target": "sine", "n": None}, "takes no 'tolerance'"),
        ({"recursive": True, "n": None}, "every size is exact"),
    ],
)
def test_what_does_not_go_together_is_refused(options: dict[str, Any], part: str) -> None:
    with pytest.raises(UsageError) as caught:
        es.run(**{**ASKED, **options})
    assert part in f"{caught.value} {caught.value.hint}"


@pytest.mark.parametrize(
    ("objective", "tolerance", "parts"),
    [
        ("snr", 1e-3, ["got 0.001 dB: one that computes nothing has snr 0.00 dB"]),
        ("snr", 0.1, ["snr is in dB, more is better: such as 60"]),
        ("snr", -3, ["got -3 dB"]),
        ("coding-gain", 1e-3, ["has coding-gain 0.00 dB", "more is better: such as 8.726"]),
        ("error", 60, ["got 60: one", "has error 1", "a loss, less is better: such as 0.001"]),
        ("error", 1, ["got 1: one"]),
        ("frobenius", 1, ["has frobenius 1"]),
        ("worst-case", 0.99, ["has worst-case 1"]),
    ],
)
def test_a_tolerance_that_every_program_meets_is_refused(
    objective: str, tolerance: float, parts: list[str], tmp_path: Path
) -> None:
    asked = {**ASKED, "objective": objective, "tolerance": tolerance, "out": tmp_path / "runs"}
    with pytest.raises(UsageError, match="expected a tolerance that not every program") as caught:
        es.run(**asked)
    for part in parts:
        assert part in f"{caught.value} {caught.value.hint}"
    assert not (tmp_path / "runs").exists(), "nothing was searched"


@pytest.mark.parametrize(
    ("objective", "tolerance"), [("snr", 0.3), ("coding-gain", 0.3), ("error", 0.9)]
)
def test_a_tolerance_that_asks_for_little_is_taken(objective: str, tolerance: float) -> None:
    request = Request(target="dct2", n=8, objective=objective, tolerance=tolerance)
    assert request.make(0).approximation.tolerance == tolerance


def test_a_target_without_gain_has_a_front_but_no_tolerance() -> None:
    asked = Request("dct2", 8, objective="coding-gain", covariance="white", front=True)
    assert asked.make(0).approximation.tolerance == pytest.approx(-0.1)
    with pytest.raises(UsageError, match="every program"):
        replace(asked, tolerance=-0.1).make(0)


def test_the_command_line_shows_the_front() -> None:
    asked = "--target dct2 --n 8 --front --objective coding-gain --cost shift-add"
    arguments = ["run", *asked.split()]
    told = CliRunner().invoke(cli, [*arguments, "--evaluations", "4000", "--seed", "1", "-q"])
    assert told.exit_code == 0, told.output
    assert "coding-gain" in told.output
    assert "verified  coding-gain of ar1:0.95 data" in told.output
    assert "evosynth front evosynth-runs/" in told.output


def test_nobody_is_compared_with_approximate_programs() -> None:
    told = CliRunner().invoke(cli, ["compare", "--target", "dct2", "--n", "8", "--tolerance", "1"])
    assert told.exit_code == 2
