"""Runs an experiment and stores its answer: tables, pictures and a paragraph in a folder."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from dsl.errors import EnvironmentMismatchError, UsageError
from evosynth.charts import save_figure
from evosynth.guard import check_siblings
from evosynth.runs.files import storage_errors, write_text

FOLDER = "evosynth-experiments"
FINDING = "finding.md"
# Packages of our extras.
NEEDED = ("torch", "matplotlib", "statsmodels", "vega_datasets")


@dataclass(frozen=True, slots=True)
class Finding:
    """What an experiment found, and where it lies.

    Attributes:
        name: The experiment.
        question: What it asks.
        text: The answer, a paragraph.
        folder: Where tables and pictures are.
        files: Their paths.
    """

    name: str
    question: str
    text: str
    folder: Path
    files: tuple[Path, ...]

    def to_dict(self) -> dict[str, Any]:
        """Returns it as plain data, as `evosynth experiment --json` prints it."""
        return {
            "name": self.name,
            "question": self.question,
            "finding": self.text,
            "folder": str(self.folder),
            "files": [str(file) for file in self.files],
        }


def experiments() -> list[dict[str, str]]:
    """Returns name and question of every experiment.

    Raises:
        EnvironmentMismatchError: A package that they need is not installed.
    """
    return [{"name": each.name, "question": each.summary} for each in _loaded().EXPERIMENTS]


def experiment(
    name: str,
    *,
    quick: bool = False,
    seed: int = 0,
    out: str | os.PathLike[str] = FOLDER,
    report: Callable[[str], None] | None = None,
) -> Finding:
    """Runs an experiment; each of its tables becomes a CSV file, each figure a PNG and an SVG.

    Args:
        name: An experiment; `es.experiments()` lists them.
        quick: In minutes rather than hours.
        seed: Decides every random choice.
        out: Where the experiment's folder is made; an earlier answer in it is replaced.
        report: Takes a line about what goes on, for people.

    Raises:
        UsageError: There is no such experiment, or the seed cannot be used.
        EnvironmentMismatchError: A package that it needs is not installed.
        StorageError: The folder cannot be written.
    """
    package = _loaded()
    chosen = package.EXPERIMENTS.get(name)
    if not isinstance(seed, int) or isinstance(seed, bool) or seed < 0:
        raise UsageError(f"expected a seed of at least 0, got {seed!r}")
    folder = Path(out) / name
    with storage_errors(f"cannot make '{folder}'"):
        folder.mkdir(parents=True, exist_ok=True)
    setup = package.Setup(quick, seed, report or (lambda line: None))
    answer = chosen.answer(setup)
    files = [_write_table(rows, folder / f"{stem}.csv") for stem, rows in answer.tables.items()]
    for stem, figure in answer.figures.items():
        files += save_figure(figure, folder / stem)
    finding = folder / FINDING
    write_text(finding, f"# {name}\n\n{chosen.summary}\n\n{answer.finding}\n")
    return Finding(name, chosen.summary, answer.finding, folder, (*files, finding))


def _loaded() -> Any:
    """Returns the package of experiments, which is the only one above this one."""
    check_siblings(("experiments",))
    try:
        import_module("experiments")  # which registers its members
        return import_module("experiments.base")
    except ModuleNotFoundError as error:
        missing = (error.name or "").partition(".")[0]
        if missing not in NEEDED:
            raise
        raise EnvironmentMismatchError(
            f"experiments need {missing}, which is not installed",
            "pip install 'evosynth[torch,plot,data]'",
        ) from error


def _write_table(rows: Sequence[Mapping[str, Any]], path: Path) -> Path:
    """Writes rows as CSV, with all their keys as columns."""
    stream = io.StringIO()
    columns = list(dict.fromkeys(name for row in rows for name in row))
    writer = csv.DictWriter(stream, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    write_text(path, stream.getvalue())
    return path
