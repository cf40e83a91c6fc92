"""A job: everything that a run needs, checked before anything is searched."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from dsl.errors import EvosynthError
from evosynth.block_library import BlockLibrary, open_library
from evosynth.cases import AnyResult, AnyTarget, Case, Outcome, case_of
from evosynth.ending import Ending
from evosynth.engine.driver import Limits, Search, Snapshot
from evosynth.engine.spec import Purpose, Spec
from evosynth.runs import RunFolder
from evosynth.settings import Settings
from evosynth.version import versions

Report = Callable[[Snapshot], None]


@dataclass(frozen=True, slots=True)
class Job:
    """A run that can begin.

    Attributes:
        target: What has to be computed.
        spec: What decides the bits of the result.
        limits: When to stop.
        threads: Evaluating threads.
        folder: Where the run is stored, if it is.
        library_folder: Of the library that it shares, if it does.
        library: What was in it.
    """

    target: AnyTarget
    spec: Spec
    limits: Limits
    threads: int
    folder: RunFolder | None
    library_folder: Path | None = None
    library: BlockLibrary | None = None

    @property
    def case(self) -> Case:
        """What depends on the kind of the target."""
        return case_of(self.target)

    def configuration(self) -> dict[str, Any]:
        """Returns what `run.json` holds, as plain data."""
        return {
            "format": "evosynth-run",
            "version": 1,
            "target": self.case.names() | {"digest": self.target.digest},
            "spec": asdict(self.spec),
            "limits": asdict(self.limits),
            "library": self.library.digest if self.library else None,
            "versions": versions(),
        }


def prepare(target: AnyTarget, settings: Settings, out: str | Path | None) -> Job:
    """Makes the run folder, if there is to be one, in the folder `out`.

    Raises:
        UsageError: A setting does not fit the target.
        DataError: The target cannot be searched exactly.
        StorageError: The run folder cannot be written.
    """
    case = case_of(target)
    spec, limits = settings.spec(case), settings.limits(case)
    shared = settings.library_folder(case)
    case.check()
    folder = None
    if out is not None:
        folder = RunFolder.create(Path(out), f"{target.identifier}-seed{spec.seed}")
    library = open_library(shared, target.domain) if shared else None
    job = Job(target, spec, limits, settings.threads(case), folder, shared, library)
    if folder is not None:
        folder.write_configuration(job.configuration())
    return job


def execute(job: Job, report: Report = lambda snapshot: None) -> AnyResult:
    """Searches until a limit or an interrupt, and stores what was found.

    Raises:
        DataError: Nothing was found: no genome was exact to rounding error, no formula valid,
            no algorithm right.
        KeyboardInterrupt: Nothing was found before the interrupt.
    """
    started = time.monotonic()
    case, folder = job.case, job.folder
    breeding = case.breeding(job.spec, job.threads, job.library)
    search = Search(breeding, job.spec, job.limits)
    last: list[Snapshot] = []

    def observe(snapshot: Snapshot) -> None:
        last[:] = [snapshot]
        if folder is not None:
            folder.append_log(snapshot.record)
            if snapshot.has_better_program and snapshot.best is not None:
                folder.write_best(case.document(snapshot.best))
        report(snapshot)

    stopped_by = _until_interrupted(search, observe, report)
    ending = Ending(
        job.spec.seed,
        search.evaluations,
        started,
        stopped_by,
        folder.path if folder else None,
        search.logbook,
    )
    outcome = case.finish(breeding, ending, lambda: report(last[0]))
    if folder is not None:
        _store(job, folder, outcome)
    result = outcome.result
    if job.library_folder is not None:
        try:
            case.share(breeding, job.library_folder)
        except EvosynthError as error:  # what was found is safe; the library is an extra
            result = replace(result, notices=(f"nothing was added to the library: {error}",))
    return result


def _store(job: Job, folder: RunFolder, outcome: Outcome) -> None:
    result = outcome.result
    folder.append_log({"end": result.stopped_by, "best": outcome.operations})
    folder.write_best(outcome.document)
    folder.write_front(outcome.front)
    folder.write_configuration(job.configuration() | {"result": result.to_dict()})


def _until_interrupted(search: Search, observe: Report, pause: Report) -> str:
    """Runs a search; an interrupt ends it with what it has found so far."""
    try:
        return search.run(observe, pause)
    except KeyboardInterrupt:
        if not search.evaluations:
            raise
        # Settling takes seconds: whoever interrupts again gets what is written at once.
        search.breeding.write(None, search.spec.generator(Purpose.SETTLE, 0, 0))
        with suppress(KeyboardInterrupt):
            search.breeding.settle()
        if search.breeding.best is None:
            raise
        return "interrupt"
