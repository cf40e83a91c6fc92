"""Run folders: complete, valid, atomic; program files: verified, and never believed."""

from __future__ import annotations

import copy
import json
import os
import pickle
import re
import subprocess
import sys
import warnings
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from click.testing import Result as Outcome
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import evosynth as es
from dsl.errors import DataError, StorageError
from dsl.program import Instruction, Program
from dsl.targets import Target
from evosynth.cli.main import cli
from evosynth.matrix_result import Result
from evosynth.runs import RunFolder, claims_of, write_document
from evosynth.runs.files import read_text, write_text

Data = dict[str, Any]
FILES = {"run.json", "run.toml", "log.jsonl", "front.json", "best.json"}
OURS = (DataError, StorageError)


def load_strictly(text: str) -> Any:
    """Parses JSON as the standard has it: NaN and Infinity are errors."""

    def refuse(constant: str) -> None:
        raise AssertionError(f"{constant} is no JSON")

    return json.loads(text, parse_constant=refuse)


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Result:
    """A stored run of a registered target."""
    folder = tmp_path_factory.mktemp("runs")
    return es.run("dft", n=8, seed=0, goal=56, evaluations=20_000, out=folder)


@pytest.fixture(scope="module")
def document(stored: Result) -> Data:
    """Its best.json."""
    assert stored.folder
    data: Data = load_strictly((stored.folder / "best.json").read_text())
    return data


@pytest.fixture
def write(tmp_path: Path) -> Callable[[object], Path]:
    """Writes data or text or bytes to a file."""

    def save(content: object) -> Path:
        path = tmp_path / "file.json"
        if isinstance(content, bytes):
            path.write_bytes(content)
        else:
            path.write_text(content if isinstance(content, str) else json.dumps(content))
        return path

    return save


def invoke(*arguments: object) -> Outcome:
    return CliRunner().invoke(cli, [str(argument) for argument in arguments])


def changed(document: Data, value: object, *keys: str | int) -> Data:
    """Returns a copy of a document with one entry changed."""
    data: Data = copy.deepcopy(document)
    place: Any = data
    for key in keys[:-1]:
        place = place[key]
    place[keys[-1]] = value
    return data


# Run folders


def test_run_folder_is_complete_and_valid(stored: Result) -> None:
    folder = stored.folder
    assert folder
    assert folder.name == "dft8-seed0"
    assert {path.name for path in folder.iterdir()} == FILES | {"checkpoint"}
    run = load_strictly((folder / "run.json").read_text())
    assert run["format"] == "evosynth-run"
    assert (run["version"], run["kind"]) == (2, "matrix")
    assert run["digest"] == run["target"]["digest"] == stored.target.digest
    assert run["spec"]["seed"] == stored.seed == 0
    assert run["spec"]["strategy"] == "evolve"
    limits = {"evaluations": 20_000, "seconds": None, "patience": None, "goal": 56}
    assert run["limits"] == limits | {"exact_patience": None}
    assert {"python", "numpy", "numba", "evosynth"} <= set(run["versions"])
    assert run["result"] == stored.to_dict()
    head, *lines = (folder / "log.jsonl").read_text().splitlines()
    assert load_strictly(head) == {"format": "evosynth-log", "version": 1}
    assert load_strictly(lines.pop()) == {"end": "goal", "best": 56}
    for line, record in zip(map(load_strictly, lines), stored.logbook, strict=True):
        assert {"min", "median", "max"} == set(line.pop("operations")) == set(line.pop("length"))
        assert line == record
    assert len(lines) == stored.evaluations // (run["spec"]["turn"] * run["spec"]["turns"])
    front = load_strictly((folder / "front.json").read_text())
    assert (front["format"], front["version"]) == ("evosynth-front", 1)
    assert front["programs"][0]["error"] == 0
    best = load_strictly((folder / "best.json").read_text())
    assert best["claims"]["operations"] == 56
    assert es.load(folder) == stored.best
    assert es.load(folder / "best.json") == stored.best
    assert es.verify(folder).problems == []


@pytest.mark.parametrize("limits", [{"time": 1e9}, {"time": float("inf")}])
def test_run_folder_of_a_long_time_is_valid(limits: dict[str, float], tmp_path: Path) -> None:
    result = es.run("wht", n=4, seed=0, goal=8, evaluations=200, out=tmp_path, **limits)
    assert result.folder
    for path in result.folder.glob("*.json"):
        load_strictly(path.read_text())


def test_a_run_folder_that_exists_is_left_alone(tmp_path: Path) -> None:
    arguments: dict[str, Any] = {"n": 4, "seed": 7, "evaluations": 200, "out": tmp_path}
    folders = [es.run("wht", **arguments).folder for _ in range(3)]
    assert [f.name for f in folders if f] == ["wht4-seed7", "wht4-seed7-2", "wht4-seed7-3"]
    assert len({(f / "best.json").read_text() for f in folders if f}) == 1


def test_parents_of_a_run_folder_are_made(tmp_path: Path) -> None:
    result = es.run("wht", n=4, seed=0, evaluations=200, out=tmp_path / "a" / "b")
    assert result.folder == tmp_path / "a" / "b" / "wht4-seed0"


def test_nothing_is_stored_unless_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert es.run("wht", n=4, seed=0, evaluations=200).folder is None
    assert list(tmp_path.iterdir()) == []


def test_interrupted_run_is_stored(tmp_path: Path) -> None:
    snapshots = []

    def interrupt(snapshot: Any) -> None:
        snapshots.append(snapshot)
        if len(snapshots) == 3:
            raise KeyboardInterrupt

    try:
        result = es.run("dft", n=8, seed=0, evaluations=20_000, out=tmp_path, report=interrupt)
    except KeyboardInterrupt:  # would end the whole test run
        pytest.fail("what was found is lost")
    assert result.stopped_by == "interrupt"
    assert result.evaluations == 3 * 2_000
    assert result.folder
    assert {path.name for path in result.folder.iterdir()} == FILES | {"checkpoint"}
    run = load_strictly((result.folder / "run.json").read_text())
    assert run["result"]["stopped_by"] == "interrupt"
    assert es.load(result.folder) == result.best
    assert es.verify(result.folder).problems == []


def test_interrupt_before_anything_was_found_is_passed_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def interrupt(*arguments: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("evosynth.engine.factor_epoch.run_turn", interrupt)
    with pytest.raises(KeyboardInterrupt):
        es.run("dft", n=8, seed=0)


@pytest.mark.parametrize("folder", ["file/x", "file"])
def test_unwritable_folder(folder: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("kept")
    with pytest.raises(StorageError) as caught:
        es.run("wht", n=4, seed=0, evaluations=200, out=tmp_path / folder)
    assert caught.value.exit_code == 74
    assert "\n" not in str(caught.value)
    assert (tmp_path / "file").read_text() == "kept"
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_folder_name_is_taken_by_a_file(tmp_path: Path) -> None:
    (tmp_path / "name").write_text("kept")
    assert RunFolder.create(tmp_path, "name").path.name == "name-2"
    assert (tmp_path / "name").read_text() == "kept"


# Writing


@pytest.mark.parametrize("fault", ["os.fsync", "pathlib.Path.replace", "pathlib.Path.chmod"])
@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()])
@pytest.mark.parametrize("old", ["old", None])
def test_failed_write_leaves_what_was_there(
    fault: str,
    error: BaseException,
    old: str | None,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    path = tmp_path / "file.json"
    if old:
        path.write_text(old)

    def fail(*arguments: object) -> None:
        raise error

    with monkeypatch.context() as patch:
        patch.setattr(fault, fail)
        with pytest.raises(StorageError if isinstance(error, OSError) else KeyboardInterrupt):
            write_text(path, "new")
    assert [p.name for p in tmp_path.iterdir()] == (["file.json"] if old else [])
    if old:
        assert path.read_text() == old
    write_text(path, "new")
    assert path.read_text() == "new"


def test_write_does_not_widen_permissions(tmp_path: Path) -> None:
    mask = os.umask(0o027)
    try:
        write_text(tmp_path / "file", "text")
        assert (tmp_path / "file").stat().st_mode & 0o777 == 0o640
        assert os.umask(0o027) == 0o027
    finally:
        os.umask(mask)


def test_unreadable_files_are_named(tmp_path: Path) -> None:
    (tmp_path / "latin").write_bytes(b"caf\xe9")
    (tmp_path / "long").write_text("x" * 101)
    for name, error in (("latin", DataError), ("long", DataError), ("missing", StorageError)):
        with pytest.raises(error, match=name):
            read_text(tmp_path / name, 100)


# Verification


def positions(document: Data, part: int, length: int = 1) -> list[int]:
    """Returns the instructions with at least so many operands or constants."""
    rows = document["program"]["instructions"]
    return [k for k, row in enumerate(rows) if len(row[part]) >= length]


def assert_detected(data: Data, write: Callable[[object], Path]) -> None:
    """The file is refused, or something it says is found wrong; all doors agree."""
    path = write(data)
    outcome = invoke("verify", path)
    assert outcome.exit_code in (1, 65), outcome.output
    as_json = invoke("verify", path, "--json")
    assert as_json.exit_code == outcome.exit_code
    if outcome.exit_code == 1:
        verification = es.verify(path)
        assert verification.problems or not verification.is_exact
        assert "not verified" in outcome.stdout
        answer = json.loads(as_json.stdout)
        assert answer["verified"] is False
        assert answer["problems"]


def test_a_stored_run_verifies(stored: Result) -> None:
    outcome = invoke("verify", stored.folder)
    assert (outcome.exit_code, outcome.stderr) == (0, "")
    assert "56 real operations" in outcome.stdout
    answer = json.loads(invoke("verify", stored.folder, "--json").stdout)
    assert answer["verified"] is True
    assert answer["operations"] == answer["additions"] + answer["multiplications"] == 56


@pytest.mark.parametrize("name", ["operations", "additions", "multiplications"])
@pytest.mark.parametrize("by", [-1, 1, 0.5])
def test_verify_detects_a_changed_count(
    name: str, by: float, document: Data, write: Callable[[object], Path]
) -> None:
    claimed = document["claims"][name] + by
    assert_detected(changed(document, claimed, "claims", name), write)


@pytest.mark.parametrize("error", [0.5, -1.0, 1e300])
def test_verify_detects_a_changed_error(
    error: float, document: Data, write: Callable[[object], Path]
) -> None:
    assert_detected(changed(document, error, "claims", "error"), write)


@pytest.mark.parametrize("claims", [None, {}, [], {"operations": 56}])
def test_verify_needs_claims(
    claims: object, document: Data, write: Callable[[object], Path]
) -> None:
    with pytest.raises(DataError):
        es.verify(write(changed(document, claims, "claims")))


def test_verify_detects_each_flipped_sign(document: Data, write: Callable[[object], Path]) -> None:
    program = document["program"]
    flipped = 0
    for k in positions(document, 2):
        for j, constant in enumerate(program["instructions"][k][2]):
            if program["instructions"][k][0] != "sum" and constant in ("1", "-1"):
                continue  # a butterfly with the other sign merely swaps its results
            sign = constant[1:] if constant.startswith("-") else f"-({constant})"
            sign = sign if sign not in ("-(1)", "-(I)") else sign.replace("(", "").replace(")", "")
            data = changed(document, sign, "program", "instructions", k, 2, j)
            assert_detected(data, write)
            flipped += 1
    assert flipped > 5


def test_verify_detects_each_changed_constant(
    document: Data, write: Callable[[object], Path]
) -> None:
    for k in positions(document, 2):
        if document["program"]["instructions"][k][0] == "sum":
            continue
        for constant in ("1/3", "2", "0.70710678", "I/7"):
            data = changed(document, constant, "program", "instructions", k, 2, 0)
            assert_detected(data, write)


def test_verify_detects_each_renumbered_operand(
    document: Data, write: Callable[[object], Path]
) -> None:
    for k in positions(document, 1):
        for j, operand in enumerate(document["program"]["instructions"][k][1]):
            other = operand - 1 if operand else operand + 1
            if other in document["program"]["instructions"][k][1]:
                other = 10**6
            data = changed(document, other, "program", "instructions", k, 1, j)
            assert_detected(data, write)


def test_verify_detects_swapped_and_renumbered_outputs(
    document: Data, write: Callable[[object], Path]
) -> None:
    outputs = document["program"]["outputs"]
    assert_detected(changed(document, outputs[::-1], "program", "outputs"), write)
    assert_detected(changed(document, outputs[:-1], "program", "outputs"), write)
    assert_detected(changed(document, [*outputs[:-1], 0], "program", "outputs"), write)


def test_verify_detects_another_target(document: Data, write: Callable[[object], Path]) -> None:
    assert_detected(changed(document, "idft", "target", "name"), write)
    assert_detected(changed(document, 16, "target", "n"), write)
    assert_detected(changed(document, "0" * 64, "target", "digest"), write)


def test_a_program_worse_than_its_claims_is_found(
    document: Data, write: Callable[[object], Path]
) -> None:
    """An unused instruction costs nothing; one that is used does."""
    program = document["program"]
    last = [*program["instructions"], ["sum", [0, 1], ["1", "1"], 9]]
    assert es.verify(write(changed(document, last, "program", "instructions"))).problems == []


# Proofs


def one_output(text: str, entry: float, **claims: object) -> Data:
    """Returns the file of a program that multiplies by a constant."""
    target = Target("entry", 1, np.array([[entry]]), "real")
    program = Program("factor", "real", 1, (Instruction("scale", (0,), (3.0,)),), (1,))
    written = write_document(program, target, claims_of(program, target))
    data = changed(load_strictly(written), [text], "program", "instructions", 0, 2)
    data["claims"] |= {"error": 0.0, "proof": ""} | claims
    return data


FIFTY, FLOATS = "verified in 50 digits", "verified in 50 digits, target given in floats"
VERDICTS = [
    ("3", 3.0, "proved in Q", "exact: proved in Q", 0),
    ("3", 3.0, "", "exact: proved in Q", 0),
    ("3", 3.0, FIFTY, "the program is proved in Q", 1),
    ("sqrt(2)*3/sqrt(2)", 3.0, "proved in Q", "exact: proved in Q", 0),
    (f"3.{'0' * 50}", 3.0, FIFTY, "exact: verified in 50 digits: the constant 3 lies in no", 0),
    (f"3.{'0' * 50}", 3.0, "proved in Q", "the program is verified in 50 digits: the", 1),
    (f"3.{'0' * 40}1", 3.0, FIFTY, "the program is not proved: the constant 3 lies in no", 1),
    ("3.00000000000001", 3.0, "proved in Q", "is not proved: the constant 3 is a decimal", 1),
    ("3.00000000000001", 3.0, FIFTY, "is not proved: the constant 3 is a decimal", 1),
    ("3.00000000000001", 3.0, "", "exact: not proved: the constant 3 is a decimal", 0),
    ("3.000000001", 3.0, "", "error: 3.3e-10, expected at most 1e-12", 1),
    ("2/3", 2 / 3, FLOATS, "exact: verified in 50 digits, target given in floats: a matrix", 0),
    ("2/3", 2 / 3, "proved in Q", "the program is verified in 50 digits, target given", 1),
    ("2/3", 2 / 3, FIFTY, "the program is verified in 50 digits, target given in floats", 1),
    ("5", 3.0, "proved in Q", "is not proved: it computes another matrix", 1),
    ("5", 3.0, "", "expected at most 1e-12", 1),
]


@pytest.mark.parametrize(("text", "entry", "proof", "said", "code"), VERDICTS)
def test_verify_says_how_exact_a_program_is(
    text: str, entry: float, proof: str, said: str, code: int, write: Callable[[object], Path]
) -> None:
    path = write(one_output(text, entry, proof=proof))
    outcome = invoke("verify", path)
    assert (outcome.exit_code, outcome.stderr) == (code, "")
    assert said in outcome.stdout
    assert ("not verified" in outcome.stdout.splitlines()) == (code == 1)
    as_json = invoke("verify", path, "--json")
    assert (as_json.exit_code, as_json.stderr) == (code, "")
    answer = load_strictly(as_json.stdout)
    assert answer["verified"] == (code == 0) == (answer["problems"] == [])
    verification = es.verify(path)
    assert answer["exact"] == verification.proof.summary
    assert answer["proof"] == verification.proof.verdict == verification.found.proof
    assert answer["problems"] == verification.problems


@pytest.mark.parametrize("proof", [None, 1, ["proved in Q"], {}, True])
def test_a_proof_is_text(proof: object, document: Data, write: Callable[[object], Path]) -> None:
    assert invoke("verify", write(changed(document, proof, "claims", "proof"))).exit_code == 65


def test_a_file_need_not_claim_a_proof(document: Data, write: Callable[[object], Path]) -> None:
    data = copy.deepcopy(document)
    assert data["claims"].pop("proof") == "proved in Q(zeta_8)"
    outcome = invoke("verify", write(data))
    assert outcome.exit_code == 0
    assert "exact: proved in Q(zeta_8)" in outcome.stdout


def test_an_infinite_error_is_valid_json(write: Callable[[object], Path]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        outcome = invoke("verify", write(one_output("1e308", 3.0)), "--json")
    assert outcome.exit_code == 1
    assert load_strictly(outcome.stdout)["verified"] is False


def test_a_run_with_squares_of_cosines_verifies(tmp_path: Path) -> None:
    result = es.run("idft", n=7, seed=2, evaluations=800, out=tmp_path)
    assert result.proof.field
    assert result.folder
    assert es.verify(result.folder).problems == []


# Programs without a run, and targets from files


@pytest.mark.parametrize("form", ["json", "text"])
def test_bare_programs_can_be_shown_but_not_verified(
    form: str, stored: Result, write: Callable[[object], Path]
) -> None:
    assert stored.folder
    path = write(es.show(stored.folder, form))
    assert es.load(path) == stored.best
    assert es.show(path, form) == es.show(stored.folder, form)
    with pytest.raises(DataError, match="bare program"):
        es.verify(path)


MATRICES = {
    "real": np.array([[1.0, 2.0, 3.0], [4.0, 5.0, -6.0], [0.0, 1.5, 2.0], [1.0, 0.1, 1.0]]),
    "complex": np.array([[1, 1j, 2], [1, -1j, 0.3 + 0.4j]]),
    "row": np.array([[1.0, 2.0, 2.0]]),
    "identity": np.eye(3),
}


@pytest.mark.parametrize("data", [None, "real", "complex"])
@pytest.mark.parametrize("name", MATRICES)
def test_documents_of_files_are_self_contained(name: str, data: str | None, tmp_path: Path) -> None:
    source = tmp_path / f"{name}.npy"
    np.save(source, MATRICES[name])
    result = es.run(str(source), input=data, seed=0, evaluations=400, out=tmp_path / "runs")
    source.unlink()
    assert result.folder
    verification = es.verify(result.folder)
    assert verification.problems == []
    assert verification.is_exact
    assert verification.found == result.claims
    stored = load_strictly((result.folder / "best.json").read_text())
    assert stored["target"]["digest"] == result.target.digest
    stored["target"]["entries"][0][0] += 0.125
    (result.folder / "best.json").write_text(json.dumps(stored))
    with pytest.raises(DataError, match="digest"):
        es.verify(result.folder)


# Hostile documents

REPLACEMENTS: list[tuple[str, object, tuple[str | int, ...]]] = [
    ("no target", None, ("target",)),
    ("target list", [], ("target",)),
    ("unknown target", "nonesuch", ("target", "name")),
    ("target path", "/etc/passwd", ("target", "name")),
    ("target name list", [], ("target", "name")),
    ("size 0", 0, ("target", "n")),
    ("size -1", -1, ("target", "n")),
    ("size text", "8", ("target", "n")),
    ("size fraction", 8.5, ("target", "n")),
    ("size huge", 10**9, ("target", "n")),
    ("size enormous", 10**40, ("target", "n")),
    ("size mismatch", 16, ("target", "n")),
    ("data unknown", "quaternion", ("target", "input")),
    ("data list", [], ("target", "input")),
    ("inputs 65536", 65_536, ("program", "inputs")),
    ("inputs 10^9", 10**9, ("program", "inputs")),
    ("inputs 0", 0, ("program", "inputs")),
    ("inputs true", True, ("program", "inputs")),
    ("inputs text", "8", ("program", "inputs")),
    ("outputs empty", [], ("program", "outputs")),
    ("outputs null", None, ("program", "outputs")),
    ("outputs nested", [[0]], ("program", "outputs")),
    ("outputs forward", [10**9] * 8, ("program", "outputs")),
    ("outputs negative", [-1] * 8, ("program", "outputs")),
    ("instructions text", "sum", ("program", "instructions")),
    ("instructions number", 7, ("program", "instructions")),
    ("instruction short", ["sum"], ("program", "instructions", 0)),
    ("instruction unknown", ["__import__('os')", [0], [], 0], ("program", "instructions", 0)),
    ("instruction forward", ["sum", [99], ["1"], 0], ("program", "instructions", 0)),
    ("instruction cyclic", ["sum", [8], ["1"], 0], ("program", "instructions", 0)),
    ("instruction arity", ["butterfly", [0], ["1"], 0], ("program", "instructions", 0)),
    ("operand fraction", ["sum", [0.5], ["1"], 0], ("program", "instructions", 0)),
    ("operand huge", ["sum", [2**70], ["1"], 0], ("program", "instructions", 0)),
    ("constant code", ["scale", [0], ["__import__('os')"], 0], ("program", "instructions", 0)),
    ("constant infinite", ["scale", [0], ["1e999"], 0], ("program", "instructions", 0)),
    ("constant nan", ["scale", [0], ["nan"], 0], ("program", "instructions", 0)),
    ("constant pole", ["scale", [0], ["tan(pi/2)"], 0], ("program", "instructions", 0)),
    ("constant power", ["scale", [0], ["9**9**9"], 0], ("program", "instructions", 0)),
    ("constant long", ["scale", [0], ["9" * 10**6], 0], ("program", "instructions", 0)),
    ("constant number", ["scale", [0], [2.0], 0], ("program", "instructions", 0)),
    ("stage text", ["sum", [0], ["1"], "x"], ("program", "instructions", 0)),
    ("grammar", "other", ("program", "grammar")),
    ("grammar list", [], ("program", "grammar")),
    ("domain", "imaginary", ("program", "domain")),
    ("domain list", [], ("program", "domain")),
    ("format", "evosynth-run", ("program", "format")),
    ("version", 2, ("program", "version")),
    ("name", "<script>", ("program", "name")),
    ("name long", "x" * 10**6, ("program", "name")),
    ("program text", "sum", ("program",)),
    ("program null", None, ("program",)),
    ("claims text", "many", ("claims", "operations")),
    ("claims null", None, ("claims", "error")),
    ("claims list", [1], ("claims",)),
]


def assert_refused(path: Path, *calls: Callable[[Path], object]) -> None:
    for call in calls or (es.verify,):
        with pytest.raises(OURS) as caught:
            call(path)
        assert "\n" not in str(caught.value)
        assert len(str(caught.value)) < 600
        assert str(path) in str(caught.value), "the message does not name the file"


@pytest.mark.parametrize(
    ("value", "keys"), [row[1:] for row in REPLACEMENTS], ids=[row[0] for row in REPLACEMENTS]
)
def test_hostile_entry_is_refused(
    value: object, keys: tuple[str | int, ...], document: Data, write: Callable[[object], Path]
) -> None:
    assert_refused(write(changed(document, value, *keys)))


def matrix_target(entries: object) -> Data:
    return {
        "name": "m",
        "n": 8,
        "input": "complex",
        "packing": "none",
        "digest": "",
        "title": "m",
        "entries": entries,
    }


HOSTILE_MATRICES: dict[str, object] = {
    "empty": [],
    "no columns": [[]],
    "nested": [[[]]],
    "number": 7,
    "null": None,
    "text": "1234",
    "not rectangular": [[1.0, 0.0, 1.0, 0.0], [1.0, 0.0]],
    "half a complex number": [[1.0, 0.0, 1.0]],
    "texts": [["a", "b", "c", "d"]],
    "nulls": [[None] * 4],
    "objects": [[{}] * 4],
    "huge numbers": [[10**400] * 4],
    "three axes": [[[0.0] * 4]],
    "zeros": [[0.0] * 16] * 8,
}


@pytest.mark.parametrize("name", HOSTILE_MATRICES)
def test_hostile_matrix_is_refused(
    name: str, document: Data, write: Callable[[object], Path]
) -> None:
    target = matrix_target(HOSTILE_MATRICES[name])
    assert_refused(write(changed(document, target, "target")))


def test_size_that_contradicts_the_matrix_is_refused(
    document: Data, write: Callable[[object], Path]
) -> None:
    target = matrix_target(np.eye(8, 16).tolist()) | {"n": 7}
    assert_refused(write(changed(document, target, "target")))


@pytest.mark.parametrize("size", [1e200, 1e-200])
def test_entries_of_extreme_size_never_verify_a_wrong_program(
    size: float, document: Data, write: Callable[[object], Path]
) -> None:
    entries = [[size] * 16] * 8
    data = changed(document, matrix_target(entries), "target")
    try:
        verification = es.verify(write(data))
    except DataError:
        return
    assert verification.problems
    assert not verification.is_exact


HOSTILE_TEXTS: dict[str, bytes] = {
    "empty": b"",
    "nested lists": b"[" * 10**5,
    "nested objects": b'{"program":' * 10**5,
    "closed nested lists": b"[" * 10**5 + b"]" * 10**5,
    "nan": b'{"claims": NaN}',
    "infinity": b'{"program": {"inputs": Infinity}}',
    "minus infinity": b"[-Infinity]",
    "many digits": b'{"program": ' + b"9" * 10**5 + b"}",
    "invalid utf-8": b'{"program": "\xff\xfe"}',
    "utf-16": '{"program": {}}'.encode("utf-16"),
    "nul": b"\0" * 100,
    "null": b"null",
    "number": b"1",
    "text": b'"program"',
    "list": b"[]",
    "cut off": b'{"program": {"inputs": 8, ',
    "pickle": pickle.dumps({"program": {"inputs": 8}}),
    "binary": bytes(range(256)) * 10,
    "listing": b"program x: factor, 99999999999 real inputs\n",
    "listing without outputs": b"program x: factor, 2 real inputs\n",
    "listing of digits": b"program x: factor, 2 real inputs\nv" + b"9" * 10**5,
    "listing unknown": b"program x: factor, 2 real inputs\nv2 = evil v0 (1)\noutputs v2\n",
    "listing code": b"program x: factor, 2 real inputs\nv2 = scale v0 (exit(3))\noutputs v2\n",
    "surrogate": b'{"program": {"format": "\\ud800"}}',
}


@pytest.mark.parametrize("name", HOSTILE_TEXTS)
def test_hostile_text_is_refused(name: str, write: Callable[[object], Path]) -> None:
    assert_refused(write(HOSTILE_TEXTS[name]), es.verify, es.show, es.load)


@pytest.mark.parametrize("constant", ["NaN", "Infinity", "-Infinity"])
def test_constants_that_json_has_not_are_refused(
    constant: str, document: Data, write: Callable[[object], Path]
) -> None:
    text = json.dumps(document)
    for place in ('"error": ', '"packing": '):
        number = re.sub(rf"(?<={place})[^,}}]+", constant, text)
        assert number != text
        assert_refused(write(number), es.verify, es.show, es.load)


def test_pickle_is_not_executed(write: Callable[[object], Path], tmp_path: Path) -> None:
    class Bomb:
        def __reduce__(self) -> tuple[Callable[[str], object], tuple[str]]:
            return os.mkdir, (str(tmp_path / "executed"),)

    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        assert_refused(write(pickle.dumps(Bomb(), protocol)), es.verify, es.show, es.load)
    assert not (tmp_path / "executed").exists()


def test_byte_order_mark_is_accepted(document: Data, write: Callable[[object], Path]) -> None:
    path = write(b"\xef\xbb\xbf" + json.dumps(document).encode())
    assert es.verify(path).problems == []


def test_too_large_a_file_is_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "large.json"
    with path.open("wb") as file:
        file.truncate((1 << 28) + 1)
    for call in (es.verify, es.show, es.load):
        with pytest.raises(DataError, match="expected at most"):
            call(path)


@pytest.mark.parametrize("inputs", [20_000, 65_536])
def test_memory_is_bounded(inputs: int, document: Data, write: Callable[[object], Path]) -> None:
    """A file of a few lines must not make `show` take gigabytes."""
    path = write(changed(document["program"], inputs, "inputs"))
    script = (
        "import resource, sys; resource.setrlimit(resource.RLIMIT_AS, (4 << 30, 4 << 30));"
        "sys.argv[0] = 'evosynth'; from evosynth.cli.main import main; main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, "show", path], capture_output=True, text=True, check=False
    )
    assert done.returncode in (0, 65), done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.slow
def test_time_is_bounded(document: Data, write: Callable[[object], Path]) -> None:
    """A chain of additions as long as a program may be."""
    rows = [["sum", [max(0, 7 + k), 0], ["1", "1"], 0] for k in range(100_000)]
    data = changed(document["program"], rows, "instructions")
    path = write(changed(data, [100_007] * 8, "outputs"))
    done = subprocess.run(
        [sys.executable, "-m", "evosynth", "show", path],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode in (0, 65), done.stderr


@pytest.mark.parametrize("path", ["nothing", "folder", "x" * 300, "a\0b", "\ud800"])
def test_paths_without_a_program(
    path: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder").mkdir()
    for call in (es.load, es.show, es.verify):
        with pytest.raises(OURS) as caught:
            call(path)
        assert "\n" not in str(caught.value)


# Fuzzing

mutations = st.lists(
    st.tuples(st.integers(0, 10**5), st.sampled_from(["set", "cut", "add"]), st.integers(0, 255)),
    min_size=1,
    max_size=6,
)
TOKENS = ["0", "-1", "1e999", "9" * 30, '"', "[", "]", "{", "}", ",", "null", "true", "1e300"]
TOKENS += ['"sum"', '"scale"', '"rotation.T"', '"cos(1/0)"', '"1e300"', "NaN", "\\u0000", "0.5"]


def assert_only_our_errors(path: Path) -> None:
    for call in (es.verify, es.show):
        with suppress(*OURS):
            call(path)


@given(changes=mutations)
@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_mutated_bytes_raise_only_our_errors(
    changes: list[tuple[int, str, int]], stored: Result, tmp_path: Path
) -> None:
    assert stored.folder
    content = bytearray((stored.folder / "best.json").read_bytes())
    for place, action, byte in changes:
        position = place % len(content)
        if action == "set":
            content[position] = byte
        elif action == "cut":
            del content[position : position + 1 + byte % 40]
        else:
            content.insert(position, byte)
    (tmp_path / "fuzzed.json").write_bytes(content)
    assert_only_our_errors(tmp_path / "fuzzed.json")


@given(changes=st.lists(st.tuples(st.integers(0, 10**5), st.sampled_from(TOKENS)), max_size=4))
@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_mutated_tokens_raise_only_our_errors(
    changes: list[tuple[int, str]], stored: Result, tmp_path: Path
) -> None:
    """Replaces whole numbers and words, so that most files remain JSON."""
    assert stored.folder
    content = (stored.folder / "best.json").read_text()
    for place, token in changes:
        words = list(re.finditer(r'"[^"]*"|-?\d[\d.e+-]*', content))
        word = words[place % len(words)]
        content = content[: word.start()] + token + content[word.end() :]
    (tmp_path / "fuzzed.json").write_text(content)
    assert_only_our_errors(tmp_path / "fuzzed.json")


@given(st.text(max_size=200))
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_listing_raises_only_our_errors(tmp_path: Path, text: str) -> None:
    path = tmp_path / "listing.txt"
    path.write_bytes(b"program x: factor, 2 real inputs\n" + text.encode("utf-8", "surrogatepass"))
    assert_only_our_errors(path)
