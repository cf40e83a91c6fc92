"""Fronts of runs: reading, table, picture, choosing and verifying a program."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

import evosynth as es
from dsl.accuracy import EXACT
from dsl.costs import COSTS, make_cost
from dsl.covariance import make_covariance
from dsl.errors import DataError, EvosynthError, UsageError
from dsl.formats import json_format
from dsl.formats.text import parse
from dsl.number_forms import round_bits
from dsl.program import Program
from dsl.straightline import UNITS
from dsl.targets import Target, make_target
from dsl.targets.approximate_target import ApproximateTarget, Approximation
from dsl.targets.known_approximations import all_approximations
from evosynth.approximate_result import write_approximate_document
from evosynth.cli.main import cli
from evosynth.fronts import Front, front_of, front_table, points_of, read_front
from evosynth.runs.folder import RunFolder
from evosynth.runs.stored_target import stored_target
from fitness.objectives import OBJECTIVES, program_error

DISCOVERED = Path(__file__).parent.parent / "experiments" / "discovered"
GAIN = Approximation(8.0, "coding-gain", "shift-add", "ar1:0.95", 8)
ERROR = Approximation(1e-2, "error", "flops")


def rounded(program: Program, bits: int) -> Program:
    """Returns a program with its constants rounded."""
    return replace(
        program,
        instructions=tuple(
            replace(
                step,
                constants=tuple(c if c in UNITS else round_bits(c, bits) for c in step.constants),
            )
            for step in program.instructions
        ),
    )


def entry_of(program: Program, target: ApproximateTarget) -> dict[str, Any]:
    """Returns a true entry of a front."""
    asked = target.approximation
    of_matrices = OBJECTIVES.get(asked.objective).of_matrices
    assert of_matrices is not None
    losses = of_matrices(program.matrix()[None], target.target, target.covariance)
    return {
        "error": program_error(program, target.target),
        "operations": program.count.operations,
        "cost": make_cost(asked.cost, asked.word_length).of_code(program.code).cost,
        "loss": float(losses[0]),
        "program": json_format.to_data(program),
    }


def write_run(
    folder: Path, target: ApproximateTarget | Target, entries: list[dict[str, Any]]
) -> Path:
    """Writes what of a run folder is read for its front."""
    folder.mkdir()
    run = RunFolder(folder)
    run.write_front(entries)
    head = {"format": "evosynth-run", "version": 2, "digest": target.digest}
    run.write_configuration(head | stored_target(target))
    return folder


def approximate(asked: Approximation, scaling: str = "free") -> ApproximateTarget:
    target = make_target("dct2", 8, scaling=scaling)
    inputs = make_covariance(asked.covariance, 8) if asked.covariance else None
    return ApproximateTarget(target, asked, inputs)


@pytest.fixture(scope="module")
def program() -> Program:
    found = es.load(DISCOVERED / "dct2-8-free-33.json")
    assert isinstance(found, Program)
    return found


@pytest.fixture(scope="module")
def entries(program: Program) -> list[dict[str, Any]]:
    """Returns a front of coding gain, out of order."""
    return [entry_of(rounded(program, bits), approximate(GAIN)) for bits in (6, 3, 2, 4)]


@pytest.fixture
def run(tmp_path: Path, entries: list[dict[str, Any]]) -> Path:
    return write_run(tmp_path / "run", approximate(GAIN), entries)


def test_programs_are_in_order_of_cost(run: Path) -> None:
    front = es.front(run)
    assert (front.cost.name, front.cost.word_length, front.objective.name) == (
        "shift-add", 8, "coding-gain",
    )  # fmt: skip
    costs = [point.cost for point in front]
    assert costs == sorted(costs)
    assert len(front) == 4
    assert front[0] is front.points[0]
    for point in front:
        assert point.cost == point.tally.cost
    assert repr(front) == f"<Front of {front.title}: 4 programs>"


def test_table_shows_programs_and_what_is_known(run: Path) -> None:
    front = es.front(run)
    heading, *lines = str(front).splitlines()
    assert heading.split() == [
        "#", "cost", "operations", "error", "coding-gain", "additions", "multiplications", "shifts",
    ]  # fmt: skip
    assert len(lines) == 4 + len(all_approximations()) + 1
    first = lines[0].split()
    assert first[:3] == ["1", f"{front[0].cost:g}", str(front[0].operations)]
    assert front.objective.shown(front[0].loss) in lines[0]
    (bas,) = (line for line in lines if "BAS-2008" in line)
    assert bas.split()[:2] == ["18", "20"]
    assert "8.12 dB" in bas
    assert lines[-1].endswith("matrix product")
    assert front._repr_html_().count("<tr>") == len(lines) + 1


def test_table_of_points_alone(entries: list[dict[str, Any]]) -> None:
    points = points_of(entries, make_cost("shift-add", 8))
    assert len(front_table(points, OBJECTIVES.get("error")).splitlines()) == 5
    assert front_table(()) == ""


def test_factors_that_the_run_does_not_admit_are_named() -> None:
    strict = str(front_of(approximate(ERROR, "exact").target, [], ERROR))
    assert strict.count("up to a factor per output") == 4
    assert "up to" not in str(front_of(approximate(ERROR).target, [], ERROR))
    assert "best known" in strict
    free = front_of(approximate(ERROR).target, []).references
    for one, other in zip(free, front_of(make_target("dct2", 8), []).references, strict=True):
        assert (one.name, one.error) == (other.name, other.error)


@pytest.mark.parametrize("cost", COSTS.names())
def test_references_are_counted_as_the_front_is(cost: str) -> None:
    asked = Approximation(1e-2, "error", cost)
    found = {
        each.name: each.cost for each in front_of(approximate(ERROR).target, [], asked).references
    }
    assert found["rounded DCT"] == {"multiplications": 0}.get(cost, 22)
    assert found["BAS-2008"] == {"multiplications": 2, "shift-add": 18}.get(cost, 20)
    if cost == "flops":
        assert found["best known"] == 34
    assert found["matrix product"] == {"multiplications": 64, "shift-add": 352}.get(cost, 120)


# Choosing


def test_the_cheapest_that_is_good_enough(run: Path) -> None:
    front = es.front(run)
    for point in front:
        figure = front.objective.figure(point.loss)
        cheapest = next(p for p in front if p.loss <= point.loss)
        assert front.pick(f"gain={figure!r}") is cheapest
        assert front.pick(f"coding-gain={figure!r}") is cheapest
    assert front.pick("gain=0") is front[0]


def test_errors_are_those_of_the_programs(run: Path) -> None:
    front = es.front(run)
    errors = [point.error for point in front]
    assert front.pick(f"error={min(errors)!r}").error == min(errors)
    picked = front.pick("error=0.2")
    assert picked.error <= 0.2
    assert all(point.error > 0.2 for point in front if point.cost < picked.cost)


def test_other_objectives_are_computed(run: Path) -> None:
    front = es.front(run)
    of_matrices = OBJECTIVES.get("snr").of_matrices
    assert of_matrices is not None
    assert front.target is not None
    picked = front.pick("snr=20")
    loss = of_matrices(picked.program.matrix()[None], front.target, front.covariance)[0]
    assert loss <= 1e-2
    with pytest.raises(UsageError, match="no program of the front has snr of at least 300"):
        front.pick("snr=300")


def test_the_best_within_a_budget(run: Path) -> None:
    front = es.front(run)
    for key in ("cost", "operations"):
        for point in front:
            within = [p for p in front if getattr(p, key) <= getattr(point, key)]
            assert front.pick(f"{key}={getattr(point, key)}").loss == min(p.loss for p in within)


def test_programs_by_place(run: Path) -> None:
    front = es.front(run)
    assert front.pick("first") is front.pick("#1") is front.pick("1") is front[0]
    assert front.pick("last") is front.pick("#4") is front[3]


@pytest.mark.parametrize(
    ("choice", "problem"),
    [
        ("#0", "expected a program from #1 to #4, got '#0'"),
        ("#5", "expected a program from #1 to #4"),
        ("#²", "expected a choice"),
        ("#99999999999999999999", "expected a choice"),
        ("best", "expected a choice among the programs of a front, got 'best'"),
        ("loss=3", "expected a choice"),
        ("=3", "expected a choice"),
        ("cost=", "expected a number in 'cost='"),
        ("error=nan", "expected a number"),
        ("error=1e-9", r"error of at most 1e-09: they have 0\.\d+ to 0\.\d+"),
        ("gain=9", r"coding-gain of at least 9: they have [78]\.\d+ to 8\.8\d+"),
        ("cost=1", r"cost of at most 1: they have \d+ to \d+"),
    ],
)
def test_choices_that_are_none(run: Path, choice: str, problem: str) -> None:
    with pytest.raises(UsageError, match=problem) as caught:
        es.front(run).pick(choice)
    assert caught.value.hint


def test_nothing_is_chosen_from_an_empty_front() -> None:
    with pytest.raises(UsageError, match="the front has no program yet"):
        Front("nothing", ()).pick("first")


# Exact runs


@pytest.fixture
def exact_run(tmp_path: Path) -> Path:
    target = make_target("dft", 8)
    program = es.load(DISCOVERED / "dft-8-56.json")
    assert isinstance(program, Program)
    entry = {"error": 0.0, "operations": 56, "program": json_format.to_data(program)}
    return write_run(tmp_path / "exact", target, [entry])


def test_fronts_of_exact_runs(exact_run: Path) -> None:
    front = es.front(exact_run)
    assert [(point.cost, point.loss) for point in front] == [(56, 0)]
    assert [each.cost for each in front.references] == [56, 176]
    assert es.verify(exact_run, pick="#1").problems == []


def test_a_program_of_an_exact_run_must_be_exact(tmp_path: Path, program: Program) -> None:
    target = approximate(ERROR).target
    entry = entry_of(rounded(program, 8), approximate(ERROR))
    (problem,) = es.verify(write_run(tmp_path / "run", target, [entry]), pick="first").problems
    assert f"expected at most {EXACT:g}" in problem


# Verifying


def test_true_claims_are_verified(run: Path) -> None:
    for number in range(1, 5):
        assert es.verify(run, pick=f"#{number}").is_verified


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("cost", lambda value: value - 1),
        ("operations", lambda value: value - 1),
        ("loss", lambda value: value * 0.99),
        ("error", lambda value: 0.0),
    ],
)
def test_false_claims_are_named(
    tmp_path: Path, entries: list[dict[str, Any]], name: str, change: Callable[[Any], Any]
) -> None:
    false = entries[0] | {name: change(entries[0][name])}
    verification = es.verify(write_run(tmp_path / "f", approximate(GAIN), [false]), pick="first")
    assert [problem.partition(":")[0] for problem in verification.problems] == [name]
    assert not verification.is_verified


# Files that nobody has checked


def test_folders_without_a_front(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="has no front"):
        read_front(tmp_path)
    with pytest.raises(DataError, match="no such run folder"):
        read_front(tmp_path / "none")


@pytest.mark.parametrize(
    "content",
    [
        "",
        "{",
        "3",
        '{"programs": 3}',
        '{"programs": [3]}',
        '{"programs": [{}]}',
        "[" * 200,
        json.dumps([0] * 20_000),
        '{"programs": [{"program": {}, "error": 0, "operations": 1}]}',
    ],
)
def test_damaged_fronts_are_no_crash(run: Path, content: str) -> None:
    (run / "front.json").write_text(content)
    with pytest.raises(DataError, match=r"front\.json"):
        read_front(run)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("error", None), ("error", -1.0), ("error", "0"), ("error", True),
        ("operations", 1.5), ("operations", -1), ("operations", None),
        ("cost", [1]), ("cost", 1e301), ("cost", 10**400), ("loss", -0.5), ("loss", {}),
        ("output", 1), ("output", "y" * 2_000), ("program", 3), ("program", None),
    ],
)  # fmt: skip
def test_damaged_entries_are_named(
    run: Path, entries: list[dict[str, Any]], name: str, value: object
) -> None:
    front = json.loads((run / "front.json").read_text())
    front["programs"][0][name] = value
    (run / "front.json").write_text(json.dumps(front))
    with pytest.raises(DataError, match=r"front\.json"):
        read_front(run)


def test_links_are_not_followed(run: Path, tmp_path: Path) -> None:
    (run / "front.json").rename(tmp_path / "elsewhere.json")
    (run / "front.json").symlink_to(tmp_path / "elsewhere.json")
    with pytest.raises(DataError, match="is a link"):
        read_front(run)


@pytest.mark.parametrize(
    ("name", "value"),
    [("objective", "beauty"), ("cost", "dollars"), ("word_length", 10**9), ("covariance", "x")],
)
def test_damaged_configurations_are_no_crash(run: Path, name: str, value: object) -> None:
    text = (run / "run.json").read_text()
    data = json.loads(text)
    assert f'"{name}"' in text

    def changed(part: Any) -> Any:
        if not isinstance(part, dict):
            return part
        return {k: value if k == name else changed(v) for k, v in part.items()}

    (run / "run.json").write_text(json.dumps(changed(data)))
    with pytest.raises(EvosynthError):
        read_front(run)


def test_old_fronts_are_lists(exact_run: Path) -> None:
    path = exact_run / "front.json"
    path.write_text(json.dumps(json.loads(path.read_text())["programs"]))
    assert len(read_front(exact_run)) == 1


# Pictures


@pytest.mark.parametrize("suffix", ["png", "svg"])
def test_pictures_are_files(run: Path, tmp_path: Path, suffix: str) -> None:
    pytest.importorskip("matplotlib")
    path = tmp_path / f"front.{suffix}"
    es.front(run).save(path)
    assert path.read_bytes()[:5] in (b"\x89PNG\r", b"<?xml")


def test_pictures_have_a_mark_for_everything(run: Path) -> None:
    pytest.importorskip("matplotlib")
    front = es.front(run)
    (axis,) = front.draw().axes
    found, tolerance, best, *known = axis.lines
    assert found.get_xdata().tolist() == [point.cost for point in front]
    figures = [front.objective.figure(point.loss) for point in front]
    assert found.get_ydata().tolist() == pytest.approx(figures)
    assert len(known) == 5
    assert set(tolerance.get_ydata()) == {8.0}
    assert tolerance.get_label() == "tolerance: 8 dB"
    assert front.best is front.pick("gain=8")
    assert (best.get_xdata()[0], best.get_ydata()[0]) == pytest.approx(
        (front.best.cost, front.objective.figure(front.best.loss))
    )
    assert best.get_label().startswith(f"best: {front.best.cost:g} additions, 8.")
    assert axis.get_ylabel() == "coding-gain, dB"
    assert axis.get_yscale() == "linear"


def test_errors_over_decades_are_logarithmic_and_exact_ones_are_drawn(exact_run: Path) -> None:
    pytest.importorskip("matplotlib")
    front = es.front(exact_run)
    point = replace(front[0], error=1e-3, loss=1e-3, cost=40)
    (axis,) = replace(front, points=(point, front[0])).draw().axes
    assert axis.get_yscale() == "log"
    assert all(y > 0 for y in axis.lines[0].get_ydata())
    assert axis.get_xscale() == "linear"
    replace(front, points=()).draw()


def test_programs_without_cost_are_within_a_logarithmic_picture(run: Path) -> None:
    pytest.importorskip("matplotlib")
    front = es.front(run)
    free = replace(front, points=(replace(front[0], cost=0), *front.points[1:]))
    (axis,) = free.draw().axes
    assert axis.get_xscale() == "symlog"
    places = axis.transData.transform([(cost, 8) for cost in (0, *(p.cost for p in front))])[:, 0]
    assert np.isfinite(places).all()
    assert places[0] > axis.transData.transform((axis.get_xlim()[0], 8))[0]
    ticks = axis.get_xticks()
    assert ticks[0] == 0
    assert ticks[1] > 0
    (axis,) = front.draw().axes
    assert axis.get_xscale() == "log"
    cheap = replace(free, points=tuple(replace(p, cost=k) for k, p in enumerate(front)))
    cheap.__dict__["references"] = []
    (axis,) = cheap.draw().axes
    assert axis.get_xscale() == "linear"


def test_the_best_is_the_cheapest_within_the_tolerance_or_the_nearest(run: Path) -> None:
    front = es.front(run)
    for point in front:
        within = replace(front, tolerance=front.objective.figure(point.loss))
        assert within.best is next(p for p in front if p.loss <= point.loss)
    assert replace(front, tolerance=50.0).best is min(front, key=lambda point: point.loss)
    assert replace(front, tolerance=None).best is None
    assert replace(front, points=()).best is None


def test_exact_runs_have_no_tolerance_in_the_picture(exact_run: Path) -> None:
    pytest.importorskip("matplotlib")
    (axis,) = es.front(exact_run).draw().axes
    labels = [line.get_label() for line in axis.lines]
    assert labels == ["found: 1", "best known", "matrix product"]


def test_pictures_have_a_known_suffix(run: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"expected a picture's name, got 'front\.pdf'"):
        es.front(run).save(tmp_path / "front.pdf")


# The command line


def said(*arguments: object, code: int = 0) -> str:
    result = CliRunner().invoke(cli, [str(argument) for argument in arguments])
    assert result.exit_code == code, result.output
    return result.output


def test_front_command_prints_the_table(run: Path) -> None:
    output = said("front", run)
    assert str(es.front(run)) in output
    assert "ar1:0.95 inputs" in output
    assert "shift-add at 8 bits" in output


def test_front_command_prints_json(run: Path) -> None:
    data = json.loads(said("front", run, "--json"))
    assert [point["number"] for point in data["points"]] == [1, 2, 3, 4]
    assert data["points"][0]["figure"] == pytest.approx(-10 * math.log10(data["points"][0]["loss"]))
    assert {each["name"] for each in data["known"]} >= {"BAS-2008", "matrix product"}
    assert data["word_length"] == 8


def test_front_command_draws(run: Path, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    said("front", run, "-o", tmp_path / "a.svg")
    assert (tmp_path / "a.svg").stat().st_size > 1000
    assert "expected a picture's name" in said("front", run, "-o", tmp_path / "a.txt", code=2)


def test_commands_take_a_choice(run: Path) -> None:
    first, last = (said("show", run, "--pick", choice) for choice in ("first", "last"))
    assert first != last
    assert said("export", run, "--pick", "#1", "--to", "json") == said(
        "show", run, "--pick", "first", "--format", "json"
    )
    assert "verified: shift-add" in said("verify", run, "--pick", "gain=8.2")
    assert json.loads(said("verify", run, "--pick", "last", "--json"))["verified"] is True
    assert "hint: the best has" in said("show", run, "--pick", "gain=20", code=2)


def test_a_listing_counts_as_the_run_does(run: Path, exact_run: Path) -> None:
    for number, point in enumerate(es.front(run), 1):
        text = said("show", run, "--pick", f"#{number}")
        lines = text.splitlines()
        assert lines[1].startswith(f"# {point.operations} real operations")
        assert lines[2] == f"# cost shift-add at 8 bits: {point.cost:g} additions"
        assert parse(text) == point.program
    assert "# cost" not in said("show", exact_run, "--pick", "first")
    assert "takes it" in said("show", run, "--pick", "first", "--n", 8, code=2)


def test_a_program_file_counts_as_its_run_does(tmp_path: Path, program: Program) -> None:
    path = tmp_path / "best.json"
    path.write_text(write_approximate_document(program, approximate(GAIN)))
    cost = make_cost("shift-add", 8).of_code(program.code).cost
    assert f"\n# cost shift-add at 8 bits: {cost:g} additions\n" in said("show", path)
    path.write_text(write_approximate_document(program, approximate(ERROR)))
    assert "# cost" not in said("show", path)


def test_costs_command_lists_costs_and_objectives() -> None:
    output = said("costs")
    data = json.loads(said("costs", "--json"))
    assert [row["name"] for row in data["costs"]] == list(COSTS.names())
    assert "operations" not in [row["name"] for row in data["objectives"]]
    for row in (*data["costs"], *data["objectives"]):
        assert row["summary"] in output


def test_the_front_of_formulas_names_their_outputs(tmp_path: Path) -> None:
    result = es.run("sine", frequency=2.0, samples=200, seed=1, evaluations=1_000, out=tmp_path)
    assert result.folder is not None
    found = es.front(result.folder)
    assert len(found) > 1
    assert {point.output for point in found} == {"y"}
    assert "output" in str(found)
