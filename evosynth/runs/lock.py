"""The lock of a run folder: one process works on it, and the system frees it when that ends."""

from __future__ import annotations

import errno
import json
import os
import socket
import stat
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType

from dsl.errors import BusyError, DataError
from dsl.registry import brief
from evosynth.runs.files import refuse_link, storage_errors
from evosynth.runs.untrusted_json import parse_json

LOCK = "run.lock"
LARGEST_LOCK = 4096
# `evosynth check` holds a lock for an instant to see whether it is free.
ATTEMPTS, PAUSE = 5, 0.05
# How systems say that another process has the lock.
TAKEN = (errno.EWOULDBLOCK, errno.EAGAIN, errno.EACCES, errno.EDEADLK)


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds a lock, as far as its file tells.

    Attributes:
        pid: Number of the process; None if the file does not tell.
        host: The computer.
        started: When the lock was taken.
    """

    pid: int | None = None
    host: str = ""
    started: str = ""

    def __str__(self) -> str:
        if self.pid is None:
            return "another process"
        return f"process {self.pid} on {self.host}, since {self.started}"


class RunLock:
    """The lock of a run folder; a context manager.

    The file `run.lock` is there while the lock is held. One that a killed process left is
    taken over: what counts is the system's lock on the file, not the file.

    Args:
        folder: The run folder; it exists.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._path = folder / LOCK
        self._descriptor: int | None = None

    def __enter__(self) -> RunLock:
        """Takes the lock.

        Raises:
            BusyError: Another process, or another part of this one, holds it.
            DataError: A link or something else is in the lock's place.
            StorageError: The folder cannot be written.
        """
        for attempt in range(ATTEMPTS):
            if attempt:
                time.sleep(PAUSE)
            descriptor = self._attempt()
            if descriptor is not None:
                self._descriptor = descriptor
                _sign(descriptor)
                return self
        holder = read_holder(self._path)
        stop = f", or stop it: kill {holder.pid}" if holder.pid is not None else ""
        raise BusyError(f"'{self.folder}' is in use by {holder}", f"wait until it has ended{stop}")

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Frees the lock."""
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is None:
            return
        with suppress(OSError):
            # While it is held: nobody else's lock can be removed. Windows refuses.
            self._path.unlink()
        os.close(descriptor)

    def _attempt(self) -> int | None:
        """Returns the descriptor of the locked file; None if it is taken."""
        refuse_link(self._path)
        with storage_errors(f"cannot lock '{self.folder}'"):
            descriptor = os.open(self._path, _FLAGS | os.O_RDWR | os.O_CREAT, 0o666)
            try:
                if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                    raise DataError(f"'{self._path}' is no ordinary file", "remove it")
                if _is_locked_by_us(descriptor, self._path):
                    return descriptor
            except BaseException:
                os.close(descriptor)
                raise
            os.close(descriptor)
            return None


def _is_locked_by_us(descriptor: int, path: Path) -> bool:
    """Locks an open file; False if another has it, or has just removed it."""
    try:
        _lock(descriptor)
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except FileNotFoundError:
        return False
    except OSError as error:
        if error.errno in TAKEN:
            return False
        raise


def holder_of(folder: Path) -> Holder | None:
    """Returns who holds the lock of a run folder; None if nobody does. Changes nothing.

    Raises:
        DataError: A link or something else is in the lock's place.
        StorageError: The lock cannot be read.
    """
    path = folder / LOCK
    refuse_link(path)
    with storage_errors(f"cannot read '{path}'", "check its path and permissions"):
        if not path.exists():
            return None
        if not path.is_file():
            raise DataError(f"'{path}' is no ordinary file", "remove it")
        descriptor = os.open(path, _FLAGS | os.O_RDONLY)
        try:
            _lock(descriptor, is_shared=True)
        except OSError as error:
            if error.errno not in TAKEN:
                raise
            return read_holder(path)
        finally:
            os.close(descriptor)
    return None


def read_holder(path: Path) -> Holder:
    """Returns what a lock's file says; it may say nothing."""
    with suppress(OSError, DataError, ValueError, KeyError, TypeError):
        with path.open("rb") as stream:
            data = parse_json(stream.read(LARGEST_LOCK).decode())
        pid, host, started = data["pid"], data["host"], data["started"]
        if type(pid) is int and isinstance(host, str) and isinstance(started, str):
            return Holder(pid, brief(host)[1:-1], brief(started)[1:-1])
    return Holder()


def _sign(descriptor: int) -> None:
    """Writes for people who has the lock; a full disk does not matter."""
    now = datetime.now(UTC).isoformat(timespec="seconds")
    holder = {"pid": os.getpid(), "host": socket.gethostname(), "started": now}
    with suppress(OSError):
        os.ftruncate(descriptor, 0)
        os.write(descriptor, json.dumps(holder).encode() + b"\n")


if sys.platform == "win32":
    import msvcrt

    _FLAGS = os.O_BINARY | os.O_NOINHERIT
    BEHIND = 1 << 30  # a locked byte cannot be read, so it is none of the content

    def _lock(descriptor: int, *, is_shared: bool = False) -> None:
        """Locks a file without waiting."""
        os.lseek(descriptor, BEHIND, os.SEEK_SET)
        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        finally:
            os.lseek(descriptor, 0, os.SEEK_SET)

else:
    import fcntl

    _FLAGS = os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK

    def _lock(descriptor: int, *, is_shared: bool = False) -> None:
        """Locks a file without waiting."""
        kind = fcntl.LOCK_SH if is_shared else fcntl.LOCK_EX
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
