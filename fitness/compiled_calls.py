"""Calls of compiled code that a signal may interrupt."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def interruptible() -> Iterator[None]:
    """Raises the interrupt that came while compiled code ran, not what became of it.

    An exception of a signal handler makes a compiled function return with an error set,
    which the interpreter reports as a SystemError.
    """
    try:
        yield
    except SystemError as error:
        interrupt = error.__cause__ or error.__context__
        if isinstance(interrupt, KeyboardInterrupt):
            raise interrupt from None
        raise
