"""The list of runs in a folder, as sections of a page; what has not changed is not read again."""

from __future__ import annotations

import hashlib
import os
import stat
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from heapq import nlargest
from pathlib import Path
from typing import final

from markupsafe import Markup

from dsl.errors import EvosynthError
from evosynth.folder_report import printable
from evosynth.reports.markup import element
from evosynth.reports.page import Part
from evosynth.runs.folder import CONFIGURATION
from evosynth.runs.lock import LOCK, holder_of
from evosynth.serving.addresses import run_address
from evosynth.serving.live import Look
from evosynth.serving.run_row import RunRow, read_row, stamp_of

MOST_LISTED = 1000
# Seconds that one look may spend on runs that it has not read yet.
BUDGET = 0.5
UNREAD = RunRow(problem="not read yet")
RUNNING, OTHERS = "running", "runs"
TITLES = {RUNNING: "Searching now", OTHERS: "Runs"}
HEAD = (
    "run",
    "target",
    "state",
    "operations",
    "best known",
    "product",
    "error",
    "evaluations",
    "changed",
)
NUMBERS = {"operations", "best known", "product", "error", "evaluations"}
AGES = ((86_400, "day"), (3_600, "h"), (60, "min"))


@dataclass(frozen=True, slots=True)
class Listed:
    """A run folder as it stands.

    Attributes:
        name: Of the folder.
        row: What its files tell.
        is_running: A process works on it.
        is_left: A process that was killed has left its lock.
        changed: When one of its files was changed last, in seconds since 1970.
    """

    name: str
    row: RunRow
    is_running: bool
    is_left: bool
    changed: float

    @property
    def state(self) -> str:
        """What people say of it."""
        if self.row.problem:
            return self.row.problem
        if self.is_running:
            return "searching"
        if self.row.ended_by == "interrupt":
            return "interrupted"
        if self.row.ended_by:
            return f"ended: {self.row.ended_by}"
        return "killed" if self.is_left else "not ended"


@final
class RunList:
    """The runs of a folder, newest first; a source of two sections.

    Args:
        folder: It may come into being later.

    Attributes:
        titles: Of the sections, by name.
    """

    titles = TITLES

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._kept: dict[str, tuple[object, RunRow]] = {}
        self._pieces: dict[str, tuple[object, Markup]] = {}
        self._parts: dict[str, Part] = {}

    def find(self, name: str) -> Path | None:
        """Returns the run folder of this name, if the folder lists one."""
        for entry in _entries(self._folder):
            if entry.name == name and _is_run(entry):
                return self._folder / entry.name
        return None

    def look(self) -> Look:
        """Reads what has changed."""
        listed, left_out = self._listed()
        now = time.time()
        running = [run for run in listed if run.is_running]
        others = [run for run in listed if not run.is_running]
        contents = {
            RUNNING: self._table(running, now) if running else None,
            OTHERS: self._others(others, left_out, now, bool(running)),
        }
        self._parts = {
            name: Part(name, TITLES[name], html, _digest(html)) for name, html in contents.items()
        }
        self._forget(listed)
        return Look({name: part.version for name, part in self._parts.items()})

    def make(self, name: str) -> Part:
        """Returns a section."""
        return self._parts[name]

    def rest(self) -> None:
        """Forgets nothing: little is kept of a run, and a thousand take a while to read."""

    def _listed(self) -> tuple[list[Listed], int]:
        """Returns the newest runs, and how many there are beside them."""
        found = []
        for entry in _entries(self._folder):
            if _is_run(entry):
                with suppress(OSError):  # it may have gone
                    found.append((entry.stat(follow_symlinks=False).st_mtime_ns, entry.name))
        newest = nlargest(MOST_LISTED, found)
        until = time.monotonic() + BUDGET
        listed = [self._read(name, until) for _, name in newest]
        listed.sort(key=lambda run: (-run.changed, run.name))
        return listed, len(found) - len(newest)

    def _read(self, name: str, until: float) -> Listed:
        """Returns a run; if time is up and it is not known, only its name."""
        folder = self._folder / name
        stamp = stamp_of(folder)
        changed = max(written for written, _, _ in stamp) / 1e9
        kept = self._kept.get(name)
        if kept is not None and kept[0] == stamp:
            row = kept[1]
        elif time.monotonic() > until:
            row = UNREAD
        else:
            row = read_row(folder)
            self._kept[name] = stamp, row
        is_locked, is_running = _lock_of(folder)
        return Listed(name, row, is_running, is_locked and not is_running, changed)

    def _others(
        self, runs: list[Listed], left_out: int, now: float, is_one_running: bool
    ) -> Markup | None:
        if runs:
            note = f"{left_out:,} older runs are not listed." if left_out else None
            return self._table(runs, now) + (element("p", note, class_="muted") if note else "")
        if is_one_running:
            return None
        name = printable(self._folder.name)
        here = f"There is no run in the folder '{name}' yet. Begin one in another terminal:"
        return element(
            "div",
            element("p", here),
            element("pre", "evosynth run --target dft --n 16"),
            element("p", "It appears here by itself."),
        )

    def _table(self, runs: list[Listed], now: float) -> Markup:
        head = element(
            "tr", *(element("th", name, scope="col", class_=_kind(name)) for name in HEAD)
        )
        body = Markup("").join(self._line(run, now) for run in runs)
        table = element("table", element("thead", head), element("tbody", body), class_="runs")
        return element("div", table, class_="scroll", tabindex=0)

    def _line(self, run: Listed, now: float) -> Markup:
        """Returns the line of a run; what it was the last time if nothing has changed."""
        age = age_text(now - run.changed)
        kept = self._pieces.get(run.name)
        if kept is None or kept[0] != (run, age):
            kept = (run, age), _line(run, age)
            self._pieces[run.name] = kept
        return kept[1]

    def _forget(self, listed: list[Listed]) -> None:
        """Forgets runs that are listed no more."""
        names = {run.name for run in listed}
        for kept in (self._kept, self._pieces):
            for name in kept.keys() - names:
                del kept[name]


def age_text(seconds: float) -> str:
    """Returns how long ago something was, in one number."""
    for unit, name in AGES:
        if seconds >= unit:
            count = int(seconds // unit)
            return f"{count} {name}{'s' * (name == 'day' and count > 1)} ago"
    return "just now"


def _line(run: Listed, age: str) -> Markup:
    row = run.row
    at = f" at n = {row.size}" if row.size is not None else ""
    link = element("a", printable(run.name), href=run_address(run.name))
    state = element("span", run.state, class_="problem" if row.problem else None)
    written = time.strftime("%Y-%m-%d %H:%M", time.localtime(run.changed))
    kind = element("span", row.kind, class_="muted") if row.kind else ""
    cells = (
        element("span", row.title) + kind,
        state,
        "" if row.operations is None else f"{row.operations:,}{at}",
        "" if row.best_known is None else f"{row.best_known:,}",
        "" if row.dense is None else f"{row.dense:,}",
        "" if row.error is None else f"{row.error:.1e}" if row.error else "0",
        "" if row.evaluations is None else f"{row.evaluations:,}",
        element("time", age, title=written),
    )
    named = (
        element("td", cell, class_=_kind(name), data_label=name)
        for name, cell in zip(HEAD[1:], cells, strict=True)
    )
    return element("tr", element("th", link, scope="row"), *named)


def _kind(column: str) -> str | None:
    return "number" if column in NUMBERS else None


def _entries(folder: Path) -> Iterator[os.DirEntry[str]]:
    """Yields what is in a folder; nothing of one that does not exist."""
    try:
        with os.scandir(folder) as entries:
            yield from entries
    except FileNotFoundError:
        return


def _is_run(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir(follow_symlinks=False) and stat.S_IFMT(
            os.lstat(f"{entry.path}/{CONFIGURATION}").st_mode
        ) in (stat.S_IFREG, stat.S_IFLNK)
    except (OSError, ValueError):
        return False


def _lock_of(folder: Path) -> tuple[bool, bool]:
    """Returns whether there is a lock, and whether a process holds it."""
    if not os.path.lexists(f"{folder}/{LOCK}"):
        return False, False
    try:
        return True, holder_of(folder) is not None
    except EvosynthError:
        return True, False


def _digest(html: Markup | None) -> str:
    return hashlib.sha256(str(html).encode(errors="replace")).hexdigest()[:16]
