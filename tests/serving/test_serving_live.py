"""Sections that follow their files."""

from __future__ import annotations

import threading
import time
from contextlib import ExitStack
from itertools import count

import pytest
from markupsafe import Markup
from served_pages import PATIENT, wait_for

from evosynth.reports.page import Part
from evosynth.serving import live
from evosynth.serving.live import Live
from evosynth.serving.source import Look, Standstill


class Script:
    """A source whose versions a test decides."""

    def __init__(self, *names: str) -> None:
        self.titles = {name: name.title() for name in names}
        self.versions = dict.fromkeys(names, "1")
        self.made: list[str] = []
        self.standstill: Standstill | None = None
        self.in_the_way: dict[str, threading.Event] = {}

    def look(self) -> Look:
        return Look(dict(self.versions), self.standstill)

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
        (made,), _ = watched.wait(0, PATIENT)  # while the other is being made
        assert made.part.name == "quick"
        parts = watched.show(0.0).parts
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
    source.standstill = Standstill("It has ended.", is_final=True)
    source.in_the_way["b"] = threading.Event()
    watched = live_of(source)
    with watched.reading():
        (first,), standstill = watched.wait(0, PATIENT)
        assert (first.part.name, standstill) == ("a", None)
        assert watched.wait(first.revision, 0.1) == ([], None)
        assert not watched.show(0.0).is_final
        source.in_the_way["b"].set()
        (second,), standstill = watched.wait(first.revision, PATIENT)
        assert (second.part.name, standstill) == ("b", source.standstill)
        assert watched.show(PATIENT).is_final


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
        assert not watched.show(PATIENT).is_final
        assert watched._hands == live.HANDS
    wait_for(lambda: source.made == ["a", "rest"])
    source.versions["a"] = "2"
    with watched.reading():
        assert str(watched.show(PATIENT).parts[0].html) == "2"


def test_what_stood_still_goes_on_for_whoever_asks_anew() -> None:
    source = Script("a")
    source.standstill = Standstill("It was killed.")
    watched = live_of(source)
    with watched.reading():
        assert not watched.show(PATIENT).is_final
        revision = watched.show(PATIENT).revision
        assert watched.wait(revision, PATIENT) == ([], source.standstill)
    source.standstill = None
    with watched.reading():
        assert watched.wait(revision, 0.1) == ([], None)
        source.versions["a"] = "2"
        (made,), standstill = watched.wait(revision, PATIENT)
        assert (str(made.part.html), standstill) == ("2", None)


def first_made(watched: Live) -> str:
    """Returns what is made first, as streams wait for it."""
    until = time.monotonic() + PATIENT
    while not (found := watched.wait(0, 0.02)[0]):
        assert time.monotonic() < until
    return str(found[0].part.html)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_hand_that_fails_is_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "REST", 0.0)
    source = Script("a")
    failures = [ZeroDivisionError()] * (live.HANDS + 1)

    def fail(name: str) -> Part:
        if failures:
            raise failures.pop()
        return Script.make(source, name)

    monkeypatch.setattr(source, "make", fail)
    watched = live_of(source)
    with watched.reading():
        assert first_made(watched) == "1"
        assert watched._busy == set()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_look_that_fails_without_a_listener_is_made_again() -> None:
    source = Script("a")
    failures = [PermissionError(13, "Permission denied")] * (live.HANDS + 1)

    def look() -> Look:
        if failures:
            raise failures.pop()
        return Script.look(source)

    def tell(line: str) -> None:
        raise BrokenPipeError(32, "Broken pipe")

    source.look = look  # type: ignore[method-assign]
    watched = Live(source, count(1), 0.01, tell)
    with watched.reading():
        assert first_made(watched) == "1"
