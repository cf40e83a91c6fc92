"""Going on with a run, and beginning another one where it stood."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from dsl.errors import DataError, UsageError
from evosynth.block_library import BlockLibrary, library_from_text
from evosynth.cases import case_of
from evosynth.engine.driver import Limits
from evosynth.evaluator_choice import check_evaluator
from evosynth.job import Job
from evosynth.run_file import changed_options
from evosynth.runs import RunFolder
from evosynth.runs.checkpoints import Checkpoint
from evosynth.runs.configuration import Configuration, identity, read_configuration
from evosynth.runs.folder import CONFIGURATION, LOG
from evosynth.runs.json_lines import read_lines
from evosynth.runs.standpoint import Standpoint, read_standpoint, write_standpoint
from evosynth.settings import Settings
from evosynth.version import versions
from evosynth.workplace import Workplace


@dataclass(frozen=True, slots=True)
class Budget:
    """Limits that a run goes on with; None for those that it had.

    One that is given, but a goal, takes the place of all that were only defaults.

    Attributes:
        evaluations: Most genomes to evaluate, those so far included.
        seconds: Most wall-clock seconds to search, those so far included.
        patience: Most evaluations without improvement.
        goal: Operations at which to stop: a number, or "best-known".
    """

    evaluations: int | None = None
    seconds: float | None = None
    patience: int | None = None
    goal: int | str | None = None

    @property
    def is_new(self) -> bool:
        """Whether anything is given."""
        return (self.evaluations, self.seconds, self.patience, self.goal) != (None,) * 4


def reopen(path: str | os.PathLike[str], budget: Budget) -> Job:
    """Returns the job of a run folder, to go on with.

    Nothing is changed but limits. A run that has come to its end, of which no more is
    asked, is looked at again and not written to.

    Raises:
        UsageError: A limit cannot be used.
        DataError: The folder is no run's, or damaged.
        EnvironmentMismatchError: The run was begun with other primitives.
        StorageError: The folder cannot be read or written.
    """
    folder = _folder(Path(path))
    configuration = read_configuration(folder.read_configuration())
    target = configuration.make_target()
    limits = _limits(configuration, budget, target)
    library = _library(folder, configuration, target.domain)
    stopped_by = (configuration.result or {}).get("stopped_by", "interrupt")
    is_finished = stopped_by != "interrupt" and limits == configuration.limits
    shared = configuration.library_folder
    return Job(
        target,
        configuration.spec,
        limits,
        folder,
        None if shared is None else Path(shared),
        library,
        replace(configuration, limits=limits, result=configuration.result if is_finished else None),
        opened=configuration,
        is_finished=is_finished,
        options=changed_options(folder.path, limits, budget.goal) if budget.is_new else None,
    )


def branch(
    path: str | os.PathLike[str],
    budget: Budget,
    seed: int | None,
    epoch: int | None,
    out: Path,
    workplace: Workplace | None = None,
) -> Job:
    """Makes a run that begins where another one stood, in a folder of its own in `out`.

    Args:
        path: Folder of the run.
        budget: Limits that differ from the run's.
        seed: Decides the random choices from there on; None for that of the run.
        epoch: Of one of the run's checkpoints; None for the newest.
        out: Where the folder is made.
        workplace: Where epochs will run, to find out first whether they can.

    Raises:
        UsageError: A limit or a seed cannot be used, or there is no such evaluator or device.
        DataError: The folder is no run's or damaged, or has no such checkpoint.
        EnvironmentMismatchError: The run was begun with other primitives, or the evaluator
            cannot work here.
        StorageError: A folder cannot be read or written.
    """
    job = reopen(path, budget)
    assert job.folder is not None
    assert job.configuration is not None
    library = job.library.digest if job.library else None
    standing = _checkpoint(job.folder, epoch)
    before = read_standpoint(standing.body, identity(job.target, job.spec, library))
    chosen = Settings(seed=job.spec.seed if seed is None else seed).seed
    assert chosen is not None
    spec = replace(job.spec, seed=chosen)
    check_evaluator(workplace or Workplace(), job.case, spec)
    folder = RunFolder.create(out, f"{job.target.identifier}-seed{spec.seed}-fork")
    configuration = replace(
        job.configuration,
        spec=spec,
        parent={"run": job.folder.path.name, "epoch": standing.epoch},
        versions=versions(),
        result=None,
    )
    if job.library is not None:
        folder.write_library(job.folder.read_library().strip())
    folder.start_log()
    for line in read_lines(job.folder.path / LOG):
        if type(line.get("epoch")) is int and line["epoch"] < standing.epoch:
            folder.append_log(line)
    now = Standpoint(identity(job.target, spec, library), folder.log_size(), before.search)
    folder.checkpoints.write(Checkpoint(standing.epoch, write_standpoint(now)))
    folder.write_configuration(configuration.to_data())
    return replace(
        job,
        spec=spec,
        folder=folder,
        configuration=configuration,
        opened=configuration,
        is_finished=False,
        options=None,  # no options alone begin where another run stood
    )


def _folder(path: Path) -> RunFolder:
    try:
        is_folder = (path / CONFIGURATION).is_file()
    except (OSError, ValueError):  # a name that the file system cannot even look up
        is_folder = False
    if not is_folder:
        name = str(path)[:200].encode("ascii", "backslashreplace").decode()
        raise DataError(
            f"'{name}' is no run folder: it holds no {CONFIGURATION}",
            "`evosynth run` prints where a run lies, `evosynth check` what a folder holds",
        )
    return RunFolder(path)


def _limits(configuration: Configuration, budget: Budget, target: Any) -> Limits:
    """Returns the run's limits with those that are given instead, or in the place of defaults."""
    if not budget.is_new:
        return configuration.limits
    asked = Settings(
        evaluations=budget.evaluations,
        seconds=budget.seconds,
        patience=budget.patience,
        goal=budget.goal,
    ).limits(case_of(target))
    given = {
        name: getattr(asked, name)
        for name in ("evaluations", "seconds", "patience", "goal")
        if getattr(budget, name) is not None
    }
    before = configuration.limits
    # Whoever gives a limit has no others that are only defaults, as when a run begins.
    if given.keys() - {"goal"} and _are_defaults(configuration, target):
        before = replace(before, evaluations=None, seconds=None, patience=None)
    return replace(before, **given)


def _are_defaults(configuration: Configuration, target: Any) -> bool:
    """Says whether the run was given no limit but perhaps a goal."""
    limits = configuration.limits
    settings = Settings(goal=limits.goal, population=configuration.spec.population)
    return replace(settings.limits(case_of(target)), exact_patience=limits.exact_patience) == limits


def _library(folder: RunFolder, configuration: Configuration, domain: Any) -> BlockLibrary | None:
    if configuration.library is None:
        return None
    library = library_from_text(folder.read_library(), domain)
    if library.digest != configuration.library:
        raise DataError(f"'{folder.path}': the library is not the one that the run began with")
    return library


def _checkpoint(folder: RunFolder, epoch: int | None) -> Checkpoint:
    """Returns a checkpoint to begin at."""
    epochs = folder.checkpoints.epochs()
    if epoch is not None:
        if epoch not in epochs:
            known = ", ".join(map(str, epochs)) or "none"
            raise UsageError(f"the run has no checkpoint of epoch {epoch}", f"it has: {known}")
        return folder.checkpoints.read(epoch)
    found, _ = folder.checkpoints.latest()
    if found is None:
        raise DataError(f"'{folder.path}' has no checkpoint yet", "resume it, or start a new run")
    return found
