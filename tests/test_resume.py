"""A run that is killed at any moment, and goes on, ends with the same bits."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pytest

import evosynth as es
from dsl.errors import (
    BusyError,
    DataError,
    EnvironmentMismatchError,
    StorageError,
    UsageError,
)
from evosynth.matrix_result import Result
from evosynth.runs import RunFolder
from evosynth.runs.faults import injecting
from evosynth.settings import OF_MATRICES

# Short epochs: a turn of 50 genomes, four of them in an epoch.
QUICK = replace(OF_MATRICES, population=30, turn=50, turns=4)
EPOCH = 2 * 200
BUDGET = 5 * EPOCH
SAME = ("best.json", "front.json", "log.jsonl")

Begin = Callable[..., Path]


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("evosynth.cases.matrix_case.OF_MATRICES", QUICK)


@pytest.fixture
def begin(quick: None, tmp_path: Path) -> Begin:
    """Runs a search in a folder of its own; returns the run folder, however it ended."""

    def run(name: str = "run", **options: Any) -> Path:
        common = {"target": "dft", "n": 6, "seed": 3, "evaluations": BUDGET, "workers": 1}
        with suppress(StorageError, KeyboardInterrupt):
            es.run(**{**common, **options}, out=tmp_path / name)
        (folder,) = (tmp_path / name).iterdir()
        return folder

    return run


@pytest.fixture
def unbroken(begin: Begin) -> Path:
    return begin("unbroken")


def contents(folder: Path) -> dict[str, bytes]:
    return {name: (folder / name).read_bytes() for name in SAME}


def everything(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def result_of(folder: Path) -> dict[str, Any]:
    result = json.loads((folder / "run.json").read_text())["result"]
    return {name: value for name, value in result.items() if name not in ("seconds", "run")}


def interrupt_at(epochs: int) -> Callable[[Any], None]:
    """Returns a report that interrupts in the midst of an epoch."""

    def report(snapshot: Any) -> None:
        if snapshot.record["epoch"] == epochs and snapshot.record["island"] == 0:
            raise KeyboardInterrupt

    return report


# Crashes of this process


@pytest.mark.parametrize("step", [5, pytest.param(1, marks=pytest.mark.slow)])
def test_every_way_of_failing_to_write_leaves_a_run_that_goes_on(
    step: int, begin: Begin, unbroken: Path, tmp_path: Path
) -> None:
    """The disk is full at the N-th write: for every fifth N, or for every N."""
    with injecting() as counted:
        begin("counted")
    assert counted.counts["any"] > 40
    for number in range(1, counted.counts["any"] + 1, step):
        name = f"full{number}"
        with injecting(f"any:{number}+:enospc"), pytest.raises(StorageError) as caught:
            es.run("dft", 6, seed=3, evaluations=BUDGET, workers=1, out=tmp_path / name)
        assert caught.value.exit_code == 74
        assert "No space left" in str(caught.value)
        assert caught.value.hint
        for folder in (tmp_path / name).iterdir() if (tmp_path / name).exists() else []:
            assert [p for p in folder.rglob("*") if p.name.startswith(".")] == []
            if not (folder / "run.json").is_file():
                continue
            es.resume(folder, workers=1)
            assert contents(folder) == contents(unbroken), number
        shutil.rmtree(tmp_path / name, ignore_errors=True)


@pytest.mark.parametrize("epochs", [0, 1, 3])
def test_an_interrupted_run_goes_on_to_the_same_bits(
    epochs: int, begin: Begin, unbroken: Path
) -> None:
    folder = begin("broken", report=interrupt_at(epochs))
    assert result_of(folder)["stopped_by"] == "interrupt"
    result = es.resume(folder, workers=1)
    assert isinstance(result, Result)
    assert contents(folder) == contents(unbroken)
    assert result_of(folder) == result_of(unbroken)
    first = json.loads((unbroken / "run.json").read_text())
    assert json.loads((folder / "run.json").read_text()).keys() == first.keys()
    assert [r["epoch"] for r in result.logbook] == [k // 2 for k in range(10)]


KILLED = """
import sys
from dataclasses import replace
import evosynth as es
from evosynth.cases import matrix_case
from evosynth.settings import OF_MATRICES

matrix_case.OF_MATRICES = replace(OF_MATRICES, population=30, turn=50, turns=4)
es.run("dft", 6, seed=3, evaluations=5 * 400, out=sys.argv[1], executor=sys.argv[2], workers=2)
"""


def killed(fault: str, out: Path, executor: str = "serial") -> Path:
    """Runs a search in a process that is killed at a named point; returns its folder."""
    done = subprocess.run(
        [sys.executable, "-c", KILLED, str(out), executor],
        env=os.environ | {"EVOSYNTH_FAULT": fault},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == -signal.SIGKILL, done.stderr
    (folder,) = out.iterdir()
    return folder


@pytest.mark.parametrize(
    "fault", ["write:3:kill", "fsync:6:kill", "rename:3:kill", "migrate:2:kill", "append:5:kill"]
)
def test_a_run_killed_at_a_named_point_goes_on_to_the_same_bits(
    fault: str, unbroken: Path, tmp_path: Path
) -> None:
    folder = killed(fault, tmp_path / "killed")
    es.resume(folder, workers=1)
    assert contents(folder) == contents(unbroken)
    assert result_of(folder) == result_of(unbroken)
    names = {path.name for path in folder.rglob("*")}
    assert not [name for name in names if name.startswith(".")], "leftovers are swept"
    assert "run.lock" not in names


# Executors


@pytest.fixture(scope="module")
def pools() -> Iterator[dict[str, Any]]:
    with ThreadPoolExecutor(2) as threads, ProcessPoolExecutor(2, get_context("spawn")) as others:
        yield {"threads": threads, "pool": others, "processes": "processes", "serial": "serial"}


@pytest.mark.parametrize("name", ["processes", "threads", "pool"])
@pytest.mark.parametrize("workers", [2, 5])
def test_the_result_does_not_depend_on_the_executor(
    name: str, workers: int, begin: Begin, unbroken: Path, pools: dict[str, Any]
) -> None:
    if name != "processes" and workers != 2:
        pytest.skip("these have their own number of workers")
    folder = begin("other", executor=pools[name], workers=workers)
    assert contents(folder) == contents(unbroken)
    assert result_of(folder) == result_of(unbroken)


@pytest.mark.parametrize(("first", "then"), [("serial", "processes"), ("processes", "serial")])
def test_another_executor_may_go_on(
    first: str, then: str, begin: Begin, unbroken: Path, pools: dict[str, Any]
) -> None:
    folder = begin("broken", executor=pools[first], workers=2, report=interrupt_at(2))
    es.resume(folder, executor=pools[then], workers=2)
    assert contents(folder) == contents(unbroken)


def test_more_islands_than_workers(begin: Begin) -> None:
    here = begin("here", islands=5, evaluations=5 * 400)
    there = begin("there", islands=5, evaluations=5 * 400, executor="processes", workers=2)
    assert contents(here) == contents(there)
    assert contents(here) != contents(begin("two", islands=2, evaluations=5 * 400))


@pytest.mark.skipif(sys.platform != "linux", reason="finds workers in /proc")
def test_workers_that_are_killed_in_mid_epoch_do_not_matter(begin: Begin, unbroken: Path) -> None:
    struck: list[int] = []

    def strike(snapshot: Any) -> None:
        if snapshot.record["island"] == 0 and len(struck) < 3:
            for worker in workers_of(os.getpid()):
                os.kill(worker, signal.SIGKILL)
                struck.append(worker)

    folder = begin("struck", executor="processes", workers=2, report=strike)
    assert len(struck) >= 3
    assert contents(folder) == contents(unbroken)
    assert workers_of(os.getpid()) == []


def workers_of(parent: int) -> list[int]:
    """Returns the worker processes of a process that are alive."""
    found = []
    for path in Path("/proc").glob("[0-9]*"):
        try:
            fields = (path / "stat").read_text().rpartition(")")[2].split()
            is_worker = b"executors.worker" in (path / "cmdline").read_bytes()
        except OSError:
            continue
        if int(fields[1]) == parent and fields[0] != "Z" and is_worker:
            found.append(int(path.name))
    return found


# What may change, and what may not


def test_a_finished_run_is_left_as_it_is(unbroken: Path) -> None:
    before = everything(unbroken)
    result = es.resume(unbroken, workers=1)
    assert everything(unbroken) == before
    found = result.to_dict()
    assert {name: found[name] for name in result_of(unbroken)} == result_of(unbroken)
    again = es.resume(unbroken, evaluations=BUDGET, workers=1)
    assert everything(unbroken) == before
    assert again.claims == result.claims


@pytest.mark.parametrize("budget", [3 * EPOCH, 3 * EPOCH + 77])
def test_a_larger_budget_goes_on_as_if_it_had_been_given_at_once(
    budget: int, begin: Begin, unbroken: Path
) -> None:
    folder = begin("short", evaluations=budget)
    assert result_of(folder)["evaluations"] == budget
    result = es.resume(folder, evaluations=BUDGET, workers=1)
    assert result.evaluations == BUDGET
    assert contents(folder) == contents(unbroken)
    limits = json.loads((folder / "run.json").read_text())["limits"]
    assert limits["evaluations"] == BUDGET


def test_a_goal_may_be_given_later(begin: Begin) -> None:
    folder = begin("short", evaluations=EPOCH)
    found = result_of(folder)["operations"]
    result = es.resume(folder, evaluations=100_000, goal=found, workers=1)
    assert result.stopped_by == "goal"


@pytest.mark.parametrize(
    ("keys", "value"),
    [
        (("target", "n"), 8),
        (("spec", "seed"), 4),
        (("spec", "islands"), 3),
        (("spec", "strategy"), "random"),
        (("spec", "turn"), 60),
    ],
)
def test_another_run_is_refused_with_what_differs(
    keys: tuple[str, str], value: object, begin: Begin
) -> None:
    folder = begin("broken", report=interrupt_at(2))
    data = json.loads((folder / "run.json").read_text())
    data[keys[0]][keys[1]] = value
    if keys[0] == "target":
        other = es.make_target("dft", 8)
        data["digest"] = data["target"]["digest"] = other.digest
    (folder / "run.json").write_text(json.dumps(data))
    before = everything(folder)
    with pytest.raises(EnvironmentMismatchError) as caught:
        es.resume(folder, workers=1)
    assert caught.value.exit_code == 78
    shown = "title: 6-point DFT -> 8-point DFT" if keys[0] == "target" else f"{keys[1]}: "
    assert shown in str(caught.value)
    assert str(value) in str(caught.value)
    assert everything(folder) == before


def test_other_primitives_are_refused_with_what_differs(begin: Begin) -> None:
    folder = begin("broken", report=interrupt_at(2))
    data = json.loads((folder / "run.json").read_text())
    data["primitives"]["blocks"].append("three_point")
    (folder / "run.json").write_text(json.dumps(data))
    with pytest.raises(EnvironmentMismatchError, match="three_point") as caught:
        es.resume(folder)
    assert caught.value.exit_code == 78
    assert "plug-ins" in caught.value.hint


def test_a_damaged_checkpoint_is_passed_over(begin: Begin, unbroken: Path) -> None:
    folder = begin("broken", report=interrupt_at(4))
    newest = max((folder / "checkpoint").iterdir())
    newest.write_bytes(newest.read_bytes()[:-100])
    result = es.resume(folder, workers=1)
    (notice,) = result.notices
    assert newest.name in notice
    assert contents(folder) == contents(unbroken)


def test_nothing_is_touched_if_all_checkpoints_are_damaged(begin: Begin) -> None:
    folder = begin("broken", report=interrupt_at(4))
    for path in (folder / "checkpoint").iterdir():
        path.write_bytes(path.read_bytes()[:-1])
    before = everything(folder)
    with pytest.raises(DataError, match="checkpoint"):
        es.resume(folder, workers=1)
    assert everything(folder) == before


def test_a_log_that_is_torn_is_cut(begin: Begin, unbroken: Path) -> None:
    folder = begin("broken", report=interrupt_at(3))
    with (folder / "log.jsonl").open("ab") as stream:
        stream.write(b'{"epoch": 3, "isl')
    es.resume(folder, workers=1)
    assert contents(folder) == contents(unbroken)


def test_only_one_process_works_on_a_run(begin: Begin) -> None:
    folder = begin("broken", report=interrupt_at(2))
    with RunFolder(folder).lock():
        before = everything(folder)
        with pytest.raises(BusyError) as caught:
            es.resume(folder, workers=1)
        assert everything(folder) == before
    assert caught.value.exit_code == 75
    assert str(os.getpid()) in str(caught.value)
    es.resume(folder, workers=1)


@pytest.mark.parametrize("name", ["nothing", "..", "a\0b", "x" * 300])
def test_what_is_no_run_folder_is_refused(name: str, tmp_path: Path) -> None:
    (tmp_path / "inner").mkdir()
    with pytest.raises(DataError):
        es.resume(tmp_path / "inner" / name)


# Forks


def test_a_fork_goes_on_where_the_run_stood(begin: Begin, tmp_path: Path) -> None:
    parent = begin("parent", evaluations=3 * EPOCH)
    before = everything(parent)
    same = es.fork(parent, out=tmp_path / "same", evaluations=BUDGET, workers=1)
    assert everything(parent) == before
    assert contents(same.folder) == contents(begin("unbroken"))
    data = json.loads((same.folder / "run.json").read_text())
    assert data["parent"] == {"run": parent.name, "epoch": 3}
    other = es.fork(parent, out=tmp_path / "other", seed=8, evaluations=BUDGET, workers=1)
    assert other.seed == 8
    lines, others = (
        (folder / "log.jsonl").read_text().splitlines() for folder in (same.folder, other.folder)
    )
    assert lines[:7] == others[:7]
    assert lines[7:] != others[7:]
    assert es.resume(other.folder, workers=1).claims == other.claims


def test_a_fork_may_begin_at_an_earlier_checkpoint(begin: Begin, tmp_path: Path) -> None:
    parent = begin("parent")
    found = es.fork(parent, out=tmp_path / "fork", epoch=4, workers=1)
    assert contents(found.folder) == contents(parent)
    with pytest.raises(UsageError, match="no checkpoint of epoch 1") as caught:
        es.fork(parent, out=tmp_path / "fork", epoch=1)
    assert "3, 4, 5" in caught.value.hint


# Signals


@pytest.mark.parametrize("executor", ["serial", "processes"])
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
@pytest.mark.skipif(sys.platform != "linux", reason="finds workers in /proc")
def test_a_signal_ends_a_run_that_can_go_on(
    executor: str, number: signal.Signals, code: int, tmp_path: Path
) -> None:
    command = [sys.executable, "-m", "evosynth", "run", "--target", "dft", "--n", "16"]
    process = subprocess.Popen(
        [*command, "--seed", "1", "--time", "60", "--executor", executor, "--out", str(tmp_path)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    folder = tmp_path / "dft16-seed1"
    try:
        deadline = time.monotonic() + 60
        while not list(folder.glob("checkpoint/*.ckpt")) and time.monotonic() < deadline:
            time.sleep(0.05)
        workers = workers_of(process.pid)
        assert len(workers) == (2 if executor == "processes" else 0)
        process.send_signal(number)
        output, errors = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == code, errors
    assert "stopped by interrupt" in output
    assert f"go on with: evosynth resume {folder}" in errors
    assert "Traceback" not in errors
    assert not [worker for worker in workers if Path(f"/proc/{worker}").exists()]
    assert es.check(folder).to_dict()["damaged"] == []


# A run folder as this format version has it: a later evosynth must go on with it, or say why not

GOLDEN = Path(__file__).parent / "golden" / "run-version-2"


def test_a_stored_run_folder_can_be_gone_on_with(begin: Begin, tmp_path: Path) -> None:
    """Also by a later version: `EVOSYNTH_WRITE_GOLDEN=1` writes it anew after a new format."""
    folder = tmp_path / "golden"
    if os.environ.get("EVOSYNTH_WRITE_GOLDEN"):
        shutil.rmtree(GOLDEN, ignore_errors=True)
        shutil.copytree(begin("new", target="wht", n=4, report=interrupt_at(1)), GOLDEN)
    shutil.copytree(GOLDEN, folder)
    report = es.check(folder).to_dict()
    assert report["damaged"] == []
    result = es.resume(folder, workers=1)
    unbroken = begin("unbroken", target="wht", n=4)
    assert result.claims.operations == 8
    stored, now = contents(folder), contents(unbroken)
    # The log of this stored folder was begun before it told improvements within epochs.
    assert without_improvements(stored.pop("log.jsonl")) == without_improvements(
        now.pop("log.jsonl")
    )
    assert stored == now
    assert es.verify(folder).problems == []


def without_improvements(log: bytes) -> list[dict[str, Any]]:
    lines = [json.loads(line) for line in log.splitlines()]
    return [{k: v for k, v in line.items() if k != "improvements"} for line in lines]


def test_a_new_limit_takes_the_place_of_defaults(tmp_path: Path) -> None:
    """A run that its default patience ended goes on to the evaluations that are asked for."""
    result = es.run("wht", n=4, seed=1, workers=1, out=tmp_path)
    assert result.stopped_by == "patience"
    assert result.folder is not None
    longer = es.resume(result.folder, evaluations=result.evaluations + 4_000, workers=1)
    assert longer.stopped_by == "evaluations"
    assert longer.evaluations == result.evaluations + 4_000


def test_limits_that_were_given_stay(tmp_path: Path) -> None:
    result = es.run("wht", n=4, seed=1, patience=6_000, workers=1, out=tmp_path)
    assert result.stopped_by == "patience"
    assert result.folder is not None
    longer = es.resume(result.folder, evaluations=result.evaluations + 40_000, workers=1)
    assert longer.stopped_by == "patience"
