"""Compares evosynth with rivals trained by gradient: same target, same time, same measures."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from dsl.errors import EnvironmentMismatchError, UsageError
from dsl.grammars.recursive.recursive_target import RecursiveTarget
from dsl.registry import brief
from dsl.samples import SampledTarget
from dsl.targets import Target
from dsl.targets.approximate_target import ApproximateTarget
from evosynth.charts import save_figure
from evosynth.comparison.contest import Contest, Say
from evosynth.comparison.entrants import given, searching, training
from evosynth.comparison.outcome import Comparison
from evosynth.comparison.picture import draw
from evosynth.comparison.programs import target_of
from evosynth.comparison.rivals import choose_rivals
from evosynth.job import Report
from evosynth.plugins.installed import load_installed
from evosynth.request import OF_APPROXIMATIONS, OF_EVERY_SIZE, Request
from evosynth.runs.files import storage_errors, write_text
from gradient_baselines.base import AnyTarget

BUDGET = 20.0
MOST_SEEDS, MOST_SEED = 1_000, 10**12
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
    interrupted goes on where it stopped, and one with more rivals or seeds makes only the
    trials that are new.

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
    load_installed()
    asked = _request(target, n, request)
    seconds, wanted = _check(budget, seeds, seed)
    if run is not None and asked != Request():
        raise UsageError("expected a run or a target, got both", "leave the target out")
    found = target_of(Path(run)) if run is not None else _one_size(asked.make(wanted[0]))
    rivals, left_out = choose_rivals(found, baselines)
    folder = Path(out) / found.identifier
    with storage_errors(f"cannot make '{folder}'"):
        folder.mkdir(parents=True, exist_ok=True)
    own = given(found, run) if run is not None else searching(found, folder, watch)
    entrants = [own, *(training(found, rival) for rival in rivals)]
    contest = Contest(found, seconds, folder, report or (lambda line: None))
    comparison = contest.hold(entrants, wanted, left_out)
    return _stored(comparison)


def _one_size(
    target: Target | ApproximateTarget | SampledTarget | RecursiveTarget,
) -> AnyTarget:
    """Returns the target, which must not be of every size."""
    if isinstance(target, RecursiveTarget):
        raise UsageError(
            "rivals learn a transform of one size, none learns every size", "give a name and n"
        )
    if isinstance(target, ApproximateTarget):
        raise UsageError("rivals are compared with exact programs", "leave the tolerance out")
    return target


def _request(target: object, n: int | None, others: dict[str, Any]) -> Request:
    known = set(Request.__dataclass_fields__) - {"target", "n", *OF_EVERY_SIZE, *OF_APPROXIMATIONS}
    for name in others:
        if name not in known:
            raise UsageError(f"unknown argument '{name}'", f"known: {', '.join(sorted(known))}")
    return Request(target=target, n=n, **others)


def _check(budget: object, seeds: object, seed: object) -> tuple[float, list[int]]:
    """Returns the budget, and all seeds."""
    given = {"seeds": (seeds, 1, MOST_SEEDS), "seed": (seed, 0, MOST_SEED)}
    for name, (value, least, most) in given.items():
        is_whole = isinstance(value, int | np.integer) and not isinstance(value, bool)
        if not is_whole or not least <= value <= most:  # type: ignore[operator]
            raise UsageError(f"expected {name} from {least} to {most}, got {brief(value)}")
    if not isinstance(budget, int | float | np.number) or not 0 < budget < math.inf:
        raise UsageError(f"expected a budget in seconds above 0, got {brief(budget)}")
    first = int(seed)  # type: ignore[call-overload]
    return float(budget), list(range(first, first + int(seeds)))  # type: ignore[call-overload]


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
