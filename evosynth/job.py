"""A job: everything that a run needs, checked before anything is searched."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from dsl.cost import dense_count
from dsl.display import html_table
from dsl.errors import DataError, EvosynthError
from dsl.formats import json_format
from dsl.genome import FIELDS
from dsl.grammars.factor.build import build_program
from dsl.grammars.factor.decode import decode
from dsl.metrics import Metrics, measure
from dsl.program import Program
from dsl.targets import Target
from evosynth.block_library import BlockLibrary, open_library, store_blocks
from evosynth.engine.driver import Limits, Search, Snapshot
from evosynth.engine.individual import Reference
from evosynth.engine.spec import Spec
from evosynth.runs import Claims, RunFolder, claims_of, write_document
from evosynth.settings import Settings
from evosynth.version import versions
from fitness.accuracy import EXACT, relative_error
from fitness.objectives import program_error
from fitness.proof import Proof, prove

Report = Callable[[Snapshot], None]


@dataclass(frozen=True, slots=True)
class Result:
    """What a run found.

    Attributes:
        target: What had to be computed.
        seed: With which the same run can be repeated.
        best: The best program; call it on arrays of shape (..., n).
        claims: Its operations and error, recomputed from the program alone.
        proof: How exactly it computes the target.
        dense: Operations of the matrix product, nothing shared.
        evaluations: Genomes evaluated.
        seconds: Wall-clock time, from the start of the search to the finished program.
        stopped_by: "goal", "evaluations", "time", "patience" or "interrupt".
        folder: Where the run is stored, if it is.
        logbook: DEAP's logbook, one record per epoch and island.
        references: Blocks that the program refers to more than once.
        notices: What went wrong without harm to the result.
    """

    target: Target
    seed: int
    best: Program
    claims: Claims
    proof: Proof
    dense: int
    evaluations: int
    seconds: float
    stopped_by: str
    folder: Path | None
    logbook: Any
    references: tuple[Reference, ...] = ()
    notices: tuple[str, ...] = ()

    @property
    def is_verified(self) -> bool:
        """The program computes the target to rounding error."""
        return self.claims.error <= EXACT

    @property
    def metrics(self) -> Metrics:
        """Depth, values alive at once and constants of the program's real code."""
        return measure(self.best.code)

    def __repr__(self) -> str:
        state = "verified" if self.is_verified else "NOT verified"
        return (
            f"<Result {self.target.title}: {self.claims.operations} real operations, {state}, "
            f"seed {self.seed}>"
        )

    def _repr_html_(self) -> str:
        """Returns the result as notebooks show it: a table of `to_dict`."""
        return html_table(self.to_dict())

    def to_dict(self) -> dict[str, Any]:
        """Returns the result as plain data, as `evosynth run --json` prints it."""
        known = self.target.best_known
        return {
            "target": self.target.name,
            "n": self.target.n,
            "input": self.target.domain,
            "scaling": self.target.scaling,
            "seed": self.seed,
            "operations": self.claims.operations,
            "additions": self.claims.additions,
            "multiplications": self.claims.multiplications,
            **asdict(self.metrics),
            "dense_operations": self.dense,
            "best_known": known.operations if known else None,
            "error": self.claims.error,
            "verified": self.is_verified,
            "exact": self.proof.summary,
            "references": [asdict(reference) for reference in self.references],
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
        library_folder: Of the library that it shares, if it does.
        library: What was in it.
    """

    target: Target
    spec: Spec
    limits: Limits
    threads: int
    folder: RunFolder | None
    library_folder: Path | None = None
    library: BlockLibrary | None = None

    def configuration(self) -> dict[str, Any]:
        """Returns what `run.json` holds, as plain data."""
        target = self.target
        names = {
            "name": target.name,
            "n": target.n,
            "input": target.domain,
            "scaling": target.scaling,
        }
        return {
            "format": "evosynth-run",
            "version": 1,
            "target": names | {"digest": target.digest},
            "spec": asdict(self.spec),
            "limits": asdict(self.limits),
            "library": self.library.digest if self.library else None,
            "versions": versions(),
        }


def prepare(target: Target, settings: Settings, out: str | Path | None) -> Job:
    """Makes the run folder, if there is to be one, in the folder `out`.

    Raises:
        UsageError: A setting does not fit the target.
        DataError: The target cannot be searched exactly.
        StorageError: The run folder cannot be written.
    """
    spec, limits = settings.spec(target), settings.limits(target)
    check_exact(target)
    folder = None
    if out is not None:
        folder = RunFolder.create(Path(out), f"{target.identifier}-seed{spec.seed}")
    shared = settings.library_folder()
    library = open_library(shared, target.domain) if shared else None
    job = Job(target, spec, limits, settings.threads(target), folder, shared, library)
    if folder is not None:
        folder.write_configuration(job.configuration())
    return job


def execute(job: Job, report: Report = lambda snapshot: None) -> Result:
    """Searches until a limit or an interrupt, and stores what was found.

    Raises:
        DataError: No genome was exact to rounding error.
        KeyboardInterrupt: Nothing was found before the interrupt.
    """
    started = time.monotonic()
    library = job.library.forest if job.library else None
    search = Search(job.target, job.spec, job.limits, job.threads, library)
    folder = job.folder

    def observe(snapshot: Snapshot) -> None:
        if folder is not None:
            folder.append_log(snapshot.record)
            if snapshot.has_better_program and snapshot.best is not None:
                claims = claims_of(snapshot.best, job.target)
                folder.write_best(write_document(snapshot.best, job.target, claims))
        report(snapshot)

    stopped_by = _until_interrupted(search, observe, report)
    result = _finish(search, stopped_by, folder, started)
    if folder is not None:
        folder.append_log({"end": stopped_by, "best": result.claims.operations})
        folder.write_best(write_document(result.best, result.target, result.claims))
        folder.write_front(_front(search))
        folder.write_configuration(job.configuration() | {"result": result.to_dict()})
    if job.library_folder is not None:
        best = min(search.forests, key=lambda forest: forest.costs[0])
        try:
            store_blocks(job.library_folder, best, job.target.domain)
        except EvosynthError as error:  # what was found is safe; the library is an extra
            result = replace(result, notices=(f"nothing was added to the library: {error}",))
    return result


def _until_interrupted(search: Search, observe: Report, pause: Report) -> str:
    """Runs a search; an interrupt ends it with what it has found so far."""
    try:
        return search.run(observe, pause)
    except KeyboardInterrupt:
        if not search.evaluations:
            raise
        search.settle()
        return "interrupt"


def _finish(search: Search, stopped_by: str, folder: RunFolder | None, started: float) -> Result:
    target, best = search.target, search.archive.best
    if best is None:
        raise DataError(f"no exact program for {target.title} was found")
    proof = prove(best, target)
    return Result(
        target,
        search.spec.seed,
        best,
        claims_of(best, target, proof),
        proof,
        dense_count(target.matrix, target.domain == "complex").operations,
        search.evaluations,
        time.monotonic() - started,
        stopped_by,
        folder.path if folder else None,
        search.logbook,
        search.archive.references,
    )


def _front(search: Search) -> list[dict[str, Any]]:
    """Returns the front's programs as plain data."""
    return [
        {
            "error": program_error(solution.program, search.target),
            "operations": solution.operations,
            "program": json_format.to_data(solution.program),
        }
        for solution in search.archive.front
    ]


def check_exact(target: Target) -> None:
    """Checks that the search can tell the target's entries apart.

    Raises:
        DataError: Entries that count as zero or as equal are not: even the matrix itself,
            which every genome starts from, would not be exact.
    """
    is_complex = target.domain == "complex"
    empty = np.zeros((0, len(FIELDS)), np.int16)
    program = build_program(decode(empty, target.matrix, is_complex=is_complex), target.domain)
    error = relative_error(program.execute(np.eye(target.n)).T, target.matrix)
    if error > EXACT:
        raise DataError(
            f"{target.title}: entries that agree to 9 digits, or are below 1e-10 of the largest, "
            f"are taken as equal or zero, which leaves an error of {error:.1e}",
            "round the entries, or scale the rows to similar size",
        )
