"""Pages for the browser: for this machine alone, reading only, live, and bounded in everything."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from itertools import count
from pathlib import Path
from urllib.parse import quote

import pytest
from markupsafe import Markup

import evosynth as es
from dsl.errors import StorageError, UsageError
from evosynth.reports.base import SECTIONS
from evosynth.reports.page import Part
from evosynth.runs import RunFolder
from evosynth.runs.lock import LOCK
from evosynth.serving import RunsServer, exchange, live, run_list, run_row
from evosynth.serving import server as server_module
from evosynth.serving.addresses import Address, read_address, run_address
from evosynth.serving.live import Live, Look
from evosynth.serving.run_list import age_text

# Bounds for what ends by itself; reached only by a failure.
PATIENT = 60.0
needs_posix = pytest.mark.skipif(os.name == "nt", reason="needs signals, links and limits")


@pytest.fixture(scope="module")
def found_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that has found something."""
    out = tmp_path_factory.mktemp("made")
    es.run("dft", n=4, seed=0, evaluations=4000, islands=1, workers=1, out=out)
    return next(out.iterdir())


@pytest.fixture
def folder(tmp_path: Path, found_run: Path) -> Path:
    """A folder with one run, `good`."""
    folder = tmp_path / "runs"
    folder.mkdir()
    shutil.copytree(found_run, folder / "good")
    return folder


class Served:
    """A server in a thread, and what it tells."""

    def __init__(self, folder: Path) -> None:
        self.told: list[str] = []
        self.server = RunsServer(folder, 0, self.told.append)
        self.port = self.server.server_port
        self.host = f"127.0.0.1:{self.port}"
        self._thread = threading.Thread(target=self.server.serve_forever, args=(0.05,))

    def __enter__(self) -> Served:
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.server.shutdown()
        self._thread.join()
        self.server.server_close()

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=PATIENT)

    def ask(
        self, path: str | bytes = "/", method: str = "GET", host: str | None = None, **headers: str
    ) -> tuple[int, dict[str, str], str]:
        """Asks as it stands, with nothing normalised; returns status, headers and body."""
        target = path if isinstance(path, bytes) else path.encode()
        lines = {"Host": host or self.host} | {
            name.replace("_", "-"): value for name, value in headers.items()
        }
        head = "".join(f"{name}: {value}\r\n" for name, value in lines.items()).encode()
        return self.send(method.encode() + b" " + target + b" HTTP/1.1\r\n" + head + b"\r\n")

    def send(self, request: bytes) -> tuple[int, dict[str, str], str]:
        with self.connect() as connection:
            connection.sendall(request)
            return answer(received(connection))

    def page(self, name: str = "") -> str:
        status, _, body = self.ask(f"/{run_address(name) if name else ''}")
        assert status == 200
        return body

    @contextmanager
    def stream(self, path: str, **headers: str) -> Iterator[Events]:
        with self.connect() as connection:
            extra = "".join(f"{k.replace('_', '-')}: {v}\r\n" for k, v in headers.items())
            head = f"GET {path} HTTP/1.1\r\nHost: {self.host}\r\n{extra}\r\n"
            connection.sendall(head.encode())
            with connection.makefile("rb") as lines:
                yield Events(lines)


class Events:
    """What a stream says."""

    def __init__(self, lines: object) -> None:
        self._lines = lines
        self.status = int(self._line().split()[1])
        while self._line():
            pass

    def __iter__(self) -> Iterator[tuple[str, dict[str, str], str]]:
        """Yields kind, data and mark of events to the end of the stream."""
        fields: dict[str, str] = {}
        while (line := self._line()) is not None:
            if line:
                name, _, value = line.partition(": ")
                fields[name] = value
            elif "event" in fields:
                yield fields["event"], json.loads(fields["data"]), fields["id"]
                fields = {}

    def until(self, is_it: Callable[[str, dict[str, str]], bool]) -> str:
        """Reads on until an event; returns its mark."""
        until = time.monotonic() + PATIENT
        for kind, data, mark in self:
            if is_it(kind, data):
                return mark
            assert time.monotonic() < until
        raise AssertionError("the stream ended")

    def _line(self) -> str | None:
        line = self._lines.readline()  # type: ignore[attr-defined]
        return line.decode().rstrip("\r\n") if line else None


def received(connection: socket.socket) -> bytes:
    """Returns all that comes before the end."""
    blocks = []
    try:
        while block := connection.recv(1 << 16):
            blocks.append(block)
    except ConnectionError:  # the end came before all was read that we sent
        pass
    return b"".join(blocks)


def answer(data: bytes) -> tuple[int, dict[str, str], str]:
    head, _, body = data.partition(b"\r\n\r\n")
    status, *lines = head.decode("latin-1").split("\r\n")
    headers = dict(line.split(": ", 1) for line in lines)
    assert len(headers) == len(lines), "a header twice"
    return int(status.split()[1]), headers, body.decode()


@pytest.fixture
def served(folder: Path) -> Iterator[Served]:
    with Served(folder) as served:
        yield served


def unfinished(run: Path) -> None:
    """Makes a run one that goes on and has found nothing."""
    configuration = json.loads((run / "run.json").read_text())
    del configuration["result"]
    RunFolder(run).write_configuration(configuration)
    for name in ("best.json", "front.json", "log.jsonl"):
        (run / name).unlink(missing_ok=True)
    RunFolder(run).start_log()


def wait_for(is_so: Callable[[], bool]) -> None:
    until = time.monotonic() + PATIENT
    while not is_so():
        assert time.monotonic() < until
        time.sleep(0.02)


def body_of(page: str, section: str) -> str:
    """Returns what is in a section of a page."""
    found = re.search(rf'<section id="{section}".*?</section>', page, re.DOTALL)
    assert found is not None
    return found.group()


def is_section(name: str, text: str = "") -> Callable[[str, dict[str, str]], bool]:
    return lambda kind, data: (
        kind == "section" and data["name"] == name and text in (data["html"] or "")
    )


# The list


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


# Pages


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


@pytest.mark.parametrize("kind", ["beginning", "killed", "old"])
def test_run_is_over_when_nobody_works_on_it(folder: Path, served: Served, kind: str) -> None:
    run = folder / "good"
    unfinished(run)
    if kind == "killed":
        (run / LOCK).write_text("")
    if kind == "old":
        os.utime(run / "run.json", (1e9, 1e9))
    is_live = "data-events" in served.page("good").partition("<script>")[0]
    assert is_live == (kind == "beginning")


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


def test_section_that_fails_says_so_and_the_others_are_there(
    served: Served, monkeypatch: pytest.MonkeyPatch, folder: Path
) -> None:
    def fail(section: object, story: object) -> Part:
        if section is SECTIONS.get("found"):
            raise ZeroDivisionError(f"secret\n{folder}")
        return part_of(section, story)  # type: ignore[arg-type]

    from evosynth.serving import run_source

    part_of = run_source.part_of
    monkeypatch.setattr(run_source, "part_of", fail)
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


# What is read


@needs_posix
def test_runs_are_only_read(folder: Path) -> None:
    unfinished(shutil.copytree(folder / "good", folder / "other"))
    (folder / "other" / LOCK).write_text("left")

    def state() -> dict[str, tuple[bytes | None, int, int]]:
        return {
            str(path): (
                path.read_bytes() if path.is_file() else None,
                path.stat().st_mtime_ns,
                path.stat().st_ino,
            )
            for path in [folder, *folder.rglob("*")]
        }

    before = state()
    with Served(folder) as served:
        for name in ("", "good", "other"):
            served.page(name)
            with served.stream(f"/{run_address(name) if name else ''}events") as events:
                events.until(lambda kind, data: kind == "section")
    assert state() == before


WAYS_OUT = (
    *("/..", "/../", "/runs/../", "/runs/../../etc/passwd", "/runs/..", "/./", "///etc/"),
    *("/runs/%2e%2e/", "/runs/%2E%2E/", "/runs/.%2e/", "/runs/%2e/", "/runs/good/../good/"),
    *("/runs/%2e%2e%2fruns%2fgood/", "/runs/..%2fgood/", "/runs/%2fetc/", "/runs/good%2f/"),
    *("/runs/%5c..%5cgood/", "/runs/..\\good/", "/runs/good%00/", "/runs/%00/", "/runs/good\0/"),
    *("/runs/%252e%252e/", "/runs/%c0%ae%c0%ae/", "/runs/\u2025/", "/runs/good/run.json"),
    *("/runs/good%2frun.json", "/good/run.json", "/runs/good/checkpoint/", "/run.json", "//runs/"),
    *("/runs//", "/runs/good//", "/runs/", "/events/", "/runs/good/events/", "/runs/GOOD/"),
    *("/runs/link/", "/runs/outside/", "/runs/%zz/", "/runs/%/", "/" + "a" * 5000, "*", ""),
    *("http://127.0.0.1/", "file:///etc/passwd", "/runs/" + "%41" * 600 + "/", "/?/../..", "/;/"),
)


@needs_posix
@pytest.mark.parametrize("path", WAYS_OUT, ids=lambda path: repr(path)[:40])
def test_nothing_else_has_an_address(folder: Path, path: str) -> None:
    outside = shutil.copytree(folder / "good", folder.parent / "outside")
    (folder / "link").symlink_to(outside)
    with Served(folder) as served:
        status, _, body = served.ask(path)
        assert status in ((200,) if path.startswith("/?") else (400, 404))
        assert "DFT" not in body or path.startswith("/?")


@needs_posix
def test_links_are_no_runs(folder: Path, tmp_path: Path) -> None:
    outside = shutil.copytree(folder / "good", tmp_path / "outside")
    (folder / "linked").symlink_to(outside)
    half = folder / "half"
    half.mkdir()
    (half / "run.json").symlink_to(outside / "run.json")
    (half / "best.json").symlink_to(outside / "best.json")
    (half / "log.jsonl").symlink_to("/etc/passwd")
    with Served(folder) as served:
        page = served.page()
        assert "linked" not in page
        assert "is a link" in page
        page = served.page("half")
        assert "is a link" in page
        assert "root:" not in page
        assert str(tmp_path) not in page


HOSTILE = (
    "<script>alert(1)<script>",
    "<img src=x onerror=alert(1)>",
    "a b&c\"d'e",
    "%2e%2e",
    "..a",
    "x" * 200,
    "a;b?c#d",
)


@needs_posix
@pytest.mark.parametrize("name", [*HOSTILE, "\u202eevil", os.fsdecode(b"\xff\xfe"), "a\nb\x1b[2J"])
def test_names_of_runs_stay_text(folder: Path, name: str) -> None:
    (folder / "good").rename(folder / name)
    with Served(folder) as served:
        page = served.page()
        (href,) = re.findall(r'href="(runs/[^"]*)"', page)
        assert href == f"runs/{quote(os.fsencode(name), safe='')}/"
        run_page = served.page(name)
        for text in (page, run_page):
            assert "<script>alert" not in text
            assert "<img src=x" not in text
            for sign in "\x1b\u202e":
                assert sign not in text, text[text.find(sign) - 200 :][:400]


CONTENTS = {
    "markup": '{"format": "evosynth-run", "kind": "<script>alert(1)</script>", "target": '
    '{"name": "<script>alert(1)</script>", "n": "{n.__class__}"}, "spec": {"seed": '
    '"<script>alert(1)</script>"}, "result": {"stopped_by": "<script>alert(1)</script>", '
    '"operations": "<script>alert(1)</script>", "error": 1e999}}',
    "own": '{"format": "evosynth-run", "kind": "matrix", "target": {"name": "x", "title": '
    '"<script>alert(1)</script>\\u001b[2J", "entries": [[1]]}, "result": {"error": "nan", '
    '"stopped_by": {"a": "<script>alert(1)</script>"}, "operations": -1, "evaluations": true}}',
    "deep": "[" * 100_000,
    "broken": '{"format": "evosynth-run", ',
    "foreign": '{"format": "another"}',
    "list": "[]",
    "empty": "",
    "bytes": "\xff\xfe\x00",
    "surrogate": '{"format": "evosynth-run", "target": {"name": "\\ud800"}}',
    "number": '{"format": "evosynth-run", "target": {"n": 1' + "0" * 4000 + "}}",
    "large": '{"format": "evosynth-run", "kind": "matrix", "target": {"name": "dft", "n": 100000, '
    '"input": "complex", "packing": "none", "digest": ""}}',
    "plugins": '{"format": "evosynth-run", "plugins": [{"name": "<script>alert(1)</script>", '
    '"path": "<script>alert(1)</script>", "sha256": "", "distribution": ""}]}',
}


@pytest.mark.parametrize("kind", CONTENTS)
def test_contents_of_runs_stay_text(folder: Path, kind: str) -> None:
    run = folder / "bad"
    run.mkdir()
    (run / "run.json").write_bytes(CONTENTS[kind].encode("latin-1"))
    evil = '{"claims": {"operations": "<script>alert(1)</script>", "error": []},\n"target": {}}'
    (run / "best.json").write_text(evil)
    (run / "log.jsonl").write_text('{"evaluations": "<script>alert(1)</script>"}\n[[[\n')
    with Served(folder) as served:
        for page in (served.page(), served.page("bad")):
            assert "<script>alert" not in page
            assert "\x1b" not in page
            assert str(folder) not in page
            assert "Traceback" not in page
        table = body_of(served.page(), "runs")
        assert "runs/good/" in table
        assert "runs/bad/" in table


@needs_posix
def test_large_and_strange_files_are_not_read(folder: Path) -> None:
    for name in ("large", "pipe"):
        shutil.copytree(folder / "good", folder / name)
    for name in ("run.json", "best.json", "log.jsonl"):
        os.truncate(folder / "large" / name, 1 << 40)
        (folder / "pipe" / name).unlink()
        os.mkfifo(folder / "pipe" / name)
    (folder / "pipe" / "run.json").unlink()
    unfinished_data = json.loads((folder / "good" / "run.json").read_text())
    del unfinished_data["result"]
    (folder / "pipe" / "run.json").write_text(json.dumps(unfinished_data))
    shutil.copytree(folder / "good", folder / "long")
    with (folder / "long" / "run.json").open("a") as file:
        file.write(" " * run_row.LARGEST)
    with Served(folder) as served:
        table = body_of(served.page(), "runs")
        assert table.count("expected at most") == 2
        assert "runs/pipe/" in table


# Who may ask


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost", "LOCALHOST"])
def test_this_machine_may_ask(served: Served, name: str) -> None:
    assert served.ask(host=f"{name}:{served.port}")[0] == 200


FOREIGN = ("evil.example", "evil.example:{}", "127.0.0.1", "127.0.0.1:1", "[::1]:{}", "0.0.0.0:{}")


@pytest.mark.parametrize("host", [*FOREIGN, "127.0.0.1:{}.evil.example", "a@127.0.0.1:{}", "x y"])
def test_other_names_are_refused(served: Served, host: str) -> None:
    for path in ("/", "/runs/good/", "/events"):
        status, _, body = served.ask(path, host=host.format(served.port))
        assert status == 421
        assert "DFT" not in body


@pytest.mark.parametrize("lines", ["", "Host: {0}\r\nHost: {0}\r\n", "Host: \r\n"])
def test_there_is_one_host(served: Served, lines: str) -> None:
    head = f"GET / HTTP/1.1\r\n{lines.format(served.host)}\r\n"
    assert served.send(head.encode())[0] == 421


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Origin": "http://127.0.0.1:{}"}, 200),
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "https://127.0.0.1:{}"}, 403),
        ({"Origin": "null"}, 403),
        ({"Sec_Fetch_Site": "same-origin"}, 200),
        ({"Sec_Fetch_Site": "none"}, 200),
        ({"Sec_Fetch_Site": "cross-site"}, 403),
        ({"Sec_Fetch_Site": "same-site"}, 403),
        ({"Sec_Fetch_Site": "cross-site", "Sec_Fetch_Mode": "no-cors"}, 403),
        (
            {
                "Sec_Fetch_Site": "cross-site",
                "Sec_Fetch_Mode": "navigate",
                "Sec_Fetch_Dest": "iframe",
                "Sec_Fetch_User": "?1",
            },
            403,
        ),
        (
            {
                "Sec_Fetch_Site": "cross-site",
                "Sec_Fetch_Mode": "navigate",
                "Sec_Fetch_Dest": "document",
                "Sec_Fetch_User": "?1",
            },
            200,
        ),
    ],
)
def test_other_sites_are_refused(served: Served, headers: dict[str, str], status: int) -> None:
    given = {name: value.format(served.port) for name, value in headers.items()}
    assert served.ask("/", **given)[0] == status
    assert served.ask("/runs/good/", **given)[0] == status


@pytest.mark.parametrize(
    "method", ["POST", "PUT", "OPTIONS", "DELETE", "PATCH", "TRACE", "CONNECT"]
)
def test_pages_can_only_be_read(served: Served, method: str) -> None:
    status, headers, _ = served.ask("/", method, Content_Length="0")
    assert (status, headers["Allow"]) == (405, "GET, HEAD")


SECURITY = {
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "X-Frame-Options": "DENY",
}


def test_every_answer_is_kept_to_its_reader(served: Served) -> None:
    answers = [served.ask(path) for path in ("/", "/runs/good/", "/nonesuch", "/runs/good")]
    answers += [served.ask("/events", "HEAD"), served.ask("/", "POST"), served.ask(host="a")]
    for _, headers, _ in answers:
        for name, value in SECURITY.items():
            assert headers[name] == value
        policy = headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert "Server" not in headers
        assert not any(name.startswith("Access-Control") for name in headers)


@pytest.mark.parametrize(
    "request_line", [b"GET", b"GET /", b"GET / HTTP/9.9", b"GET / HTTP/1.1 x", b"\xff\xff", b"{}"]
)
def test_what_is_no_request_is_refused(served: Served, request_line: bytes) -> None:
    host = f"\r\nHost: {served.host}\r\n".encode()
    assert 400 <= served.send(request_line + host + b"\r\n")[0] <= 505
    assert served.ask()[0] == 200
    assert served.told == []


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"GET /" + b"a" * 100_000,
        b"GET / HTTP/1.1\r\nX: " + b"a" * 100_000,
        b"GET / HTTP/1.1\r\n" + b"X: a\r\n" * 20_000,
    ],
    ids=["line", "header", "headers"],
)
def test_large_requests_are_refused(served: Served, request_bytes: bytes) -> None:
    with served.connect() as connection:
        # So much at once that nothing is left unread, whose loss would hide the answer.
        connection.sendall(request_bytes[: exchange.LONGEST_REQUEST + 1])
        status, _, body = answer(received(connection))
        assert (status, body.count("\n")) == (431, 1)
    assert served.ask()[0] == 200
    assert served.told == []


def test_many_short_headers_are_refused(served: Served) -> None:
    head = f"GET / HTTP/1.1\r\nHost: {served.host}\r\n" + "X: a\r\n" * 200 + "\r\n"
    assert served.send(head.encode())[0] == 431


# Bounds


@contextmanager
def many_files(number: int) -> Iterator[int]:
    """Lets this process open so many files, or as many as it may."""
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = number + 300 if hard == resource.RLIM_INFINITY else min(hard, number + 300)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, most), hard))
    try:
        yield min(number, most - 300)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@needs_posix
@pytest.mark.parametrize("is_silent", [False, True])
def test_a_thousand_connections_are_bounded(served: Served, is_silent: bool) -> None:
    request = b"" if is_silent else f"GET /events HTTP/1.1\r\nHost: {served.host}\r\n\r\n".encode()
    before = threading.active_count()
    with many_files(1000) as number, ExitStack() as stack:
        connections = []
        for _ in range(number):
            connections.append(stack.enter_context(served.connect()))
            connections[-1].sendall(request)
        assert threading.active_count() <= before + server_module.MOST_CONNECTIONS + live.HANDS
        assert "runs/good/" in served.page()
        if not is_silent:
            statuses = [first_status(connection) for connection in connections]
            assert statuses.count(200) == 64
            assert set(statuses) <= {200, 503, None}
    wait_for(lambda: served.ask("/events", "HEAD")[0] == 200)
    wait_for(lambda: is_stream_taken(served))


def first_status(connection: socket.socket) -> int | None:
    """Returns the status of an answer; None of a connection that was ended without."""
    try:
        data = connection.recv(12)
    except ConnectionError:
        return None
    return int(data.split()[1]) if data else None


def is_stream_taken(served: Served) -> bool:
    with served.stream("/events") as events:
        return events.status == 200


def test_too_many_streams_are_told_when_to_come_again(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server_module, "MOST_STREAMS", 1)
    with Served(folder) as served, served.stream("/events") as events:
        assert events.status == 200
        status, headers, _ = served.ask("/events")
        assert (status, int(headers["Retry-After"]) > 0) == (503, True)
        assert served.ask("/")[0] == 200


def test_readers_that_have_gone_give_their_stream_back(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server_module, "MOST_STREAMS", 1)
    monkeypatch.setattr(exchange, "HEARTBEAT", 1e9)
    with Served(folder) as served:
        with served.stream("/events") as events:
            # All that comes: a connection that ends with something unread ends otherwise.
            events.until(is_section("runs"))
        wait_for(lambda: is_stream_taken(served))


@pytest.mark.parametrize("sent", [b"", b"G", b"GET / HTTP/1.1\r\nHost: a\r\n"])
def test_slow_clients_are_dropped(
    served: Served, monkeypatch: pytest.MonkeyPatch, sent: bytes
) -> None:
    monkeypatch.setattr(exchange, "SENDING", 0.2)
    with served.connect() as connection:
        connection.sendall(sent)
        assert received(connection) == b""


def test_clients_that_send_byte_by_byte_are_dropped(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exchange, "SENDING", 0.5)
    with served.connect() as connection:
        until = time.monotonic() + PATIENT
        is_open = True
        while is_open:
            assert time.monotonic() < until
            time.sleep(0.02)
            try:
                connection.sendall(b"a")
            except ConnectionError:
                is_open = False


def test_clients_that_do_not_read_are_dropped(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exchange, "TAKING", 0.2)
    size = 1 << 26
    is_asked = threading.Event()

    def page(self: RunsServer, address: Address) -> bytes:
        is_asked.set()
        return b"a" * size

    monkeypatch.setattr(RunsServer, "page", page)
    with served.connect() as connection:
        connection.sendall(f"GET / HTTP/1.1\r\nHost: {served.host}\r\n\r\n".encode())
        assert is_asked.wait(PATIENT)
        wait_for(lambda: served.server.places._free._value == server_module.MOST_CONNECTIONS)
        assert 0 < len(received(connection)) < size


def test_runs_that_were_looked_at_are_forgotten(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server_module, "MOST_RUNS", 2)
    for k in range(4):
        shutil.copytree(folder / "good", folder / f"run{k}")
    with Served(folder) as served:
        for k in range(4):
            served.page(f"run{k}")
        assert list(served.server._runs) == ["run2", "run3"]


# What is live


class Script:
    """A source whose versions a test decides."""

    def __init__(self, *names: str) -> None:
        self.titles = {name: name.title() for name in names}
        self.versions = dict.fromkeys(names, "1")
        self.made: list[str] = []
        self.is_over = False
        self.in_the_way: dict[str, threading.Event] = {}

    def look(self) -> Look:
        return Look(dict(self.versions), self.is_over)

    def rest(self) -> None:
        self.made.append("rest")

    def make(self, name: str) -> Part:
        text = self.versions[name]
        self.made.append(name)
        if name in self.in_the_way:
            assert self.in_the_way[name].wait(PATIENT)
        return Part(name, self.titles[name], Markup(text), "")


def live_of(source: Script) -> Live:
    return Live(source, count(1), 0.01, pytest.fail)


def test_sections_are_made_once_for_all_readers() -> None:
    source = Script("a", "b")
    watched = live_of(source)
    with ExitStack() as stack:
        for _ in range(10):
            stack.enter_context(watched.reading())
        assert [str(part.html) for part in watched.show(PATIENT).parts] == ["1", "1"]
        revision = watched.show(PATIENT).revision
        source.versions["b"] = "2"
        found = [watched.wait(revision, PATIENT)[0] for _ in range(10)]
        assert [[str(made.part.html) for made in some] for some in found] == [["2"]] * 10
    assert sorted(source.made) == ["a", "b", "b"]


def test_expensive_sections_do_not_delay_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "EXPENSIVE", 0.0)
    monkeypatch.setattr(live, "REST", 0.0)
    source = Script("slow", "slower", "quick")
    watched = live_of(source)
    with watched.reading():
        revision = watched.show(PATIENT).revision
        watched._seconds.update(slow=10.0, slower=20.0, quick=-1.0)
        for name in ("slow", "slower"):
            source.in_the_way[name] = threading.Event()
            source.versions[name] = "2"
        for version in ("2", "3"):
            source.versions["quick"] = version
            (made,), _ = watched.wait(revision, PATIENT)
            assert (made.part.name, str(made.part.html)) == ("quick", version)
            revision = made.revision
            watched._seconds["quick"] = -1.0
        for event in source.in_the_way.values():
            event.set()


def test_page_does_not_wait_for_expensive_sections() -> None:
    source = Script("slow", "quick")
    source.in_the_way["slow"] = threading.Event()
    watched = live_of(source)
    with watched.reading():
        parts = watched.show(0.5).parts
        assert ["Being made" in str(part.html) for part in parts] == [True, False]
        assert parts[0].version == ""
        source.in_the_way["slow"].set()
        assert str(watched.show(PATIENT).parts[0].html) == "1"


def test_what_changes_while_it_is_made_is_made_again() -> None:
    source = Script("a")
    source.in_the_way["a"] = threading.Event()
    watched = live_of(source)
    with watched.reading():
        wait_for(lambda: source.made == ["a"])
        source.versions["a"] = "2"
        wait_for(lambda: watched._look.versions == {"a": "2"})
        source.in_the_way["a"].set()
        revision, texts = 0, []
        while "2" not in texts:
            found, _ = watched.wait(revision, PATIENT)
            assert found
            texts += [str(made.part.html) for made in found]
            revision = found[-1].revision


def test_end_comes_after_everything_is_made() -> None:
    source = Script("a", "b")
    source.is_over = True
    source.in_the_way["b"] = threading.Event()
    watched = live_of(source)
    with watched.reading():
        (first,), is_done = watched.wait(0, PATIENT)
        assert (first.part.name, is_done) == ("a", False)
        assert watched.wait(first.revision, 0.1) == ([], False)
        source.in_the_way["b"].set()
        (second,), is_done = watched.wait(first.revision, PATIENT)
        assert (second.part.name, is_done) == ("b", True)


def test_cheap_sections_come_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "HANDS", 1)
    source = Script("slow", "quick")
    watched = live_of(source)
    watched._seconds.update(slow=20.0, quick=10.0)
    with watched.reading():
        watched.show(PATIENT)
        wait_for(lambda: len(source.made) == 2)
    assert source.made == ["quick", "slow"]


def test_nobody_works_for_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "LINGER", 0.05)
    source = Script("a")
    watched = live_of(source)
    with watched.reading():
        assert not watched.show(PATIENT).is_done
        assert watched._hands == live.HANDS
    wait_for(lambda: source.made == ["a", "rest"])
    source.versions["a"] = "2"
    with watched.reading():
        assert str(watched.show(PATIENT).parts[0].html) == "2"


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("/", Address(None, False)),
        ("/events", Address(None, True)),
        ("/events?after=a.1", Address(None, True, "a.1")),
        ("/runs/a%20b/", Address("a b", False)),
        ("/runs/a/events", Address("a", True)),
        ("/runs/../", None),
        ("/runs/a;b/", None),
        ("/runs/<a>/", None),
        ("/runs/\u00e9/", None),
    ],
)
def test_addresses(text: str, address: Address | None) -> None:
    assert read_address(text) == address


# The command


def command(folder: Path, *options: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "evosynth", "serve", str(folder), *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@needs_posix
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 0), (signal.SIGTERM, 143)])
def test_signals_end_it(folder: Path, number: int, code: int) -> None:
    with command(folder, "--port", "0") as process:
        assert process.stdout is not None
        found = re.fullmatch(r"http://127\.0\.0\.1:(\d+)/\n", process.stdout.readline())
        assert found is not None
        host = f"127.0.0.1:{found[1]}"
        with socket.create_connection(("127.0.0.1", int(found[1])), timeout=PATIENT) as stream:
            stream.sendall(f"GET /events HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
            assert stream.recv(12) == b"HTTP/1.1 200"
            process.send_signal(number)
            out, err = process.communicate(timeout=PATIENT)
        assert (process.returncode, out) == (code, "")
        assert f"ssh -L {found[1]}:{host} USER@" in err
        assert "Traceback" not in err


@needs_posix
def test_quiet_says_the_address_alone(folder: Path) -> None:
    with command(folder, "--port", "0", "-q") as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith("http://127.0.0.1:")
        process.send_signal(signal.SIGINT)
        assert process.communicate(timeout=PATIENT) == ("", "")
        assert process.returncode == 0


def test_port_that_is_taken(served: Served, folder: Path) -> None:
    with pytest.raises(StorageError, match=str(served.port)) as caught:
        RunsServer(folder, served.port)
    assert "--port 0" in caught.value.hint


@pytest.mark.parametrize("port", [-1, 1 << 16, True, "8000"])
def test_ports_that_do_not_exist(folder: Path, port: int) -> None:
    with pytest.raises(UsageError, match="port"):
        RunsServer(folder, port)


def test_file_is_no_folder(folder: Path) -> None:
    with pytest.raises(UsageError, match=r"expected a folder, got '.*run\.json'"):
        RunsServer(folder / "good" / "run.json", 0)


@needs_posix
def test_folder_that_cannot_be_read_is_told(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: object) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(server_module, "FIRST_WAIT", 0.1)
    monkeypatch.setattr(run_list.os, "scandir", refuse)
    assert "There is no run" not in served.page()
    wait_for(lambda: len(served.told) == 1)
    assert "Permission denied" in served.told[0]


def test_python_serves_until_it_is_interrupted(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupt(self: RunsServer) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(RunsServer, "serve_forever", interrupt)
    es.serve(folder, port=0)
    assert "http://127.0.0.1:" in capsys.readouterr().err


def test_only_this_machine_is_listened_to(served: Served) -> None:
    assert served.server.socket.getsockname()[0] == "127.0.0.1"
    assert served.server.socket.family == socket.AF_INET
