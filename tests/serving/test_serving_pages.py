"""Live pages of runs in the browser."""

from __future__ import annotations

import json
import os
import re
import shutil
from pathlib import Path

import pytest
from served_pages import Served, body_of, failing, is_section, unfinished

import evosynth as es
from evosynth.reports.base import SECTIONS
from evosynth.runs import RunFolder
from evosynth.runs.lock import LOCK
from evosynth.serving import exchange, run_list, run_source


def test_page_has_what_a_report_has(folder: Path, served: Served, tmp_path: Path) -> None:
    report = es.report(folder / "good", tmp_path / "report.html").read_text()
    page = served.page("good")
    for section in SECTIONS:
        assert body_of(page, section.name) == body_of(report, section.name)
    assert 'href="../../"' in page
    assert "data-events" not in page.partition("<script>")[0], "it has ended: nothing follows"
    assert "connect-src 'self'" in page


def test_folder_of_one_run_is_its_page(folder: Path) -> None:
    with Served(folder / "good") as served:
        assert "<h1>4-point DFT" in served.page()
        assert "All runs" not in served.page()
        assert served.ask("/runs/good/")[0] == 404
        with served.stream("/events") as events:
            assert [kind for kind, _, _ in events][-1] == "end"


def test_streams_give_signs_of_life(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exchange, "PULSE", 0.02)
    monkeypatch.setattr(exchange, "HEARTBEAT", 0.02)
    with served.connect() as connection:
        connection.sendall(f"GET /events HTTP/1.1\r\nHost: {served.host}\r\n\r\n".encode())
        with connection.makefile("rb") as lines:
            assert any(line.startswith(b":") for line in lines)


def test_page_without_its_last_stroke_leads_to_the_page(served: Served) -> None:
    status, headers, _ = served.ask("/runs/good")
    assert (status, headers["Location"]) == (308, "/runs/good/")


def test_head_has_no_body(served: Served) -> None:
    paths = ("/nonesuch", "/runs/nonesuch/events", "/", "/runs/good/events", "/runs/good/")
    for path in paths:
        status, headers, body = served.ask(path, "HEAD")
        assert (status, body) == (404 if "nonesuch" in path else 200, "")
    assert int(headers["Content-Length"]) > 0


def test_run_that_goes_on_reaches_its_page(folder: Path, found_run: Path, served: Served) -> None:
    run = folder / "good"
    unfinished(run)
    with RunFolder(run).lock():
        page = served.page("good")
        events_at = re.search(r'data-events="([^"]+)"', page)
        assert events_at is not None
        with served.stream(f"/runs/good/{events_at[1]}") as events:
            for line in (found_run / "log.jsonl").read_text().splitlines()[1:]:
                RunFolder(run).append_log(json.loads(line))
            events.until(is_section("convergence", "<svg"))
            RunFolder(run).write_best((found_run / "best.json").read_text())
            events.until(is_section("found", "16"))
    with served.stream("/runs/good/events") as events:
        (run / "run.json").write_bytes((found_run / "run.json").read_bytes())
        events.until(lambda kind, data: kind == "end")


def put_an_end_to(run: Path, end: str) -> None:
    """Makes a run one that stands still."""
    if end in ("killed", "stopped", "beginning"):
        unfinished(run)
    if end == "killed":
        (run / LOCK).write_text("")
    if end == "stopped":
        os.utime(run / "run.json", (1e9, 1e9))
    if end == "interrupted":
        data = json.loads((run / "run.json").read_text())
        data["result"]["stopped_by"] = "interrupt"
        RunFolder(run).write_configuration(data)
    if end == "unreadable":
        (run / "run.json").write_text("{")
    if end == "gone":
        shutil.rmtree(run)


def is_live(page: str) -> bool:
    return "data-events" in page.partition("<script>")[0]


def last_event(served: Served) -> tuple[str, dict[str, str]]:
    """Returns the last event of a stream that ends."""
    with served.stream("/runs/good/events") as events:
        return [(kind, data) for kind, data, _ in events][-1]


ENDS = {
    "ended": run_source.ENDED,
    "interrupted": run_source.INTERRUPTED,
    "killed": run_source.KILLED,
    "stopped": run_source.STOPPED,
    "unreadable": run_source.UNREADABLE,
}


@pytest.mark.parametrize("end", ENDS)
def test_stream_ends_with_what_has_become_of_the_run(
    folder: Path, served: Served, end: str
) -> None:
    put_an_end_to(folder / "good", end)
    expected = {"told": ENDS[end].told, "isFinal": end in ("ended", "unreadable")}
    assert is_live(served.page("good")) == (not expected["isFinal"])
    assert last_event(served) == ("end", expected)


def test_run_that_begins_is_live(folder: Path, served: Served) -> None:
    put_an_end_to(folder / "good", "beginning")
    assert is_live(served.page("good"))


def test_open_page_of_a_run_that_is_removed_is_told(folder: Path, served: Served) -> None:
    """Also if it asks only after that."""
    gone = ("end", {"told": "The run is no longer there.", "isFinal": True})
    put_an_end_to(folder / "good", "beginning")
    with served.stream("/runs/good/events") as events:
        events.until(is_section("found"))
        put_an_end_to(folder / "good", "gone")
        assert [(kind, data) for kind, data, _ in events][-1] == gone
    assert last_event(served) == gone
    assert served.ask("/runs/good/")[0] == 404


@pytest.mark.parametrize("end", ["killed", "interrupted", "stopped"])
def test_resumed_run_reaches_pages_that_are_open(
    folder: Path, found_run: Path, served: Served, end: str
) -> None:
    run = folder / "good"
    put_an_end_to(run, end)
    own = re.search(r'data-events="([^"]+)"', served.page("good"))
    assert own is not None
    address = f"/runs/good/{own[1]}"
    with served.stream(address) as events:
        assert [kind for kind, _, _ in events] == ["end"]
    with RunFolder(run).lock(), served.stream(address) as events:
        events.until(lambda kind, data: kind == "live")
        (run / "best.json").unlink(missing_ok=True)
        RunFolder(run).write_best((found_run / "best.json").read_text())
        events.until(is_section("found", "16"))


def test_nothing_is_lost_between_page_and_stream(
    folder: Path, found_run: Path, served: Served
) -> None:
    run = folder / "good"
    unfinished(run)
    with RunFolder(run).lock():
        with served.stream("/runs/good/events") as events:
            mark = events.until(is_section("found"))
        page = served.page("good")
        own = re.search(r"after=([0-9a-f.]+)", page)
        assert own is not None
        RunFolder(run).write_best((found_run / "best.json").read_text())
        for path, last in (
            (f"/runs/good/events?after={own[1]}", ""),
            ("/runs/good/events", mark),
            (f"/runs/good/events?after={own[1].split('.')[0]}.999999", mark),
        ):
            with served.stream(path, **({"Last_Event_ID": last} if last else {})) as events:
                events.until(is_section("found", "16"))


def test_only_what_a_page_lacks_is_sent(folder: Path, served: Served) -> None:
    def sent(after: str) -> list[str]:
        with served.stream(f"/runs/good/events?after={after}") as events:
            return [data["name"] for kind, data, _ in events if kind == "section"]

    with served.stream("/runs/good/events") as events:
        marks = [mark for kind, _, mark in events if kind == "section"]
    assert len(sent("")) == len(marks) == len(SECTIONS) + 1
    assert sent(marks[-1]) == []
    assert len(sent(marks[-3])) == 2
    for foreign in (f"0.{marks[-1].split('.')[1]}", "x", ".", f"{marks[-1]}x", "%00", "1" * 400):
        assert len(sent(foreign)) == len(marks)


def test_section_that_fails_says_so_and_the_others_are_there(served: Served, folder: Path) -> None:
    with failing(SECTIONS.get("found"), message=f"secret\n{folder}"):
        page = served.page("good")
    assert "cannot be shown" in body_of(page, "found")
    assert "seed" in body_of(page, "making")
    assert "secret" not in page
    assert str(folder) not in page
    assert served.page("good") == page
    (line,) = served.told
    assert "'found'" in line
    assert "'good'" in line
    assert "\n" not in line


def test_request_that_fails_says_so_and_the_others_are_answered(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_list.RunList, "find", lambda self, name: 1 / 0)
    status, _, body = served.ask("/runs/good/")
    assert status == 500
    assert "Zero" not in body
    assert len(served.told) == 1
    assert served.ask("/")[0] == 200


def test_run_that_needs_a_plugin_says_which(folder: Path, served: Served) -> None:
    run = folder / "good"
    data = json.loads((run / "run.json").read_text())
    data["plugins"] = [
        {"name": "mine", "path": "my ops.py", "sha256": "0" * 64, "distribution": ""}
    ]
    RunFolder(run).write_configuration(data)
    told = body_of(served.page("good"), "plugins")
    assert "evosynth serve --plugin" in told
    assert "my ops.py" in told
