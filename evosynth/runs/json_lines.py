"""Files with one JSON object per line, to which lines are added."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from evosynth.runs.files import ANOTHER_FOLDER, storage_errors


def read_lines(path: Path) -> list[dict[str, Any]]:
    """Returns the objects of a file; [] if it is none. A line that was written half is none.

    Raises:
        StorageError: The file cannot be read.
    """
    with storage_errors(f"cannot read '{path}'", "check its path and permissions"):
        texts = (
            path.read_text(encoding="utf-8", errors="replace").splitlines()
            if path.is_file()
            else []
        )
    return [line for line in map(_parsed, texts) if isinstance(line, dict)]


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None


def append_line(path: Path, line: dict[str, Any], hint: str = ANOTHER_FOLDER) -> None:
    """Adds an object; one that a killed process left half written stays a line of its own.

    Raises:
        StorageError: The file cannot be written.
    """
    with storage_errors(f"cannot write '{path}'", hint), path.open("ab+") as stream:
        if stream.tell():
            stream.seek(-1, 2)
            is_begun = stream.read(1) != b"\n"
            stream.write(b"\n" if is_begun else b"")
        stream.write(json.dumps(line).encode() + b"\n")
