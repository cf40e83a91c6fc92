"""A moment between two turns, or two batches, at which a search here may be given up."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_PAUSE: ContextVar[Callable[[], None]] = ContextVar("pause", default=lambda: None)


def between_turns() -> None:
    """Gives whoever drives this search the chance to end it, by an exception."""
    _PAUSE.get()()


@contextmanager
def pausing(pause: Callable[[], None]) -> Iterator[None]:
    """Has `pause` called between turns and batches, for the time of the block."""
    token = _PAUSE.set(pause)
    try:
        yield
    finally:
        _PAUSE.reset(token)
