"""A job: everything that a run needs, checked before anything is searched."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from dsl.errors import EvosynthError
from dsl.program import Program
from dsl.samples import SampledTarget
from dsl.targets import Target
from evosynth.block_library import BlockLibrary, open_library, store_blocks
from evosynth.ending import Ending
from evosynth.engine.driver import Limits, Search, Snapshot
from evosynth.engine.expression.formula_breeding import FormulaBreeding
from evosynth.engine.factor_breeding import FactorBreeding
from evosynth.engine.spec import Purpose, Spec
from evosynth.formula_result import FormulaResult, finish_formula, formula_front
from evosynth.matrix_result import Result, check_exact, finish_matrix, matrix_front
from evosynth.runs import (
    RunFolder,
    claims_of,
    formula_claims,
    write_document,
    write_formula_document,
)
from evosynth.settings import Settings
from evosynth.version import versions

Report = Callable[[Snapshot], None]
AnyTarget = Target | SampledTarget
AnyResult = Result | FormulaResult


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

    def configuration(self) -> dict[str, Any]:
        """Returns what `run.json` holds, as plain data."""
        return {
            "format": "evosynth-run",
            "version": 1,
            "target": _names(self.target) | {"digest": self.target.digest},
            "spec": asdict(self.spec),
            "limits": asdict(self.limits),
            "library": self.library.digest if self.library else None,
            "versions": versions(),
        }


def _names(target: AnyTarget) -> dict[str, Any]:
    if isinstance(target, SampledTarget):
        return {"name": target.name, "samples": target.source}
    return {
        "name": target.name,
        "n": target.n,
        "input": target.domain,
        "scaling": target.scaling,
    }


def prepare(target: AnyTarget, settings: Settings, out: str | Path | None) -> Job:
    """Makes the run folder, if there is to be one, in the folder `out`.

    Raises:
        UsageError: A setting does not fit the target.
        DataError: The target cannot be searched exactly.
        StorageError: The run folder cannot be written.
    """
    spec, limits = settings.spec(target), settings.limits(target)
    shared = settings.library_folder(target)
    if isinstance(target, Target):
        check_exact(target)
    folder = None
    if out is not None:
        folder = RunFolder.create(Path(out), f"{target.identifier}-seed{spec.seed}")
    library = open_library(shared, target.domain) if shared else None
    job = Job(target, spec, limits, settings.threads(target), folder, shared, library)
    if folder is not None:
        folder.write_configuration(job.configuration())
    return job


def execute(job: Job, report: Report = lambda snapshot: None) -> AnyResult:
    """Searches until a limit or an interrupt, and stores what was found.

    Raises:
        DataError: Nothing was found: no genome was exact to rounding error, or no formula valid.
        KeyboardInterrupt: Nothing was found before the interrupt.
    """
    started = time.monotonic()
    breeding = _breeding(job)
    search = Search(breeding, job.spec, job.limits)
    folder = job.folder

    def observe(snapshot: Snapshot) -> None:
        if folder is not None:
            folder.append_log(snapshot.record)
            if snapshot.has_better_program and snapshot.best is not None:
                folder.write_best(_document(snapshot.best, job.target))
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
    if isinstance(breeding, FormulaBreeding):
        formula = finish_formula(breeding, ending)
        if folder is not None:
            best = write_formula_document(formula.best, formula.target, formula.claims)
            _store(job, folder, formula, best, formula_front(formula))
        return formula
    assert isinstance(job.target, Target)
    result = finish_matrix(job.target, breeding.archive, ending)
    if folder is not None:
        best = write_document(result.best, result.target, result.claims)
        _store(job, folder, result, best, matrix_front(result.target, breeding.archive))
    if job.library_folder is not None:
        forest = min(breeding.forests, key=lambda forest: forest.costs[0])
        try:
            store_blocks(job.library_folder, forest, job.target.domain)
        except EvosynthError as error:  # what was found is safe; the library is an extra
            result = replace(result, notices=(f"nothing was added to the library: {error}",))
    return result


def _breeding(job: Job) -> FactorBreeding | FormulaBreeding:
    if isinstance(job.target, SampledTarget):
        return FormulaBreeding(job.target, job.spec, job.threads)
    library = job.library.forest if job.library else None
    return FactorBreeding(job.target, job.spec, job.threads, library)


def _document(program: Program, target: AnyTarget) -> str:
    """Returns the program file of a program that a search has found so far."""
    if isinstance(target, SampledTarget):
        return write_formula_document(program, target, formula_claims(program, target))
    return write_document(program, target, claims_of(program, target))


def _store(
    job: Job, folder: RunFolder, result: AnyResult, best: str, front: list[dict[str, Any]]
) -> None:
    folder.append_log({"end": result.stopped_by, "best": result.claims.operations})
    folder.write_best(best)
    folder.write_front(front)
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
        return "interrupt"
