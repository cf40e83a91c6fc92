"""Sections that follow their files: looked after once for all who watch, made when they change."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import final

from evosynth.reports.markup import element
from evosynth.reports.page import Part
from evosynth.serving.source import Look, Source, Standstill

HANDS = 2
# Seconds. A section that took longer than EXPENSIVE leaves one hand to the others, and rests
# REST times as long as it took before it is made again: the search needs the processor, too.
EXPENSIVE, REST = 0.25, 4.0
# Looking takes at most this share of the time.
LOOKING = 0.1
LINGER = 10.0


@dataclass(frozen=True, slots=True)
class Made:
    """A section that was made.

    Attributes:
        part: The section.
        version: That it was made for.
        revision: Grows with everything that is made.
    """

    part: Part
    version: str
    revision: int


@dataclass(frozen=True, slots=True)
class LiveParts:
    """All sections of a page at one moment.

    Attributes:
        parts: They, in order; one that is not made yet says so.
        revision: The largest of them.
        is_final: Nothing will follow.
    """

    parts: list[Part]
    revision: int
    is_final: bool


@final
class Live:
    """Sections of one page, for any number of readers.

    While somebody reads, two threads look at the source and make what has changed, the cheap
    before the expensive. Readers keep nothing here: each says up to where it has read.

    Args:
        source: Where sections come from.
        revisions: Yields growing numbers, also for other pages.
        interval: Seconds between two looks.
        tell: Takes a line of what went wrong.
    """

    def __init__(
        self, source: Source, revisions: Iterator[int], interval: float, tell: Callable[[str], None]
    ) -> None:
        self._source = source
        self._revisions = revisions
        self._interval = interval
        self._tell = tell
        self._changed = threading.Condition()
        self._look = Look({})
        self._looked, self._look_due, self._is_looking = -math.inf, 0.0, False
        self._made: dict[str, Made] = {}
        self._seconds: dict[str, float] = {}
        self._rests_until: dict[str, float] = {}
        self._busy: set[str] = set()
        self._users, self._showing, self._hands, self._left = 0, 0, 0, 0.0

    @property
    def is_used(self) -> bool:
        """Somebody reads."""
        return self._users > 0

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Keeps everything up to date for the time of the block."""
        try:
            with self._changed:
                self._users += 1
                self._look_due = 0.0
                if not self._hands or self._look.standstill is not None:
                    self._looked = -math.inf  # whoever asks anew is told of now
                self._employ()
                self._changed.notify_all()
            yield
        finally:
            with self._changed:
                self._users -= 1
                self._left = time.monotonic()

    def show(self, patience: float) -> LiveParts:
        """Returns everything as it is now, or what of it is made after so many seconds."""
        entered = time.monotonic()
        with self._changed:
            self._showing += 1
            self._changed.wait_for(lambda: self._is_settled(entered), patience)
            self._showing -= 1
            parts = [self._part(name, title) for name, title in self._source.titles.items()]
            revision = max((made.revision for made in self._made.values()), default=0)
            standstill = self._standstill()
            return LiveParts(parts, revision, standstill is not None and standstill.is_final)

    def wait(self, revision: int, patience: float) -> tuple[list[Made], Standstill | None]:
        """Waits for what was made after a revision.

        Returns:
            It, by revision, and why nothing follows, if that is so.
        """
        with self._changed:
            self._employ()
            self._changed.wait_for(lambda: self._after(revision) or self._standstill(), patience)
            return self._after(revision), self._standstill()

    def _employ(self) -> None:
        """Sees to it that there are all hands; one that failed has gone."""
        while self._hands < HANDS:
            threading.Thread(target=self._work, daemon=True).start()
            self._hands += 1

    def _part(self, name: str, title: str) -> Part:
        """Returns a section with the version that it was made for."""
        made = self._made.get(name)
        if made is None:
            return Part(name, title, element("p", "Being made ...", class_="muted"), "")
        return replace(made.part, version=made.version)

    def _after(self, revision: int) -> list[Made]:
        found = [made for made in self._made.values() if made.revision > revision]
        return sorted(found, key=lambda made: made.revision)

    def _is_settled(self, since: float) -> bool:
        """Tells whether everything is as it was at a time; what is expensive may be older."""
        return self._looked >= since and all(
            self._seconds.get(name, 0.0) > EXPENSIVE for name in self._outdated()
        )

    def _standstill(self) -> Standstill | None:
        """Returns why nothing follows, once everything is made."""
        is_made = self._looked > -math.inf and not self._outdated()
        return self._look.standstill if is_made else None

    def _outdated(self) -> list[str]:
        made = self._made
        return [
            name
            for name, version in self._look.versions.items()
            if name not in made or made[name].version != version
        ]

    def _next(self, now: float) -> str | None:
        """Returns the section to make now: the cheapest of those that may be made."""
        is_one_expensive = any(self._seconds.get(name, 0.0) > EXPENSIVE for name in self._busy)
        found = [
            (seconds, name)
            for name in self._outdated()
            if name not in self._busy
            and ((seconds := self._seconds.get(name, 0.0)) <= EXPENSIVE or not is_one_expensive)
            and (self._look.standstill or self._rests_until.get(name, 0.0) <= now)
        ]
        return min(found, key=lambda pair: pair[0])[1] if found else None

    def _work(self) -> None:
        """Looks and makes in turns until nobody reads any more."""
        try:
            while self._take_turn():
                pass
        finally:
            with self._changed:
                self._hands -= 1
                if not self._hands:
                    self._source.rest()

    def _take_turn(self) -> bool:
        """Looks, makes or waits once; False if nobody reads any more."""
        with self._changed:
            now = time.monotonic()
            if not self._users and now - self._left > LINGER:
                return False
            name = None
            if now >= self._look_due and not self._is_looking:
                self._is_looking = True
            elif (name := self._next(now)) is None:
                self._changed.wait(max(self._look_due - now, self._interval / 8))
                return True
            else:
                self._busy.add(name)
        if name is None:
            self._look_once()
        else:
            self._make(name)
        return True

    def _look_once(self) -> None:
        began = time.monotonic()
        look: Look | None = None
        try:
            look = self._source.look()
        except Exception as error:  # the next look may do better
            self._tell(f"cannot look at the runs: {type(error).__name__}: {error}")
        finally:
            self._note_look(look, began)

    def _note_look(self, look: Look | None, began: float) -> None:
        now = time.monotonic()
        with self._changed:
            self._is_looking = False
            self._look_due = now + max(self._interval, (now - began) / LOOKING)
            is_news = look is not None and look != self._look
            is_first = self._looked == -math.inf
            if look is not None:
                self._look, self._looked = look, began
            if is_news or is_first or self._showing:
                self._changed.notify_all()

    def _make(self, name: str) -> None:
        began = time.monotonic()
        version = self._look.versions[name]  # before its files are read
        part: Part | None = None
        try:
            part = self._source.make(name)
        finally:
            now = time.monotonic()
            with self._changed:
                self._busy.remove(name)
                self._seconds[name] = now - began
                self._rests_until[name] = now + REST * (now - began)
                if part is not None:
                    self._made[name] = Made(part, version, next(self._revisions))
                self._changed.notify_all()
