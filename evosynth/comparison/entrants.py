"""Who takes part in a comparison: a program, a search, or a rival that trains."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from dsl.targets import Target
from evosynth.comparison.programs import fit_of
from evosynth.job import Report, execute, prepare
from evosynth.settings import DEFAULT_PATIENCE, Settings
from evosynth.version import version_of
from evosynth.workplace import Workplace
from gradient_baselines.base import AnyTarget, Baseline, Budget, Fit

EVOSYNTH = "evosynth"
# (seed, seconds) -> what was reached, and the run's folder
Attempt = Callable[[int, float], tuple[Fit, str | None]]


@dataclass(frozen=True, slots=True)
class Entrant:
    """Someone who takes part.

    Attributes:
        name: For people.
        told: What it knows beforehand.
        versions: Of what its results depend on.
        attempt: What it does with a seed.
        is_given: Its result is there already: there is one, and nothing to keep.
    """

    name: str
    told: str
    versions: str
    attempt: Attempt
    is_given: bool = False


def _versions(*packages: str) -> str:
    return ", ".join(f"{name} {version_of(name)}" for name in packages)


def given(target: AnyTarget, run: str | os.PathLike[str]) -> Entrant:
    """Enters the program of a run."""
    return Entrant(
        EVOSYNTH, "", "", lambda seed, seconds: (fit_of(Path(run), target), str(run)), True
    )


def searching(target: AnyTarget, folder: Path, watch: Report | None) -> Entrant:
    """Enters a search, which ends by itself as a run without limits does."""
    patience = DEFAULT_PATIENCE if isinstance(target, Target) else None

    def attempt(seed: int, seconds: float) -> tuple[Fit, str | None]:
        job = prepare(target, Settings(seed=seed, seconds=seconds, patience=patience), folder)
        report = watch or (lambda snapshot: None)
        result = execute(job, report, workplace=Workplace(workers=1))
        if result.stopped_by == "interrupt":
            raise KeyboardInterrupt
        assert result.folder is not None
        return fit_of(result.folder, target), str(result.folder)

    return Entrant(EVOSYNTH, "", _versions("evosynth"), attempt)


def training(target: AnyTarget, rival: Baseline) -> Entrant:
    """Enters a rival."""

    def attempt(seed: int, seconds: float) -> tuple[Fit, str | None]:
        return rival.fit(target, seed, Budget(seconds)), None

    return Entrant(rival.name, rival.told, _versions("evosynth", "torch"), attempt)
