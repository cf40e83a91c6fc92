"""The front of a run folder, which nobody has checked."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from dsl.errors import DataError, UsageError
from dsl.grammars.recursive.recursive_target import RecursiveTarget
from dsl.targets import Target
from dsl.targets.approximate_target import ApproximateTarget
from evosynth.fronts.points import FrontPoint
from evosynth.fronts.programs import Front, front_of
from evosynth.fronts.verification import verify_point
from evosynth.runs.document import read_target
from evosynth.runs.files import refuse_link
from evosynth.runs.folder import FRONT, RunFolder
from evosynth.runs.stored_target import AnyTarget, read_stored_target
from evosynth.runs.untrusted_json import read_json

# More programs than any search keeps.
MOST_POINTS = 10_000
HINT = "give the folder of a run that has found something"


def front(run: str | os.PathLike[str]) -> Front:
    """Returns the programs that a run found, the cheapest first.

    Print it for a table; `pick` chooses one, `save` draws it.

    Args:
        run: A run folder.

    Raises:
        DataError: It is no run folder, or damaged, or of an algorithm for every size.
        StorageError: It cannot be read.
    """
    return read_front(Path(run))


def picked_point(run: str | os.PathLike[str], choice: str) -> FrontPoint:
    """Returns one program of a run's front.

    Args:
        run: A run folder.
        choice: Which (`evosynth.fronts.picking`).

    Raises:
        UsageError: It is no choice, or no program is as good as that.
        DataError: As `front`.
        StorageError: As `front`.
    """
    found = read_front(Path(run))
    point = found.pick(choice)
    if found.target is not None and (wrong := verify_point(found, choice).problems):
        raise DataError(
            f"'{Path(run) / FRONT}': {wrong[0]}",
            "evosynth verify RUN --pick says all; repeat the run",
        )
    return point


def read_front(run: Path) -> Front:
    """Returns the front of a run folder.

    Raises:
        DataError: It is no run folder, or damaged, or of an algorithm for every size.
        StorageError: It cannot be read.
    """
    if not run.is_dir():
        raise DataError(f"no such run folder: '{str(run)[:200]}'", HINT)
    entries = _entries(run / FRONT)
    target = _target(RunFolder(run).read_configuration())
    if isinstance(target, RecursiveTarget):
        raise DataError(
            f"'{run}' has found an algorithm for every size, which has no front",
            f"evosynth show '{run}'",
        )
    try:
        if isinstance(target, ApproximateTarget):
            asked = target.approximation
            return front_of(
                target.target, entries, asked, target.covariance, title=target.title, folder=run
            )
        matrix = target if isinstance(target, Target) else None
        return front_of(matrix, entries, title=target.title, folder=run)
    except (DataError, UsageError) as error:
        raise DataError(f"'{run / FRONT}': {error}", error.hint) from error


def _entries(path: Path) -> list[Any]:
    refuse_link(path)
    if not path.exists():
        raise DataError(f"'{path.parent}' has no front ({path.name})", HINT)
    data = read_json(path)
    entries = data.get("programs") if isinstance(data, dict) else data  # as before version 1
    if not isinstance(entries, list) or len(entries) > MOST_POINTS:
        raise DataError(f"'{path}' is no front: expected a list of programs", HINT)
    return entries


def _target(configuration: dict[str, Any]) -> AnyTarget:
    if "kind" not in configuration:  # format version 1 was of matrices alone
        return read_target(configuration)
    return read_stored_target(configuration)
