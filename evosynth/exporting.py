"""Programs and algorithms as files of any format."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from dsl.algorithm_formats import ALGORITHM_FORMATS
from dsl.errors import UsageError
from dsl.formats import FORMATS, format_for
from dsl.program import Program
from evosynth.api import load, written
from evosynth.runs.files import write_output

HINT = "choose another file, in a folder that exists"


def export(
    path: str | Path,
    to: str | None = None,
    output: str | Path | None = None,
    *,
    n: int | None = None,
    pick: str | None = None,
    **options: Any,
) -> str:
    """Returns the program of a run folder or program file in a format, and writes it.

    Args:
        path: A run folder or a program file.
        to: A format; `es.formats()` lists them. By default the output's suffix decides.
        output: The file to write; an existing one is replaced. None writes nothing.
        n: Of an algorithm for every size: the program of this size.
        pick: Another program of the run's front, as of `es.load`.
        **options: The format's own.

    Raises:
        UsageError: There is no such format, it does not take an option, neither a format
            nor an output is given, or an algorithm cannot do the size.
        DataError: The path holds no valid program.
        StorageError: The output cannot be written; what was there is still there.
    """
    if to is None and output is None:
        raise UsageError("expected a format or an output file", f"formats: {_known()}")
    if to is not None and to not in ALGORITHM_FORMATS:
        FORMATS.get(to)  # before anything is read
    found = load(path, pick=pick)
    formats = FORMATS if isinstance(found, Program) or n is not None else ALGORITHM_FORMATS
    form = to if to is not None else format_for(str(output), formats).name
    text = written(found, form, n, options)
    if output is not None:
        write_output(Path(output), text, HINT)
    return text


def _known() -> str:
    return ", ".join(FORMATS.names())
