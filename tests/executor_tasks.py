"""Tasks for the tests of executors, as workers import them."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import time
from pathlib import Path

from dsl.errors import DataError

MODULES = ("executor_tasks",)


def warm_up(first: str | int = "", *others: str | int) -> None:
    """Leaves a file behind, or never ends, if the first argument says so."""
    if str(first).endswith(".warm"):
        Path(str(first)).write_text(str(os.getpid()))
    if first == "endless":
        never()


def double(text: str, times: int) -> str:
    return text * times


def shown(text: str, number: int) -> str:
    return f"{text!r} {number}"


def process_number(*arguments: str | int) -> str:
    return str(os.getpid())


def threads(*arguments: str | int) -> str:
    return os.environ["NUMBA_NUM_THREADS"]


def is_imported(name: str) -> str:
    return str(name in sys.modules)


def refuse(text: str) -> str:
    raise DataError(f"no {text}", "another one")


def fail(text: str) -> str:
    raise ZeroDivisionError(text)


def leave(text: str) -> str:
    sys.exit(5)


def no_text(text: str) -> str:
    return 7  # type: ignore[return-value]


def chatter(text: str, *others: str | int) -> str:
    """Prints in every way that there is, and reads."""
    print("a task prints", flush=True)
    os.write(1, b"\0\0\0\0\0\0\0\3abc")
    os.system("echo a child prints")
    return text + sys.stdin.read()


def slow(folder: str, name: str, seconds_100: int) -> str:
    """Notes its process before, and that it has finished."""
    with (Path(folder) / f"{name}.started").open("a") as file:
        file.write(f"{os.getpid()}\n")
    time.sleep(seconds_100 / 100)
    (Path(folder) / f"{name}.done").write_text("")
    return name.upper()


def end(code: int) -> str:
    print("something went wrong", file=sys.stderr, flush=True)
    os._exit(code)


def crash(text: str) -> str:
    os.kill(os.getpid(), signal.SIGSEGV)
    return text


def crash_once(folder: str, text: str) -> str:
    """Ends its process the first time."""
    try:
        (Path(folder) / "crashed").mkdir()
    except FileExistsError:
        return text
    os.kill(os.getpid(), signal.SIGKILL)
    return "never"


def never(*arguments: str | int) -> str:
    while True:
        time.sleep(1)


def hold(folder: str, name: str, seconds_100: int) -> str:
    """Notes its process; runs compiled code for ever, and does not let go of the interpreter."""
    slow(folder, name, 0)
    while True:
        ctypes.PyDLL(None).sleep(1000)


def swallow(text: str) -> str:
    """Allocates without bound, in steps that the system must back with memory."""
    kept = []
    while True:
        kept.append(b"\1" * (1 << 24))
