"""Pages in headless Chromium: as people see them, at both widths, light and dark."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from pages import HOSTILE, HOSTILE_NAME, make_hostile

import evosynth as es
from dsl.pictures.flow import flow_graph
from evosynth.job import prepare
from evosynth.runs.lock import LOCK
from evosynth.settings import Settings

pytestmark = pytest.mark.browser

DISCOVERED = Path(__file__).parent.parent / "experiments" / "discovered"
WIDTHS = (390, 1280)
SCHEMES = ("light", "dark")
KINDS: dict[str, dict[str, Any]] = {
    "matrix": {"target": "dft", "n": 16, "seed": 3, "evaluations": 8_000},
    "approximate": {"target": "dct2", "n": 8, "seed": 1, "evaluations": 30_000, "tolerance": 0.1},
    "formula": {
        "target": "sine",
        "frequency": 2.0,
        "samples": 200,
        "seed": 1,
        "evaluations": 1_000,
    },
    "algorithm": {"target": "wht", "recursive": True, "seed": 1, "evaluations": 40_000},
}
# Ratio of luminances that WCAG asks of text.
CONTRAST = 4.5
# What is wrong with how a page looks, as functions in the page.
CHECKS = Path(__file__).with_name("page_checks.js").read_text().strip()


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    """The browser; where CI has none, that is an error."""
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser"))), None)
    if not found and not os.environ.get("CI"):
        pytest.skip("Chromium is not installed")
    assert found, "Chromium is not installed"
    sync_api = pytest.importorskip("playwright.sync_api")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
        yield browser
        browser.close()


@dataclass
class Watch:
    """What a page did that it should not."""

    complaints: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    def watch(self, page: Any) -> None:
        page.on("console", lambda message: self.complaints.append(message.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("dialog", lambda dialog: (self.complaints.append("dialog"), dialog.dismiss()))
        page.on("request", lambda request: self.requests.append(request.url))


@contextmanager
def opened(
    chromium: Any, address: str, width: int = 1280, scheme: str = "light", **options: Any
) -> Iterator[tuple[Any, Watch]]:
    """Opens a page, and closes it when the block ends; what it did wrong is an error then."""
    size = {"width": width, "height": 844}
    context = chromium.new_context(viewport=size, color_scheme=scheme, **options)
    page, watch = context.new_page(), Watch()
    watch.watch(page)
    page.goto(address)
    yield page, watch
    context.close()
    assert watch.complaints == []


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """One run of every kind."""
    folder = tmp_path_factory.mktemp("runs")
    found = {}
    for kind, options in KINDS.items():
        result = es.run(**options, workers=1, out=folder)
        assert result.folder is not None
        found[kind] = result.folder
    return found


@pytest.fixture(scope="module")
def reports(runs: dict[str, Path]) -> dict[str, str]:
    """Addresses of the reports of all kinds."""
    return {kind: es.report(run).as_uri() for kind, run in runs.items()}


each_look = pytest.mark.parametrize(
    ("width", "scheme"), [(width, scheme) for width in WIDTHS for scheme in SCHEMES]
)


@each_look
@pytest.mark.parametrize("kind", KINDS)
def test_a_report_is_quiet_and_fits(
    chromium: Any, reports: dict[str, str], kind: str, width: int, scheme: str
) -> None:
    """No request but the page itself, nothing wider than the window, no text over another."""
    with opened(chromium, reports[kind], width, scheme) as (page, watch):
        assert [url for url in watch.requests if not url.startswith("data:")] == [reports[kind]]
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert page.locator("section:visible").count() >= 5
        for picture in page.locator("figure svg.chart:visible").all():
            box = picture.bounding_box()
            assert box is not None
            assert box["x"] >= 0
            assert box["x"] + box["width"] <= width + 1
        assert page.evaluate(f"({CHECKS}).overlaps()") == []
        assert page.evaluate(f"({CHECKS}).cut()") == []


@each_look
def test_text_stands_out_from_its_background(
    chromium: Any, reports: dict[str, str], width: int, scheme: str
) -> None:
    with opened(chromium, reports["matrix"], width, scheme) as (page, _):
        faint = page.evaluate(f"({CHECKS}).faint({CONTRAST})")
        assert faint == []


def test_one_of_two_drawings_is_shown(chromium: Any, reports: dict[str, str]) -> None:
    for width, shown in ((390, "narrow"), (1280, "wide")):
        with opened(chromium, reports["matrix"], width) as (page, _):
            assert page.locator(f".{shown}:visible").count() >= 4
            other = "wide" if shown == "narrow" else "narrow"
            assert page.locator(f".{other}:visible").count() == 0


def test_marks_say_what_they_are(chromium: Any, reports: dict[str, str]) -> None:
    """On hover, on focus and on tap; Escape hides it."""
    with opened(chromium, reports["matrix"]) as (page, _):
        tip = page.locator("#tip")
        bar = page.locator("#found .wide rect.bar").first
        assert not tip.is_visible()
        bar.hover()
        assert tip.inner_text() == "found: 168"
        page.keyboard.press("Escape")
        assert not tip.is_visible()
        page.locator("#errors .wide circle").nth(5).focus()
        assert tip.inner_text().startswith("y5: ")
    with opened(chromium, reports["matrix"], 390, has_touch=True) as (page, _):
        page.locator("#convergence .narrow circle").first.tap()
        assert "operations after" in page.locator("#tip").inner_text()
        box = page.locator("#tip").bounding_box()
        assert box is not None
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 390


def test_code_is_copied(chromium: Any, reports: dict[str, str]) -> None:
    """That of the language that is chosen; also from a file, where there is no clipboard."""
    with opened(chromium, reports["matrix"]) as (page, _):
        page.select_option("select[data-choice=code]", "numpy")
        assert page.locator("#code-numpy").is_visible()
        assert not page.locator("#code-sympy").is_visible()
        page.evaluate(
            "document.addEventListener('copy', () => { taken = String(getSelection()); })"
        )
        page.evaluate("navigator.clipboard.writeText = async (text) => { taken = text; }")
        page.locator("button[data-copy=code-numpy]").click()
        page.wait_for_function(
            "document.querySelector('button[data-copy=code-numpy]').textContent == 'Copied'"
        )
        assert page.evaluate("taken") == page.locator("#code-numpy").text_content()


def test_a_page_can_be_read_without_script_and_printed(
    chromium: Any, reports: dict[str, str]
) -> None:
    with opened(chromium, reports["matrix"], java_script_enabled=False) as (page, _):
        assert page.locator("section:visible").count() >= 8
        page.emulate_media(media="print")
        assert not page.locator("nav").is_visible()
        assert not page.locator("button").first.is_visible()


def test_every_mark_can_be_reached_with_the_keyboard(
    chromium: Any, reports: dict[str, str]
) -> None:
    with opened(chromium, reports["matrix"]) as (page, _):
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.className") == "skip"
        shown = page.locator("#found .wide rect.bar")
        assert shown.count() == 3
        assert all(bar.get_attribute("tabindex") == "0" for bar in shown.all())


def test_markup_in_a_run_stays_text(chromium: Any, tmp_path: Path) -> None:
    import numpy as np

    result = es.run(
        np.arange(16.0).reshape(4, 4) % 5, seed=1, evaluations=2_000, out=tmp_path / "r"
    )
    assert result.folder is not None
    run = result.folder.rename(tmp_path / HOSTILE_NAME)
    make_hostile(run)
    report = es.report(run, tmp_path / "page.html")
    with opened(chromium, report.as_uri()) as (page, watch):
        page.wait_for_timeout(300)
        assert [url for url in watch.requests if not url.startswith("data:")] == [report.as_uri()]
        assert page.locator("img[src=x]").count() == 0
        assert page.locator("h1").inner_text() == HOSTILE
        assert HOSTILE_NAME in page.locator(".crumbs").inner_text()


# The signal-flow graph, and the way to it


def test_a_value_of_the_graph_says_what_it_is_made_of(
    chromium: Any, reports: dict[str, str], runs: dict[str, Path]
) -> None:
    """On hover; all that it depends on stands out, and the number of marks is the program's."""
    program = es.load(runs["matrix"])
    assert isinstance(program, es.Program)
    graph = flow_graph(program)
    with opened(chromium, reports["matrix"]) as (page, _):
        dots = page.locator("svg.flow [data-from]")
        assert dots.count() == len(graph.nodes)
        sums = [k for k, node in enumerate(graph.nodes) if node.kind == "sum"]
        chosen = sums[-1]
        page.locator(f"svg.flow [data-from][data-n='{chosen}']").hover()
        told = page.locator(".flow-told").inner_text()
        assert told.startswith(graph.nodes[chosen].definition)
        assert "other values" in told
        fan_in = {chosen}
        for k in sorted(range(chosen + 1), reverse=True):
            if k in fan_in:
                fan_in |= {edge.source for edge in graph.nodes[k].edges}
        assert page.locator("svg.flow [data-from].on").count() == len(fan_in)
        page.mouse.move(0, 0)
        assert page.locator("svg.flow [data-from].on").count() == 0


def test_a_value_of_the_graph_is_held_by_a_tap(chromium: Any, reports: dict[str, str]) -> None:
    with opened(chromium, reports["matrix"], 390, has_touch=True) as (page, _):
        dot = page.locator("svg.flow [data-from]").nth(3)
        dot.tap()
        assert page.locator("svg.flow.traced").count() == 1
        assert page.locator(".flow-told").inner_text().startswith("x3")
        dot.tap()
        assert page.locator("svg.flow.traced").count() == 0


def test_the_graph_is_walked_with_the_keyboard(chromium: Any, reports: dict[str, str]) -> None:
    with opened(chromium, reports["matrix"]) as (page, _):
        page.locator(".flow-pane").focus()
        page.keyboard.press("Tab")
        told = page.locator(".flow-told")
        before = told.inner_text()
        page.keyboard.press("ArrowLeft")  # from an output, the last of the graph
        assert told.inner_text() != before
        page.keyboard.press("Escape")
        assert told.inner_text().startswith("Point at")


def test_the_slider_shows_each_step(chromium: Any, reports: dict[str, str]) -> None:
    with opened(chromium, reports["matrix"], 390) as (page, _):
        slider = page.locator("input[data-steps]")
        last = int(slider.get_attribute("max"))
        assert page.locator(".steps > li").count() == last + 1
        assert "1,120" in page.locator(".step-told").inner_text()
        slider.focus()
        for _ in range(last):
            page.keyboard.press("ArrowRight")
        assert "168" in page.locator(".step-told").inner_text()
        assert page.locator(".steps > li.at").count() == 1


# Live


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """Serves a folder in a process of its own; yields the address."""
    command = [sys.executable, "-m", "evosynth", "serve", str(folder), "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as server:
        assert server.stdout is not None
        try:
            yield server.stdout.readline().decode().strip()
        finally:
            server.terminate()


def test_a_live_page_shows_improvements_as_they_are_found(chromium: Any, tmp_path: Path) -> None:
    """Also what the list of runs says of them; from the first moment to the end of the run."""
    job = prepare(es.make_target("dft", 16), Settings(seed=1), tmp_path)
    assert job.folder is not None
    folder = job.folder
    folder.start_log()
    with served(tmp_path) as address, folder.lock(), opened(chromium, address) as (page, watch):
        page.get_by_role("link", name=folder.path.name).click()
        page.wait_for_function("document.getElementById('live').textContent.includes('Live')")
        assert "Nothing has been found yet" in page.locator("#found").inner_text()
        for k, operations in enumerate((512, 274)):
            record = {"epoch": k, "island": 0, "evaluations": 2_000 * (k + 1)}
            folder.append_log(record | {"best": operations, "stale": 0})
            mark = f"circle[data-tip^='{operations} operations after']"
            page.wait_for_selector(f"#convergence .wide {mark}", timeout=10_000)
        shutil.copy(DISCOVERED / "dft-16-168.json", folder.path / "best.json")
        page.wait_for_selector("#flow svg.flow", timeout=20_000)
        assert "168" in page.locator("#found .key").inner_text()
        hosts = {url.split("/")[2] for url in watch.requests if not url.startswith("data:")}
        assert hosts == {address.split("/")[2]}


def test_an_open_page_follows_a_run_that_is_killed_resumed_and_removed(
    chromium: Any, tmp_path: Path
) -> None:
    job = prepare(es.make_target("dft", 16), Settings(seed=1), tmp_path / "runs")
    assert job.folder is not None
    folder = job.folder
    folder.start_log()
    (folder.path / LOCK).write_text("")
    with (
        served(tmp_path / "runs") as address,
        opened(chromium, f"{address}runs/{quote(folder.path.name)}/") as (page, _),
    ):

        def assert_says(text: str) -> None:
            page.wait_for_selector(f"#live:text-is('{text}')", timeout=30_000)

        assert_says("The run was killed.")
        with folder.lock():
            assert_says("Live: this page changes while the run goes on.")
            shutil.copy(DISCOVERED / "dft-16-168.json", folder.path / "best.json")
            page.wait_for_selector("#flow svg.flow", timeout=30_000)
        shutil.rmtree(folder.path)
        assert_says("The run is no longer there.")


@each_look
def test_the_list_of_runs_is_quiet_and_fits(
    chromium: Any, runs: dict[str, Path], width: int, scheme: str
) -> None:
    with (
        served(runs["matrix"].parent) as address,
        opened(chromium, address, width, scheme) as (page, _),
    ):
        for run in runs.values():
            assert page.get_by_role("link", name=run.name).count() == 1
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert page.evaluate(f"({CHECKS}).faint({CONTRAST})") == []
