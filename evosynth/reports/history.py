"""What the log of a run tells of its epochs: numbers in their ranges, thinned if there are many."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from evosynth.runs.configuration import MOST_ISLANDS
from evosynth.runs.files import refuse_link
from evosynth.runs.json_lines import examine_lines

# More records than this are thinned, whole epochs at a time: a page has fewer pixels.
MOST_RECORDS = 20_000
# Of one epoch of one island; no run has more.
MOST_IMPROVEMENTS = 1_000
LARGEST = 10**15
LONGEST_TEXT = 200


@dataclass(frozen=True, slots=True)
class Record:
    """An island after an epoch; None where the log does not say.

    Attributes:
        epoch: Its number.
        island: Its number.
        evaluations: Made by all islands up to then.
        best: Operations, or what the run's cost counts, of the best so far.
        error: Of the best so far.
        stale: Evaluations since the population last improved.
        least: Operations of the best member of the population.
        median: Of its median member.
        improvements: Evaluations and operations within the epoch.
        phase: Of an approximate run: "exact" or "approximate"; "" of others.
        seeking: What is sought first, for people; "" if nothing is.
    """

    epoch: int
    island: int
    evaluations: int
    best: int | None = None
    error: float | None = None
    stale: int | None = None
    least: float | None = None
    median: float | None = None
    improvements: tuple[tuple[int, int], ...] = ()
    phase: str = ""
    seeking: str = ""


@dataclass(frozen=True, slots=True)
class History:
    """How a run went.

    Attributes:
        records: One for each epoch of each island, in order.
        final: Operations of what the run ended with; None while it goes on.
    """

    records: tuple[Record, ...]
    final: int | None = None


def read_history(path: Path) -> History:
    """Returns what a log tells; lines that are damaged, or of something else, are left out.

    Raises:
        DataError: It is a link.
        StorageError: It cannot be read.
    """
    refuse_link(path)
    return history_of(line for line in examine_lines(path) if line is not None)


def history_of(lines: Iterable[dict[str, Any]]) -> History:
    """Returns what the lines of a log tell."""
    kept: list[Record] = []
    last: list[Record] = []  # of the newest epoch, which is never left out
    final, step = None, 1
    for line in lines:
        if "end" in line:
            final = _count(line.get("best"))
            continue
        record = _record(line)
        if record is None:
            continue
        if last and record.epoch != last[0].epoch:
            kept += last if last[0].epoch % step == 0 else []
            last = []
        if len(last) < MOST_ISLANDS:
            last.append(record)
        while len(kept) > MOST_RECORDS:
            step *= 2
            kept = [each for each in kept if each.epoch % step == 0]
    return History((*kept, *last), final)


def _record(line: dict[str, Any]) -> Record | None:
    numbers = [_count(line.get(name)) for name in ("epoch", "island", "evaluations")]
    epoch, island, evaluations = numbers
    if epoch is None or island is None or evaluations is None:
        return None
    operations = line.get("operations")
    members = operations if isinstance(operations, dict) else {}
    return Record(
        epoch,
        island,
        evaluations,
        _count(line.get("best")),
        _figure(line.get("error")),
        _count(line.get("stale")),
        _figure(members.get("min")),
        _figure(members.get("median")),
        _pairs(line.get("improvements")),
        _text(line.get("phase")),
        _text(line.get("seeking")),
    )


def _count(value: Any) -> int | None:
    return value if type(value) is int and 0 <= value < LARGEST else None


def _figure(value: Any) -> float | None:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number or not 0 <= value < LARGEST:  # nan neither
        return None
    return float(value) if math.isfinite(value) else None


def _pairs(value: Any) -> tuple[tuple[int, int], ...]:
    if not isinstance(value, list):
        return ()
    pairs = (
        (_count(pair[0]), _count(pair[1]))
        for pair in value[:MOST_IMPROVEMENTS]
        if isinstance(pair, list) and len(pair) == 2
    )
    return tuple((at, count) for at, count in pairs if at is not None and count is not None)


def _text(value: Any) -> str:
    return value[:LONGEST_TEXT] if isinstance(value, str) else ""
