"""`check`: every file of a run folder is judged, and none is changed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from recursive_rules import ALGORITHMS

import evosynth as es
from dsl.errors import DataError, EvosynthError, StorageError
from dsl.formats import json_format
from dsl.grammars.recursive.recursive_target import RecursiveTarget
from dsl.program import Instruction, Program
from dsl.targets import Target
from evosynth.cases import case_of
from evosynth.cli.main import cli
from evosynth.folder_report import FolderReport, printable
from evosynth.runs import (
    AlgorithmClaims,
    RunFolder,
    claims_of,
    counts_of,
    formula_claims,
    write_algorithm_document,
    write_document,
    write_formula_document,
)
from evosynth.runs.checkpoints import Checkpoint, CheckpointStore
from evosynth.runs.configuration import Configuration, identity
from evosynth.runs.standpoint import Standpoint, write_standpoint
from evosynth.settings import Settings

needs_posix = pytest.mark.skipif(os.name == "nt", reason="needs links and pipes")
TARGET = es.make_target("dft", 16)
PROGRAM = Program("factor", "real", 1, (Instruction("scale", (0,), (3.0,)),), (1,))


def best() -> dict[str, Any]:
    """Returns the file of a program that multiplies by 3."""
    target = Target("entry", 1, np.array([[3.0]]), "real")
    data: dict[str, Any] = json.loads(write_document(PROGRAM, target, claims_of(PROGRAM, target)))
    return data


def configuration(seed: int = 5, library: str | None = None) -> dict[str, Any]:
    """Returns what run.json holds."""
    settings = Settings(seed=seed)
    spec, limits = settings.spec(case_of(TARGET)), settings.limits(case_of(TARGET))
    return Configuration.of(TARGET, spec, limits, None, library).to_data()


def standpoint(log: int = 0, seed: int = 5) -> str:
    """Returns the body of a checkpoint."""
    spec = Settings(seed=seed).spec(case_of(TARGET))
    return write_standpoint(Standpoint(identity(TARGET, spec), log, {}))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The folder of a run that was stopped after three epochs."""
    run = RunFolder.create(tmp_path, "run")
    run.write_configuration(configuration())
    for epoch in (1, 2, 3):
        run.append_log({"epoch": epoch})
        run.checkpoints.write(Checkpoint(epoch, standpoint(run.log_size())))
    run.write_best(json.dumps(best()))
    run.write_front([{"error": 0.0, "operations": 1, "program": json_format.to_data(PROGRAM)}])
    return run.path


def finish(folder: Path, stopped_by: str = "goal") -> None:
    run = RunFolder(folder)
    run.write_configuration(run.read_configuration() | {"result": {"stopped_by": stopped_by}})


def state(folder: Path) -> dict[str, tuple[bytes, int]]:
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {str(path): (path.read_bytes(), path.stat().st_mtime_ns) for path in files}


def checked(folder: Path, *damaged: str) -> FolderReport:
    """Checks a folder, in Python and on the command line, and that nothing was changed."""
    before = state(folder)
    report = es.check(folder)
    assert report.damaged == list(damaged)
    outcome = CliRunner().invoke(cli, ["check", str(folder)])
    assert (outcome.exit_code, outcome.stderr) == (65 if damaged else 0, "")
    assert outcome.stdout == f"{report}\n"
    as_json = CliRunner().invoke(cli, ["check", str(folder), "--json"])
    assert as_json.exit_code == outcome.exit_code
    assert json.loads(as_json.stdout) == json.loads(json.dumps(report.to_dict()))
    assert state(folder) == before
    for file in report.files:
        assert str(file).isprintable()
        assert str(folder) not in file.detail
    assert "\n" not in report.conclusion
    return report


def detail(report: FolderReport, name: str) -> str:
    (found,) = [file.detail for file in report.files if file.name == name]
    return found


def test_a_stopped_run_can_be_resumed(folder: Path) -> None:
    report = checked(folder)
    assert report.conclusion == "can be resumed from epoch 3"
    assert (report.resumes_from, report.is_finished) == (3, False)
    kinds = {file.name: file.kind for file in report.files}
    assert kinds == {
        "run.json": "configuration",
        "log.jsonl": "log",
        "front.json": "front",
        "best.json": "best program",
        "checkpoint/epoch-00000001.ckpt": "checkpoint",
        "checkpoint/epoch-00000002.ckpt": "checkpoint",
        "checkpoint/epoch-00000003.ckpt": "checkpoint",
    }
    assert detail(report, "run.json") == "dft 16 seed 5"
    assert detail(report, "log.jsonl") == "3 lines"
    assert detail(report, "front.json") == "1 on the front"
    assert detail(report, "best.json") == "1 operations, error 0.0e+00"


def test_a_finished_run(folder: Path) -> None:
    finish(folder)
    report = checked(folder)
    assert (report.conclusion, report.is_finished, report.resumes_from) == ("finished", True, None)
    (folder / "front.json").unlink()
    report = checked(folder, "front.json")
    assert report.conclusion == "finished; damaged: front.json"
    assert detail(report, "front.json") == "missing"


def test_an_interrupted_run_is_not_finished(folder: Path) -> None:
    finish(folder, "interrupt")
    assert checked(folder).conclusion == "can be resumed from epoch 3"


def test_a_run_that_has_just_begun(tmp_path: Path) -> None:
    run = RunFolder.create(tmp_path, "run")
    run.write_configuration(configuration())
    assert checked(run.path).conclusion == "can be resumed from epoch 0"


def test_damaged_checkpoints(folder: Path) -> None:
    names = [f"checkpoint/epoch-0000000{k}.ckpt" for k in (1, 2, 3)]
    data = bytearray((folder / names[2]).read_bytes())
    data[-2] ^= 1
    (folder / names[2]).write_bytes(data)
    report = checked(folder, names[2])
    assert report.conclusion == "can be resumed from epoch 2"
    assert "checksum" in detail(report, names[2])
    (folder / names[1]).write_bytes(b"")
    assert checked(folder, *names[1:]).resumes_from == 1
    (folder / names[0]).write_bytes(data[:40])
    report = checked(folder, *names)
    assert report.conclusion.startswith("cannot be resumed: no checkpoint can be used")
    assert "its best program can be used" in report.conclusion
    assert report.resumes_from is None


BAD_CONFIGURATIONS = {
    "missing": None,
    "empty": b"",
    "half": b"{",
    "list": b"[]",
    "object": b"{}",
    "deep": b"[" * 10**5,
    "bare": b'{"format": "evosynth-run"}',
    "bytes": b"\xff",
    "spec": json.dumps(configuration() | {"spec": 1}).encode(),
    "seed": json.dumps(configuration()).replace('"seed": 5', '"seed": -5').encode(),
}


@pytest.mark.parametrize("content", BAD_CONFIGURATIONS.values(), ids=BAD_CONFIGURATIONS)
def test_without_its_configuration_nothing_can_be_resumed(
    content: bytes | None, folder: Path
) -> None:
    (folder / "run.json").unlink()
    if content is not None:
        (folder / "run.json").write_bytes(content)
    report = checked(folder, "run.json")
    state = "missing" if content is None else "damaged"
    assert report.conclusion.startswith(f"cannot be resumed: run.json is {state}; its best")


def test_what_a_killed_process_leaves_is_no_damage(folder: Path) -> None:
    with (folder / "log.jsonl").open("ab") as stream:
        stream.write(b'{"epoch": 4, "isl')
    (folder / ".evosynth-abc.tmp").write_text("half")
    (folder / "checkpoint" / ".evosynth-abc.tmp").write_text("half")
    (folder / "run.lock").write_text("{}")
    report = checked(folder)
    assert "3 lines, the last is torn" in detail(report, "log.jsonl")
    kinds = {file.name: file.kind for file in report.files}
    assert kinds[".evosynth-abc.tmp"] == kinds["checkpoint/.evosynth-abc.tmp"] == "leftover"
    assert "has ended" in detail(report, "run.lock")
    assert report.conclusion == "can be resumed from epoch 3"


def test_a_line_that_is_damaged_in_the_midst(folder: Path) -> None:
    (folder / "log.jsonl").write_bytes(b'{"epoch": 1}\n{"epo\n{"epoch": 3}\n')
    report = checked(folder, "log.jsonl")
    assert "1 of 3 lines" in detail(report, "log.jsonl")
    assert report.resumes_from == 3


@pytest.mark.parametrize("name", ["operations", "additions", "multiplications"])
def test_a_claim_that_is_not_true(name: str, folder: Path) -> None:
    data = best()
    data["claims"][name] += 1
    (folder / "best.json").write_text(json.dumps(data))
    assert name in detail(checked(folder, "best.json"), "best.json")


DAMAGED_BESTS: dict[str, Callable[[dict[str, Any]], object]] = {
    "another constant": lambda data: data["program"]["instructions"][0].__setitem__(2, ["5"]),
    "bare": lambda data: [data.pop("claims"), data.update(data.pop("program"))],
    "another shape": lambda data: data["program"].update(inputs=2, instructions=[], outputs=[0]),
    "other data": lambda data: data["program"].update(domain="complex"),
    "no target": lambda data: data.pop("target"),
    "empty": lambda data: data.clear(),
}


@pytest.mark.parametrize("name", DAMAGED_BESTS)
def test_a_best_program_that_is_none(name: str, folder: Path) -> None:
    data = best()
    DAMAGED_BESTS[name](data)
    (folder / "best.json").write_text(json.dumps(data))
    (folder / "checkpoint").rename(folder / "elsewhere")
    report = checked(folder, "best.json")
    assert report.resumes_from == 0


@pytest.mark.parametrize(
    "content", ["{}", "[1]", "", '{"programs": [{"program": {}}]}', "[" * 10**5]
)
def test_a_front_that_is_none(content: str, folder: Path) -> None:
    (folder / "front.json").write_text(content)
    checked(folder, "front.json")


def test_a_benchmark(folder: Path) -> None:
    (folder / "bench.json").write_text("{}")
    assert "bench.json" in [file.name for file in checked(folder).files]
    (folder / "bench.json").write_text("{")
    checked(folder, "bench.json")


def test_an_algorithm_is_recomputed(folder: Path) -> None:
    algorithm = ALGORITHMS["radix2"]
    counts = counts_of(algorithm)
    for change in (0, 1):
        claims = AlgorithmClaims(counts | {8: counts[8] + change})
        text = write_algorithm_document(algorithm, RecursiveTarget("dft", (2,)), claims)
        (folder / "best.json").write_text(text)
        report = checked(folder, *["best.json"] * change)
        assert "at n = 8" in detail(report, "best.json") or not change
        assert "up to n = 64" in detail(report, "best.json") or change


def test_a_formula_is_recomputed(folder: Path) -> None:
    x = np.linspace(0.0, 1.0, 8)[:, None]
    target = es.from_arrays(x, 2 * x, seed=0)
    program = Program("expression", "real", 1, (Instruction("add", (0, 0), ()),), (1,))
    for change in (0, 1):
        claims = formula_claims(program, target)
        claims = replace(claims, functions=claims.functions + change)
        text = write_formula_document(program, target, claims)
        (folder / "best.json").write_text(text)
        report = checked(folder, *["best.json"] * change)
        assert "functions" in detail(report, "best.json") or not change


def test_a_run_of_another_version_is_not_damaged(folder: Path) -> None:
    (folder / "run.json").write_text(json.dumps(configuration() | {"version": 1}))
    report = checked(folder)
    assert report.conclusion.startswith("cannot be resumed: format version 1")
    assert "its best program can be used" in report.conclusion


def test_other_primitives(folder: Path) -> None:
    (folder / "run.json").write_text(json.dumps(configuration() | {"primitives": {}}))
    report = checked(folder)
    assert report.conclusion.startswith("cannot be resumed: the run was begun with other prim")


def test_another_target(folder: Path) -> None:
    (folder / "run.json").write_text(json.dumps(configuration() | {"digest": "0" * 64}))
    report = checked(folder)
    assert report.conclusion.startswith("cannot be resumed: its target: ")


def test_a_checkpoint_of_another_run(folder: Path) -> None:
    RunFolder(folder).checkpoints.write(Checkpoint(4, standpoint(seed=6)))
    report = checked(folder, "checkpoint/epoch-00000004.ckpt")
    assert report.conclusion == "can be resumed from epoch 3"


def test_a_library(folder: Path, tmp_path: Path) -> None:
    run = RunFolder.create(tmp_path, "shared")
    run.write_configuration(configuration(library="0" * 64))
    missing = checked(run.path)
    assert missing.conclusion == "cannot be resumed: library.json is damaged or missing"
    run.write_library("{")
    assert checked(run.path, "library.json").resumes_from is None
    run.write_library("{}")
    assert checked(run.path).resumes_from == 0


@pytest.mark.parametrize("limits", [{"evaluations": 400}, {"evaluations": 9000, "seed": 3}])
def test_a_run_that_was_made(limits: dict[str, int], tmp_path: Path) -> None:
    result = es.run("wht", n=4, out=tmp_path, **{"seed": 0, **limits})
    report = checked(result.folder)
    assert report.conclusion == "finished"
    assert {file.kind for file in report.files} >= {"configuration", "log", "best program"}


# Whose it is


def test_files_of_others_are_named_and_left_alone(folder: Path) -> None:
    (folder / "notes.txt").write_text("mine")
    (folder / "plots").mkdir()
    (folder / "plots" / "run.json").write_text("{")
    (folder / "checkpoint" / "epoch-3.ckpt").write_text("mine")
    (folder / "\x1b[2J\nevil").write_text("mine")
    report = checked(folder)
    foreign = [file.name for file in report.files if file.kind == "foreign"]
    assert foreign == ["\\x1b[2J\\nevil", "notes.txt", "plots", "checkpoint/epoch-3.ckpt"]


@needs_posix
def test_a_name_that_is_no_text(folder: Path) -> None:
    try:
        (folder / os.fsdecode(b"caf\xe9")).write_text("mine")
    except OSError:
        pytest.skip("the file system has no such names")
    assert "caf\\udce9" in [file.name for file in checked(folder).files]
    assert printable("\ud800a\u202e\x7f") == "\\ud800a\\u202e\\x7f"


@needs_posix
def test_links_are_named_and_not_followed(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("secret")
    (folder / "photo").symlink_to(tmp_path / "secret")
    (folder / ".evosynth-abc.tmp").symlink_to(tmp_path / "secret")
    report = checked(folder)
    assert [file.name for file in report.files if file.kind == "link"] == [
        ".evosynth-abc.tmp",
        "photo",
    ]
    ours = ["run.json", "log.jsonl", "front.json", "best.json"]
    for name in ours:
        (folder / name).unlink()
        (folder / name).symlink_to(tmp_path / "secret")
    (folder / "checkpoint").rename(tmp_path / "elsewhere")
    (folder / "checkpoint").symlink_to(tmp_path / "elsewhere")
    (folder / "run.lock").symlink_to(tmp_path / "secret")
    report = checked(folder, *ours, "checkpoint", "run.lock")
    assert report.conclusion == "cannot be resumed: run.json is damaged"
    for name in (*ours, "checkpoint", "run.lock"):
        assert "is a link" in detail(report, name)
    assert "secret" not in str(report)


@needs_posix
def test_pipes_are_not_waited_for(folder: Path) -> None:
    for name in ("run.json", "log.jsonl", "front.json", "best.json"):
        (folder / name).unlink()
        os.mkfifo(folder / name)
    os.mkfifo(folder / "run.lock")
    os.mkfifo(folder / "checkpoint" / "epoch-00000009.ckpt")
    os.mkfifo(folder / "other")
    names = ("run.json", "log.jsonl", "front.json", "best.json")
    checked(folder, *names, "checkpoint/epoch-00000009.ckpt", "run.lock")


def test_a_file_in_place_of_the_checkpoints(folder: Path, tmp_path: Path) -> None:
    (folder / "checkpoint").rename(tmp_path / "elsewhere")
    (folder / "checkpoint").write_text("mine")
    report = checked(folder, "checkpoint")
    assert report.conclusion.startswith("cannot be resumed: no checkpoint can be used")


def test_a_checkpoint_that_a_run_removes_meanwhile(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(CheckpointStore, "epochs", lambda store: (0, 1, 2, 3))
    assert checked(folder).resumes_from == 3


def test_a_run_that_is_in_use(folder: Path) -> None:
    with RunFolder(folder).lock():
        report = checked(folder)
    assert report.conclusion.startswith(f"in use by process {os.getpid()} on ")
    assert detail(report, "run.lock").startswith("held by process")


@pytest.mark.parametrize("name", ["nothing", "file", "empty", "x" * 300, "a\0b", "\ud800", "\x1b"])
def test_what_is_no_run_folder(name: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / "notes").write_text("")
    with pytest.raises((DataError, StorageError)) as caught:
        es.check(tmp_path / name)
    assert len(str(caught.value)) < 600
    assert CliRunner().invoke(cli, ["check", str(tmp_path / "empty")]).exit_code == 65


def test_check_is_quick_to_say_what_it_takes(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "evosynth", "check", tmp_path],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 65
    assert done.stderr.startswith("error: '")
    assert "Traceback" not in done.stderr


@given(
    st.sampled_from(["run.json", "log.jsonl", "front.json", "best.json"]),
    st.lists(st.tuples(st.integers(0, 10**4), st.integers(0, 255)), min_size=1, max_size=4),
)
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_mutated_files_raise_only_our_errors(
    folder: Path, name: str, changes: list[tuple[int, int]]
) -> None:
    path = folder / name
    original = path.read_bytes()
    data = bytearray(original)
    for place, byte in changes:
        data[place % len(data)] = byte
    path.write_bytes(data)
    try:
        report = es.check(folder)
    except EvosynthError as error:
        pytest.fail(f"a damaged file is reported, not raised: {error}")
    finally:
        path.write_bytes(original)
    assert str(report).count("\n") == len(report.files)
