"""The command line: answers on standard output, talk on standard error, right exit codes."""

from __future__ import annotations

import json
import os
import pty
import re
import select
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.io
from click.testing import CliRunner, Result

import evosynth as es
from dsl.formats import FORMATS
from dsl.patterns import PATTERNS
from dsl.primitives import PRIMITIVES
from dsl.targets import TARGETS
from evosynth import catalogue
from evosynth.cli.main import cli

RUN = ["run", "--target", "dft", "--n", "8"]
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
# A child of a background job ignores SIGINT unless it asks for it.
SCRIPT = (
    "import signal; signal.signal(signal.SIGINT, signal.default_int_handler);"
    "from evosynth.cli.main import main; main()"
)


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = es.run(
        "dft", n=8, seed=0, goal=56, evaluations=20_000, out=tmp_path_factory.mktemp("runs")
    ).folder
    assert folder
    return folder


def invoke(*arguments: object) -> Result:
    return CliRunner().invoke(cli, [str(a) for a in arguments], prog_name="evosynth")


def spawn(*arguments: object, **options: Any) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-u", "-c", SCRIPT, *map(str, arguments)],
        **({"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True} | options),
    )


def answer(result: Result) -> Any:
    """Returns the one JSON value on standard output."""
    assert result.stdout.endswith("\n")
    assert result.stdout.count("\n") == 1

    def refuse(constant: str) -> None:
        raise AssertionError(f"{constant} is no JSON")

    return json.loads(result.stdout, parse_constant=refuse)


def assert_failed(result: Result, code: int, *parts: str) -> None:
    """One error line, perhaps a hint, nothing else, and nothing left behind."""
    assert result.exit_code == code, result.output
    assert result.stdout == ""
    assert isinstance(result.exception, SystemExit)
    lines = result.stderr.splitlines()
    assert [line.split(":")[0] for line in lines] in (["error"], ["error", "hint"]), lines
    for part in parts:
        assert part in result.stderr
    assert "\x1b" not in result.stderr


# Answers


def test_run_answers_with_one_json_object() -> None:
    result = invoke(*RUN, "--seed", 0, "--goal", 56, "--json")
    assert result.exit_code == 0
    data = answer(result)
    assert set(data) >= KEYS
    assert (data["target"], data["n"], data["seed"]) == ("dft", 8, 0)
    assert data["operations"] == data["additions"] + data["multiplications"] == 56
    assert (data["dense_operations"], data["best_known"], data["verified"]) == (176, 56, True)
    assert data["scored_by"] == {"evaluator": "numba", "device": "cpu"}
    assert data["run"] == str(Path("evosynth-runs") / "dft8-seed0")
    assert Path(data["run"]).is_dir()
    assert "8-point DFT" in result.stderr
    assert "seed 0" in result.stderr
    assert "evaluations" in result.stderr, "progress, one line at a time"
    assert "error" not in result.stderr
    assert "\x1b" not in result.output


def test_run_tells_people_what_it_found() -> None:
    result = invoke(*RUN, "--seed", 0, "--goal", 56, "--out", "here")
    assert result.exit_code == 0
    for part in ("8-point DFT", "56 real operations", "verified", "176", "best known 56"):
        assert part in result.stdout
    for part in ("seed 0", "stopped by goal", "here/dft8-seed0", "numpy.fft.fft"):
        assert part in result.stdout
    assert re.search(r"^y0 = ", result.stdout, re.MULTILINE)
    assert "sqrt(2)" in result.stdout
    assert "0.7071" not in result.output, "constants are exact"
    assert "\x1b" not in result.output
    next_command = re.search(r"^next +evosynth (.*)$", result.stdout, re.MULTILINE)
    assert next_command
    assert invoke(*next_command.group(1).split()).exit_code == 0


@pytest.mark.parametrize("flag", ["-q", "--quiet"])
def test_quiet_leaves_the_answer_alone(flag: str) -> None:
    result = invoke(*RUN, "--seed", 0, "--evaluations", 200, flag)
    assert (result.exit_code, result.stderr) == (0, "")
    assert "found" in result.stdout
    result = invoke(*RUN, "--seed", 0, "--evaluations", 200, flag, "--json")
    assert answer(result)["seed"] == 0
    assert result.stderr == ""


def test_a_seed_is_told_and_repeats_the_run() -> None:
    first = answer(invoke(*RUN, "--evaluations", 600, "--json"))
    again = answer(invoke(*RUN, "--evaluations", 600, "--json", "--seed", first["seed"]))
    assert again["run"] == f"{first['run']}-2"
    assert (Path(again["run"]) / "best.json").read_bytes() == (
        Path(first["run"]) / "best.json"
    ).read_bytes()
    drop = {"seconds", "run"}
    assert {k: v for k, v in again.items() if k not in drop} == {
        k: v for k, v in first.items() if k not in drop
    }


def test_run_takes_a_file() -> None:
    np.save("matrix.npy", np.array([[1.0, 2.0], [2.0, 1.0], [1.0, 1.0]]))
    result = invoke("run", "--target", "matrix.npy", "--evaluations", 400, "--json", "--seed", 3)
    data = answer(result)
    assert result.exit_code == 0
    assert (data["target"], data["n"], data["best_known"]) == ("matrix", 2, None)
    assert data["run"] == str(Path("evosynth-runs") / "matrix2-seed3")


def test_run_takes_text_and_matlab_files_and_functions() -> None:
    matrix = np.array([[1.0, 2.0], [2.0, 1.0], [1.0, 1.0]])
    np.savetxt("matrix.csv", matrix, delimiter=",")
    scipy.io.savemat("matrix.mat", {"A": matrix, "B": matrix.T})
    Path("my_matrices.py").write_text(
        "import numpy as np\ndef tall():\n    print('here')\n"
        "    return np.array([[1.0, 2.0], [2.0, 1.0], [1.0, 1.0]])\n"
    )
    options = ["--evaluations", 400, "--json", "--seed", 3]
    found = [
        answer(invoke("run", "--target", name, *options))
        for name in ("matrix.csv", "matrix.mat:A", "my_matrices:tall")
    ]
    assert [data["target"] for data in found] == ["matrix", "matrix_A", "tall"]
    assert len({data["operations"] for data in found}) == 1
    Path("my_matrices.py").unlink()
    again = answer(invoke("resume", found[2]["run"], "--evaluations", 600, "--json"))
    assert (again["target"], again["verified"]) == ("tall", True), "the entries are stored"


def test_a_matrix_without_structure_ends_as_its_product() -> None:
    for name, matrix in (
        ("square", np.random.default_rng(1).standard_normal((6, 6))),
        ("tall", np.random.default_rng(2).standard_normal((7, 3))),
        ("wide", np.random.default_rng(3).standard_normal((2, 12)).view(complex)),
    ):
        np.save(f"{name}.npy", matrix)
        options = ["run", "--target", f"{name}.npy", "--evaluations", 400, "--seed", 3]
        result = invoke(*options)
        assert result.exit_code == 0
        assert "nothing cheaper than the matrix product was found" in result.stdout
        data = answer(invoke(*options, "--json"))
        assert data["operations"] == data["dense_operations"]
        assert (data["cheaper_than_dense"], data["verified"]) == (False, True)
        assert data["structure"]["columns"] == matrix.shape[1]


def test_structure() -> None:
    result = invoke("structure", "circulant", "--n", 6)
    assert result.exit_code == 0
    assert result.stdout.startswith("matrix    6 x 6\nstructure circulant\n")
    np.save("random.npy", np.random.default_rng(1).standard_normal((4, 6)))
    assert "structure none found" in invoke("structure", "random.npy").stdout
    data = answer(invoke("structure", "circulant", "--n", 6, "--json"))
    assert data["findings"][0] == {"name": "shifts", "text": "circulant", "kinds": ["circulant"]}
    assert (
        "structure circulant"
        in invoke(
            "run", "--target", "circulant", "--kernel", "1,2", "--n", 4, "--evaluations", 200
        ).stdout
    )
    assert invoke("structure", "sine").exit_code == 2


def test_run_takes_the_kind_of_input() -> None:
    options = ["--n", 4, "--input", "real", "--evaluations", 200, "--json"]
    data = answer(invoke("run", "--target", "dft", *options))
    assert data["best_known"] is None
    assert data["dense_operations"] < 24, "half of the work of complex data"


def test_goal_not_met_is_exit_1() -> None:
    result = invoke(*RUN, "--seed", 0, "--goal", 1, "--evaluations", 200, "--json")
    assert result.exit_code == 1
    data = answer(result)
    assert data["verified"] is True
    assert "goal not met: 1" in result.stderr
    assert "Traceback" not in result.stderr
    assert es.verify(data["run"]).problems == []


def test_goal_best_known() -> None:
    result = invoke(*RUN, "--seed", 0, "--goal", "best-known", "--json")
    assert (result.exit_code, answer(result)["operations"]) == (0, 56)


@pytest.mark.parametrize("form", FORMATS.names())
def test_show_prints_the_format(form: str, stored: Path) -> None:
    for path in (stored, stored / "best.json"):
        result = invoke("show", path, "--format", form)
        assert (result.exit_code, result.stderr) == (0, "")
        assert result.stdout == es.show(stored, form)


def test_show_defaults_to_text(stored: Path) -> None:
    assert invoke("show", stored).stdout == es.show(stored, "text")


def test_verify(stored: Path) -> None:
    result = invoke("verify", stored)
    assert (result.exit_code, result.stderr) == (0, "")
    target, verified, exact = result.stdout.splitlines()
    assert target.startswith("target: 8-point DFT")
    assert verified.startswith("verified: 56 real operations")
    assert exact == "exact: proved in Q(zeta_8)"
    data = answer(invoke("verify", stored, "--json"))
    assert data["verified"] is True
    assert data["problems"] == []
    assert data["operations"] == 56


def test_verify_of_a_wrong_claim_is_exit_1(stored: Path) -> None:
    text = (stored / "best.json").read_text().replace('"operations": 56', '"operations": 55')
    Path("wrong.json").write_text(text)
    result = invoke("verify", "wrong.json")
    assert (result.exit_code, result.stderr) == (1, "")
    assert "claims 55" in result.stdout
    assert "not verified" in result.stdout


def test_targets() -> None:
    result = invoke("targets")
    assert (result.exit_code, result.stderr) == (0, "")
    for family in TARGETS:
        assert re.search(rf"^{family.name} .*{re.escape(family.summary)}", result.stdout, re.M)
    assert "16: 168" in result.stdout
    for name in ("FILE.npy", "FILE.mat:NAME", "MODULE:FUNCTION"):
        assert re.search(rf"^{name} +\S", result.stdout, re.M)
    transforms = [{"kind": "transform", **row} for row in es.targets()]
    functions = [{"kind": "samples", **row} for row in es.functions()]
    products = [{"kind": "product", **row} for row in catalogue.products()]
    assert answer(invoke("targets", "--json")) == transforms + products + functions


def test_primitives() -> None:
    result = invoke("primitives")
    assert (result.exit_code, result.stderr) == (0, "")
    for member in (*PRIMITIVES, *PATTERNS):
        assert re.search(rf"^ *{member.name} ", result.stdout, re.MULTILINE)
        assert member.summary in result.stdout
    assert answer(invoke("primitives", "--json")) == es.primitives()


# Failures

SNR = ["run", "--target", "dct2", "--n", 8, "--objective", "snr"]
BAD_ARGUMENTS: list[tuple[list[object], int, tuple[str, ...]]] = [
    (["run", "--target", "dftt", "--n", 8], 2, ("'dftt'", "did you mean 'dft'")),
    (["run", "--target", "zzz", "--n", 8], 2, ("'zzz'", "known: ")),
    (["run", "--target", "dft", "--n", 0], 2, ("0",)),
    (["run", "--target", "dft", "--n", -4], 2, ("-4",)),
    (["run", "--target", "dft", "--n", 1], 2, ("1",)),
    (["run", "--target", "dft", "--n", 10**9], 2, ("GiB",)),
    (["run", "--target", "dft", "--n", 2**20], 2, ("GiB",)),
    (["run", "--target", "dft", "--n", 10**40], 2, ()),
    (["run", "--target", "dft", "--n", "16.0"], 2, ("16.0", "--n")),
    (["run", "--target", "dft"], 2, ("size",)),
    (["run", "--target", "wht", "--n", 12], 2, ("12", "power")),
    (["run", "--n", 8], 2, ("--target",)),
    ([*SNR, "--tolerance", "1e-3"], 2, ("not every program meets, got 0.001 dB", "such as 60")),
    ([*SNR, "--covariance", "missing.npy"], 65, ("missing.npy", "no such file", "ar1:RHO")),
    ([*RUN, "--objective", "eror"], 2, ("'eror'", "'error'", "coding-gain, error, frobenius")),
    ([*RUN, "--strategy", "evolv"], 2, ("'evolv'", "did you mean 'evolve'")),
    ([*RUN, "--input", "comples"], 2, ("'comples'",)),
    ([*RUN, "--seed", -1], 2, ("seed", "-1")),
    ([*RUN, "--seed", "x"], 2, ("seed", "x")),
    ([*RUN, "--time", 0], 2, ("0",)),
    ([*RUN, "--time", -1], 2, ("-1",)),
    ([*RUN, "--time", "nan"], 2, ("nan",)),
    ([*RUN, "--evaluations", 0], 2, ("evaluations", "0")),
    ([*RUN, "--patience", 0], 2, ("patience", "0")),
    ([*RUN, "--workers", 0], 2, ("workers", "0")),
    ([*RUN, "--islands", 0], 2, ("islands", "0")),
    ([*RUN, "--population", 3], 2, ("population", "4", "1,000,000", "3")),
    ([*RUN, "--evaluator", "torhc"], 2, ("torhc", "did you mean 'torch'", "numba, torch, auto")),
    (
        [*RUN, "--evaluator", "cuda"],
        2,
        ("'cuda'", "did you mean '--evaluator torch --device cuda'"),
    ),
    ([*RUN, "--evaluator", "cuda:1"], 2, ("'cuda:1'", "'--evaluator torch --device cuda:1'")),
    ([*RUN, "--evaluator", "CPU"], 2, ("'CPU'", "did you mean '--evaluator numba'")),
    ([*RUN, "--library", "text.npy/x"], 74, ("text.npy/x",)),
    ([*RUN, "--evaluator", "torch", "--device", "gpu"], 2, ("'gpu'", "did you mean 'cuda'")),
    ([*RUN, "--device", "cuda"], 2, ("'numba'", "'cuda'", "--evaluator torch")),
    ([*RUN, "--goal", "abc"], 2, ("'abc'", "best-known")),
    ([*RUN, "--goal", 0], 2, ("goal", "0")),
    ([*RUN, "--goal", "5.5"], 2, ("5.5",)),
    (["run", "--target", "dft", "--n", 11, "--goal", "best-known"], 2, ("known",)),
    ([*RUN, "--sed", 1], 2, ("--sed", "--seed")),
    ([*RUN, "extra"], 2, ("extra",)),
    (["rum"], 2, ("'rum'", "run")),
    (["show"], 2, ("RUN",)),
    (["run", "--target", "missing.npy"], 65, ("missing.npy", "no such file")),
    (["run", "--target", "missing.csv"], 65, ("missing.csv", "no such file")),
    (["run", "--target", "table.csv"], 65, ("table.csv", "'time'", "--data")),
    (["run", "--target", "missing.mat:A"], 65, ("missing.mat:A", "no such file")),
    (["run", "--target", "no_module:function"], 78, ("no_module:function", "No module")),
    (["structure", "no_module:function"], 78, ("no_module:function", "No module")),
    (["structure", "dft"], 2, ("needs a size",)),
    (["run", "--target", "nan.npy"], 65, ("nan.npy", "(1, 0)")),
    (["run", "--target", "text.npy"], 65, ("text.npy",)),
    (["run", "--target", "zeros.npy"], 65, ("zeros.npy", "zero")),
    (["run", "--target", "./folder"], 65, ("folder",)),
    (["run", "--target", "good.npy", "--n", 3], 2, ("3", "2")),
    ([*RUN, "--out", "text.npy/x"], 74, ("text.npy/x",)),
    ([*RUN, "--out", "text.npy"], 74, ("text.npy",)),
    ([*RUN, "--out", "x" * 300], 74, ("xxx",)),
    (["show", "missing"], 65, ("'missing'",)),
    (["show", "folder"], 65, ("folder",)),
    (["show", "text.npy"], 65, ("text.npy",)),
    (["show", "x" * 300], 65, ("xxx",)),
    (["show", "text.npy", "--format", "latx"], 2, ("'latx'", "did you mean 'latex'")),
    (["verify", "missing"], 65, ("'missing'",)),
    (["verify", "text.npy"], 65, ("text.npy",)),
    (["verify", "bytes.json"], 65, ("bytes.json", "UTF-8")),
    (["verify", "missing", "--json"], 65, ("'missing'",)),
    ([*RUN, "--seed", -1, "--json"], 2, ("-1",)),
    (["run", "--target", "missing.npy", "--json"], 65, ("missing.npy",)),
]


@pytest.mark.parametrize(
    ("arguments", "code", "parts"),
    BAD_ARGUMENTS,
    ids=[" ".join(map(str, row[0]))[-50:] for row in BAD_ARGUMENTS],
)
def test_bad_arguments(arguments: list[object], code: int, parts: tuple[str, ...]) -> None:
    Path("text.npy").write_text("no matrix\n")
    Path("table.csv").write_text("time,value\n1,2\n")
    Path("bytes.json").write_bytes(b"\xff\xfe\xff")
    Path("folder").mkdir()
    np.save("nan.npy", np.array([[1.0, 2.0], [np.nan, 1.0]]))
    np.save("zeros.npy", np.zeros((2, 2)))
    np.save("good.npy", np.ones((3, 2)))
    before = sorted(Path().rglob("*"))
    assert_failed(invoke(*arguments), code, *parts)
    assert sorted(Path().rglob("*")) == before, "something was left behind"


def test_a_start_that_nobody_answers_leaves_nothing() -> None:
    pytest.importorskip("distributed")
    result = invoke(*RUN, "--scheduler", "tcp://127.0.0.1:1", "--out", "runs", "-q")
    assert_failed(result, 69, "127.0.0.1:1")
    assert list(Path("runs").iterdir()) == []


def test_a_run_of_a_part_of_an_epoch_goes_on_without_a_warning() -> None:
    data = answer(invoke(*RUN, "--seed", 0, "--evaluations", 200, "--json"))
    again = es.resume(data["run"])
    assert (again.evaluations, again.notices) == (200, ())
    result = invoke("resume", data["run"], "--evaluations", 4_000, "--json")
    assert (result.exit_code, answer(result)["evaluations"]) == (0, 4_000)
    assert "warning" not in result.stderr
    whole = es.run("dft", 8, seed=0, evaluations=4_000, out="others")
    assert es.load(data["run"]) == whole.best


def test_a_part_of_an_epoch_that_the_clock_ended_cannot_be_done_again() -> None:
    data = answer(invoke(*RUN, "--seed", 0, "--evaluations", 200, "--json"))
    path = Path(data["run"]) / "run.json"
    configuration = json.loads(path.read_text())
    configuration["result"]["stopped_by"] = "time"
    path.write_text(json.dumps(configuration))
    with pytest.raises(es.EvosynthError, match="no checkpoint"):
        es.resume(data["run"])


def test_a_run_that_lost_its_checkpoints_is_begun_anew_with_a_warning() -> None:
    data = answer(invoke(*RUN, "--seed", 0, "--evaluations", 9_000, "--json"))
    for path in (Path(data["run"]) / "checkpoint").iterdir():
        path.unlink()
    assert invoke("resume", data["run"], "--json").exit_code == 0, "its result is stored"
    with pytest.raises(es.EvosynthError, match="no checkpoint"):
        es.resume(data["run"])
    result = invoke("resume", data["run"], "--evaluations", 10_000)
    assert "begun anew" in result.stderr


def test_resuming_with_what_is_not_there_says_only_that(monkeypatch: pytest.MonkeyPatch) -> None:
    data = answer(invoke(*RUN, "--seed", 0, "--evaluations", 200, "--json"))
    monkeypatch.setitem(sys.modules, "torch", None)
    options = ["--evaluations", 400, "--evaluator", "torch"]
    assert_failed(invoke("resume", data["run"], *options), 78, "torch is not installed")


def test_internal_error_is_reported(
    monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    def fail(*arguments: object, **options: object) -> None:
        raise RuntimeError("our own bug")

    monkeypatch.setattr("evosynth.cli.run_command.execute", fail)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path_factory.mktemp("reports")))
    result = invoke(*RUN, "-q")
    assert_failed(result, 70)
    path = re.search(r"\S+evosynth-crash-\S+\.txt", result.stderr)
    assert path
    report = Path(path.group()).read_text()
    assert "Traceback" in report
    assert "our own bug" in report


def test_debug_shows_the_traceback() -> None:
    result = invoke("--debug", "run", "--target", "dftt", "--n", 8)
    assert result.exit_code != 0
    assert type(result.exception).__name__ == "UsageError"


# Processes


@pytest.fixture
def spawned() -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Starts processes that do not outlive the test."""
    processes: list[subprocess.Popen[str]] = []

    def start(*arguments: object, **options: Any) -> subprocess.Popen[str]:
        processes.append(spawn(*arguments, **options))
        return processes[-1]

    yield start
    for process in processes:
        process.kill()
        process.wait()
        for stream in (process.stdout, process.stderr):
            if stream:
                stream.close()


def read_until(process: subprocess.Popen[str], part: str) -> str:
    """Reads standard error line by line up to one that holds the part."""
    assert process.stderr
    seen = ""
    for line in process.stderr:
        seen += line
        if part in line:
            return seen
    raise AssertionError(f"{part!r} never came: {seen}")


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_stops_a_run_and_keeps_the_best(
    number: signal.Signals,
    code: int,
    spawned: Callable[..., subprocess.Popen[str]],
) -> None:
    process = spawned(*RUN, "--time", 60, "--seed", 0, "--json")
    read_until(process, "evaluations")
    process.send_signal(number)
    output, errors = process.communicate(timeout=30)
    assert process.returncode == code, errors
    assert "Traceback" not in errors
    data = json.loads(output)
    assert data["stopped_by"] == "interrupt"
    assert data["verified"] is True
    assert es.verify(data["run"]).problems == []
    configuration = json.loads((Path(data["run"]) / "run.json").read_text())
    assert data.pop("scored_by") == configuration["scored_by"]
    assert configuration["result"] == data
    assert not [p for p in Path(data["run"]).iterdir() if p.name.startswith(".")]


# NumPy asks operands for attributes and drops whatever that raises: an interrupt that comes
# while an enumeration's own `__getattr__` answers is lost unless someone remembers it.
LOST_INTERRUPT = """
import os, signal, sys

fired = []

def send(frame, event, argument):
    code = frame.f_code
    if event == "call" and code.co_name == "__getattr__" and not fired:
        caller = frame.f_back
        if caller and caller.f_globals["__name__"].startswith("evosynth."):
            fired.append(caller.f_code.co_name)
            sys.setprofile(None)
            os.kill(os.getpid(), signal.SIGINT)

signal.signal(signal.SIGINT, signal.default_int_handler)
from evosynth.cli.main import main
from evosynth.engine import factor_epoch
inner = factor_epoch.run_turn

def run_turn(*arguments):
    if arguments[3] == 2 and not fired:
        sys.setprofile(send)
    return inner(*arguments)

factor_epoch.run_turn = run_turn
try:
    main()
finally:
    print(*(f"fired in {name}" for name in fired), file=sys.stderr)
"""


def test_an_interrupt_is_not_lost_in_a_library() -> None:
    done = subprocess.run(
        [sys.executable, "-c", LOST_INTERRUPT, *RUN, "--evaluations", "6000", "--json"],
        capture_output=True,
        text=True,
        check=False,
    )
    is_fired = "fired in" in done.stderr
    assert done.returncode == (130 if is_fired else 0), done.stderr
    assert is_fired or json.loads(done.stdout)["evaluations"] == 6_000


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_before_anything_was_found(
    number: signal.Signals,
    code: int,
    spawned: Callable[..., subprocess.Popen[str]],
) -> None:
    process = spawned("run", "--target", "dft", "--n", 64, "--time", 60, "--json")
    read_until(process, "64-point DFT")
    process.send_signal(number)
    output, errors = process.communicate(timeout=30)
    if output:
        pytest.skip("the first epoch was faster than the signal")
    assert process.returncode == code, errors
    assert "Traceback" not in errors
    # With a first checkpoint written it also says how to go on.
    *hints, last = errors.splitlines()
    assert last == "error: interrupted"
    assert all(h.startswith("go on with: evosynth resume ") for h in hints), errors


@pytest.mark.parametrize(
    "arguments",
    [["targets"], ["primitives", "--json"], ["show", "{}", "--format", "latex"], ["--help"]],
    ids=lambda a: a[0],
)
def test_a_closed_pipe_is_no_failure(
    arguments: list[str], stored: Path, spawned: Callable[..., subprocess.Popen[str]]
) -> None:
    """As in `evosynth targets | head -1`."""
    reader, writer = os.pipe()
    process = spawned(*(a.format(stored) for a in arguments), stdout=writer)
    os.close(writer)
    os.close(reader)
    _, errors = process.communicate(timeout=60)
    assert errors == ""


def test_a_closed_pipe_does_not_lose_a_run(
    spawned: Callable[..., subprocess.Popen[str]],
) -> None:
    reader, writer = os.pipe()
    process = spawned(*RUN, "--evaluations", 200, "--seed", 1, "-q", stdout=writer)
    os.close(writer)
    os.close(reader)
    _, errors = process.communicate(timeout=60)
    assert errors == ""
    assert es.verify("evosynth-runs/dft8-seed1").problems == []


def test_python_m_evosynth() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "evosynth", "run", "--target", "dftt", "--n", "8"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("error: unknown target 'dftt'\n")
    done = subprocess.run(
        [sys.executable, "-m", "evosynth", "--version"], capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith("evosynth, version ")


def test_a_terminal_gets_a_live_block_and_the_pipe_plain_data(
    spawned: Callable[..., subprocess.Popen[str]],
) -> None:
    leader, follower = pty.openpty()
    process = spawned(*RUN, "--evaluations", 2_000, "--seed", 0, "--json", stderr=follower)
    os.close(follower)
    shown = read_terminal(leader)
    assert process.stdout
    output = process.stdout.read()
    assert process.wait(timeout=60) == 0
    assert json.loads(output)["evaluations"] == 2_000
    assert "\x1b" not in output
    assert "8-point DFT" in shown
    assert "\x1b[" in shown, "the block is drawn in place"
    frames = re.split(r"\x1b\[\d*A", shown)
    assert max(frame.count("\n") for frame in frames) <= 12


def read_terminal(leader: int) -> str:
    """Reads what is written to a terminal until it is closed."""
    chunks, patience = [], time.monotonic() + 60
    while time.monotonic() < patience:
        ready, _, _ = select.select([leader], [], [], 1)
        if ready:
            try:
                chunks.append(os.read(leader, 65536))
            except OSError:  # Linux says so when the other side is closed
                break
            if not chunks[-1]:
                break
    os.close(leader)
    return b"".join(chunks).decode()
