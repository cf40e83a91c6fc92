"""Programs as files of any format."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from dsl.errors import UsageError
from dsl.formats import FORMATS, format_for, render
from evosynth.api import load
from evosynth.runs.files import storage_errors, write_text

HINT = "choose another file, in a folder that exists"


def export(
    path: str | Path,
    to: str | None = None,
    output: str | Path | None = None,
    **options: Any,
) -> str:
    """Returns the program of a run folder or program file in a format, and writes it.

    Args:
        path: A run folder or a program file.
        to: A format; `es.formats()` lists them. By default the output's suffix decides.
        output: The file to write; an existing one is replaced. None writes nothing.
        **options: The format's own.

    Raises:
        UsageError: There is no such format, it does not take an option, or neither a
            format nor an output is given.
        DataError: The path holds no valid program.
        StorageError: The output cannot be written; what was there is still there.
    """
    if to is None and output is None:
        raise UsageError("expected a format or an output file", f"formats: {_known()}")
    form = FORMATS.get(to) if to is not None else format_for(str(output))
    text = render(load(path), form.name, **options)
    if output is not None:
        _write(Path(output), text)
    return text


def _known() -> str:
    return ", ".join(FORMATS.names())


def _write(path: Path, text: str) -> None:
    with storage_errors(f"cannot write '{path}'", HINT):
        if path.exists() and not (path.is_file() or path.is_dir()):
            path.write_text(text, encoding="utf-8")  # /dev/null must stay what it is
            return
        target = Path(os.path.realpath(path)) if path.is_symlink() else path
    write_text(target, text, HINT)
