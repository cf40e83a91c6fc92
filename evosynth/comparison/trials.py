"""Trials: one contestant, one seed, one budget. Finished ones are kept in a file, a line each."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from evosynth.runs.json_lines import append_line, read_lines
from gradient_baselines.base import Fit, LossPoint, Model

TRIALS = "trials.jsonl"
NOT_NUMBERS = {"inf": math.inf, "nan": math.nan}


@dataclass(frozen=True, slots=True)
class Trial:
    """What is tried.

    Attributes:
        contestant: A baseline's name, or evosynth.
        seed: Of its random choices.
        budget: Seconds that it has.
        digest: Of the target.
        versions: Of what its result depends on, in one line.
    """

    contestant: str
    seed: int
    budget: float
    digest: str
    versions: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a trial.

    Attributes:
        trial: What was tried.
        fit: What it reached.
        run: Folder of the run, of evosynth.
    """

    trial: Trial
    fit: Fit
    run: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """Returns it as plain data; JSON has no inf and nan, they are text."""
        return _plain(asdict(self.trial) | asdict(self.fit) | {"run": self.run})


def keep(outcome: Outcome, folder: Path) -> None:
    """Adds a finished trial to those of a folder.

    Raises:
        StorageError: The file cannot be written.
    """
    run = None if outcome.run is None else Path(outcome.run).name  # the folder may move
    append_line(folder / TRIALS, outcome.to_dict() | {"run": run})


def kept(folder: Path) -> dict[Trial, Outcome]:
    """Returns the finished trials of a folder; lines that are none are skipped.

    Raises:
        StorageError: The file cannot be read.
    """
    found = (_read(line, folder) for line in read_lines(folder / TRIALS))
    return {outcome.trial: outcome for outcome in found if outcome is not None}


def _read(line: dict[str, Any], folder: Path) -> Outcome | None:
    try:
        fit = Fit(
            tuple(_model(model) for model in line["models"]),
            _number(line["seconds"]),
            tuple(LossPoint(**_numbers(point)) for point in line["losses"]),
        )
        trial = Trial(**{name: line[name] for name in Trial.__dataclass_fields__})
        hash(trial)
        run = line["run"]
        where = None if run is None else str(folder / run)
        return Outcome(trial, fit, where) if fit.models else None
    except (KeyError, TypeError, ValueError):
        return None


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _plain(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value


def _model(data: dict[str, Any]) -> Model:
    figures = {name: _number(value) for name, value in data.items() if name != "setting"}
    if not isinstance(data["setting"], str):
        raise TypeError("expected text")
    return Model(data["setting"], **figures)


def _numbers(data: dict[str, Any]) -> dict[str, Any]:
    return {name: _number(each) for name, each in data.items()}


def _number(value: Any) -> Any:
    if isinstance(value, str):
        return NOT_NUMBERS[value]
    if not isinstance(value, int | float):
        raise TypeError(f"expected a number, got {value!r}")
    return value
