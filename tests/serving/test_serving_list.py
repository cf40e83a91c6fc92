"""The list of runs in the browser."""

from __future__ import annotations

import os
import re
import shutil
from contextlib import nullcontext
from pathlib import Path

import pytest
from markupsafe import Markup
from served_pages import Served, body_of, is_section, unfinished

from evosynth.runs import RunFolder
from evosynth.runs.lock import LOCK
from evosynth.serving import run_list
from evosynth.serving.run_table import Listed, age_text


def test_list_says_what_runs_found(served: Served) -> None:
    table = body_of(served.page(), "runs")
    for text in ("runs/good/", "DFT", ">exact<", "ended: ", ">16<", ">24<", ">0<", ">4,000<"):
        assert text in table, text
    assert "hidden" in body_of(served.page(), "running").partition("<h2>")[0]


def test_list_has_the_newest_first_and_names_what_it_leaves_out(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for k in range(4):
        shutil.copytree(folder / "good", folder / f"run{k}")
        for path in (*(folder / f"run{k}").iterdir(), folder / f"run{k}"):
            os.utime(path, (1e9 + k, 1e9 + k))
    monkeypatch.setattr(run_list, "MOST_LISTED", 3)
    with Served(folder) as served:
        page = served.page()
        assert re.findall(r"runs/(\w+)/", page) == ["good", "run3", "run2"]
        assert "2 older runs are not listed" in page
        assert served.ask("/runs/run0/")[0] == 200


def test_list_reads_again_only_what_has_changed(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(folder / "good", folder / "other")
    read = []
    monkeypatch.setattr(
        run_list, "read_row", lambda path: read.append(path.name) or run_list.UNREAD
    )
    runs = run_list.RunList(folder)
    runs.look()
    assert sorted(read) == ["good", "other"]
    runs.look()
    assert len(read) == 2
    with (folder / "good" / "log.jsonl").open("a") as log:
        log.write("{}\n")
    runs.look()
    assert read[2:] == ["good"]


def test_list_that_takes_long_is_read_bit_by_bit(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(folder / "good", folder / "other")
    monkeypatch.setattr(run_list, "BUDGET", -1.0)
    runs = run_list.RunList(folder)
    assert (first := runs.look()) == runs.look()
    assert str(runs.make("runs").html).count("not read yet") == 2
    monkeypatch.undo()
    assert runs.look() != first
    assert "not read yet" not in str(runs.make("runs").html)


@pytest.mark.parametrize("is_there", [True, False])
def test_empty_list_fills_itself(tmp_path: Path, found_run: Path, is_there: bool) -> None:
    folder = tmp_path / "to come"
    if is_there:
        folder.mkdir()
    with Served(folder) as served:
        page = served.page()
        assert "evosynth run --target dft" in page
        mark = re.search(r'data-events="([^"]+)"', page)
        assert mark is not None
        with served.stream(f"/{mark[1]}") as events:
            shutil.copytree(found_run, folder / "first")
            events.until(is_section("runs", "runs/first/"))


def test_list_follows_a_run(folder: Path, served: Served) -> None:
    run = folder / "good"
    unfinished(run)
    with served.stream("/events") as events:
        with RunFolder(run).lock():
            events.until(is_section("running", "searching"))
            RunFolder(run).append_log({"evaluations": 12345})
            events.until(is_section("running", "12,345"))
        events.until(is_section("runs", "not ended"))
        (run / LOCK).write_text("")
        events.until(is_section("runs", "killed"))


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "just now"), (61, "1 min ago"), (7300, "2 h ago"), (90000, "1 day ago"), (2e5, "2 days")],
)
def test_ages(seconds: float, text: str) -> None:
    assert age_text(seconds).startswith(text)


def test_time_beyond_the_calendar_hides_nothing(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not every file system has room for such a time, but some have."""
    shutil.copytree(folder / "good", folder / "other")
    stamp_of = run_list.stamp_of
    far = ((2**60 * 10**9, 1, 1),)
    monkeypatch.setattr(
        run_list, "stamp_of", lambda path: far if path.name == "good" else stamp_of(path)
    )
    table = str(run_list_table(folder))
    assert table.count(">exact<") == 2
    assert table.count("<time title=") == 1


@pytest.mark.parametrize("at", ["read_row", "line_of"])
def test_run_that_cannot_be_listed_says_so_and_the_others_are_there(
    folder: Path, monkeypatch: pytest.MonkeyPatch, at: str
) -> None:
    shutil.copytree(folder / "good", folder / "other")
    do = getattr(run_list, at)

    def fail(run: Path | Listed, *rest: str) -> object:
        if run.name == "good" and not (isinstance(run, Listed) and run.row.problem):
            raise ZeroDivisionError
        return do(run, *rest)

    monkeypatch.setattr(run_list, at, fail)
    table = str(run_list_table(folder))
    assert len(re.findall(r"cannot be \w+: ZeroDivisionError", table)) == 1
    assert "runs/good/" in table
    assert table.count(">exact<") == 1


def run_list_table(folder: Path) -> Markup:
    runs = run_list.RunList(folder)
    runs.look()
    html = runs.make("runs").html
    assert html is not None
    return html


@pytest.mark.parametrize("kind", ["written", "searched"])
def test_old_folder_with_new_work_in_it_is_listed(
    folder: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    """Writing to a log does not change its folder's time; searching need not write anything."""
    monkeypatch.setattr(run_list, "MOST_LISTED", 1)
    shutil.copytree(folder / "good", folder / "before")
    with RunFolder(folder / "before").lock() if kind == "searched" else nullcontext():
        for path in (*(folder / "before").iterdir(), folder / "before"):
            os.utime(path, (1e9, 1e9))
        if kind == "written":
            os.utime(folder / "before" / "log.jsonl", (4e9, 4e9))
        runs = run_list.RunList(folder)
        runs.look()
        page = f"{runs.make('running').html}{runs.make('runs').html}"
    assert "runs/before/" in page
    assert "runs/good/" not in page
