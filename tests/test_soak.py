"""Runs that are killed at random; and that the soak says so when something goes wrong."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import benchmarks.soak as soak

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="finds processes in /proc")

TINY = soak.SoakCase("wht 4", ("--target", "wht", "--n", "4", "--evaluations", "4800"))


def trial(tmp_path: Path, contents: dict[str, object]) -> soak.Trial:
    reference = soak.Reference(TINY, contents, 1.0)
    return soak.Trial(reference, ("serial",), tmp_path / "trial", np.random.default_rng(0))


def run_folder(tmp_path: Path, text: str = "{}") -> Path:
    folder = tmp_path / "trial" / "run"
    folder.mkdir(parents=True)
    (folder / "run.json").write_text(text)
    return folder


@pytest.mark.slow
def test_a_short_soak_finds_nothing_wrong(capsys: pytest.CaptureFixture[str]) -> None:
    soak.main(
        [
            "--minutes",
            "2",
            "--kills",
            "4",
            "--seed",
            "5",
            "--json",
            "--executors",
            "serial,processes",
        ],
        [TINY],
    )
    counted = json.loads(capsys.readouterr().out)
    assert counted["driver_kills"] + counted["worker_kills"] >= 4
    assert counted["runs"] >= 1


def test_a_difference_is_reported(tmp_path: Path) -> None:
    folder = run_folder(tmp_path, '{"result": {"operations": 7, "seconds": 1}}')
    (folder / "best.json").write_text("{}")
    expected = soak.contents(folder)
    same = trial(tmp_path, expected)
    same.judge()
    assert same.tally.differences == 0
    for other in ({"log.jsonl": b"{}\n"}, {"best.json": None}, {"result": {"operations": 8}}):
        struck = trial(tmp_path, expected | other)
        struck.judge()
        assert struck.tally.differences == 1
        assert next(iter(other)) in struck.tally.complaints[-1]
        assert not struck.tally.is_clean


def test_a_damaged_folder_is_reported(tmp_path: Path) -> None:
    folder = run_folder(tmp_path)
    (folder / "checkpoint").mkdir()
    (folder / "checkpoint" / "epoch-00000001.ckpt").write_text("torn")
    struck = trial(tmp_path, soak.contents(folder))
    struck.judge()
    assert struck.tally.damaged == 1


def test_an_orphan_is_reported_and_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    struck = trial(tmp_path, {})
    monkeypatch.setenv(soak.TOKEN, struck.token)
    orphan = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    try:
        struck.look_for_orphans(0.1)
        assert orphan.wait(5) == -9
    finally:
        orphan.kill()
        orphan.wait()
    assert struck.tally.orphans == 1
    assert str(orphan.pid) in struck.tally.complaints[0]
    struck.look_for_orphans(0.1)
    assert struck.tally.orphans == 1


def test_the_exit_code_says_that_something_went_wrong(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(soak, "soak", lambda *ignored: soak.Tally(runs=1, orphans=1))
    with pytest.raises(SystemExit) as caught:
        soak.main(["--minutes", "0"], [])
    assert caught.value.code == 1
    assert "1 orphans" in capsys.readouterr().out
