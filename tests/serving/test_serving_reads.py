"""What the pages for the browser read: run folders and nothing else, and all of it stays text."""

from __future__ import annotations

import json
import os
import re
import shutil
from pathlib import Path
from urllib.parse import quote

import pytest
from served_pages import Served, body_of, needs_posix, unfinished

from evosynth.runs.lock import LOCK
from evosynth.serving import run_row
from evosynth.serving.addresses import run_address


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
