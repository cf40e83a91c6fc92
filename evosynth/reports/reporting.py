"""Writes the report of a run."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from dsl.errors import DataError, EvosynthError
from evosynth.plugins.installed import load_installed
from evosynth.reports.page import page_of, parts_of
from evosynth.reports.rivals import read_rivals
from evosynth.reports.story import Story
from evosynth.runs.files import refuse_link, write_output, write_text
from evosynth.runs.folder import CONFIGURATION, REPORT

# Where `es.compare` writes unless it is told.
COMPARISONS = "evosynth-comparisons"


@dataclass(frozen=True, slots=True)
class Report:
    """A report that was written.

    Attributes:
        path: Of the page.
        problems: What of the run could not be read, which the page says too.
    """

    path: Path
    problems: tuple[str, ...]


def report(
    run: str | os.PathLike[str],
    output: str | os.PathLike[str] | None = None,
    *,
    comparison: str | os.PathLike[str] | None = None,
) -> Path:
    """Writes the report of a run as one HTML page, which needs nothing else; returns its path.

    Args:
        run: A run folder; the run may still go on.
        output: File to write; an existing one is replaced. By default `report.html` in the
            run folder.
        comparison: The folder of a comparison of the same target (`es.compare`), whose rivals
            are shown beside what was found. By default the one that lies beside the folder of
            the runs, if there is one.

    Raises:
        DataError: There is no such run, or its `report.html` is a link.
        StorageError: The page cannot be written.
    """
    return write_report(Path(run), output, comparison).path


def write_report(
    run: Path,
    output: str | os.PathLike[str] | None = None,
    comparison: str | os.PathLike[str] | None = None,
) -> Report:
    """Writes the report of a run, as `report` does; says what could not be read."""
    load_installed()
    if not (run / CONFIGURATION).exists():
        raise DataError(
            f"no such run folder: '{str(run)[:200]}'", "`evosynth run` prints where a run lies"
        )
    story = Story(run, _beside(run) if comparison is None else Path(comparison))
    parts = list(parts_of(story))
    page = page_of(story, parts)
    if output is not None:
        path = Path(output)
        write_output(path, page)
    else:
        path = run / REPORT
        refuse_link(path)  # a run folder from elsewhere might point at our files
        write_text(path, page)
    return Report(path, tuple(dict.fromkeys(part.problem for part in parts if part.problem)))


def _beside(run: Path) -> Path | None:
    """Returns the comparison of a run's target that `es.compare` made by default, if it did."""
    try:
        target = Story(run).target
        folder = run.absolute().parent.parent / COMPARISONS / target.identifier
        read_rivals(folder, target.digest)
    except EvosynthError:  # none, or one that nobody asked for
        return None
    return folder
