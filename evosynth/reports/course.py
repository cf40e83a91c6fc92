"""The course of a search, deduced from its log."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from evosynth.reports.drawing.plots import Points
from evosynth.reports.history import History, Record


@dataclass(frozen=True, slots=True)
class Course:
    """How a search went, as points of evaluations made and a figure.

    Attributes:
        best: The best so far, whenever it changed, and at the end.
        least: After each epoch, the best that is in the population of the best island.
        most: Likewise of the worst island.
        median: The mean over the islands of the median member of their populations.
        restarts: Evaluations when an island was seen to have started anew, and which.
        migrations: Evaluations when islands exchanged what they had found.
        end: Evaluations of the last epoch.
    """

    best: Points
    least: Points
    most: Points
    median: Points
    restarts: Sequence[tuple[int, int]]
    migrations: Sequence[int]
    end: int


def course_of(history: History, spec: dict[str, Any], start: int | None) -> Course:
    """Returns the course of a search whose best only becomes cheaper.

    Args:
        history: What its log tells, of one epoch at least.
        spec: What decided its bits: its epochs between migrations.
        start: Operations of what it began with, if these are known.
    """
    records = history.records
    end = records[-1].evaluations
    best: list[tuple[float, float]] = [] if start is None else [(0, start)]
    found = [*improvements(records), *([] if history.final is None else [(end, history.final)])]
    for evaluations, operations in found:
        if not best or operations < best[-1][1]:
            best.append((evaluations, operations))
    if best and best[-1][0] < end:
        best.append((end, best[-1][1]))
    epochs = epochs_of(records)
    least, most, median = [], [], []
    for group in epochs:
        members = [(r.least, r.median) for r in group if r.least is not None]
        if members:
            at = group[-1].evaluations
            bests = [low for low, _ in members]
            medians = [middle for _, middle in members if middle is not None]
            least.append((at, min(bests)))
            most.append((at, max(bests)))
            median.append((at, sum(medians) / max(len(medians), 1)))
    restarts = list(restarts_of(records))
    return Course(best, least, most, median, restarts, migrations_of(epochs, spec), end)


def migrations_of(epochs: Sequence[Sequence[Record]], spec: dict[str, Any]) -> list[int]:
    """Returns evaluations when islands exchanged what they had found."""
    period, islands = spec.get("migration"), spec.get("islands")
    if type(period) is not int or type(islands) is not int or period < 1 or islands < 2:
        return []
    return [group[-1].evaluations for group in epochs[:-1] if (group[0].epoch + 1) % period == 0]


def improvements(records: Sequence[Record]) -> Iterator[tuple[int, int]]:
    """Yields evaluations and operations whenever an island knew something better.

    Within an epoch where the log says so, and at its end.
    """
    for record in records:
        yield from record.improvements
        if record.best is not None:
            yield record.evaluations, record.best


def restarts_of(records: Sequence[Record]) -> Iterator[tuple[int, int]]:
    """Yields evaluations and island where an island has started anew.

    That is where it was stale for less time than an epoch before, and its population has
    become no better: an improvement is the only other reason. Islands whose log says nothing of
    their populations cannot be told from others.
    """
    before: dict[int, tuple[int, float]] = {}
    for record in records:
        if record.stale is None or record.least is None:
            continue
        last = before.get(record.island)
        if last is not None and record.stale < last[0] and record.least >= last[1]:
            yield record.evaluations, record.island
        before[record.island] = record.stale, record.least


def epochs_of(records: Sequence[Record]) -> list[list[Record]]:
    """Returns the records of each epoch."""
    return [list(group) for _, group in groupby(records, key=lambda record: record.epoch)]
