"""From exceptions to one line, one hint and an exit code."""

from __future__ import annotations

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

from dsl.errors import EvosynthError

P = ParamSpec("P")
R = TypeVar("R")

INTERNAL, INTERRUPTED, TERMINATED = 70, 130, 143


class Terminated(KeyboardInterrupt):
    """SIGTERM, which stops a search as Ctrl-C does."""


@contextmanager
def terminating() -> Iterator[list[int]]:
    """Raises `Terminated` at a SIGTERM; lists the signals that came."""
    signals: list[int] = []

    def interrupt(number: int, frame: FrameType | None) -> None:
        signals.append(number)
        raise Terminated

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield signals
    finally:
        signal.signal(signal.SIGTERM, before)


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
            return command(*args, **kwargs)
        except EvosynthError as error:
            _raise_if_debugging()
            _tell(str(error), error.hint)
            sys.exit(error.exit_code)
        except KeyboardInterrupt as interrupt:
            _tell("interrupted before anything was found", "")
            sys.exit(TERMINATED if isinstance(interrupt, Terminated) else INTERRUPTED)
        except BrokenPipeError:
            # The reader of our output has gone; nothing is left to say.
            sys.stdout = Path(os.devnull).open("w")  # noqa: SIM115  # lives until the exit
            sys.exit(0)
        except (click.ClickException, click.exceptions.Exit):
            raise
        except Exception:
            _raise_if_debugging()
            _tell(f"internal error, report in {_write_report()}", "please file it with the report")
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
