"""Named points of writing at which a test can make the disk fail, or the process end.

A fault is written "rename:3:kill": at the third rename the process is killed. "rename:3+:eio"
fails there and from then on, as a full disk does; the point "any" counts all points. Several
have commas between them. Without any, a point costs a look-up.
"""

from __future__ import annotations

import errno
import os
import re
import signal
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cache
from typing import NoReturn

from dsl.errors import UsageError

VARIABLE = "EVOSYNTH_FAULT"
ANY = "any"
POINTS = ("write", "flush", "fsync", "rename", "fsync-folder", "append", "migrate")
ERRORS = {"enospc": errno.ENOSPC, "eio": errno.EIO}
KILL = "kill"
_SPELLING = re.compile(r"([a-z-]+):([1-9][0-9]{0,8})(\+?):([a-z]+)", re.ASCII)


@dataclass(frozen=True, slots=True)
class Fault:
    """What goes wrong, and where.

    Attributes:
        point: One of `POINTS`, or "any".
        number: The how manieth call of the point fails, from 1.
        goes_on: All later calls fail as well.
        action: "kill", "enospc" or "eio".
    """

    point: str
    number: int
    goes_on: bool
    action: str

    def is_met(self, count: int) -> bool:
        """Tells whether the call with this number fails."""
        return count == self.number or (self.goes_on and count > self.number)


class Plan:
    """Faults, and how often every point was passed.

    Attributes:
        counts: Calls by point; "any" counts all.
    """

    def __init__(self, faults: tuple[Fault, ...]) -> None:
        self.counts: Counter[str] = Counter()
        self._faults = faults

    def pass_by(self, point: str) -> None:
        """Counts a call of a point, and fails if that is planned."""
        self.counts.update((point, ANY))
        for fault_ in self._faults:
            if fault_.point in (point, ANY) and fault_.is_met(self.counts[fault_.point]):
                _act(fault_.action, point)


_INJECTED: ContextVar[tuple[Plan, ...]] = ContextVar("injected", default=())


def fault(point: str) -> None:
    """Fails here if a test has asked for it.

    Raises:
        OSError: That was asked for.
    """
    for plan in _plans():
        plan.pass_by(point)


def is_planned() -> bool:
    """Tells whether any fault may come."""
    return bool(_plans())


@contextmanager
def injecting(text: str = "") -> Iterator[Plan]:
    """Makes points fail within the block; without faults they are counted.

    Args:
        text: Faults such as "fsync:2:enospc,rename:1:kill".
    """
    plan = Plan(parse_faults(text))
    token = _INJECTED.set((*_INJECTED.get(), plan))
    try:
        yield plan
    finally:
        _INJECTED.reset(token)


def parse_faults(text: str) -> tuple[Fault, ...]:
    """Reads faults.

    Raises:
        UsageError: The text describes none.
    """
    return tuple(map(_parsed, text.split(","))) if text else ()


def _parsed(text: str) -> Fault:
    match = _SPELLING.fullmatch(text.strip())
    if match is None or match[1] not in (*POINTS, ANY) or match[4] not in (*ERRORS, KILL):
        raise UsageError(
            f"expected a fault such as 'rename:3:kill', got {text[:40]!r}",
            f"points: {', '.join(POINTS)}, {ANY}; actions: {', '.join((*ERRORS, KILL))}",
        )
    return Fault(match[1], int(match[2]), bool(match[3]), match[4])


def _plans() -> tuple[Plan, ...]:
    return _INJECTED.get() + _from_environment()


@cache
def _from_environment() -> tuple[Plan, ...]:
    faults = parse_faults(os.environ.get(VARIABLE, ""))
    return (Plan(faults),) if faults else ()


def _act(action: str, point: str) -> NoReturn:
    if action == KILL:
        if hasattr(signal, "SIGKILL"):
            os.kill(os.getpid(), signal.SIGKILL)
        os._exit(137)
    number = ERRORS[action]
    raise OSError(number, f"{os.strerror(number)} (injected at '{point}')")
