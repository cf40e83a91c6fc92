"""A run folder: configuration, log, checkpoints, front and best program, all plain data."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import suppress
from itertools import count
from pathlib import Path
from typing import Any

from dsl.errors import DataError
from evosynth.runs.checkpoints import CheckpointStore
from evosynth.runs.files import (
    ANOTHER_FOLDER,
    check_can_be_made,
    read_text,
    refuse_link,
    storage_errors,
    sweep,
    sync_folder,
    synced_size,
    write_text,
)
from evosynth.runs.json_lines import append_line, cut_torn_line
from evosynth.runs.lock import RunLock
from evosynth.runs.untrusted_json import parse_json, read_json

CONFIGURATION, LOG, FRONT, BEST = "run.json", "log.jsonl", "front.json", "best.json"
CHECKPOINTS, LIBRARY, OPTIONS = "checkpoint", "library.json", "run.toml"
REPORT = "report.html"
FRONT_VERSION = LOG_VERSION = 1
LONGEST_LOG = 1 << 40
# Of a name, in bytes: systems have 255, a number is added to it.
LONGEST_NAME = 200


class RunFolder:
    """The folder of one run.

    Nothing is written through a link: a folder may come from elsewhere.

    Args:
        path: The folder; it exists.

    Attributes:
        path: The folder.
        checkpoints: Its checkpoints.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.checkpoints = CheckpointStore(path / CHECKPOINTS)
        self._log = path / LOG

    @classmethod
    def create(cls, parent: Path, name: str) -> RunFolder:
        """Makes a new folder `name`, or `name-2` and so on, in `parent`.

        Raises:
            DataError: The name is no name of a folder.
            StorageError: It cannot be made.
        """
        _check_name(name)
        with storage_errors(f"cannot make a run folder in '{parent}'"):
            parent.mkdir(parents=True, exist_ok=True)
            for path in _names(parent, name):
                with suppress(FileExistsError):
                    path.mkdir()
                    sync_folder(parent)
                    return cls(path)
        raise AssertionError("names never end")

    @classmethod
    def to_be_made(cls, parent: Path, name: str) -> Path:
        """Returns the folder that `create` would make.

        Raises:
            DataError: The name is no name of a folder.
            StorageError: It could not be made.
        """
        _check_name(name)
        check_can_be_made(parent)
        with storage_errors(f"cannot make a run folder in '{parent}'"):
            return next(path for path in _names(parent, name) if not path.exists())

    def lock(self) -> RunLock:
        """Returns the folder's lock, a context manager."""
        return RunLock(self.path)

    def write_configuration(self, data: dict[str, Any]) -> None:
        """Writes `run.json`."""
        write_text(self.path / CONFIGURATION, json.dumps(data, indent=1) + "\n")

    def read_configuration(self) -> dict[str, Any]:
        """Returns what `run.json` holds, an object; what is in it is not checked.

        Raises:
            DataError: It is damaged, or no run's.
            StorageError: It cannot be read.
        """
        path = self.path / CONFIGURATION
        refuse_link(path)
        data = read_json(path)
        if not isinstance(data, dict) or data.get("format") != "evosynth-run":
            raise DataError(f"'{path}' is not the configuration of a run", "give a run folder")
        return data

    def append_log(self, record: dict[str, Any], *, is_synced: bool = False) -> None:
        """Appends one line to `log.jsonl`; with `is_synced` it is on the disk then."""
        refuse_link(self._log)
        append_line(self._log, record, is_synced=is_synced)

    def log_size(self) -> int:
        """Returns the bytes of `log.jsonl` once they are all on the disk; 0 without a log.

        Raises:
            DataError: It is a link.
            StorageError: The disk refused.
        """
        refuse_link(self._log)
        return synced_size(self._log)

    def truncate_log(self, size: int) -> int:
        """Cuts `log.jsonl` off after so many bytes, and what is torn before; returns its size.

        Less than `size` is returned where lines are missing.

        Raises:
            DataError: It is a link.
            StorageError: It cannot be read or written.
        """
        refuse_link(self._log)
        return cut_torn_line(self._log, size)

    def sweep(self) -> tuple[str, ...]:
        """Removes what killed processes left half written; whoever calls holds the lock.

        Returns:
            Names of the files, in the folder.

        Raises:
            StorageError: A file cannot be removed.
        """
        inside = sweep(self.checkpoints.folder)
        return (*sweep(self.path), *(f"{CHECKPOINTS}/{name}" for name in inside))

    def write_front(self, data: list[dict[str, Any]]) -> None:
        """Writes `front.json`."""
        front = {"format": "evosynth-front", "version": FRONT_VERSION, "programs": data}
        write_text(self.path / FRONT, json.dumps(front) + "\n")

    def write_options(self, text: str) -> None:
        """Writes `run.toml`."""
        write_text(self.path / OPTIONS, text)

    def write_library(self, text: str) -> None:
        """Writes `library.json`: the blocks that a shared library held when the run began."""
        write_text(self.path / LIBRARY, text + "\n")

    def read_library(self) -> str:
        """Returns what `library.json` holds.

        Raises:
            DataError: It is a link, or no JSON.
            StorageError: It cannot be read.
        """
        path = self.path / LIBRARY
        refuse_link(path)
        content = read_text(path)
        try:
            parse_json(content)  # its limits; whoever reads the text on need not know of them
        except DataError as error:
            raise DataError(f"'{path}': {error}", error.hint) from error
        return content

    def start_log(self) -> None:
        """Begins `log.jsonl` with a line that says what it is, unless it has begun."""
        if not self.truncate_log(LONGEST_LOG):
            self.append_log({"format": "evosynth-log", "version": LOG_VERSION})

    def remove_unbegun(self) -> None:
        """Removes the folder of a run that was refused before it began: it has no log."""
        if os.path.lexists(self._log):
            return
        with suppress(OSError):  # what cannot be removed does no harm
            for name in (CONFIGURATION, OPTIONS, LIBRARY):
                (self.path / name).unlink(missing_ok=True)
            self.path.rmdir()

    def write_best(self, document: str) -> None:
        """Writes `best.json`."""
        write_text(self.path / BEST, document)


def _names(parent: Path, name: str) -> Iterator[Path]:
    """Yields `name`, `name-2` and so on in a folder."""
    yield parent / name
    yield from (parent / f"{name}-{attempt}" for attempt in count(2))


def _check_name(name: str) -> None:
    is_usable = name not in ("", ".", "..") and not any(sign in "/\\:" for sign in name)
    size = len(name.encode(errors="replace"))
    if not is_usable or not name.isprintable() or size > LONGEST_NAME:
        shown = name[:40].encode("ascii", "backslashreplace").decode()
        raise DataError(
            f"expected the name of a folder of at most {LONGEST_NAME} bytes, got {shown!r}",
            f"{ANOTHER_FOLDER}, its parent",
        )


def program_file(path: Path) -> Path:
    """Returns the program file of a run folder, or the path itself if it is a file.

    Raises:
        DataError: There is nothing there, or the run has found no program yet.
    """
    try:
        if path.is_file():
            return path
        exists = path.exists()
    except (OSError, ValueError):  # a name that the file system cannot even look up
        exists = False
    if not exists:
        name = str(path)[:200].encode("ascii", "backslashreplace").decode()
        raise DataError(f"no such run or file: '{name}'", "`evosynth run` prints where a run lies")
    refuse_link(path / BEST)
    if not (path / BEST).is_file():
        raise DataError(
            f"'{path}' holds no program ({BEST})", "give a run folder or a program file"
        )
    return path / BEST
