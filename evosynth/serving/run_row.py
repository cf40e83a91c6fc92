"""What the list of runs says of one: little is read of it, however large it is."""

from __future__ import annotations

import json
import math
import os
import stat
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from dsl.cost import dense_count
from dsl.errors import DataError, EvosynthError
from dsl.targets import Target
from dsl.targets.approximate_target import ApproximateTarget
from evosynth.folder_report import printable
from evosynth.reports.titles import title_of
from evosynth.runs.algorithm_document import read_recursive_target
from evosynth.runs.files import read_text, refuse_link
from evosynth.runs.folder import BEST, CONFIGURATION, LOG
from evosynth.runs.json_lines import parse_line
from evosynth.runs.lock import LOCK
from evosynth.runs.stored_target import read_stored_target
from evosynth.runs.untrusted_json import parse_json

# Bytes: of a configuration, and of the ends of files in which claims and counts are.
LARGEST, PIECE = 1 << 22, 1 << 16
# Values of a configuration: a real matrix of 256 rows has fewer.
MOST_VALUES = 200_000
# Up to this size the matrix of a run that has not ended is made, to count what it would cost.
LARGEST_MADE = 256
LONGEST_WORD, LONGEST_PROBLEM = 40, 200
# What stopped a run that may be gone on with.
INTERRUPT = "interrupt"
KINDS = {
    "matrix": "exact",
    "approximate": "approximate",
    "samples": "formula",
    "arrays": "formula",
    "algorithm": "algorithm",
}


@dataclass(frozen=True, slots=True)
class RunRow:
    """A run in the list.

    Attributes:
        title: What people call its target.
        kind: "exact", "approximate", "formula" or "algorithm"; "" if it does not say.
        operations: Of the best so far; None before there is one.
        dense: Of the matrix product, where that is known.
        best_known: From elsewhere, where that is known.
        size: At which an algorithm's operations are counted; None of other runs.
        error: Relative, of the best so far; None where it is not known.
        evaluations: How many there were; None where it is not known.
        ended_by: What ended it; "" if it has not ended by itself.
        problem: What of the folder is damaged; "" if nothing that the list needs.
    """

    title: str = "?"
    kind: str = ""
    operations: int | None = None
    dense: int | None = None
    best_known: int | None = None
    size: int | None = None
    error: float | None = None
    evaluations: int | None = None
    ended_by: str = ""
    problem: str = ""


def stamp_of(folder: Path) -> tuple[tuple[int, int, int], ...]:
    """Returns what changes with the files that a row is read from: time, size, identity."""
    stamps = []
    for name in (CONFIGURATION, BEST, LOG, LOCK):
        try:
            status = os.lstat(f"{folder}/{name}")
            stamps.append((status.st_mtime_ns, status.st_size, status.st_ino))
        except OSError:
            stamps.append((0, -1, 0))
    return tuple(stamps)


def read_row(folder: Path) -> RunRow:
    """Returns what a run folder tells; what is damaged is said in the row."""
    try:
        data = _configuration(folder / CONFIGURATION)
    except EvosynthError as error:
        told = str(error).replace(f"{folder}{os.sep}", "")
        return RunRow(problem=printable(told)[:LONGEST_PROBLEM])
    title, kind = title_of(data), KINDS.get(str(data.get("kind")), "")
    result = data.get("result")
    if isinstance(result, dict):
        return _ended(result, title, kind)
    return _unfinished(folder, data, title, kind)


def _configuration(path: Path) -> dict[str, Any]:
    refuse_link(path)
    data = parse_json(read_text(path, LARGEST), MOST_VALUES)
    if not isinstance(data, dict) or data.get("format") != "evosynth-run":
        raise DataError(f"'{path}' is not the configuration of a run")
    return data


def _ended(result: dict[str, Any], title: str, kind: str) -> RunRow:
    """Returns the row of a run whose result is written."""
    counts = [result.get(name) for name in ("operations", "dense_operations", "best_known")]
    size = _count(result.get("compared_size"))
    if kind == "algorithm":
        counts = [_at(by_size, size) for by_size in counts]
    operations, dense, best_known = map(_count, counts)
    return RunRow(
        title,
        kind,
        operations,
        dense,
        best_known,
        size if kind == "algorithm" else None,
        _real(result.get("error")),
        _count(result.get("evaluations")),
        printable(str(result.get("stopped_by", "?"))[:LONGEST_WORD]),
    )


def _unfinished(folder: Path, data: dict[str, Any], title: str, kind: str) -> RunRow:
    """Returns the row of a run that goes on, or was killed."""
    given = {name: data[name] for name in ("kind", "target") if name in data}
    claims = _claims(folder / BEST)
    operations = claims.get("operations")
    size = dense = best_known = None
    with suppress(EvosynthError, ValueError, OverflowError, MemoryError):
        size, dense, best_known = _known(json.dumps(given), kind)
    if size is not None:
        operations = _at(operations, size)
    return RunRow(
        title,
        kind,
        _count(operations),
        dense,
        best_known,
        size,
        _real(claims.get("error")),
        _evaluations(folder / LOG),
    )


@lru_cache(maxsize=64)
def _known(given: str, kind: str) -> tuple[int | None, int | None, int | None]:
    """Returns the size at which an algorithm is compared, and what others need."""
    data = json.loads(given)
    if kind == "algorithm":
        algorithm = read_recursive_target(data)
        known = algorithm.best_known
        return algorithm.compared_size, None, known.operations if known else None
    n = data["target"].get("n") if isinstance(data.get("target"), dict) else None
    if kind not in ("exact", "approximate") or type(n) is not int or n > LARGEST_MADE:
        return None, None, None
    target = read_stored_target(data)
    target = target.target if isinstance(target, ApproximateTarget) else target
    assert isinstance(target, Target)
    dense = dense_count(target.matrix, target.domain == "complex").operations
    return None, dense, target.best_known.operations if target.best_known else None


def _claims(path: Path) -> dict[str, Any]:
    """Returns what the first line of a program file claims; {} if there is none."""
    first, comma, _ = _piece(path).partition(b",\n")
    found = parse_line(first + b"}") if comma else None
    claims = found.get("claims") if found else None
    return claims if isinstance(claims, dict) else {}


def _evaluations(path: Path) -> int | None:
    """Returns how many evaluations the last of the last lines of a log tells."""
    for line in reversed(_piece(path, is_end=True).splitlines()):
        if count := _count((parse_line(line) or {}).get("evaluations")):
            return count
    return None


def _piece(path: Path, *, is_end: bool = False) -> bytes:
    """Returns the beginning or the end of an ordinary file; nothing of others."""
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    try:
        refuse_link(path)
        descriptor = os.open(path, flags | getattr(os, "O_BINARY", 0))
        with os.fdopen(descriptor, "rb") as stream:
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode):
                return b""
            stream.seek(max(0, status.st_size - PIECE) if is_end else 0)
            return stream.read(PIECE)
    except (OSError, EvosynthError):
        return b""


def _at(by_size: Any, size: int | None) -> Any:
    return by_size.get(str(size)) if isinstance(by_size, dict) else None


def _count(value: Any) -> int | None:
    """Returns a whole number that a program may have; None for anything else."""
    return value if type(value) is int and 0 <= value < 10**15 else None


def _real(value: Any) -> float | None:
    is_number = type(value) in (int, float) and abs(value) < 1e300 and math.isfinite(value)
    return float(value) if is_number else None
