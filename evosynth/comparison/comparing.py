"""Compares evosynth with rivals trained by gradient: same target, same time, same measures."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from dsl.errors import EnvironmentMismatchError, UsageError
from evosynth.charts import save_figure
from evosynth.comparison.contest import Contest, Say
from evosynth.comparison.entrants import given, searching, training
from evosynth.comparison.outcome import Comparison
from evosynth.comparison.picture import draw
from evosynth.comparison.programs import target_of
from evosynth.comparison.rivals import choose_rivals
from evosynth.job import Report
from evosynth.request import Request
from evosynth.runs.files import storage_errors, write_text

BUDGET = 20.0
MOST_SEEDS = 1_000
FOLDER = "evosynth-comparisons"


def compare(
    target: object = None,
    n: int | None = None,
    *,
    run: str | os.PathLike[str] | None = None,
    baselines: str | Sequence[str] | None = None,
    budget: float = BUDGET,
    seeds: int = 1,
    seed: int = 0,
    out: str | os.PathLike[str] = FOLDER,
    report: Say | None = None,
    watch: Report | None = None,
    **request: Any,
) -> Comparison:
    """Trains rivals by gradient on a target that evosynth searches, too.

    Every finished trial is kept in a folder of the target in `out`: a comparison that was
    interrupted goes on where it stopped, and one with more rivals or seeds adds to it.

    Args:
        target: As for `es.run`.
        n: Size of a transform.
        run: A run folder or program file, instead of a target: its program is compared
            and nothing is searched.
        baselines: Names of rivals, or text with commas between them; by default all that
            fit the target.
        budget: Seconds that evosynth and every rival have for each seed.
        seeds: How many: seed, seed + 1 and so on.
        seed: The first. It decides samples that are drawn, which all seeds share.
        out: Folder of comparisons.
        report: Takes a line about what goes on, for people.
        watch: Called after every epoch of evosynth's search.
        **request: What else `es.run` takes to describe a target: input, kernel, scaling,
            frequency, count, samples, test_samples, noise, data, x, y, holdout.

    Raises:
        UsageError: An argument cannot be used, or no rival fits the target.
        DataError: A file cannot be used.
        EnvironmentMismatchError: PyTorch is not installed.
        StorageError: The folder cannot be written.
    """
    asked = _request(target, n, request)
    _check(budget, seeds, seed)
    if run is not None and asked != Request():
        raise UsageError("expected a run or a target, got both", "leave the target out")
    found = target_of(Path(run)) if run is not None else asked.make(seed)
    rivals, left_out = choose_rivals(found, baselines)
    folder = Path(out) / found.identifier
    with storage_errors(f"cannot make '{folder}'"):
        folder.mkdir(parents=True, exist_ok=True)
    wanted = list(range(seed, seed + seeds))
    own = given(found, run) if run is not None else searching(found, folder, watch)
    entrants = [own, *(training(found, rival) for rival in rivals)]
    contest = Contest(found, float(budget), folder, report or (lambda line: None))
    comparison = contest.hold(entrants, wanted, left_out)
    return _stored(comparison)


def _request(target: object, n: int | None, others: dict[str, Any]) -> Request:
    known = set(Request.__dataclass_fields__) - {"target", "n"}
    for name in others:
        if name not in known:
            raise UsageError(f"unknown argument '{name}'", f"known: {', '.join(sorted(known))}")
    return Request(target=target, n=n, **others)


def _check(budget: object, seeds: object, seed: object) -> None:
    if not isinstance(budget, int | float) or not 0 < budget < math.inf:
        raise UsageError(f"expected a budget in seconds above 0, got {budget!r}")
    if not isinstance(seeds, int) or not 0 < seeds <= MOST_SEEDS:
        raise UsageError(f"expected 1 to {MOST_SEEDS} seeds, got {seeds!r}")
    if not isinstance(seed, int) or seed < 0:
        raise UsageError(f"expected a seed of at least 0, got {seed!r}")


def _stored(comparison: Comparison) -> Comparison:
    """Writes table and picture; without matplotlib there is no picture, and a notice."""
    folder = comparison.folder
    write_text(folder / "comparison.json", json.dumps(comparison.to_dict()) + "\n")
    write_text(folder / "comparison.txt", f"{comparison}\n")
    try:
        save_figure(draw(comparison), folder / "comparison")
    except EnvironmentMismatchError as error:
        return comparison.with_notice(f"no picture: {error}; {error.hint}")
    return comparison
