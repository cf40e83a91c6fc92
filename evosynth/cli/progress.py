"""What a run shows while it searches: on standard error, nothing of it is data."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol

import click

from evosynth.engine.driver import Snapshot
from evosynth.job import Job, Report

# Seconds between two lines of plain progress, and before a wait is explained: loading
# kernels from the cache takes less, compiling them more.
PLAIN_INTERVAL = 5.0
PATIENCE = 4.0
BARS = "▁▂▃▄▅▆▇█"
WIDTH = 40


class Display(Protocol):
    """Shows snapshots in one way."""

    def show(self, snapshot: Snapshot) -> None:
        """Shows where a search stands."""
        ...

    def say(self, text: str) -> None:
        """Shows a line."""
        ...

    def tell(self, text: str) -> None:
        """Shows a line that stays."""
        ...


@dataclass(frozen=True, slots=True)
class Progress:
    """What a run is watched by.

    Attributes:
        report: Shows where the search stands.
        tell: Shows a line that stays.
    """

    report: Report
    tell: Callable[[str], None]


@contextmanager
def showing_progress(job: Job, is_quiet: bool) -> Iterator[Progress]:
    """Shows progress as the place allows: a live block, plain lines, or nothing."""
    if is_quiet:
        yield Progress(lambda snapshot: None, lambda text: None)
        return
    heading = f"{job.target.title}, {job.target.domain} data, seed {job.spec.seed}"
    scale = job.case.scale
    if sys.stderr.isatty():
        with _live_display(heading, scale) as display, _explaining_the_wait(display) as arrived:
            yield Progress(_after(arrived, display), display.tell)
    else:
        plain = PlainDisplay(heading, scale)
        with _explaining_the_wait(plain) as arrived:
            yield Progress(_after(arrived, plain), plain.tell)


def _best(snapshot: Snapshot) -> str:
    """Returns the best so far; where genomes are inexact, with its error."""
    if snapshot.text:
        return snapshot.text
    if snapshot.operations is None:
        return "-"
    if not snapshot.error:
        return f"{snapshot.operations:,} operations"
    return f"{snapshot.operations:,} operations, error {snapshot.error:.2g}"


def _after(arrived: Callable[[], None], display: Display) -> Report:
    def report(snapshot: Snapshot) -> None:
        arrived()
        display.show(snapshot)

    return report


@contextmanager
def _explaining_the_wait(display: Display) -> Iterator[Callable[[], None]]:
    """Says what it may be if nothing has arrived after a while."""
    timer = threading.Timer(
        PATIENCE,
        display.say,
        ["no epoch is done yet: a first start compiles for minutes, large populations take long"],
    )
    timer.daemon = True
    timer.start()
    try:
        yield timer.cancel
    finally:
        timer.cancel()


class PlainDisplay:
    """One line per improvement, and one every few seconds."""

    def __init__(self, heading: str, scale: str) -> None:
        self._said = time.monotonic()
        self.say(f"{heading}; {scale}")

    def say(self, text: str) -> None:
        """Writes one line."""
        click.echo(text, err=True)

    tell = say

    def show(self, snapshot: Snapshot) -> None:
        """Writes a line if there is news or it has been a while."""
        now = time.monotonic()
        if not snapshot.is_improved and now - self._said < PLAIN_INTERVAL:
            return
        self._said = now
        self.say(
            f"{snapshot.seconds:6.1f} s  {snapshot.evaluations:>9,} evaluations  "
            f"best {_best(snapshot)}"
        )


class LiveDisplay:
    """A block of a few lines that is drawn anew."""

    def __init__(self, heading: str, scale: str, live: Any) -> None:
        self._live = live
        self._head = [heading, scale]
        self._history: list[int] = []
        self._drawn = 0.0
        self.say("starting ...")

    def say(self, text: str) -> None:
        """Shows one line below the heading."""
        self._live.update("\n".join([*self._head, text]))

    def tell(self, text: str) -> None:
        """Adds a line to the heading."""
        self._head.append(text)
        self.say("starting ...")

    def show(self, snapshot: Snapshot) -> None:
        """Draws the block, ten times a second at most."""
        if snapshot.operations:
            self._history.append(snapshot.operations)
        now = time.monotonic()
        if not snapshot.is_improved and now - self._drawn < 0.1:
            return
        self._drawn = now
        rate = snapshot.evaluations / max(snapshot.seconds, 1e-9)
        self.say(
            "\n".join(
                [
                    f"best {_best(snapshot)}  {sparkline(self._history)}",
                    f"{snapshot.evaluations:,} evaluations, {rate:,.0f} per second, "
                    f"{snapshot.seconds:.0f} s",
                    "Ctrl-C stops and keeps the best program",
                ]
            )
        )


@contextmanager
def _live_display(heading: str, scale: str) -> Iterator[LiveDisplay]:
    from rich.console import Console
    from rich.live import Live

    console = Console(stderr=True, highlight=False, markup=False)
    with Live(console=console, transient=True, auto_refresh=True) as live:
        yield LiveDisplay(heading, scale, live)


def sparkline(values: list[int]) -> str:
    """Draws how values went, as one bar per equal share of them."""
    if not values:
        return ""
    step = max(1, -(-len(values) // WIDTH))
    shown = values[step - 1 :: step]
    low, high = min(values), max(values)
    if low == high:
        return BARS[0] * len(shown)
    return "".join(BARS[(v - low) * (len(BARS) - 1) // (high - low)] for v in shown)
