"""Formulas from the command line and in files: stored whole, verified, and never believed."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sympy
from click.testing import CliRunner, Result

import evosynth as es
from dsl.errors import DataError
from dsl.formats import FORMATS
from dsl.samples import from_arrays
from evosynth.cli import formula_lines
from evosynth.cli.main import cli

Data = dict[str, Any]
FILES = {"run.json", "run.toml", "log.jsonl", "front.json", "best.json"}
SINE = ["run", "--target", "sine", "--frequency", 31.37, "--samples", 400, "--seed", 1]
TABLE = "t,idle,temp\n" + "".join(f"{k / 4},{k * k % 7},{2.5 * k / 4 - 1}\n" for k in range(60))


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that found a sine."""
    out = tmp_path_factory.mktemp("runs")
    found = es.run("sine", frequency=31.37, samples=400, seed=1, evaluations=500, out=out)
    assert found.is_verified
    return Path(found.folder)


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run on a file, with an output that is a line."""
    out = tmp_path_factory.mktemp("runs")
    (out / "f.csv").write_text(TABLE)
    found = es.run(data=out / "f.csv", x="t", y="temp", seed=1, evaluations=250, out=out)
    return Path(found.folder)


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


def load_strictly(text: str) -> Any:
    """Parses JSON as the standard has it: NaN and Infinity are errors."""

    def refuse(constant: str) -> None:
        raise AssertionError(f"{constant} is no JSON")

    return json.loads(text, parse_constant=refuse)


def answer(result: Result) -> Any:
    """Returns the one JSON value on standard output."""
    assert result.stdout.count("\n") == 1, result.output
    return load_strictly(result.stdout)


def assert_failed(result: Result, code: int, *parts: str) -> None:
    """One error line, perhaps a hint, and nothing else."""
    assert result.exit_code == code, result.output
    assert isinstance(result.exception, SystemExit)
    lines = result.stderr.splitlines()
    assert [line.split(":")[0] for line in lines] in (["error"], ["error", "hint"]), lines
    assert len(lines[0]) < 600
    for part in parts:
        assert part in result.stderr


def best_of(folder: Path) -> Data:
    data: Data = load_strictly((folder / "best.json").read_text())
    return data


def changed(document: Data, value: object, *keys: str | int) -> Data:
    """Returns a copy of a document with one entry changed."""
    data: Data = copy.deepcopy(document)
    place: Any = data
    for key in keys[:-1]:
        place = place[key]
    place[keys[-1]] = value
    return data


# Runs


def test_run_answers_with_one_json_object() -> None:
    result = invoke(*SINE, "--evaluations", 500, "--out", "here", "--json")
    assert result.exit_code == 0, result.output
    data = answer(result)
    assert data["target"] == "sine"
    assert data["formulas"] == {"y": "sin(3137*x/100)"}
    assert (data["seed"], data["evaluations"], data["verified"]) == (1, 500, True)
    assert data["r2"] > 1 - 1e-9
    assert data["operations"] == (data["additions"] + data["multiplications"] + data["functions"])
    assert data["samples"]["frequency"] == 31.37
    assert data["stopped_by"] == "evaluations"
    assert Path(data["run"]).parent == Path("here")
    assert {point["output"] for point in data["front"]} == {"y"}
    assert "\x1b" not in result.output


def test_run_tells_people_what_it_found() -> None:
    result = invoke(*SINE, "--evaluations", 500, "--out", "here", "-q")
    assert (result.exit_code, result.stderr) == (0, "")
    first = result.stdout.splitlines()[0]
    assert first == "y = sin(3137*x/100)"
    for part in ("verified", "made by   sin(31.37 x)", "10,000 unseen rows", "seed 1"):
        assert part in result.stdout
    following = re.search(r"^next +evosynth (.*)$", result.stdout, re.MULTILINE)
    assert following
    assert invoke(*following.group(1).split()).exit_code == 0


def test_run_on_a_file() -> None:
    Path("f.csv").write_text(TABLE + "15.25,0,\n")
    arguments = ["--data", "f.csv", "--x", "t", "--y", "temp", "--evaluations", 250, "--seed", 1]
    result = invoke("run", *arguments, "--json")
    assert result.exit_code == 0, result.output
    data = answer(result)
    assert data["formulas"] == {"temp": "5*t/2 - 1"}
    assert "left out 1 of 61 rows" in result.stderr
    assert invoke("verify", data["run"]).exit_code == 0
    text = invoke("run", *arguments, "-q").stdout
    assert text.startswith("temp = 5*t/2 - 1\n")
    assert "nobody knows the formula" in text


def test_inputs_keep_their_names_whatever_they_are() -> None:
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(60, 3))
    y = 2 * rows[:, 0] - 3 * rows[:, 1] + 5 * rows[:, 2]
    table = np.column_stack([rows, y])
    np.savetxt("f.csv", table, delimiter=",", header="x1,x0,E,lambda", comments="", fmt="%.17g")
    data = answer(invoke("run", "--data", "f.csv", "--seed", 0, "--evaluations", 1500, "--json"))
    terms = sorted(re.sub(r" ", "", data["formulas"]["lambda"]).replace("-", "+-").split("+"))
    assert [t for t in terms if t] == sorted(["2*x1", "-3*x0", "5*E"])


def test_a_formula_that_is_not_the_targets_is_exit_1() -> None:
    result = invoke("run", "--target", "sines", "--count", 9, "--samples", 100, "--seed", 0,
                    "--evaluations", 20, "--json")  # fmt: skip
    assert result.exit_code == 1
    assert answer(result)["verified"] is False


def test_goal_not_met_is_exit_1() -> None:
    result = invoke(*SINE, "--evaluations", 300, "--goal", 1, "-q")
    assert result.exit_code == 1
    assert "goal not met: 1" in result.stderr


WRONG: list[tuple[list[object], int, tuple[str, ...]]] = [
    ([*SINE, "--n", 8], 2, ("'sine'", "'n'")),
    ([*SINE, "--input", "real"], 2, ("'input'",)),
    ([*SINE, "--scaling", "free"], 2, ("'scaling'",)),
    ([*SINE, "--count", 3], 2, ("count",)),
    ([*SINE, "--noise", -1], 2, ("noise", "-1")),
    ([*SINE, "--noise", "nan"], 2, ("noise", "nan")),
    ([*SINE, "--samples", 0], 2, ("samples", "0")),
    ([*SINE, "--samples", 10**12], 2, ("samples",)),
    ([*SINE, "--frequency", 0], 2, ("frequency", "0")),
    ([*SINE, "--frequency", "inf"], 2, ("frequency", "inf")),
    ([*SINE, "--x", "t"], 2, ("'x'",)),
    ([*SINE, "--holdout", "tail"], 2, ("'holdout'",)),
    ([*SINE, "--library", "none"], 2, ("library",)),
    ([*SINE, "--goal", "best-known"], 2, ("--goal",)),
    ([*SINE, "--strategy", "evolv"], 2, ("did you mean 'evolve'",)),
    (["run", "--target", "dft", "--n", 8, "--frequency", 31], 2, ("'dft'", "'frequency'")),
    (["run", "--target", "dft", "--n", 8, "--noise", 0], 2, ("'noise'",)),
    (["run", "--target", "sinee"], 2, ("'sinee'", "did you mean 'sine'")),
    (["run", "--target", "exp_neg"], 2, ("did you mean 'exp-neg'",)),
    (["run"], 2, ("--target", "--data")),
    (["run", "--data", "f.csv", "--target", "sine"], 2, ("'target'",)),
    (["run", "--data", "f.csv", "--noise", 0.1], 2, ("'noise'",)),
    (["run", "--data", "f.csv", "--holdout", "front"], 2, ("'front'", "tail")),
    (["run", "--data", "f.csv", "--y", "tmp"], 65, ("'tmp'", "did you mean 'temp'")),
    (["run", "--data", "f.csv", "--x", "temp", "--y", "temp"], 65, ("'temp'", "twice")),
    (["run", "--data", "f.csv", "--x", ""], 65, ("column",)),
    (["run", "--data", "missing.csv"], 65, ("missing.csv", "no such file")),
    (["run", "--data", "folder"], 65, ("folder", "regular file")),
    (["run", "--data", "/dev/null"], 65, ("/dev/null", "regular file")),
    (["run", "--data", "x" * 300], 74, ("xxx",)),
    (["run", "--data", "empty.csv"], 65, ("empty.csv", "empty")),
    (["run", "--data", "text.csv"], 65, ("text.csv", "a number")),
    (["run", "--data", "short.csv"], 65, ("short.csv", "4 rows")),
]  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "code", "parts"), WRONG, ids=[" ".join(map(str, r[0]))[-45:] for r in WRONG]
)
def test_bad_arguments(arguments: list[object], code: int, parts: tuple[str, ...]) -> None:
    Path("f.csv").write_text(TABLE)
    Path("empty.csv").write_text("")
    Path("text.csv").write_text("a,b\n" + "1,x\n" * 9)
    Path("short.csv").write_text("a,b\n1,2\n3,4\n")
    Path("folder").mkdir()
    before = sorted(Path().rglob("*"))
    result = invoke(*arguments)
    assert_failed(result, code, *parts)
    assert result.stdout == ""
    assert sorted(Path().rglob("*")) == before, "something was left behind"


# Run folders


@pytest.mark.parametrize("name", ["stored", "measured"])
def test_run_folder_is_complete_and_valid(name: str, request: pytest.FixtureRequest) -> None:
    folder: Path = request.getfixturevalue(name)
    assert {path.name for path in folder.iterdir()} - {"checkpoint"} == FILES
    run = load_strictly((folder / "run.json").read_text())
    best = best_of(folder)
    assert run["format"] == "evosynth-run"
    assert run["digest"] == best["target"]["digest"]
    assert (run["kind"], run["target"]) == ("samples", best["target"]["samples"])
    assert run["spec"]["seed"] == 1
    assert run["result"]["run"] == str(folder)
    for claim, value in best["claims"].items():
        assert run["result"][claim] == value
    lines = [load_strictly(line) for line in (folder / "log.jsonl").read_text().splitlines()]
    assert lines.pop(0) == {"format": "evosynth-log", "version": 1}
    end = lines.pop()
    assert end == {"end": "evaluations", "best": best["claims"]["operations"]}
    assert lines[-1]["evaluations"] == run["result"]["evaluations"]
    assert all({"epoch", "island", "evaluations", "best", "error"} <= set(r) for r in lines)
    front = load_strictly((folder / "front.json").read_text())["programs"]
    operations = [point["operations"] for point in front]
    errors = [point["error"] for point in front]
    assert operations == sorted(set(operations))
    assert errors == sorted(set(errors), reverse=True)
    assert [p["formula"] for p in run["result"]["front"]]
    assert len(front) == len(run["result"]["front"])


def test_what_is_undefined_is_still_valid_json(tmp_path: Path) -> None:
    """Of a formula that is invalid where nothing was fitted."""
    x = np.concatenate([np.linspace(1, 5, 60), np.zeros(40)])
    y = np.where(x > 0, 1 / np.maximum(x, 0.5), 9.0)
    target = from_arrays(x, y, seed=0, holdout="tail")
    found = es.run(target, seed=0, evaluations=500, out=tmp_path)
    for path in Path(found.folder).glob("*.json*"):
        for line in path.read_text().splitlines() if path.suffix == ".jsonl" else [""]:
            load_strictly(line or path.read_text())
    load_strictly(json.dumps(found.to_dict()))


def test_several_outputs_are_stored_under_their_names(tmp_path: Path) -> None:
    x = np.linspace(-3, 3, 60)
    np.savetxt("f.csv", np.column_stack([x, 2 * x, x * x]), delimiter=",", header="t,a,b",
               comments="")  # fmt: skip
    result = invoke("run", "--data", "f.csv", "--y", "a,b", "--seed", 2, "--evaluations", 1000,
                    "--out", "here", "--json")  # fmt: skip
    data = answer(result)
    assert data["formulas"] == {"a": "2*t", "b": "t**2"}
    assert {point["output"] for point in data["front"]} == {"a", "b"}
    assert invoke("verify", data["run"]).exit_code == 0


# Formats


@pytest.mark.parametrize("form", sorted({*FORMATS.names()} - {"svg", "c-fixed"}))
def test_show_writes_every_format(form: str, stored: Path) -> None:
    result = invoke("show", stored, "--format", form)
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout == es.show(stored, form)
    assert "sin" in result.stdout
    assert "31.37" in result.stdout or "3137" in result.stdout


def test_pictures_are_of_matrices_alone(stored: Path) -> None:
    assert_failed(invoke("show", stored, "--format", "svg"), 2, "SVG", "latex")


@pytest.mark.parametrize(("form", "suffix"), [("c", "c"), ("numpy", "py"), ("torch", "py")])
def test_export_writes_code(form: str, suffix: str, stored: Path) -> None:
    result = invoke("export", stored, "--to", form, "-o", f"code.{suffix}")
    assert result.exit_code == 0, result.output
    text = Path(f"code.{suffix}").read_text()
    assert "sin" in text
    if form == "c":
        return
    names: Data = {}
    exec(compile(text, "code.py", "exec"), names)
    assert [name for name in names if "sine" in name.lower()]


def test_exported_functions_compute_the_formula(stored: Path) -> None:
    text = es.show(stored, "numpy")
    names: Data = {}
    exec(compile(text, "code.py", "exec"), names)
    function = names["sine_31_37"]
    x = np.linspace(-3, 3, 20)[:, None]
    assert np.allclose(function(x), np.sin(31.37 * x), rtol=0, atol=1e-12)


@pytest.mark.parametrize("command", [["refine"], ["bench", "--batch", 10]])
def test_what_only_matrices_have_is_refused(command: list[object], stored: Path) -> None:
    before = sorted(stored.iterdir())
    assert_failed(invoke(command[0], stored, *command[1:]), 65, "transform", "formulas")
    bare = best_of(stored)["program"]
    Path("bare.json").write_text(json.dumps(bare))
    assert_failed(invoke(command[0], "bare.json", *command[1:]), 65, "transform", "formulas")
    assert sorted(stored.iterdir()) == before


# Verification


def test_verify(stored: Path, measured: Path) -> None:
    for folder, title in ((stored, "sin(31.37 x)"), (measured, "temp in 60 rows of")):
        result = invoke("verify", folder)
        assert (result.exit_code, result.stderr) == (0, "")
        target, verified = result.stdout.splitlines()
        assert target.startswith(f"target: {title}")
        assert verified.startswith("verified: ")
        data = answer(invoke("verify", folder, "--json"))
        assert (data["verified"], data["problems"]) == (True, [])
        assert data["r2"] > 1 - 1e-9
        assert {k: data[k] for k in best_of(folder)["claims"]} == best_of(folder)["claims"]


@pytest.mark.parametrize(
    ("claim", "value"),
    [
        ("operations", 1),
        ("additions", 7),
        ("multiplications", 0),
        ("functions", 0),
        ("error", 0.5),
        ("error", "infinite"),
        ("validation_error", 1e-3),
        ("validation_error", None),
        ("test_error", 1e-6),
        ("test_error", None),
    ],
)
def test_a_wrong_claim_is_told(
    claim: str, value: object, stored: Path, write: Callable[[object], Path]
) -> None:
    path = write(changed(best_of(stored), value, "claims", claim))
    result = invoke("verify", path)
    assert (result.exit_code, result.stderr) == (1, "")
    assert "not verified" in result.stdout
    assert claim.replace("_", " ") in result.stdout
    assert answer(invoke("verify", path, "--json"))["verified"] is False


def with_constant(document: Data, text: str) -> Data:
    """Returns a document with its first constant replaced."""
    data = copy.deepcopy(document)
    row = next(r for r in data["program"]["instructions"] if r[0] == "constant")
    row[2] = [text]
    return data


def test_a_wrong_program_is_told(stored: Path, write: Callable[[object], Path]) -> None:
    path = write(with_constant(best_of(stored), "31.371"))
    result = invoke("verify", path)
    assert (result.exit_code, result.stderr) == (1, "")
    assert "unseen rows" in result.stdout
    honest = es.verify(path).found
    data = with_constant(best_of(stored), "31.371")
    for name in ("error", "validation_error", "test_error"):
        data["claims"][name] = getattr(honest, name)
    assert invoke("verify", write(data)).exit_code == 1, "true claims of a wrong formula"


@pytest.mark.parametrize("number", ["1e300", "1e153", "1e-300"])
def test_an_error_of_any_size_is_told(
    number: str, measured: Path, write: Callable[[object], Path]
) -> None:
    """Also where its square is beyond what a double holds."""
    table = Path("small.csv").absolute()
    table.write_text("t,y\n" + "".join(f"{k},{k}e-90\n" for k in range(60)))
    found = es.run(data=table, seed=0, evaluations=50, out="runs")
    data = best_of(found.folder)
    data["program"]["instructions"] = [["constant", [], [number], 0]]
    data["program"]["outputs"] = [1]
    path = write(data)
    result = invoke("verify", path)
    assert (result.exit_code, result.stderr) == (1, ""), result.output
    assert answer(invoke("verify", path, "--json"))["verified"] is False


def test_a_data_file_that_changed_is_told(tmp_path: Path) -> None:
    Path("f.csv").write_text(TABLE)
    found = es.run(data="f.csv", x="t", y="temp", seed=1, evaluations=50, out="runs")
    assert invoke("verify", found.folder).exit_code == 0
    Path("f.csv").write_text(TABLE.replace("0.25,1,-0.375", "0.25,1,-0.376"))
    assert_failed(invoke("verify", found.folder), 65, "best.json", "samples", "changed")
    Path("f.csv").write_text(TABLE.replace(",temp", ",warmth"))
    assert_failed(invoke("verify", found.folder), 65, "'temp'")
    Path("f.csv").unlink()
    assert_failed(invoke("verify", found.folder), 65, "f.csv", "no such file")


def test_arrays_cannot_be_verified_from_a_file(tmp_path: Path) -> None:
    x = np.linspace(0, 3, 40)
    found = es.run(from_arrays(x, 3 * x, seed=0), seed=1, evaluations=50, out=tmp_path / "runs")
    assert_failed(invoke("verify", found.folder), 65, "arrays", "Python")
    assert invoke("show", found.folder).exit_code == 0


# Hostile documents

HOSTILE: list[tuple[str, object, tuple[str | int, ...]]] = [
    ("no target", None, ("target",)),
    ("target list", [], ("target",)),
    ("source null", None, ("target", "samples")),
    ("source list", [1], ("target", "samples")),
    ("source text", "sine", ("target", "samples")),
    ("source of nothing", {"seed": 1}, ("target", "samples")),
    ("unknown family", "nonesuch", ("target", "samples", "name")),
    ("family list", [], ("target", "samples", "name")),
    ("family null", None, ("target", "samples", "name")),
    ("seed text", "1", ("target", "samples", "seed")),
    ("seed -1", -1, ("target", "samples", "seed")),
    ("seed other", 2, ("target", "samples", "seed")),
    ("seed enormous", 10**400, ("target", "samples", "seed")),
    ("noise text", "x", ("target", "samples", "noise")),
    ("noise list", [], ("target", "samples", "noise")),
    ("samples -1", -1, ("target", "samples", "samples")),
    ("samples huge", 10**15, ("target", "samples", "samples")),
    ("samples fraction", 2.5, ("target", "samples", "samples")),
    ("frequency text", "31", ("target", "samples", "frequency")),
    ("frequency huge", 1e300, ("target", "samples", "frequency")),
    ("unknown parameter", 1, ("target", "samples", "colour")),
    ("parameter self", 1, ("target", "samples", "self")),
    ("no such file", {"path": "nowhere.csv", "seed": 1}, ("target", "samples")),
    ("directory", {"path": "/", "seed": 1}, ("target", "samples")),
    ("device", {"path": "/dev/null", "seed": 1}, ("target", "samples")),
    ("endless", {"path": "/dev/zero", "seed": 1}, ("target", "samples")),
    ("path list", {"path": [], "seed": 1}, ("target", "samples")),
    ("path number", {"path": 0, "seed": 1}, ("target", "samples")),
    ("path empty", {"path": "", "seed": 1}, ("target", "samples")),
    ("path long", {"path": "x" * 300, "seed": 1}, ("target", "samples")),
    ("path nul", {"path": "a\0b", "seed": 1}, ("target", "samples")),
    ("path surrogate", {"path": "\ud800", "seed": 1}, ("target", "samples")),
    ("path without seed", {"path": "/dev/null"}, ("target", "samples")),
    ("columns number", {"path": "g.csv", "seed": 1, "x": 5}, ("target", "samples")),
    ("columns nested", {"path": "g.csv", "seed": 1, "x": [[]]}, ("target", "samples")),
    ("columns none", {"path": "g.csv", "seed": 1, "y": []}, ("target", "samples")),
    ("holdout list", {"path": "g.csv", "seed": 1, "holdout": []}, ("target", "samples")),
    ("another file", {"path": "g.csv", "seed": 1}, ("target", "samples")),
    ("digest", "0" * 64, ("target", "digest")),
    ("digest number", 0, ("target", "digest")),
    ("claims null", None, ("claims",)),
    ("claims list", [], ("claims",)),
    ("operations text", "11", ("claims", "operations")),
    ("operations true", True, ("claims", "operations")),
    ("operations fraction", 1.5, ("claims", "operations")),
    ("error null", None, ("claims", "error")),
    ("error text", "small", ("claims", "error")),
    ("error nan", "nan", ("claims", "error")),
    ("error negative", -1.0, ("claims", "error")),
    ("error list", [], ("claims", "test_error")),
    ("error enormous", 10**400, ("claims", "validation_error")),
    ("grammar", "factor", ("program", "grammar")),
    ("grammar unknown", "nonesuch", ("program", "grammar")),
    ("domain", "complex", ("program", "domain")),
    ("inputs 2", 2, ("program", "inputs")),
    ("inputs huge", 10**9, ("program", "inputs")),
    ("no outputs", [], ("program", "outputs")),
    ("two outputs", [1, 1], ("program", "outputs")),
    ("output forward", [99], ("program", "outputs")),
    ("instructions null", None, ("program", "instructions")),
    ("unknown primitive", ["tan", [0], [], 0], ("program", "instructions", 0)),
    ("code", ["__import__('os')", [0], [], 0], ("program", "instructions", 0)),
    ("too many operands", ["sin", [0, 0], [], 0], ("program", "instructions", 0)),
    ("operand forward", ["sin", [7], [], 0], ("program", "instructions", 0)),
    ("operand negative", ["sin", [-1], [], 0], ("program", "instructions", 0)),
    ("constant missing", ["constant", [], [], 0], ("program", "instructions", 0)),
    ("constant code", ["constant", [], ["exit(3)"], 0], ("program", "instructions", 0)),
    ("constant nan", ["constant", [], ["nan"], 0], ("program", "instructions", 0)),
    ("constant infinite", ["constant", [], ["1e999"], 0], ("program", "instructions", 0)),
    ("constant complex", ["constant", [], ["I"], 0], ("program", "instructions", 0)),
]


@pytest.mark.parametrize(("value", "keys"), [r[1:] for r in HOSTILE], ids=[r[0] for r in HOSTILE])
def test_hostile_entry_is_refused(
    value: object, keys: tuple[str | int, ...], stored: Path, write: Callable[[object], Path]
) -> None:
    Path("g.csv").write_text(TABLE)
    path = write(changed(best_of(stored), value, *keys))
    for form in ([], ["--json"]):
        result = invoke("verify", path, *form)
        assert result.stdout == ""
        assert_failed(result, 65, str(path))
    with pytest.raises(DataError):
        es.verify(path)


@pytest.mark.parametrize("constant", ["NaN", "Infinity", "-Infinity"])
def test_constants_that_json_has_not_are_refused(
    constant: str, stored: Path, write: Callable[[object], Path]
) -> None:
    text = (stored / "best.json").read_text()
    changed_text = re.sub(r'("test_error": )[^,}]+', rf"\g<1>{constant}", text)
    assert changed_text != text
    assert_failed(invoke("verify", write(changed_text)), 65)


def test_nothing_of_a_listing_is_believed(stored: Path) -> None:
    """A bare listing has no claims: it is shown, and not verified."""
    Path("bare.txt").write_text(es.show(stored, "text"))
    assert es.load("bare.txt") == es.load(stored)
    assert_failed(invoke("verify", "bare.txt"), 65, "bare program")


def test_whole_numbers_of_hours_are_told() -> None:
    x = sympy.Symbol("x")
    formulas = [sympy.floor(sympy.Mod(x, 86400) / 36000), sympy.Mod(x, 3600), 7 * x]
    assert formula_lines._hours(formulas) == [
        "where     86400 = 24*60*60, 36000 = 10*60*60, 3600 = 60*60"
    ]
    assert formula_lines._hours([sympy.sin(31 * x), sympy.Integer(0)]) == []
    assert formula_lines._sexagesimal(48) == "2*24*60*60"
