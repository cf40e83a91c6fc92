"""Reports: what is on the page of a run, and that nothing else is."""

from __future__ import annotations

import base64
import hashlib
import json
import math
import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from pages import HOSTILE, HOSTILE_NAME, make_hostile, read

import evosynth as es
from dsl.errors import DataError
from evosynth.cli.main import cli
from evosynth.comparison import FOLDER
from evosynth.fronts import FrontPoint
from evosynth.reports import SECTIONS
from evosynth.reports.course import course_of, restarts_of
from evosynth.reports.drawing.scales import Scale, label
from evosynth.reports.figures import MOST_ROWS, Table
from evosynth.reports.history import MOST_RECORDS, History, history_of
from evosynth.reports.markup import element
from evosynth.reports.page import part_of, parts_of
from evosynth.reports.reporting import COMPARISONS, write_report
from evosynth.reports.sections import front
from evosynth.reports.sections.output_errors import output_errors
from evosynth.reports.story import Story
from evosynth.run_file.command_line import command_line

OF_EVERY_PAGE = {"found", "convergence", "program", "making"}
KINDS: dict[str, tuple[dict[str, Any], set[str]]] = {
    "matrix": (
        {"target": "dft", "n": 8, "seed": 1, "evaluations": 8_000},
        {"front", "errors", "flow", "factors", "steps"},
    ),
    "approximate": (
        {"target": "dct2", "n": 8, "seed": 1, "evaluations": 30_000, "tolerance": 0.1},
        {"front", "errors", "flow", "factors", "steps"},
    ),
    "formula": (
        {"target": "sine", "frequency": 2.0, "samples": 200, "seed": 1, "evaluations": 1_000},
        {"fit", "front"},
    ),
    "algorithm": (
        {"target": "wht", "recursive": True, "seed": 1, "evaluations": 40_000},
        {"growth", "flow", "factors", "steps"},
    ),
}


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """One run of every kind."""
    folder = tmp_path_factory.mktemp("runs")
    found = {}
    for kind, (options, _) in KINDS.items():
        result = es.run(**options, workers=1, out=folder)
        assert result.folder is not None
        found[kind] = result.folder
    return found


@pytest.fixture
def run(runs: dict[str, Path], tmp_path: Path) -> Callable[[str], Path]:
    """Returns a copy of the run of a kind, which may be changed."""

    def copy(kind: str) -> Path:
        return Path(shutil.copytree(runs[kind], tmp_path / "runs" / runs[kind].name))

    return copy


each_kind = pytest.mark.parametrize("kind", KINDS)


def page(run: Path, **options: Any) -> str:
    return es.report(run, run.parent / "page.html", **options).read_text()


# Every kind of run


@each_kind
def test_a_page_has_the_sections_of_its_kind(kind: str, runs: dict[str, Path]) -> None:
    html = page(runs[kind])
    shown = set(re.findall(r'<section id="([a-z]+)" data-version="[^"]*">', html))
    assert shown == OF_EVERY_PAGE | KINDS[kind][1]
    assert "Not readable" not in html
    hidden = re.findall(r'<section id="([a-z]+)" [^>]*hidden>', html)
    assert set(hidden) | shown == set(SECTIONS.names())


@each_kind
def test_a_page_asks_nobody_for_anything(kind: str, runs: dict[str, Path]) -> None:
    """Its policy allows its own style and script and data, and no inline ones are there."""
    html = page(runs[kind])
    found = read(html)
    assert [found.elements[name] for name in ("script", "style")] == [1, 1]
    for _, name, value in found.attributes:
        assert not name.startswith("on"), name
        assert name not in ("style", "srcset", "action", "formaction"), name
        if name in ("href", "src", "xlink:href"):
            assert value.startswith(("#", "data:"))
    policy = next(v for tag, name, v in found.attributes if tag == "meta" and "default-src" in v)
    assert policy.startswith("default-src 'none'; img-src data:")
    for tag in ("script", "style"):
        content = re.search(f"<{tag}>(.*?)</{tag}>", html, re.DOTALL)
        assert content is not None
        digest = base64.b64encode(hashlib.sha256(content[1].encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy


@each_kind
def test_every_picture_has_a_caption_and_a_text_twin(kind: str, runs: dict[str, Path]) -> None:
    html = page(runs[kind])
    figures = re.findall(r"<figure\b.*?</figure>", html, re.DOTALL)
    assert len(figures) >= 3
    for figure in figures:
        caption = re.search(r"<figcaption[^>]*>(.*?)</figcaption>", figure, re.DOTALL)
        assert caption is not None
        assert len(caption[1]) > 40
        assert "<summary>The same as text</summary>" in figure
        assert re.search(r"<summary>The same as text</summary>.*(<td|<pre)", figure, re.DOTALL)


@each_kind
def test_a_report_changes_nothing_else(kind: str, run: Callable[[str], Path]) -> None:
    folder = run(kind)
    before = {p: (p.read_bytes(), p.stat().st_mtime_ns) for p in folder.rglob("*") if p.is_file()}
    path = es.report(folder)
    assert path == folder / "report.html"
    after = {p: (p.read_bytes(), p.stat().st_mtime_ns) for p in folder.rglob("*") if p.is_file()}
    after.pop(path)
    assert after == before
    assert es.check(folder).is_whole


@each_kind
def test_the_same_run_gives_the_same_page(kind: str, runs: dict[str, Path]) -> None:
    assert page(runs[kind]) == page(runs[kind])


# What the sections say


def test_found_recomputes_what_the_file_claims(run: Callable[[str], Path]) -> None:
    folder = run("matrix")
    assert "<strong>56</strong> real operations: 52 additions, 4 multiplications" in page(folder)
    best = json.loads((folder / "best.json").read_text())
    best["claims"] |= {"operations": 1, "additions": 1, "multiplications": 0, "error": 0.0}
    best["program"]["outputs"][0] = best["program"]["outputs"][1]
    (folder / "best.json").write_text(json.dumps(best))
    html = page(folder)
    assert "<strong>1</strong>" not in html
    assert "NOT the target" in html


def test_found_of_a_formula_is_the_formula(runs: dict[str, Path]) -> None:
    assert "y = sin(2*x)" in read(page(runs["formula"])).text


def test_found_has_a_bar_for_each(runs: dict[str, Path]) -> None:
    bars = re.findall(r'class="bar s\d" [^>]*data-tip="([^"]*)"', page(runs["matrix"]))
    assert bars[: len(bars) // 2] == bars[len(bars) // 2 :]  # wide and narrow
    assert [bar.split(":")[0] for bar in bars[: len(bars) // 2]] == [
        "found", "best known", "matrix product",
    ]  # fmt: skip


def compared(folder: Path, digest: str, where: Path) -> Path:
    """Writes a comparison as `es.compare` does."""
    where.mkdir(parents=True)
    names = ("evosynth", "dense", "l1", "network")
    figures = zip(names, (0, 1e-16, 1e-9, 0.1), (56, 176, 90, 700), strict=True)
    rows = [
        {"name": name, "told": "", "error": error, "operations": count, "seconds": 1.5}
        for name, error, count in figures
    ]
    data = {"target": "8-point DFT", "digest": digest, "rows": rows}
    (where / "comparison.json").write_text(json.dumps(data))
    return where


def test_rivals_are_shown_where_they_were_compared(run: Callable[[str], Path]) -> None:
    folder = run("matrix")
    digest = es.make_target("dft", 8).digest
    assert "network" not in page(folder)
    beside = folder.parent.parent / COMPARISONS / "dft8"
    compared(folder, digest, beside)
    html = page(folder)
    assert html.count('class="bar s2"') == 2 * 3  # wide and narrow, without our own row
    assert "700, error 1e-01" in html
    assert html.count('class="hollow s2"') == 2 * 3 + 1  # and the legend's
    assert page(folder, comparison=beside) == html
    assert COMPARISONS == FOLDER


def test_a_comparison_of_another_target_is_refused_when_named(run: Callable[[str], Path]) -> None:
    folder = run("matrix")
    other = compared(folder, es.make_target("dft", 16).digest, folder.parent.parent / "other")
    written = write_report(folder, folder / "page.html", other)
    assert any("another target" in problem for problem in written.problems)
    compared(folder, "x", folder.parent.parent / COMPARISONS / "dft8")
    assert not write_report(folder, folder / "page.html").problems  # nobody asked for that one


def record(epoch: int, island: int, evaluations: int, **others: Any) -> dict[str, Any]:
    return {"epoch": epoch, "island": island, "evaluations": evaluations, **others}


def statistics(least: float, median: float) -> dict[str, dict[str, float]]:
    return {"operations": {"min": least, "median": median, "max": 900.0}}


def history(*lines: dict[str, Any]) -> History:
    return history_of(lines)


def test_the_course_of_a_search_is_that_of_its_log() -> None:
    lines = [
        record(
            0, 0, 100, best=50, stale=0, improvements=[[40, 70], [80, 50]], **statistics(50, 60)
        ),
        record(0, 1, 200, best=50, stale=10, **statistics(55, 80)),
        record(1, 0, 300, best=50, stale=90, **statistics(50, 52)),
        record(1, 1, 400, best=45, stale=5, improvements=[[390, 45]], **statistics(45, 70)),
        record(2, 0, 500, best=45, stale=20, **statistics(60, 62)),
        record(2, 1, 600, best=45, stale=105, **statistics(45, 46)),
    ]
    course = course_of(history(*lines), {"migration": 2, "islands": 2}, 100)
    assert course.best == [(0, 100), (40, 70), (80, 50), (390, 45), (600, 45)]
    assert course.least == [(200, 50), (400, 45), (600, 45)]
    assert course.most == [(200, 55), (400, 50), (600, 60)]
    assert course.median == [(200, 70), (400, 61), (600, 54)]
    assert course.migrations == [400]
    assert course.restarts == [(500, 0)]  # less stale than before, and no better
    finished = course_of(history(*lines, {"end": "time", "best": 41}), {}, 100)
    assert finished.best[-1] == (600, 41)
    assert finished.migrations == []


def test_restarts_are_no_improvements() -> None:
    better = [record(k, 0, 100 * k, stale=10 - k, **statistics(50 - k, 60)) for k in range(3)]
    assert list(restarts_of(history(*better).records)) == []
    again = [record(k, 0, 100 * k, stale=10 - k, **statistics(50, 60)) for k in range(2)]
    assert list(restarts_of(history(*again).records)) == [(100, 0)]
    # Of formulas the log has what all islands know, which tells nothing of one.
    formulas = [record(k, 0, 100 * k, stale=10 - k, error=0.1, best=5) for k in range(2)]
    assert list(restarts_of(history(*formulas).records)) == []


@each_kind
def test_the_stairs_end_at_what_was_found(kind: str, runs: dict[str, Path]) -> None:
    """Refinement and finishing included; of approximate runs each phase has its own."""
    html = str(part_of(SECTIONS.get("convergence"), Story(runs[kind])).html)
    result = json.loads((runs[kind] / "run.json").read_text())["result"]
    told = re.findall(r'data-tip="([\d,]+) operations after', html)
    wanted = result["operations"]
    if kind == "algorithm":
        wanted = wanted[str(result["compared_size"])]
        assert f"operations at n = {result['compared_size']}" in html
    assert told[-1] == f"{wanted:,}"


def test_the_stairs_of_scaled_targets_end_with_refinement(tmp_path: Path) -> None:
    result = es.run("dct2", n=8, scaling="free", seed=1, evaluations=8_000, workers=1, out=tmp_path)
    assert result.folder is not None
    story = Story(result.folder)
    assert story.history.final == result.claims.operations
    course = course_of(story.history, story.spec, result.dense)
    assert course.best[-1] == (8_000, result.claims.operations)
    html = page(result.folder)
    assert "outputs are " in html  # the factors


def test_convergence_marks_every_improvement(runs: dict[str, Path]) -> None:
    story = Story(runs["matrix"])
    course = course_of(story.history, story.spec, 176)
    counts = {y for _, y in course.best[1:]}
    html = str(part_of(SECTIONS.get("convergence"), story).html)
    assert html.count('class="mark s1"') == 2 * len(counts)
    assert html.count("migration at") == 2 * len(course.migrations)


def test_a_cost_of_its_own_has_its_own_axis(tmp_path: Path) -> None:
    result = es.run(
        "dct2", n=8, seed=1, evaluations=30_000, workers=1, out=tmp_path, scaling="free",
        cost="shift-add", objective="coding-gain", tolerance=7.5,
    )  # fmt: skip
    assert result.folder is not None
    html = page(result.folder)
    assert "additions (shift-add, constants of 16 bits)" in html
    assert re.search(r'data-tip="[\d,]+ additions after', html)
    found = read(html).text
    assert "wanted at least 7.5 dB" in found
    assert "counted by shift-add" in found


@pytest.mark.parametrize("islands", [1, 3, 4])
def test_long_logs_are_thinned(islands: int) -> None:
    """Whole epochs at a time, and never the last."""
    epochs = 3 * MOST_RECORDS // islands
    lines = (
        record(k, island, islands * k + island + 1, best=50)
        for k in range(epochs)
        for island in range(islands)
    )
    records = history_of(lines).records
    assert len(records) <= MOST_RECORDS + islands
    assert records[0].evaluations == 1
    assert records[-1].evaluations == islands * epochs
    by_epoch: dict[int, set[int]] = {}
    for each in records:
        by_epoch.setdefault(each.epoch, set()).add(each.island)
    assert all(found == set(range(islands)) for found in by_epoch.values())


@pytest.mark.parametrize(
    "line",
    [
        {"evaluations": 10**900}, {"evaluations": True}, {"epoch": "a"}, {"epoch": [1]},
        {"island": -1},
        {"improvements": [[10**500, 3]]}, {"improvements": "x"}, {"improvements": [[1, 2, 3], 4]},
        {"operations": {"min": 10**900, "median": "x"}}, {"error": 10**900}, {"error": math.nan},
        {"stale": 1.5}, {"best": -3}, {"phase": 3}, {"seeking": ["x"]},
    ],
)  # fmt: skip
def test_hostile_logs_are_read(run: Callable[[str], Path], line: dict[str, Any]) -> None:
    folder = run("matrix")
    with (folder / "log.jsonl").open("a") as log:
        log.write(json.dumps(record(90, 0, 9_000, best=56) | line) + "\n")
    assert write_report(folder).problems == ()


@pytest.mark.parametrize("position", [0, 3, 7])
def test_errors_are_of_each_output(runs: dict[str, Path], position: int) -> None:
    """Of a target whose row k is not the program's, output k alone is wrong."""
    program = es.load(runs["matrix"])
    assert isinstance(program, es.Program)
    target = es.make_target("dft", 8)
    matrix = target.matrix.copy()
    matrix[position] *= 1.5
    errors = output_errors(program, es.Target("other", 8, matrix, "complex"))
    assert np.flatnonzero(errors > 1e-12).tolist() == [position]
    assert errors[position] == pytest.approx(1 / 3)


def test_the_front_has_a_mark_for_every_program(runs: dict[str, Path]) -> None:
    story = Story(runs["approximate"])
    html = str(part_of(SECTIONS.get("front"), story).html)
    assert story.front is not None
    assert len(story.front) > 5
    assert html.count('class="mark s1"') == 2 * len(story.front) + 1  # and the legend's
    assert html.count('class="hollow s5"') == 2 * 4 + 1  # four are published
    assert "tolerance" in html


def test_long_fronts_are_told_as_the_run_has_them(
    runs: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Counting a program of a large matrix again takes seconds."""
    story = Story(runs["approximate"])
    whole = read(str(part_of(SECTIONS.get("front"), story).html)).text
    monkeypatch.setattr(front, "MOST_COUNTED", 10)
    monkeypatch.setattr(FrontPoint, "tally", property(lambda point: pytest.fail("counted again")))
    quick = read(str(part_of(SECTIONS.get("front"), story).html)).text
    assert "additions" in whole
    assert story.front is not None
    for point in story.front:
        assert f"{point.operations:,}{point.error:.2g}" in quick.replace("\n", "")


def test_growth_counts_every_size(runs: dict[str, Path]) -> None:
    html = str(part_of(SECTIONS.get("growth"), Story(runs["algorithm"])).html)
    assert html.count('class="mark s1"') == 2 * 10 + 1  # 2 to 1,024, and the legend's
    assert "found: 24 operations at n = 8" in html


def test_the_program_can_be_copied_in_several_languages(runs: dict[str, Path]) -> None:
    html = page(runs["matrix"])
    for form in ("sympy", "numpy", "c", "latex"):
        assert f'data-copy="code-{form}"' in html
        assert f'id="code-{form}"' in html
    text = read(html).text
    assert "def dft8(x" in text
    assert "void dft8(" in text


def test_how_it_was_made_repeats_the_run(runs: dict[str, Path]) -> None:
    found = read(page(runs["matrix"])).text
    command = "evosynth run --target dft --n 8 --seed 1 --population 100 --evaluations 8000"
    assert command in found


def test_paths_of_the_maker_are_not_shown(tmp_path: Path) -> None:
    data = tmp_path / "secret-place" / "mine.csv"
    data.parent.mkdir()
    np.savetxt(data, np.arange(9.0).reshape(3, 3) % 4, delimiter=",")
    result = es.run(str(data), seed=1, evaluations=1_000, workers=1, out=tmp_path / "runs")
    assert result.folder is not None
    html = page(result.folder)
    assert "secret-place" not in html
    assert "evosynth run --target mine.csv" in html


def test_a_folder_may_be_named_by_a_dot(
    runs: dict[str, Path], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(runs["matrix"])
    assert runs["matrix"].name in es.report(".", tmp_path / "p.html").read_text()


def test_a_command_can_be_typed() -> None:
    options = {
        "target": "a b.npy", "kernel": [1.0, -2.0], "front": True, "recursive": False, "islands": 2,
        "word_length": 8, "plugin": ["x.py", "y;rm.py"],
    }  # fmt: skip
    assert command_line(options) == (
        "evosynth run --target 'a b.npy' --kernel 1.0,-2.0 --front --word-length 8 "
        "--plugin x.py --plugin 'y;rm.py'"
    )


# Runs that are not whole, or not ours


def test_a_run_that_has_only_begun_has_a_page(run: Callable[[str], Path]) -> None:
    folder = run("matrix")
    for name in ("best.json", "front.json", "log.jsonl"):
        (folder / name).unlink()
    html = page(folder)
    assert "Nothing has been found yet" in html
    assert "No epoch has ended yet" in html


@pytest.mark.parametrize(
    ("name", "content", "sections"),
    [
        ("best.json", "{", {"found", "errors", "flow", "factors", "steps", "program"}),
        ("front.json", "[3]", {"front"}),
        ("log.jsonl", "\x00\xff not a line\n[]\n", set()),
    ],
)
def test_damaged_files_are_said_and_the_rest_is_shown(
    run: Callable[[str], Path], name: str, content: str, sections: set[str]
) -> None:
    folder = run("matrix")
    (folder / name).write_text(content)
    found = {part.name for part in parts_of(Story(folder)) if part.problem}
    assert found >= sections
    assert "making" not in found
    result = CliRunner().invoke(cli, ["report", str(folder), "-o", str(folder / "p.html")])
    assert result.exit_code == (65 if sections else 0)
    assert (folder / "p.html").is_file()
    assert ("warning: " in result.output) == bool(sections)


@pytest.mark.parametrize("kind", ["link", "pipe"])
def test_the_page_is_not_written_through_what_a_folder_holds(
    run: Callable[[str], Path], tmp_path: Path, kind: str
) -> None:
    folder, precious = run("matrix"), tmp_path / "precious"
    precious.write_text("precious")
    if kind == "pipe":
        os.mkfifo(folder / "report.html")
        assert es.report(folder).is_file()
    else:
        (folder / "report.html").symlink_to(precious)
        with pytest.raises(DataError, match="is a link"):
            es.report(folder)
    assert precious.read_text() == "precious"


@pytest.mark.parametrize("name", ["run.json", "best.json", "front.json", "log.jsonl", "run.toml"])
def test_links_are_not_followed(run: Callable[[str], Path], tmp_path: Path, name: str) -> None:
    folder = run("matrix")
    secret = tmp_path / "secret"
    secret.write_text('{"evaluations": 123454321, "secret": "XYZZY"}')
    (folder / name).unlink()
    (folder / name).symlink_to(secret)
    if name == "run.json":
        assert write_report(folder, folder / "page.html").problems
    html = page(folder)
    assert "XYZZY" not in html
    assert "123,454,321" not in html


def test_several_outputs_have_fronts_of_their_own(tmp_path: Path) -> None:
    x = np.linspace(0, 3, 200)
    target = es.from_arrays(x[:, None], np.stack([np.sin(2 * x), x * x + 1], 1), seed=1)
    result = es.run(target, seed=1, evaluations=2_000, workers=1, out=tmp_path)
    assert result.folder is not None
    html = str(part_of(SECTIONS.get("front"), Story(result.folder)).html)
    outputs = {point.output for point in es.front(result.folder)}
    assert len(outputs) == 2
    for output in outputs:
        assert f"found for {output}: " in html
    assert html.count("<polyline") == 2 * 2  # wide and narrow
    assert "of the same output" in html


def test_a_program_without_operations_is_told(tmp_path: Path) -> None:
    result = es.run(np.diag([2.0, 3.0]), scaling="free", seed=1, evaluations=500, out=tmp_path)
    assert result.folder is not None
    assert "<strong>0</strong>" in page(result.folder)
    assert "as many" not in page(result.folder)


def test_markup_in_a_run_stays_text(tmp_path: Path) -> None:
    matrix = np.arange(16.0).reshape(4, 4) % 5
    result = es.run(matrix, seed=1, evaluations=2_000, workers=1, out=tmp_path / "runs")
    assert result.folder is not None
    folder = result.folder.rename(tmp_path / HOSTILE_NAME)
    make_hostile(folder)
    found = read(page(folder))
    assert found.elements["script"] == 1
    assert found.elements["style"] == 1
    assert not any(name.startswith("on") for _, name, _ in found.attributes)
    assert not any(tag == "img" and value == "x" for tag, _, value in found.attributes)
    assert found.text.count(HOSTILE) >= 7
    assert HOSTILE_NAME in found.text


@pytest.mark.parametrize("name", ["nothing-there", "file"])
def test_what_is_no_run_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").write_text("")
    result = CliRunner().invoke(cli, ["report", str(tmp_path / name)])
    assert result.exit_code == 65
    assert "error: no such run folder" in result.output


def test_a_page_that_cannot_be_written_is_refused(run: Callable[[str], Path]) -> None:
    folder = run("matrix")
    result = CliRunner().invoke(cli, ["report", str(folder), "-o", str(folder / "no" / "p.html")])
    assert result.exit_code == 74
    assert "cannot write" in result.output


def test_another_folder_than_a_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="run"):
        es.report(tmp_path)


# Pieces


@pytest.mark.parametrize(
    ("values", "is_logarithmic", "ticks"),
    [
        ([0, 100], False, [0, 20, 40, 60, 80, 100]),
        ([1, 1000], True, [1, 10, 100, 1000]),
        ([3, 3], False, [2.7, 3.0, 3.3]),
        ([0.0, 0.0], False, [-1.0, -0.5, 0.0, 0.5, 1.0]),
    ],
)
def test_scales_label_few_and_round_values(
    values: list[float], is_logarithmic: bool, ticks: list[float]
) -> None:
    scale = Scale.of(values, is_logarithmic=is_logarithmic)
    found = scale.ticks()
    assert set(np.round(found, 9)) >= set(ticks[1:-1])
    assert len(found) <= 8
    assert all(scale.low - 1e-9 <= tick <= scale.high + 1e-9 for tick in found)
    for value in values:
        assert 0 <= scale.share(value) <= 1


@pytest.mark.parametrize("values", [[1e-17], [40_000, 70_000], [3, 3_000], [168], [1e-9, 1e-3]])
def test_labels_of_a_logarithmic_axis_differ(values: list[float]) -> None:
    ticks = Scale.of(values, is_logarithmic=True).ticks()
    labels = [label(tick) for tick in ticks]
    assert labels
    assert len(set(labels)) == len(labels)


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0"), (12.5, "12.5"), (1200, "1,200"), (1e-9, "1e-9"), (3e8, "3e8"), (123456, "123,456")],
)
def test_labels_are_short(value: float, text: str) -> None:
    assert label(value) == text


def test_elements_escape_what_is_no_markup() -> None:
    made = element("a", HOSTILE, element("b", "<"), title=HOSTILE, hidden=True, width=1.50)
    assert made.count("<") == 4
    assert str(made).endswith("<b>&lt;</b></a>")
    assert 'hidden width="1.5"' in made
    assert read(str(made)).attributes[0] == ("a", "title", HOSTILE)


def test_long_tables_are_cut_in_the_middle() -> None:
    rows = [(str(k), "x") for k in range(MOST_ROWS + 7)]
    html = str(Table(("k", "x"), rows).html())
    assert html.count("<td>x</td>") == MOST_ROWS
    assert "... 7 more rows ..." in html
