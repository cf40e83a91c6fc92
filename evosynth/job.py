"""A job: everything that a run needs, checked before anything is searched."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from dsl.cost import dense_count
from dsl.errors import DataError
from dsl.program import Program
from dsl.targets import Target
from evosynth.engine.driver import Limits, Search, Snapshot
from evosynth.engine.spec import Spec
from evosynth.runs import Claims, RunFolder, claims_of, write_document
from evosynth.settings import Settings
from evosynth.version import versions
from fitness.accuracy import EXACT

Report = Callable[[Snapshot], None]


@dataclass(frozen=True, slots=True)
class Result:
    """What a run found.

    Attributes:
        target: What had to be computed.
        seed: With which the same run can be repeated.
        best: The best program; call it on arrays of shape (..., n).
        claims: Its operations and error, recomputed from the program alone.
        dense: Operations of the matrix product, nothing shared.
        evaluations: Genomes evaluated.
        seconds: Wall-clock time of the search.
        stopped_by: "goal", "evaluations", "time", "patience" or "interrupt".
        folder: Where the run is stored, if it is.
        logbook: DEAP's logbook, one record per epoch and island.
    """

    target: Target
    seed: int
    best: Program
    claims: Claims
    dense: int
    evaluations: int
    seconds: float
    stopped_by: str
    folder: Path | None
    logbook: Any

    @property
    def is_verified(self) -> bool:
        """The program computes the target to rounding error."""
        return self.claims.error <= EXACT

    def to_dict(self) -> dict[str, Any]:
        """Returns the result as plain data, as `evosynth run --json` prints it."""
        known = self.target.best_known
        return {
            "target": self.target.name,
            "n": self.target.n,
            "data": self.target.domain,
            "seed": self.seed,
            "operations": self.claims.operations,
            "additions": self.claims.additions,
            "multiplications": self.claims.multiplications,
            "dense_operations": self.dense,
            "best_known": known.operations if known else None,
            "error": self.claims.error,
            "verified": self.is_verified,
            "evaluations": self.evaluations,
            "seconds": round(self.seconds, 3),
            "stopped_by": self.stopped_by,
            "run": str(self.folder) if self.folder else None,
        }


@dataclass(frozen=True, slots=True)
class Job:
    """A run that can begin.

    Attributes:
        target: What has to be computed.
        spec: What decides the bits of the result.
        limits: When to stop.
        threads: Evaluating threads.
        folder: Where the run is stored, if it is.
    """

    target: Target
    spec: Spec
    limits: Limits
    threads: int
    folder: RunFolder | None

    def configuration(self) -> dict[str, Any]:
        """Returns what `run.json` holds, as plain data."""
        target = self.target
        names = {"name": target.name, "n": target.n, "data": target.domain}
        return {
            "format": "evosynth-run",
            "version": 1,
            "target": names | {"digest": target.digest},
            "spec": asdict(self.spec),
            "limits": asdict(self.limits),
            "versions": versions(),
        }


def prepare(target: Target, settings: Settings, out: str | Path | None) -> Job:
    """Makes the run folder, if there is to be one, in the folder `out`.

    Raises:
        UsageError: A setting does not fit the target.
        StorageError: The run folder cannot be written.
    """
    spec, limits = settings.spec(target), settings.limits(target)
    folder = None
    if out is not None:
        folder = RunFolder.create(Path(out), f"{target.identifier}-seed{spec.seed}")
    job = Job(target, spec, limits, settings.threads(), folder)
    if folder is not None:
        folder.write_configuration(job.configuration())
    return job


def execute(job: Job, report: Report = lambda snapshot: None) -> Result:
    """Searches until a limit or an interrupt, and stores what was found.

    Raises:
        DataError: Not even the matrix product is exact to rounding error.
        KeyboardInterrupt: Nothing was found before the interrupt.
    """
    search = Search(job.target, job.spec, job.limits, job.threads)
    folder = job.folder

    def observe(snapshot: Snapshot) -> None:
        if folder is not None:
            folder.append_log(snapshot.record)
            if snapshot.has_better_program and snapshot.best is not None:
                folder.write_best(write_document(snapshot.best, job.target))
        report(snapshot)

    stopped_by = _until_interrupted(search, observe)
    result = _finish(search, stopped_by, folder)
    if folder is not None:
        folder.write_best(write_document(result.best, result.target))
        folder.write_front(search.archive.front_data())
        folder.write_configuration(job.configuration() | {"result": result.to_dict()})
    return result


def _until_interrupted(search: Search, observe: Callable[[Snapshot], None]) -> str:
    """Runs a search; an interrupt ends it with what it has found so far."""
    try:
        return search.run(observe)
    except KeyboardInterrupt:
        search.archive.settle()
        if search.archive.best is None:
            raise
        return "interrupt"


def _finish(search: Search, stopped_by: str, folder: RunFolder | None) -> Result:
    target, best = search.target, search.archive.best
    if best is None:
        raise DataError(
            f"no exact program for {target.title} was found, not even the matrix product",
            "scale the matrix so that its entries are neither huge nor tiny",
        )
    return Result(
        target,
        search.spec.seed,
        best,
        claims_of(best, target),
        dense_count(target.matrix, target.domain == "complex").operations,
        search.evaluations,
        search.seconds,
        stopped_by,
        folder.path if folder else None,
        search.logbook,
    )
