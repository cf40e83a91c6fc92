"""The list of runs in a folder, as sections of a page; what has not changed is not read again."""

from __future__ import annotations

import hashlib
import os
import stat
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
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
from evosynth.serving.run_row import RunRow, read_row, stamp_of
from evosynth.serving.run_table import Listed, age_text, line_of, table_of
from evosynth.serving.source import Look

MOST_LISTED = 1000
# Seconds that one look may spend on runs that it has not read yet.
BUDGET = 0.5
UNREAD = RunRow(problem="not read yet")
RUNNING, OTHERS = "running", "runs"
TITLES = {RUNNING: "Searching now", OTHERS: "Runs"}


@dataclass(frozen=True, slots=True)
class _Found:
    """A run folder, before anything of it is read.

    Attributes:
        name: Of the folder.
        stamp: Changes with its files.
        is_locked: There is a lock.
        is_held: A process holds it.
    """

    name: str
    stamp: tuple[tuple[int, int, int], ...]
    is_locked: bool
    is_held: bool

    @classmethod
    def of(cls, entry: os.DirEntry[str]) -> _Found:
        """Returns the run of a folder."""
        is_locked = os.path.lexists(f"{entry.path}/{LOCK}")
        return cls(
            entry.name,
            stamp_of(Path(entry.path)),
            is_locked,
            is_locked and _is_held(Path(entry.path)),
        )

    @property
    def changed(self) -> float:
        """When one of its files was changed last, in seconds since 1970."""
        return max(written for written, _, _ in self.stamp) / 1e9


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
        """Returns what is searched and the newest others, and how many there are beside them."""
        found = [_Found.of(entry) for entry in _entries(self._folder) if _is_run(entry)]
        newest = nlargest(MOST_LISTED, found, key=lambda run: (run.is_held, run.changed))
        until = time.monotonic() + BUDGET
        listed = [self._read(run, until) for run in newest]
        listed.sort(key=lambda run: (-run.changed, run.name))
        return listed, len(found) - len(newest)

    def _read(self, run: _Found, until: float) -> Listed:
        """Returns a run; if time is up and it is not known, only its name."""
        kept = self._kept.get(run.name)
        if kept is not None and kept[0] == run.stamp:
            row = kept[1]
        elif time.monotonic() > until:
            row = UNREAD
        else:
            row = _row(self._folder / run.name)
            self._kept[run.name] = run.stamp, row
        return Listed(run.name, row, run.is_held, run.is_locked and not run.is_held, run.changed)

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
        return table_of(self._line(run, now) for run in runs)

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


def _is_held(folder: Path) -> bool:
    try:
        return holder_of(folder) is not None
    except EvosynthError:
        return False


def _row(folder: Path) -> RunRow:
    """Returns what a run tells; one that is damaged as nobody expected says so, too."""
    try:
        return read_row(folder)
    except Exception as error:  # a run must not hide the others
        return RunRow(problem=f"cannot be read: {type(error).__name__}")


def _line(run: Listed, age: str) -> Markup:
    """Returns the line of a run; one that cannot be made says so."""
    try:
        return line_of(run, age)
    except Exception as error:  # a run must not hide the others
        problem = f"cannot be shown: {type(error).__name__}"
        return line_of(replace(run, row=RunRow(problem=problem)), age)


def _digest(html: Markup | None) -> str:
    return hashlib.sha256(str(html).encode(errors="replace")).hexdigest()[:16]
