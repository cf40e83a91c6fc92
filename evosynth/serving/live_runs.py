"""Runs whose pages are looked at: the sections of the last of them are kept."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import final

from evosynth.serving.live import Live
from evosynth.serving.run_source import RunSource

# Seconds between two looks at the files of a run.
INTERVAL = 0.3


@dataclass(frozen=True, slots=True)
class LiveRun:
    """A run whose page is looked at.

    Attributes:
        source: Of its sections.
        live: Those that are made.
    """

    source: RunSource
    live: Live


@final
class LiveRuns:
    """Runs whose pages are looked at, by the names of their folders.

    Args:
        most: How many are kept that nobody reads now.
        revisions: Yields growing numbers, also for other pages.
        tell: Takes a line of what went wrong.
    """

    def __init__(self, most: int, revisions: Iterator[int], tell: Callable[[str], None]) -> None:
        self._most = most
        self._revisions = revisions
        self._tell = tell
        self._kept: OrderedDict[str, LiveRun] = OrderedDict()
        self._guard = threading.Lock()

    @property
    def names(self) -> list[str]:
        """Those that are kept, what was asked for last at the end."""
        with self._guard:
            return list(self._kept)

    def known(self, name: str) -> LiveRun | None:
        """Returns a run that is kept, also if its folder is gone."""
        with self._guard:
            return self._kept.get(name)

    def of(self, folder: Path) -> LiveRun:
        """Returns the run of a folder, and keeps it."""
        with self._guard:
            found = self._kept.get(folder.name)
            if found is None:
                source = RunSource(folder, self._tell)
                found = LiveRun(source, Live(source, self._revisions, INTERVAL, self._tell))
                self._kept[folder.name] = found
            self._kept.move_to_end(folder.name)
            unused = [name for name, run in self._kept.items() if not run.live.is_used]
            for name in unused[: max(0, len(self._kept) - self._most)]:
                if name != folder.name:
                    del self._kept[name]
            return found
