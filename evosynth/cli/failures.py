"""From exceptions to one line, one hint and an exit code."""

from __future__ import annotations

import errno
import functools
import os
import signal
import sys
import tempfile
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn, ParamSpec, TypeVar

import click

from dsl.errors import EvosynthError, StorageError
from evosynth.cli.plugin_option import load_named_plugins

P = ParamSpec("P")
R = TypeVar("R")

INTERNAL, INTERRUPTED, TERMINATED = 70, 130, 143


class Terminated(KeyboardInterrupt):
    """SIGTERM, which stops a search as Ctrl-C does."""


class Interrupts:
    """SIGINT and SIGTERM while a command runs.

    Before the first `check` a signal interrupts at once. From then on it waits for the
    next `check`, between two epochs: an exception in the midst of an epoch can be swallowed
    by a library, or leave a file half written. A second signal interrupts at once again.

    Attributes:
        received: The numbers of the signals that came.
    """

    def __init__(self) -> None:
        self.received: list[int] = []
        self._can_wait = False

    def handle(self, number: int, frame: FrameType | None) -> None:
        """Takes a signal."""
        self.received.append(number)
        if len(self.received) > 1 or not self._can_wait:
            self._interrupt()

    def check(self) -> None:
        """Interrupts if a signal has come."""
        self._can_wait = True
        if self.received:
            self._interrupt()

    def check_no_more(self) -> None:
        """Interrupts if a signal has come, and from now on at once again."""
        self.check()
        self._can_wait = False

    def _interrupt(self) -> NoReturn:
        raise Terminated if signal.SIGTERM in self.received else KeyboardInterrupt


@contextmanager
def taking_interrupts() -> Iterator[Interrupts]:
    """Takes SIGINT and SIGTERM for the time of the block."""
    interrupts = Interrupts()
    numbers = (signal.SIGINT, signal.SIGTERM)
    before = [signal.signal(number, interrupts.handle) for number in numbers]
    try:
        yield interrupts
    finally:
        for number, handler in zip(numbers, before, strict=True):
            signal.signal(number, handler)


class Commands(click.Group):
    """A group whose usage errors look like all other errors."""

    def main(self, *args: Any, **kwargs: Any) -> NoReturn:
        """Runs a command and exits."""
        try:
            code = super().main(*args, **kwargs | {"standalone_mode": False})
        except click.UsageError as error:
            path = error.ctx.command_path if error.ctx else "evosynth"
            _tell(error.format_message(), f"see `{path} --help`")
            sys.exit(error.exit_code)
        except click.Abort:
            sys.exit(INTERRUPTED)
        sys.exit(code if isinstance(code, int) else 0)


def reporting_failures(command: Callable[P, R]) -> Callable[P, R]:
    """Makes a command report failures as users expect them; --debug shows tracebacks."""

    @functools.wraps(command)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            load_named_plugins()
            return command(*args, **kwargs)
        except EvosynthError as error:
            _raise_if_debugging()
            _tell(str(error), error.hint)
            sys.exit(error.exit_code)
        except KeyboardInterrupt as interrupt:
            _tell("interrupted", "")
            sys.exit(TERMINATED if isinstance(interrupt, Terminated) else INTERRUPTED)
        except BrokenPipeError:
            # The reader of our output has gone; nothing is left to say.
            sys.stdout = Path(os.devnull).open("w")  # noqa: SIM115  # lives until the exit
            sys.exit(0)
        except (click.ClickException, click.exceptions.Exit):
            raise
        except Exception as error:
            if getattr(error, "errno", None) == errno.ENOSPC:
                sys.stdout = Path(os.devnull).open("w")  # noqa: SIM115  # as above
                _tell("cannot write the output: no space left on the device", "")
                sys.exit(StorageError.exit_code)
            _raise_if_debugging()
            _tell(
                f"internal error, report in {_write_report()}",
                "please file it with the report; `evosynth --debug ...` shows it here",
            )
            sys.exit(INTERNAL)

    return guarded


def _raise_if_debugging() -> None:
    if click.get_current_context().find_root().obj:
        raise


def _tell(message: str, hint: str) -> None:
    click.echo(f"error: {message}", err=True)
    if hint:
        click.echo(f"hint: {hint}", err=True)


def _write_report() -> str:
    with tempfile.NamedTemporaryFile(
        "w", prefix="evosynth-crash-", suffix=".txt", delete=False
    ) as report:
        report.write(traceback.format_exc())
    return report.name
