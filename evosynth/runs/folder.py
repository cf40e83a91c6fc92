"""A run folder: configuration, log, front and best program, all plain data."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from dsl.errors import DataError
from evosynth.runs.files import storage_errors, write_text

CONFIGURATION, LOG, FRONT, BEST = "run.json", "log.jsonl", "front.json", "best.json"


class RunFolder:
    """The folder of one run.

    Args:
        path: The folder; it exists.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._log = path / LOG

    @classmethod
    def create(cls, parent: Path, name: str) -> RunFolder:
        """Makes a new folder `name`, or `name-2` and so on, in `parent`.

        Raises:
            StorageError: It cannot be made.
        """
        with storage_errors(f"cannot make a run folder in '{parent}'"):
            parent.mkdir(parents=True, exist_ok=True)
            attempt = 1
            while True:
                path = parent / (name if attempt == 1 else f"{name}-{attempt}")
                try:
                    path.mkdir()
                    return cls(path)
                except FileExistsError:
                    attempt += 1

    def write_configuration(self, data: dict[str, Any]) -> None:
        """Writes `run.json`."""
        write_text(self.path / CONFIGURATION, json.dumps(data, indent=1) + "\n")

    def append_log(self, record: dict[str, Any]) -> None:
        """Appends one line to `log.jsonl`."""
        with storage_errors(f"cannot write '{self._log}'"), self._log.open("a") as stream:
            stream.write(json.dumps(record) + "\n")

    def write_front(self, data: list[dict[str, Any]]) -> None:
        """Writes `front.json`."""
        write_text(self.path / FRONT, json.dumps(data) + "\n")

    def write_best(self, document: str) -> None:
        """Writes `best.json`."""
        write_text(self.path / BEST, document)


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
    if not (path / BEST).is_file():
        raise DataError(
            f"'{path}' holds no program ({BEST})", "give a run folder or a program file"
        )
    return path / BEST
