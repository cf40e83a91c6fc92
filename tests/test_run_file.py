"""Options of a run in a file: strict to read, and written so that they repeat the run."""

from __future__ import annotations

import json
import subprocess
import sys
import tomllib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st

import evosynth as es
from dsl.errors import DataError, StorageError, UsageError
from dsl.targets import make_target
from evosynth.cli.main import cli
from evosynth.plugins.base import PLUGINS
from evosynth.request import Request
from evosynth.run_file.keys import KEYS, PLACE_KEYS, SEARCH_KEYS, TARGET_KEYS
from evosynth.run_file.toml_text import toml_value
from evosynth.settings import Settings
from evosynth.workplace import Workplace

SAMPLES = "t,height\n" + "".join(f"{t},{2 * t + 1}\n" for t in range(40))
PLUGIN = """
import evosynth as es
import numpy as np

@es.target
def doubled(n):
    return 2.0 * np.eye(n) + np.tril(np.ones((n, n)))
"""


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def write(text: str, name: str = "run.toml") -> Path:
    path = Path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def invoke(*arguments: object) -> Result:
    return CliRunner().invoke(cli, [str(a) for a in arguments], prog_name="evosynth")


def answer(*arguments: object) -> Any:
    result = invoke(*arguments, "--json", "-q")
    assert (result.exit_code, result.stderr) == (0, "")
    return json.loads(result.stdout)


def stored(folder: str | Path) -> dict[str, Any]:
    return tomllib.loads((Path(folder) / "run.toml").read_text())


def program_of(folder: str | Path) -> Any:
    return json.loads((Path(folder) / "best.json").read_text())["program"]


def best_of(folder: Path) -> Any:
    """Returns what was found: a program, or the rules of an algorithm."""
    data = json.loads((folder / "best.json").read_text())
    return {name: data[name] for name in ("program", "algorithm", "claims") if name in data}


# Reading


def test_keys_have_dashes_or_underscores() -> None:
    file = write('target = "dft"\nn = 8\nword-length = 12\nepoch_limit = 60\nseed = 3\n')
    expected = {"target": "dft", "n": 8, "word_length": 12, "epoch_limit": 60, "seed": 3}
    assert es.read_config(file) == expected
    assert es.read_config(str(file)) == expected


def test_every_option_of_a_run_is_a_key() -> None:
    options = {
        name[2:].replace("-", "_")
        for parameter in cli.commands["run"].params
        for name in parameter.opts
        if name.startswith("--")
    }
    assert options - {"json", "quiet", "config", "dry_run"} == set(KEYS)
    assert {f.name for f in fields(Request)} == set(TARGET_KEYS)
    names = {"seconds": "time", "epoch_seconds": "epoch_limit"}
    settings = {names.get(f.name, f.name) for f in fields(Settings)}
    places = {names.get(f.name, f.name) for f in fields(Workplace)}
    assert settings <= set(KEYS)
    assert places == set(PLACE_KEYS) - {"out"}
    assert {"seed", "library", "population"} <= set(SEARCH_KEYS)


@pytest.mark.parametrize(
    ("line", "parts"),
    [
        ("sed = 1", ("unknown key 'sed'", "did you mean 'seed'?", "evosynth run")),
        ("word-lenght = 1", ("'word-lenght'", "did you mean 'word-length'?")),
        ("[run]\nn = 8", ("unknown key 'run'",)),
        ("json = true", ("'json' is not of a run", "on the command line")),
        ("dry-run = true", ("'dry-run'", "on the command line")),
        ("n = '8'", ("key 'n': expected a whole number, got text: '8'",)),
        ("n = 8.0", ("key 'n': expected a whole number, got a number: 8.0",)),
        ("n = true", ("key 'n'", "got true")),
        ("target = 8", ("key 'target': expected text, got a whole number: 8",)),
        ("target = ['dft']", ("key 'target': expected text, got another list",)),
        ("target = {}", ("key 'target'", "got a table")),
        ("time = 1979-05-27", ("key 'time': expected a number, got a date or time",)),
        ("goal = 5.5", ("key 'goal': expected a whole number or text",)),
        ("radix = [2, '3']", ("a whole number, text or a list of whole numbers",)),
        ("recursive = 1", ("key 'recursive': expected true or false, got a whole number: 1",)),
        ("plugin = 'a.py'", ("key 'plugin': expected a list of texts",)),
        ("word-length = 8\nword_length = 8", ("'word_length' is there twice",)),
    ],
)
def test_what_is_wrong_is_named(line: str, parts: tuple[str, ...]) -> None:
    file = write(f"{line}\n", "my run.toml")
    with pytest.raises(UsageError) as caught:
        es.read_config(file)
    for part in ("'my run.toml'", *parts):
        assert part in f"{caught.value} {caught.value.hint}"
    result = invoke("run", "--config", file)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith(f"error: {caught.value}\n")
    assert not Path("evosynth-runs").exists()


@pytest.mark.parametrize(
    ("content", "part"),
    [
        ('target = "dft\nn = 8\n', "line 1"),
        ("target = 'dft'\nn 8\n", "line 2"),
        ("n = 8\nn = 9\n", "line 2"),
        (f"n = {'[' * 100_000}", "no TOML"),
        (f"n = {'9' * 10_000}", "no TOML"),
        ("\x00", "no TOML"),
    ],
)
def test_broken_toml_is_refused_with_its_line(content: str, part: str) -> None:
    file = write(content)
    with pytest.raises(DataError, match=part):
        es.read_config(file)
    assert invoke("run", "--config", file).exit_code == 65


def test_a_file_that_cannot_be_read() -> None:
    with pytest.raises(StorageError, match=r"missing\.toml"):
        es.read_config("missing.toml")
    Path("bytes.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(DataError, match="UTF-8"):
        es.read_config("bytes.toml")
    with pytest.raises(DataError, match="bytes"):
        es.read_config(write("#" * (1 << 21)))


def test_relative_paths_begin_at_the_folder_of_the_file(tmp_path: Path) -> None:
    file = write(
        'target = "m.mat:A"\ndata = "d.csv"\nlibrary = "lib"\ncovariance = "c.npy"\n'
        'out = "here"\nscheduler-file = "s.json"\n',
        "deep/run.toml",
    )
    found = es.read_config(file)
    for name in ("data", "library", "covariance", "out", "scheduler_file"):
        assert Path(found[name]).parent == tmp_path / "deep"
    assert found["target"] == f"{tmp_path}/deep/m.mat:A"
    names = write('target = "dft"\nlibrary = "user"\ncovariance = "ar1:0.9"\n', "deep/b.toml")
    assert es.read_config(names) == {
        "target": "dft",
        "library": "user",
        "covariance": "ar1:0.9",
    }
    function = write('target = "my.module:function"\n', "deep/c.toml")
    assert es.read_config(function) == {"target": "my.module:function"}


# The command line


def test_what_is_typed_comes_first() -> None:
    file = write('target = "wht"\nn = 8\nseed = 1\nevaluations = 400\nislands = 1\n')
    found = answer("run", "--config", file, "--n", 4, "--seed", 7, "--islands", 2)
    assert (found["target"], found["n"], found["seed"]) == ("wht", 4, 7)
    values = stored(found["run"])
    assert (values["evaluations"], values["islands"], values["seed"]) == (400, 2, 7)


def test_an_option_that_is_typed_as_its_default_comes_first_too() -> None:
    file = write('target = "wht"\nn = 4\nevaluations = 400\nstrategy = "random"\nout = "there"\n')
    found = answer("run", "--config", file)
    assert stored(found["run"])["strategy"] == "random"
    assert Path(found["run"]).parent.name == "there"
    found = answer("run", "--config", file, "--strategy", "evolve", "--out", "evosynth-runs")
    assert stored(found["run"])["strategy"] == "evolve"
    assert Path(found["run"]).parent.name == "evosynth-runs"


def test_data_that_are_typed_replace_a_target() -> None:
    write(SAMPLES, "d.csv")
    file = write('target = "sine"\nseed = 1\nevaluations = 500\n')
    found = answer("run", "--config", file, "--data", "d.csv")
    assert stored(found["run"])["data"].endswith("d.csv")


def test_python_and_the_command_line_do_the_same() -> None:
    file = write('target = "dft"\nn = 8\nseed = 4\nevaluations = 2000\ntime = 60\n')
    found = answer("run", "--config", file)
    result = es.run(**es.read_config(file), out="python")
    assert result.folder
    assert stored(result.folder) == stored(found["run"])
    assert program_of(result.folder) == program_of(found["run"])


# Writing

REPEATED: dict[str, tuple[object, ...]] = {
    "transform": ("--target", "dft", "--n", 8, "--evaluations", 2_000),
    "options": (
        *("--target", "circulant", "--n", 4, "--kernel", "1,2+1j,-3", "--input", "complex"),
        *("--scaling", "common", "--islands", 1, "--population", 50, "--evaluations", 600),
        *("--strategy", "hill-climb", "--library", "none", "--patience", 10_000),
    ),
    "matrix": ("--target", "m.npy", "--evaluations", 400),
    "data": ("--data", "d.csv", "--x", "t", "--evaluations", 2_000),
    "function": ("--target", "sine", "--frequency", 2.5, "--evaluations", 500),
    "algorithm": ("--target", "wht", "--recursive", "--seed", 0, "--evaluations", 60_000),
    "approximate": ("--target", "dct2", "--n", 4, "--tolerance", 0.1, "--evaluations", 4_000),
    "goal": ("--target", "wht", "--n", 4, "--goal", "best-known"),
}


@pytest.mark.parametrize("name", REPEATED)
def test_a_stored_file_repeats_the_run_from_any_folder(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    np.save("m.npy", np.array([[1.0, 2.0], [2.0, 1.0], [1.0, 1.0]]))
    write(SAMPLES, "d.csv")
    first = tmp_path / answer("run", *REPEATED[name])["run"]
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    again = Path(answer("run", "--config", first / "run.toml")["run"])
    assert again.resolve().parent == tmp_path / "elsewhere" / "evosynth-runs"
    if name != "matrix":  # whose title is its path, as it was typed
        assert (again / "best.json").read_bytes() == (first / "best.json").read_bytes()
    assert best_of(again) == best_of(first)
    assert (again / "run.toml").read_bytes() == (first / "run.toml").read_bytes()
    assert es.check(again).is_whole


def test_a_drawn_seed_and_all_that_decides_the_result_are_stored() -> None:
    found = answer("run", "--target", "wht", "--n", 4, "--goal", 8)
    text = (Path(found["run"]) / "run.toml").read_text()
    assert stored(found["run"]) == {
        "target": "wht",
        "n": 4,
        "seed": found["seed"],
        "strategy": "evolve",
        "islands": 2,
        "population": 100,
        "library": "run",
        "goal": 8,
    }
    assert "# time = 45.0  by default\n" in text, "what one may want to change"
    assert "evosynth run --config run.toml" in text.splitlines()[0]


def test_where_it_worked_is_stored_if_it_was_asked() -> None:
    options = ["--workers", 1, "--executor", "serial", "--epoch-limit", 60.0]
    found = answer("run", "--target", "wht", "--n", 4, "--evaluations", 200, *options)
    values = stored(found["run"])
    assert (values["workers"], values["executor"], values["epoch_limit"]) == (1, "serial", 60.0)
    assert "evaluator" not in values


def test_plugins_are_stored_and_loaded(tmp_path: Path) -> None:
    write(PLUGIN, "my_doubling.py")
    run = ["run", "--plugin", "my_doubling.py", "--target", "doubled", "--n", 3, "--seed", 1]
    done = _process(*run, "--evaluations", "400", "--json", "-q")
    folder = tmp_path / json.loads(done)["run"]
    assert stored(folder)["plugin"] == [str(tmp_path / "my_doubling.py")]
    again = json.loads(_process("run", "--config", folder / "run.toml", "--json", "-q"))
    assert program_of(again["run"]) == program_of(folder)
    assert "my_doubling" not in PLUGINS, "the test has loaded nothing here"


def _process(*arguments: object) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "evosynth", *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_python_objects_that_have_a_name_are_stored() -> None:
    np.save("m.npy", np.array([[1.0, 2.0], [2.0, 1.0], [1.0, 1.0]]))
    result = es.run(Path("m.npy"), seed=np.int64(3), evaluations=200, out="runs", workers=1)
    assert result.folder
    values = stored(result.folder)
    assert values["target"] == str(Path("m.npy").absolute())
    assert values["seed"] == 3
    kernel = np.array([1.0, 2.0])
    result = es.run("circulant", np.int32(3), kernel=kernel, evaluations=200, out="runs")
    assert (stored(result.folder)["kernel"], stored(result.folder)["n"]) == ([1.0, 2.0], 3)
    result = es.run("circulant", 3, kernel=[1, 2j], evaluations=200, out="runs")
    again = es.run(**es.read_config(result.folder / "run.toml"), out="runs")
    assert program_of(again.folder) == program_of(result.folder)
    with ThreadPoolExecutor(1) as pool:
        result = es.run("wht", 4, evaluations=200, out="runs", executor=pool)
    assert "executor" not in stored(result.folder)


@pytest.mark.parametrize("target", [np.array([[1.0, 2.0], [3.0, 4.0]]), make_target("wht", 4)])
def test_objects_without_a_name_leave_no_file(target: Any) -> None:
    result = es.run(target, seed=0, evaluations=200, out="runs")
    assert result.folder
    assert not (result.folder / "run.toml").exists()
    assert es.check(result.folder).is_whole
    assert es.resume(result.folder, evaluations=400).evaluations == 400
    assert not (result.folder / "run.toml").exists()


def test_a_run_that_goes_on_stores_its_new_limits() -> None:
    short = es.run("dft", 8, seed=1, evaluations=4_000, out="runs")
    es.resume(short.folder, evaluations=8_000)
    long = es.run("dft", 8, seed=1, evaluations=8_000, out="runs")
    assert (short.folder / "run.toml").read_bytes() == (long.folder / "run.toml").read_bytes()
    assert program_of(short.folder) == program_of(long.folder)


def test_a_run_by_default_that_goes_on_has_the_limits_that_are_given() -> None:
    first = es.run("wht", 4, seed=1, goal=8, out="runs")
    es.resume(first.folder, patience=500, goal=7)
    values = stored(first.folder)
    assert (values.get("time"), values["patience"], values["goal"]) == (None, 500, 7)
    assert "by default" not in (first.folder / "run.toml").read_text()


@pytest.mark.parametrize("content", [None, "n = [", "sed = 1\n"])
def test_a_file_that_is_missing_or_damaged_stops_no_run(content: str | None) -> None:
    folder = es.run("dft", 8, seed=1, evaluations=4_000, out="runs").folder
    assert folder
    (folder / "run.toml").unlink()
    if content is not None:
        (folder / "run.toml").write_text(content)
    report = es.check(folder)
    assert report.is_whole == (content is None)
    assert es.resume(folder, evaluations=6_000).evaluations == 6_000
    found = (folder / "run.toml").read_text() if content is not None else None
    assert found == content


def test_a_link_is_neither_read_nor_written_through() -> None:
    folder = es.run("dft", 8, seed=1, evaluations=4_000, out="runs").folder
    assert folder
    (folder / "run.toml").rename("mine.toml")
    before = Path("mine.toml").read_text()
    (folder / "run.toml").symlink_to(Path("mine.toml").absolute())
    assert not es.check(folder).is_whole
    es.resume(folder, evaluations=6_000)
    assert Path("mine.toml").read_text() == before
    assert (folder / "run.toml").is_symlink()


def test_a_fork_has_no_file() -> None:
    folder = es.run("dft", 8, seed=1, evaluations=4_000, out="runs").folder
    fork = es.fork(folder, out="forks", seed=2, evaluations=6_000)
    assert fork.folder
    assert not (fork.folder / "run.toml").exists(), "no options begin where another run stood"


TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
NUMBERS = st.integers() | st.booleans() | st.floats(allow_nan=False)
VALUES = TEXTS | NUMBERS | st.lists(TEXTS) | st.lists(NUMBERS)


@given(VALUES)
def test_what_is_written_is_read(value: Any) -> None:
    found = tomllib.loads(f"key = {toml_value(value)}\n")["key"]
    assert (found, type(found)) == (value, type(value))


@pytest.mark.parametrize("value", [None, {}, object(), [None]])
def test_what_toml_cannot_say_is_refused(value: Any) -> None:
    with pytest.raises(TypeError, match="expected text"):
        toml_value(value)
