"""Comparisons with rivals: one table, one picture, trials that are kept; experiments as files."""

from __future__ import annotations

import csv
import dataclasses
import inspect
import json
import math
import os
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result

import evosynth as es
from dsl.errors import EnvironmentMismatchError, StorageError, UsageError
from evosynth.charts import new_figure
from evosynth.cli.main import cli
from evosynth.comparison import comparing
from evosynth.comparison.contest import Contest
from evosynth.comparison.entrants import Entrant
from evosynth.comparison.outcome import FIGURES, Comparison, Row
from evosynth.comparison.picture import draw
from evosynth.comparison.programs import model_of
from evosynth.comparison.trials import TRIALS, Outcome, Trial, keep, kept
from evosynth.runs.json_lines import append_line, read_lines
from experiments.base import EXPERIMENTS, Answer, Experiment, Setup
from gradient_baselines.base import Baseline, Budget, Fit, LossPoint, Model

PNG = b"\x89PNG\r\n\x1a\n"


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("runs")
    folder = es.run("dft", 4, seed=0, goal=16, evaluations=4_000, out=out).folder
    assert folder
    return folder


@pytest.fixture(scope="module")
def formula_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("formulas")
    folder = es.run("linear", seed=0, evaluations=1_000, out=out).folder
    assert folder
    return folder


def invoke(*arguments: object) -> Result:
    return CliRunner().invoke(cli, [str(a) for a in arguments], prog_name="evosynth")


def model(error: float, operations: int = 10, setting: str = "") -> Model:
    return Model(setting, error, 2 * error, 8, 6, operations)


def fit_of(*models: Model, seconds: float = 1.0) -> Fit:
    return Fit(models, seconds, (LossPoint(0, 0.0, 2.0), LossPoint(3, 0.5, 1.0)))


# What came out of a training


def test_the_best_model_has_the_least_error_and_among_exact_ones_the_fewest_operations() -> None:
    models = [model(1e-3, 5), model(1e-14, 30), model(0.0, 40), model(1e-13, 20), model(math.inf)]
    fit = fit_of(*models)
    assert fit.best == models[3]
    assert [m.operations for m in fit.front] == [5, 20, 30, 40]
    assert fit_of(model(math.inf)).front == []
    assert fit_of(model(1e-3, 5), model(1e-2, 5), model(1e-2, 7)).front == [model(1e-3, 5)]


def test_a_budget_has_an_end_and_parts() -> None:
    assert Budget(10, 7).share(0.5) == Budget(5, 4)
    assert Budget(10).share(0.1) == Budget(1.0)
    assert Budget(steps=3).share(0.01).steps == 1
    for seconds, steps in ((math.inf, None), (0.0, None), (1.0, 0), (math.nan, 5)):
        with pytest.raises(ValueError, match="expected a budget"):
            Budget(seconds, steps)


# Trials in a file

TRIAL = Trial("dense", 0, 20.0, "abc", "evosynth 1")


def test_trials_are_read_as_they_were_kept(tmp_path: Path) -> None:
    outcomes = [
        Outcome(TRIAL, fit_of(model(math.inf), model(0.5, setting="L1 1e-3"), seconds=math.nan)),
        Outcome(
            dataclasses.replace(TRIAL, seed=1), fit_of(model(0.1)), str(tmp_path / "dft16-seed1")
        ),
    ]
    for outcome in outcomes:
        keep(outcome, tmp_path)
    found = kept(tmp_path)
    assert list(found) == [outcome.trial for outcome in outcomes]
    assert found[outcomes[1].trial] == outcomes[1]
    first = found[TRIAL].fit
    assert (first.models, first.losses) == (outcomes[0].fit.models, outcomes[0].fit.losses)
    assert math.isnan(first.seconds)
    assert "NaN" not in (tmp_path / TRIALS).read_text()
    assert "Infinity" not in (tmp_path / TRIALS).read_text()


@pytest.mark.parametrize(
    "spoil",
    [
        lambda text: text[: len(text) // 2],
        lambda text: text.replace('"models"', '"mode1s"'),
        lambda text: text.replace("0.5", '"half"'),
        lambda text: text.replace('"seed": 0', '"seed": []'),
        lambda text: text.replace('"setting": ""', '"setting": 7'),
        lambda text: text.replace('"run": null', '"run": 7'),
        lambda text: "[1, 2]\n",
        lambda text: "\x00\xff",
    ],
)
def test_a_damaged_line_is_no_trial_and_harms_no_other(
    tmp_path: Path, spoil: Callable[[str], str]
) -> None:
    keep(Outcome(TRIAL, fit_of(model(0.5))), tmp_path)
    file = tmp_path / TRIALS
    file.write_text(spoil(file.read_text()))
    assert kept(tmp_path) == {}
    other = dataclasses.replace(TRIAL, seed=5)
    keep(Outcome(other, fit_of(model(0.5))), tmp_path)
    assert list(kept(tmp_path)) == [other]


def test_lines_are_added_after_what_a_killed_process_left(tmp_path: Path) -> None:
    file = tmp_path / "lines"
    assert read_lines(file) == []
    append_line(file, {"a": 1})
    file.write_text(file.read_text() + '{"b": ')
    append_line(file, {"c": 2})
    assert read_lines(file) == [{"a": 1}, {"c": 2}]
    with pytest.raises(StorageError, match="cannot write"):
        append_line(tmp_path, {})


# A contest of entrants that are not worth their time


def entrant(
    name: str, fits: dict[int, Fit], made: list[tuple[str, int]], **options: Any
) -> Entrant:
    def attempt(seed: int, seconds: float) -> tuple[Fit, str | None]:
        if seed not in fits:
            raise KeyboardInterrupt
        made.append((name, seed))
        return fits[seed], None

    return Entrant(name, "", "v1", attempt, **options)


def hold(entrants: list[Entrant], seeds: list[int], folder: Path, said: list[str]) -> Comparison:
    contest = Contest(es.make_target("dft", 4), 20.0, folder, said.append)
    return contest.hold(entrants, seeds, {"butterfly": "no reason"})


def test_a_contest_goes_on_where_it_was_interrupted(tmp_path: Path) -> None:
    made: list[tuple[str, int]] = []
    said: list[str] = []
    fits = {0: fit_of(model(0.1)), 1: fit_of(model(0.2))}
    whole = entrant("whole", fits, made)
    with pytest.raises(KeyboardInterrupt):
        hold([whole, entrant("broken", {0: fits[0]}, made)], [0, 1], tmp_path, said)
    assert made == [("whole", 0), ("whole", 1), ("broken", 0)]
    made.clear()
    comparison = hold([whole, entrant("broken", fits, made)], [0, 1], tmp_path, said)
    assert made == [("broken", 1)]
    assert "3 of them finished earlier" in said[-3]
    assert [len(row.outcomes) for row in comparison.rows] == [2, 2]
    assert comparison.rows[1].figures("error") == [0.1, 0.2]
    hold([whole], [0, 1], tmp_path, said)
    assert made == [("broken", 1)]
    assert said[-1].endswith("2 trials, all finished earlier")


@pytest.mark.parametrize("change", ["budget", "target", "versions", "seed"])
def test_another_trial_is_not_taken_for_the_same(tmp_path: Path, change: str) -> None:
    made: list[tuple[str, int]] = []
    fits = {0: fit_of(model(0.1)), 1: fit_of(model(0.1))}
    hold([entrant("one", fits, made)], [0], tmp_path, [])
    again = entrant("one", fits, made)
    if change == "versions":
        again = dataclasses.replace(again, versions="v2")
    target = es.make_target("idft" if change == "target" else "dft", 4)
    contest = Contest(target, 21.0 if change == "budget" else 20.0, tmp_path, lambda line: None)
    contest.hold([again], [int(change == "seed")], {})
    assert len(made) == 2


def test_what_is_given_is_neither_repeated_for_seeds_nor_kept(tmp_path: Path) -> None:
    made: list[tuple[str, int]] = []
    fits = {k: fit_of(model(0.1)) for k in range(3)}
    given = entrant("evosynth", fits, made, is_given=True)
    comparison = hold([given, entrant("rival", fits, made)], [0, 1, 2], tmp_path, [])
    assert [len(row.outcomes) for row in comparison.rows] == [1, 3]
    assert {trial.contestant for trial in kept(tmp_path)} == {"rival"}


def test_a_folder_of_trials_may_move(tmp_path: Path) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    here.mkdir()
    keep(Outcome(TRIAL, fit_of(model(0.1)), str(here / "dft4-seed0")), here)
    here.rename(there)
    assert kept(there)[TRIAL].run == str(there / "dft4-seed0")


# The table


def comparison_of(*rows: Row, target: Any = None) -> Comparison:
    target = target or es.make_target("dft", 8)
    return Comparison(target, 20.0, rows, {"network": "too large"}, Path("somewhere"))


def row(name: str, *errors: float, told: str = "") -> Row:
    outcomes = (
        Outcome(dataclasses.replace(TRIAL, contestant=name, seed=k), fit_of(model(error, 10 + k)))
        for k, error in enumerate(errors)
    )
    return Row(name, told, tuple(outcomes))


def test_the_table_shows_medians_and_ranges_over_seeds() -> None:
    text = str(comparison_of(row("evosynth", 0.0), row("rival", 0.1, 0.4, 0.2, told="a secret")))
    (line,) = [line for line in text.splitlines() if line.startswith("rival  ")]
    assert "2.0e-01 (1.0e-01..4.0e-01)" in line
    assert "11 (10..12)" in line
    assert "3 seeds, median" in text
    assert "rival was told a secret" in text
    assert "left out network: too large" in text
    assert "matrix product 176 operations, best known 56" in text


def test_a_table_of_one_seed_has_no_ranges_and_names_the_setting() -> None:
    outcome = Outcome(TRIAL, fit_of(model(0.3, setting="L1 1e-2"), model(0.1, setting="L1 1e-3")))
    text = str(comparison_of(Row("l1", "", (outcome,))))
    assert ".." not in text
    assert [line for line in text.splitlines() if line.endswith("L1 1e-3")]


@pytest.mark.parametrize(
    ("parts", "text"),
    [
        ({}, "in range on validation rows, outside on test rows"),
        ({"test": None}, "in range on validation rows"),
        ({"validation": None, "test": None}, "in range on training rows"),
    ],
)
def test_the_table_says_on_which_rows_errors_were_measured(
    parts: dict[str, None], text: str
) -> None:
    target = dataclasses.replace(es.make_sampled_target("exp", seed=0, samples=9), **parts)
    assert str(comparison_of(row("evosynth", 0.0), target=target)).endswith(
        f"{text}\nleft out network: too large"
    )


def test_plain_data_have_no_infinity_and_all_seeds() -> None:
    comparison = comparison_of(row("evosynth", 0.0), row("rival", 0.1, math.inf))
    data = json.loads(json.dumps(comparison.to_dict(), allow_nan=False))
    rival = data["rows"][1]
    assert rival["error_range"] == [0.1, None]
    assert [seed["best"]["error"] for seed in rival["seeds"]] == [0.1, None]
    assert set(FIGURES) <= set(rival)
    assert (data["dense_operations"], data["best_known"]) == (176, 56)
    assert "<table>" in comparison._repr_html_()


def test_the_picture_shows_everyone_and_the_known_counts() -> None:
    rows = [row("evosynth", 0.0), row("rival", 0.1, 0.2), row("diverged", math.inf)]
    figure = draw(comparison_of(*rows))
    (axis,) = figure.axes
    assert (axis.get_xscale(), axis.get_yscale()) == ("log", "log")
    assert "operations" in axis.get_xlabel()
    labels = [text.get_text() for text in figure.legends[0].get_texts()]
    assert labels == ["evosynth", "rival", "diverged"]
    notes = [text.get_text().strip() for text in axis.texts]
    assert notes == ["matrix product 176", "best known 56", "exact to rounding"]
    drawn = np.concatenate([np.asarray(line.get_ydata(), float) for line in axis.lines[:-2]])
    assert (drawn > 0).all()


def test_the_picture_of_a_function_has_both_ranges() -> None:
    target = es.make_sampled_target("linear", seed=0, samples=50)
    figure = draw(comparison_of(row("evosynth", 1e-3), row("rival", 0.1), target=target))
    assert [axis.get_title() for axis in figure.axes] == [
        "in the range of training",
        "outside of it",
    ]
    heights = [axis.lines[1].get_ydata()[0] for axis in figure.axes]
    assert heights == [1e-3, 2e-3]


# The command


def test_a_run_is_compared_with_its_dense_matrix(run: Path, tmp_path: Path) -> None:
    done = invoke("compare", run, "--baselines", "dense", "--budget", 5)
    assert done.exit_code == 0, done.output
    lines = done.stdout.splitlines()
    (own,) = [line.split() for line in lines if line.startswith("evosynth")]
    (dense,) = [line.split() for line in lines if line.startswith("dense")]
    assert (own[5], dense[5]) == ("16", "24")
    assert float(own[1]) < 1e-12
    assert float(dense[1]) < 1e-12
    assert "2 trials of up to 5 s" in done.stderr
    assert "evosynth: the program of the run" in done.stdout
    folder = tmp_path / "evosynth-comparisons" / "dft4"
    assert (folder / "comparison.png").read_bytes().startswith(PNG)
    assert ET.fromstring((folder / "comparison.svg").read_text()).tag.endswith("svg")
    assert str(folder.relative_to(tmp_path)) in done.stderr
    again = invoke("compare", run, "--baselines", "dense", "--budget", 5, "--json", "-q")
    assert again.stderr == ""
    data = json.loads(again.stdout)
    assert json.loads((folder / "comparison.json").read_text()) == data
    assert data["rows"][0]["operations"] == es.verify(run).found.operations
    assert len(read_lines(folder / TRIALS)) == 1


def test_a_target_is_searched_too(tmp_path: Path) -> None:
    comparison = es.compare("wht", 4, baselines=["dense"], budget=0.5, seeds=2, out=tmp_path)
    own, dense = comparison.rows
    assert own.figures("operations") == [8, 8]
    assert [outcome.run is not None for outcome in own.outcomes] == [True, True]
    assert es.verify(Path(own.outcomes[0].run or "")).is_verified
    assert [m.operations for m in dense.best] == [12, 12]
    assert comparison.notices == ()


def test_samples_are_measured_on_validation_and_test_rows(
    formula_run: Path, tmp_path: Path
) -> None:
    comparison = es.compare(run=formula_run, baselines="relu", budget=0.3, out=tmp_path)
    own, network = comparison.rows
    claims = es.verify(formula_run).found
    assert own.best[0].error == pytest.approx(claims.validation_error, abs=1e-12)
    assert own.best[0].error_outside == pytest.approx(claims.test_error, abs=1e-12)
    assert network.best[0].error > 1e-6
    assert "validation rows" in str(comparison)
    assert comparison.dense is None


def test_a_program_is_measured_inside_and_outside(formula_run: Path) -> None:
    """A line is no exponential, and less so beyond the range that it was measured in."""
    program = es.load(formula_run)
    target = es.make_sampled_target("exp", seed=0)
    measured = model_of(program, target, "")
    for samples, error in (
        (target.validation, measured.error),
        (target.test, measured.error_outside),
    ):
        assert samples is not None
        difference = program.execute(samples.x) - samples.y
        assert error == pytest.approx(np.sqrt(np.mean(difference**2)) / samples.y.std())
    assert measured.error != pytest.approx(measured.error_outside)


def test_options_are_named_as_the_arguments_of_python() -> None:
    names = {name: {p.name for p in cli.commands[name].params} for name in ("run", "compare")}
    arguments = set(inspect.signature(es.compare).parameters)
    given = names["compare"] - {"as_json", "quiet", "plugin"}  # Python imports plug-ins
    assert arguments - given == {"report", "watch", "request"}
    others = {*comparing.OF_EVERY_SIZE, *comparing.OF_APPROXIMATIONS}
    request = set(comparing.Request.__dataclass_fields__) - others
    assert request <= given
    assert request <= names["run"]
    assert given == (arguments - {"report", "watch", "request"}) | request


@pytest.mark.parametrize(
    ("arguments", "code", "texts"),
    [
        (["--target", "dft", "--n", 4, "--baselines", "dens"], 2, ("'dens'", "'dense'")),
        (["--target", "dft", "--n", 4, "--baselines", "relu"], 2, ("relu", "dense")),
        (["--target", "dft", "--n", 4, "--baselines", "dense,,l1"], 2, ("''",)),
        (["--target", "dft", "--n", 4, "--budget", 0], 2, ("budget",)),
        (["--target", "dft", "--n", 4, "--budget", "nan"], 2, ("budget",)),
        (["--target", "dft", "--n", 4, "--seeds", 0], 2, ("seeds",)),
        (["--target", "dft", "--n", 4, "--seed", -1], 2, ("seed",)),
        (["--target", "dftt", "--n", 4], 2, ("did you mean 'dft'",)),
        (["--target", "dft"], 2, ("size",)),
        ([], 2, ("target",)),
        (["nowhere"], 65, ("nowhere",)),
        (["nowhere", "--target", "dft", "--n", 4], 2, ("both",)),
    ],
)
def test_bad_arguments_are_told(arguments: list[object], code: int, texts: tuple[str, ...]) -> None:
    done = invoke("compare", *arguments)
    assert done.exit_code == code, done.output
    assert done.stdout == ""
    assert done.stderr.startswith("error: ")
    assert all(text in done.stderr for text in texts)


@pytest.mark.parametrize(
    "arguments",
    [{"baselines": 5}, {"baselines": []}, {"budget": "x"}, {"seeds": True}, {"seed": 0.5}],
)
def test_arguments_of_other_kinds_are_refused(arguments: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match=f"expected {'names' if 'baselines' in arguments else ''}"):
        es.compare("dft", 4, **arguments)


def test_names_are_taken_once_and_numbers_of_numpy_too(run: Path, tmp_path: Path) -> None:
    options = {"budget": np.float32(2), "seeds": np.int64(1), "out": tmp_path}
    comparison = es.compare(run=run, baselines="dense, dense", **options)
    assert [(row.name, len(row.outcomes)) for row in comparison.rows] == [
        ("evosynth", 1),
        ("dense", 1),
    ]


def test_unknown_arguments_are_refused_in_python() -> None:
    with pytest.raises(UsageError, match="unknown argument 'sampels'"):
        es.compare("sine", sampels=3)


def test_a_folder_that_cannot_be_written_is_told_before_anything_is_trained(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = invoke("compare", "--target", "dft", "--n", 4, "--out", tmp_path / "file")
    assert done.exit_code == 74
    assert "..." not in done.stderr


def without(package: str, tmp_path: Path, *arguments: object) -> subprocess.CompletedProcess[str]:
    """Runs the command line where a package is not installed."""
    stub = f"raise ModuleNotFoundError(\"No module named '{package}'\", name='{package}')"
    (tmp_path / "missing").mkdir()
    (tmp_path / "missing" / f"{package}.py").write_text(stub)
    return subprocess.run(
        [sys.executable, "-m", "evosynth", *map(str, arguments)],
        env=os.environ | {"PYTHONPATH": str(tmp_path / "missing")},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    "arguments", [["compare", "--target", "dft", "--n", 4], ["baselines"], ["experiment"]]
)
def test_without_torch_the_extra_is_named(tmp_path: Path, arguments: list[object]) -> None:
    done = without("torch", tmp_path, *arguments)
    assert done.returncode == EnvironmentMismatchError.exit_code == 78
    assert done.stdout == ""
    error, hint = done.stderr.splitlines()
    assert error.startswith("error: ")
    assert "which is not installed" in error
    assert hint.startswith("hint: pip install 'evosynth[torch")


def test_without_matplotlib_there_is_a_table_and_no_picture(run: Path, tmp_path: Path) -> None:
    done = without("matplotlib", tmp_path, "compare", run, "--baselines", "dense", "--budget", 1)
    assert done.returncode == 0, done.stderr
    assert "dense" in done.stdout
    assert "no picture" in done.stderr
    assert "pip install 'evosynth[plot]'" in done.stderr


def test_baselines_are_listed() -> None:
    done = invoke("baselines")
    rows = json.loads(invoke("baselines", "--json").stdout)
    assert {row["kind"] for row in rows} == {"transform", "function"}
    assert all(row["name"] in done.stdout and row["summary"] in done.stdout for row in rows)
    assert rows == es.baselines()


def test_a_rival_says_why_it_cannot(tmp_path: Path) -> None:
    never = Baseline("never", "transform", lambda *_: fit_of(), "x", refusal=lambda target: "so")
    assert never.why_not(es.make_target("dft", 4)) == "so"
    assert never.why_not(es.make_sampled_target("exp", seed=0, samples=9)) == "it fits a transform"


# Experiments


@pytest.fixture
def _fake(monkeypatch: pytest.MonkeyPatch) -> None:
    def answer(setup: Setup) -> Answer:
        setup.say("halfway")
        figure, axis = new_figure()
        axis.plot([1, 2], [3, 4])
        rows = [{"seed": setup.seed, "is_quick": setup.is_quick}, {"extra": 0.5}]
        return Answer("It is so.", {"table": rows}, {"lines": figure})

    fake = Experiment("fake", "is it so?", answer)
    monkeypatch.setitem(EXPERIMENTS._members, "fake", fake)


@pytest.mark.usefixtures("_fake")
def test_an_experiment_leaves_tables_pictures_and_a_paragraph(tmp_path: Path) -> None:
    done = invoke("experiment", "fake", "--quick", "--seed", 3)
    assert done.exit_code == 0, done.output
    assert done.stderr == "halfway\n"
    folder = tmp_path / "evosynth-experiments" / "fake"
    with (folder / "table.csv").open() as stream:
        rows = list(csv.DictReader(stream))
    assert rows[0] == {"seed": "3", "is_quick": "True", "extra": ""}
    assert rows[1]["extra"] == "0.5"
    assert (folder / "lines.png").read_bytes().startswith(PNG)
    first = (folder / "lines.svg").read_bytes()
    assert "It is so." in (folder / "finding.md").read_text()
    assert "It is so." in done.stdout
    data = json.loads(invoke("experiment", "fake", "--json", "-q").stdout)
    assert {Path(file).name for file in data["files"]} == {p.name for p in folder.iterdir()}
    assert (folder / "lines.svg").read_bytes() == first


def test_experiments_are_listed_and_unknown_ones_refused() -> None:
    rows = json.loads(invoke("experiment", "--json").stdout)
    assert [row["name"] for row in rows] == list(EXPERIMENTS.names())
    done = invoke("experiment", "sine-frequenzy")
    assert done.exit_code == 2
    assert "did you mean 'sine-frequency'" in done.stderr
    assert invoke("experiment", "sine-frequency", "--seed", -1).exit_code == 2


def test_a_strangers_experiments_are_not_run(tmp_path: Path) -> None:
    (tmp_path / "experiments").mkdir()
    (tmp_path / "experiments" / "__init__.py").write_text("print('executed')")
    command = [sys.executable, "-c", "import evosynth as es; es.targets(); es.experiments()"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stdout == ""
    assert str(tmp_path / "experiments" / "__init__.py") in done.stderr.splitlines()[-1]
