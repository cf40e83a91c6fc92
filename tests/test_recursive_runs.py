"""Algorithms for every size from the command line and in files: stored, verified, exported."""

from __future__ import annotations

import copy
import functools
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result
from recursive_rules import ALGORITHMS, RuleWriter

import evosynth as es
from dsl.algorithm_formats import ALGORITHM_FORMATS
from dsl.errors import DataError, UsageError
from dsl.grammars.recursive.algorithm import Algorithm
from dsl.grammars.recursive.recursive_target import RecursiveTarget, recursive_families
from dsl.grammars.recursive.rule import Rule
from dsl.targets import TARGETS
from evosynth.algorithm_result import refined_at, table_of
from evosynth.algorithm_verification import verify_algorithm
from evosynth.cases import AlgorithmCase, case_of
from evosynth.cli.main import cli
from evosynth.engine.driver import Snapshot
from evosynth.engine.recursive.recursive_breeding import RecursiveBreeding
from evosynth.runs import read_document, write_algorithm_document

Data = dict[str, Any]
FILES = {"run.json", "run.toml", "log.jsonl", "front.json", "best.json", "checkpoint"}
SEARCH: Data = {"recursive": True, "seed": 1, "evaluations": 1_000_000, "islands": 1}
RUN = ["run", "--target", "dft", "--recursive", "--seed", 1, "--islands", 1]
quickly = functools.partial(verify_algorithm, largest=64, largest_proved=8)


@pytest.fixture(autouse=True)
def _quickly(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Elsewhere, with less to verify and to refine."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("evosynth.algorithm_result.verify_algorithm", quickly)
    monkeypatch.setattr("evosynth.api.verify_algorithm", quickly)
    monkeypatch.setattr("evosynth.algorithm_result.LARGEST_REFINED", 8)


def document_of(name: str = "split_radix", algorithm: Algorithm | None = None) -> Data:
    """Returns the file of an algorithm written by hand, with true claims."""
    given = algorithm or ALGORITHMS[name]
    target = RecursiveTarget(given.name, (2,))
    data: Data = json.loads(write_algorithm_document(given, target, quickly(given).found))
    return data


@pytest.fixture(scope="module")
def split_radix() -> str:
    return json.dumps(document_of())


@pytest.fixture
def stored(tmp_path: Path, split_radix: str) -> Path:
    """A run folder with split radix."""
    folder = tmp_path / "dft-recursive"
    folder.mkdir()
    (folder / "best.json").write_text(split_radix)
    return folder


@pytest.fixture
def write(tmp_path: Path) -> Callable[[object], Path]:
    """Writes data to a file."""

    def save(content: object) -> Path:
        path = tmp_path / "file.json"
        path.write_text(content if isinstance(content, str) else json.dumps(content))
        return path

    return save


def invoke(*arguments: object) -> Result:
    return CliRunner().invoke(cli, [str(a) for a in arguments], prog_name="evosynth")


def answer(result: Result) -> Any:
    """Returns the one JSON value on standard output."""
    assert result.stdout.count("\n") == 1, result.output

    def refuse(constant: str) -> None:
        raise AssertionError(f"{constant} is no JSON")

    return json.loads(result.stdout, parse_constant=refuse)


def assert_failed(result: Result, code: int, *parts: str) -> None:
    """One error line, perhaps a hint, and nothing else."""
    assert result.exit_code == code, result.output
    assert result.stdout == ""
    assert isinstance(result.exception, SystemExit)
    lines = result.stderr.splitlines()
    assert [line.split(":")[0] for line in lines] in (["error"], ["error", "hint"]), lines
    assert len(lines[0]) < 600
    for part in parts:
        assert part in result.stderr


def changed(document: Data, value: object, *keys: str | int) -> Data:
    """Returns a copy of a document with one entry changed."""
    data: Data = copy.deepcopy(document)
    place: Any = data
    for key in keys[:-1]:
        place = place[key]
    place[keys[-1]] = value
    return data


# Runs


def test_run_finds_an_algorithm_for_every_size(tmp_path: Path) -> None:
    def stop_at_the_first(snapshot: Snapshot) -> None:
        if snapshot.best is not None:
            raise KeyboardInterrupt

    result = es.run("dft", **SEARCH, out=tmp_path, report=stop_at_the_first)
    assert isinstance(result, es.AlgorithmResult)
    assert result.evaluations < SEARCH["evaluations"]
    assert result.is_verified
    assert result.verification.verified_up_to == 64
    rng = np.random.default_rng(0)
    for n in (1, 2, 64, 512):
        x = rng.standard_normal((3, n)) + 1j * rng.standard_normal((3, n))
        assert np.abs(result.best(x) - np.fft.fft(x)).max() < 1e-11
    with pytest.raises(UsageError, match="cannot do n = 6"):
        result.best(np.zeros(6))
    assert result.operations <= 496  # radix 2 at n = 32
    assert result.growth is not None
    assert result.growth.is_quasilinear
    assert result.found_at is not None
    assert 0 < result.found_at < result.seconds
    data = json.loads(json.dumps(result.to_dict()))
    assert data["operations"]["32"] == result.operations
    assert (data["verified"], data["quasilinear"], data["best_known"]["32"]) == (True, True, 456)
    assert "verified, seed 1>" in repr(result)
    assert "<table>" in result._repr_html_()
    # The folder holds the same.
    assert {path.name for path in result.folder.iterdir()} == FILES
    assert result.folder.name == "dft-recursive-seed1"
    configuration = json.loads((result.folder / "run.json").read_text())
    assert configuration["kind"] == "algorithm"
    assert configuration["result"]["operations"] == data["operations"]
    again = es.load(result.folder)
    assert isinstance(again, Algorithm)
    assert dict(again.rules) == dict(result.best.rules)
    assert es.verify(result.folder).is_verified


def test_run_answers_with_one_json_object(monkeypatch: pytest.MonkeyPatch) -> None:
    _find(monkeypatch, ALGORITHMS["radix2"])
    result = invoke(*RUN, "--goal", 496, "--out", "here", "--json")
    assert result.exit_code == 0, result.output
    data = answer(result)
    assert (data["target"], data["recursive"], data["stopped_by"]) == ("dft", True, "goal")
    assert data["operations"]["32"] == 496
    assert Path(data["run"]).parent == Path("here")
    assert "operations at n = 32, best known 456" in result.stderr
    assert "\x1b" not in result.output


def test_run_tells_people_what_it_found(monkeypatch: pytest.MonkeyPatch) -> None:
    _find(monkeypatch, ALGORITHMS["split_radix"])
    result = invoke(*RUN, "--evaluations", 2_000, "--out", "here", "-q")
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.startswith("dft: n-point DFT, n = 2^a\n")
    for part in (
        "a = dft(evens(x))",
        "456 real operations at n = 32",
        "verified  at n = 1, 2, ..., 64",
        "proved in fields up to Q(zeta_8)",
        "growth    4 n lg n - 6 n + 8 real operations (n lg n or better; exact",
        "  1,160          27,008  1,152 (Johnson and Frigo 2007",
        "seed 1",
        "stopped by evaluations",
    ):
        assert part in result.stdout
    following = re.search(r"^next +evosynth (.*)$", result.stdout, re.MULTILINE)
    assert following
    assert "for (" in invoke(*following.group(1).split()).stdout


def test_a_goal_that_is_not_met_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    _find(monkeypatch, ALGORITHMS["radix2"])
    result = invoke(*RUN, "--evaluations", 2_000, "--goal", "best-known", "-q")
    assert result.exit_code == 1
    assert "goal not met: best-known at n = 32, found 496" in result.stderr


def test_a_radix_without_a_rule_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """24 is compared for radices 2 and 3, which radix 2 alone cannot do."""
    _find(monkeypatch, ALGORITHMS["radix2"])
    run = [*RUN, "--radix", "2,3", "--evaluations", 2_000, "-q"]
    result = invoke(*run, "--goal", 10, "--out", "here")
    assert result.exit_code == 1, result.output
    assert "goal not met: 10 at n = 16, found 176" in result.stderr
    assert "in 176 real operations at n = 16 (" in result.stdout
    assert "n = 2^a only: no rule of radix 3 was found" in result.stdout
    assert "--n 16 --to c" in result.stdout
    data = answer(invoke(*run, "--json"))
    assert (data["compared_size"], data["missing_radices"]) == (16, [3])
    assert data["radices"] == [2, 3]


def test_both_radices_are_compared_where_both_were_found(monkeypatch: pytest.MonkeyPatch) -> None:
    _find(monkeypatch, ALGORITHMS["mixed"])
    data = answer(invoke(*RUN, "--radix", "2,3", "--evaluations", 2_000, "-q", "--json"))
    assert (data["compared_size"], data["missing_radices"]) == (24, [])


def test_nothing_found_is_an_error() -> None:
    result = invoke(*RUN, "--evaluations", 100, "--quiet")
    assert_failed(result, 65, "no algorithm for n-point DFT, every size", "--time")


def test_a_wrong_algorithm_is_not_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    w = RuleWriter(1)
    even, odd = (w.call("dft", w.take(0, 2, offset)) for offset in (0, 1))  # and no factors
    output = w.concatenate(w.add(even, odd), w.subtract(even, odd))
    wrong = Algorithm("dft", {"dft": (Rule(tuple(w.steps), output),)})
    _find(monkeypatch, wrong)
    result = invoke(*RUN, "--evaluations", 2_000, "-q")
    assert result.exit_code == 1
    assert "WRONG     NOT the transform at every size (right up to n = 2)" in result.stdout
    assert "n = 4: relative error" in result.stdout
    assert "refined" not in result.stdout
    data = answer(invoke(*RUN, "--evaluations", 2_000, "-q", "--json"))
    assert data["verified"] is False
    assert data["verified_up_to"] == 2
    assert data["problems"][0].startswith("n = 4: relative error")


def _find(monkeypatch: pytest.MonkeyPatch, algorithm: Algorithm) -> None:
    """Lets every search find an algorithm at once, and nothing better."""

    def begin(self: RecursiveBreeding) -> None:
        self.algorithm, self.found_at = algorithm, 0.1

    monkeypatch.setattr(RecursiveBreeding, "begin", begin)
    monkeypatch.setattr(RecursiveBreeding, "record", lambda self, island: {"best": 1})


def test_an_interrupt_keeps_what_was_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _find(monkeypatch, ALGORITHMS["split_radix"])

    def interrupt(snapshot: Snapshot) -> None:
        raise KeyboardInterrupt

    found = es.run("dft", **SEARCH, out=tmp_path, report=interrupt)
    assert found.stopped_by == "interrupt"
    assert found.is_verified
    assert found.refined is None  # who interrupts does not want to wait
    assert es.verify(found.folder).is_verified


def test_an_interrupt_before_anything_was_found_is_one() -> None:
    def interrupt(snapshot: Snapshot) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        es.run("dft", **SEARCH, report=interrupt)


def test_refinement_can_be_interrupted(monkeypatch: pytest.MonkeyPatch) -> None:
    _find(monkeypatch, ALGORITHMS["dct2"])
    few = SEARCH | {"evaluations": 2_000}
    assert es.run("dct2", **few).refined is not None

    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("evosynth.algorithm_result.refine", interrupt)
    found = es.run("dct2", **few)
    assert (found.stopped_by, found.is_verified, found.refined) == ("evaluations", True, None)


# What is asked for


@pytest.mark.parametrize(
    ("options", "parts"),
    [
        (["--target", "dft", "--recursive", "--n", 8], ("n is not needed", "--n 64")),
        (["--target", "dft", "--radix", 2], ("'radix'", "--recursive")),
        (["--target", "dft", "--n", 8, "--calls", "dct4"], ("'calls'", "--recursive")),
        (["--target", "dft", "--recursive", "--radix", 5], ("expected radix 2, 3 or 2,3, got 5",)),
        (["--target", "dft", "--recursive", "--radix", "two"], ("expected radix", "two")),
        (["--target", "dft", "--recursive", "--input", "real"], ("takes no 'input'",)),
        (["--target", "dft", "--recursive", "--calls", "dft9"], ("unknown transform 'dft9'",)),
        (["--target", "dtf", "--recursive"], ("unknown transform 'dtf'",)),
        (["--target", "sine", "--recursive"], ("'sine' is a function",)),
        (["--target", "a.npy", "--recursive"], ("one matrix",)),
        (["--target", "random", "--recursive"], ("'random'", "evosynth targets")),
        (["--target", "dct1", "--recursive"], ("'dct1' has no size 1",)),
        (["--data", "a.csv", "--recursive"], ("expected the name of a transform",)),
        (["--recursive"], ("expected the name of a transform",)),
        (["--target", "haar", "--recursive", "--goal", "none"], ("expected a goal",)),
        (["--target", "polymul", "--n", 8], ("'polymul'", "--recursive")),
    ],
)
def test_options_that_do_not_go_together(options: list[object], parts: tuple[str, ...]) -> None:
    assert_failed(invoke("run", *options, "-q"), 2, *parts)


def test_targets_differ_by_what_rules_may_do() -> None:
    targets = [
        RecursiveTarget("dft"),
        RecursiveTarget("dft", (3,)),
        RecursiveTarget("dft", (2, 3)),
        RecursiveTarget("dft", (2,), ("idft",)),
        RecursiveTarget("dft", (2,), ()),
        RecursiveTarget("idft"),
    ]
    assert len({target.digest for target in targets}) == len(targets)
    assert [target.compared_size for target in targets[:3]] == [32, 27, 24]
    assert {target.identifier for target in targets} == {"dft-recursive", "idft-recursive"}
    case = case_of(targets[0])
    assert isinstance(case, AlgorithmCase)
    assert case.best_known == 456


def test_families_say_whether_they_can_be_recursive() -> None:
    names = recursive_families()
    assert {"dft", "idft", "wht", "dct2", "dct4", "dht", "polymul"} <= set(names)
    assert not {"random", "dct1", "circulant", "mdct", "legendre"} & set(names)
    rows = {row["name"]: row["recursive"] for row in es.targets()}
    assert [name for name, can in rows.items() if can] == [n for n in names if n in TARGETS]
    told = invoke("targets").stdout
    assert "polymul" in told
    assert "--recursive" in told


# Files


def test_verify_answers_with_one_json_object(stored: Path) -> None:
    result = invoke("verify", stored, "--json")
    assert result.exit_code == 0
    data = answer(result)
    assert (data["verified"], data["problems"]) == (True, [])
    assert data["operations"]["64"] == 1160
    assert data["growth"] == "4 n lg n - 6 n + 8"
    assert "n-point DFT" in data["target"]


def test_verify_tells_people(stored: Path) -> None:
    result = invoke("verify", stored)
    assert result.exit_code == 0
    for part in ("target: n-point DFT", "verified: at n = 1, 2, ..., 64", "proved in", "growth: "):
        assert part in result.stdout


@pytest.mark.parametrize(
    ("value", "keys", "part"),
    [
        (455, ("claims", "operations", "32"), "at n = 32: the file claims 455"),
        ("n", ("claims", "growth"), "growth: the file claims 'n'"),
        (8192, ("claims", "verified_up_to"), "verified up to: the file claims 8192, it is 64"),
    ],
)
def test_false_claims_are_found_out(
    split_radix: str,
    write: Callable[[object], Path],
    value: object,
    keys: tuple[str, ...],
    part: str,
) -> None:
    result = invoke("verify", write(changed(json.loads(split_radix), value, *keys)))
    assert result.exit_code == 1
    assert part in result.stdout
    assert "not verified" in result.stdout


def test_another_algorithm_under_true_claims_is_found_out(
    split_radix: str, write: Callable[[object], Path]
) -> None:
    document = json.loads(split_radix)
    (rule,) = document["algorithm"]["rules"]["dft"]
    position = next(k for k, step in enumerate(rule["steps"]) if step[0] == "twiddle")
    rule["steps"][position][2][0] = "-2"
    result = invoke("verify", write(document))
    assert result.exit_code == 1
    assert "n = 8: relative error" in result.stdout


@pytest.mark.parametrize(
    ("value", "keys"),
    [
        ("dct2", ("target", "name")),
        ([5], ("target", "radices")),
        (["2"], ("target", "radices")),
        (7, ("target", "calls")),
        ("0", ("target", "digest")),
        (None, ("target",)),
        ({"x": 1}, ("claims", "operations")),
        ({"8": 1.5}, ("claims", "operations")),
        ("64", ("claims", "verified_up_to")),
        (True, ("claims", "proved_up_to")),
        (8, ("claims", "growth")),
        ([], ("claims",)),
        (None, ("algorithm",)),
        ("evosynth-program", ("algorithm", "format")),
        (2, ("algorithm", "version")),
        ({}, ("algorithm", "rules")),
        ([["take", [9], ["2", "0"], ""]], ("algorithm", "rules", "dft", 0, "steps")),
    ],
)
def test_damaged_files_are_refused(
    split_radix: str, write: Callable[[object], Path], value: object, keys: tuple[str | int, ...]
) -> None:
    path = write(changed(json.loads(split_radix), value, *keys))
    for command in ("verify", "show"):
        assert_failed(invoke(command, path), 65, str(path))


def test_files_cut_short_are_refused(split_radix: str, write: Callable[[object], Path]) -> None:
    for part in (split_radix[:-2], split_radix[: len(split_radix) // 2], '{"algorithm": '):
        assert_failed(invoke("verify", write(part)), 65, "not JSON")


def test_a_bare_algorithm_is_read(write: Callable[[object], Path]) -> None:
    path = write(document_of()["algorithm"])
    assert isinstance(es.load(path), Algorithm)
    assert invoke("verify", path).exit_code == 0


# Formats


@pytest.mark.parametrize("form", [f.name for f in ALGORITHM_FORMATS if "n" not in f.options])
def test_show_writes_the_algorithm(stored: Path, form: str) -> None:
    result = invoke("show", stored, "--format", form)
    assert result.exit_code == 0, result.output
    assert result.stdout == es.show(stored, form)
    assert "dft" in result.stdout


@pytest.mark.parametrize("form", ["text", "svg", "c", "numpy", "latex", "json", "sympy"])
def test_show_writes_the_program_of_a_size(stored: Path, form: str) -> None:
    result = invoke("show", stored, "--format", form, "--n", 8)
    assert result.exit_code == 0, result.output
    assert "dft8" in result.stdout or form in ("latex", "svg", "c", "sympy")


def test_export_writes_files(stored: Path) -> None:
    assert invoke("export", stored, "-o", "dft.txt").exit_code == 0
    assert Path("dft.txt").read_text().startswith("dft: n-point DFT")
    assert invoke("export", stored, "-o", "dft.c", "--n", 1024).exit_code == 0
    assert "for (" in Path("dft.c").read_text()
    assert invoke("export", stored, "-o", "dft16.json", "--n", 16).exit_code == 0
    assert es.load("dft16.json").count.operations == 168
    assert es.export(stored, "numpy", n=8, name="f").count("def f(") == 1
    refined = invoke("refine", "dft16.json", "--rounds", 1, "--seed", 0)
    assert refined.exit_code == 0, refined.output
    assert "168" in refined.stdout


@pytest.mark.parametrize(
    ("arguments", "parts"),
    [
        (["show", "--n", 6], ("cannot do n = 6", "1, 2, 4, 8, 16")),
        (["show", "--n", 0], ("cannot do n = 0",)),
        (["show", "--n", 512], ("too long", "256")),
        (["show", "--format", "svg"], ("one size", "--n 64")),
        (["show", "--format", "python", "--n", 8], ("leave n out",)),
        (["show", "--format", "pdf"], ("unknown format 'pdf'",)),
        (["export", "--to", "c"], ("one size",)),
        (["export", "--to", "c", "--n", 12], ("cannot do n = 12",)),
        (["export", "--to", "text", "--name", "f"], ("no option 'name'",)),
        (["export"], ("--to FORMAT",)),
    ],
)
def test_formats_that_an_algorithm_does_not_have(
    stored: Path, arguments: list[object], parts: tuple[str, ...]
) -> None:
    command, *others = arguments
    assert_failed(invoke(command, stored, *others), 2, *parts)


def test_a_program_has_one_size(tmp_path: Path, stored: Path) -> None:
    es.export(stored, output=tmp_path / "dft8.json", n=8)
    assert_failed(invoke("show", tmp_path / "dft8.json", "--n", 8), 2, "the program has one size")


@pytest.mark.parametrize("command", ["bench", "refine", "compare"])
def test_commands_for_programs_say_how_to_get_one(stored: Path, command: str) -> None:
    result = invoke(command, stored)
    assert_failed(result, 65, "every size", "evosynth export", "--n 64 -o dft64.json")
    with pytest.raises(DataError, match="every size"):
        read_document(stored / "best.json")


# Figures


def test_the_table_has_what_is_known() -> None:
    rows = {row.n: row for row in table_of(ALGORITHMS["split_radix"])}
    assert list(rows) == [8, 16, 32, 64, 128, 256, 512, 1024]
    assert (rows[64].operations, rows[64].dense) == (1160, 27_008)
    assert rows[64].known is not None
    assert rows[64].known.operations == 1152
    assert (rows[1024].operations, rows[1024].dense, rows[1024].known) == (34_824, None, None)
    assert all(row.dense is None for row in table_of(ALGORITHMS["polymul"]))
    assert len(table_of(ALGORITHMS["mixed"])) <= 12


def test_scaled_values_are_counted_not_remembered() -> None:
    found = refined_at(ALGORITHMS["dct2"], 0)
    assert found is not None
    assert (found.n, found.before, found.after) == (8, 45, 42)
    assert found.verdict.startswith("proved in")
    assert refined_at(ALGORITHMS["wht"], 0) is None  # nothing is gained
    assert refined_at(ALGORITHMS["polymul"], 0) is None
