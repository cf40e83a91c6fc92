"""What users call: `es.run`, `es.show`, `es.verify` and the lists of what there is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from dsl.cost import dense_count
from dsl.errors import DataError
from dsl.formats import FORMATS
from dsl.program import Program
from dsl.targets import Target, make_target
from evosynth.engine.driver import Limits, Search, Snapshot
from evosynth.engine.spec import Spec
from evosynth.runs import (
    Claims,
    RunFolder,
    claims_of,
    program_file,
    read_document,
    write_document,
)
from evosynth.settings import Settings
from evosynth.version import versions
from fitness.objectives import EXACT


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
class Verification:
    """What a program file claims, and what is true.

    Attributes:
        claimed: What the file says.
        found: The same, recomputed from the program alone.
    """

    claimed: Claims
    found: Claims

    @property
    def problems(self) -> list[str]:
        """What is wrong, one line each; empty if the file is right."""
        lines = [
            f"{name}: the file claims {getattr(self.claimed, name)}, "
            f"the program has {getattr(self.found, name)}"
            for name in ("operations", "additions", "multiplications")
            if getattr(self.claimed, name) != getattr(self.found, name)
        ]
        # The last bits of an error depend on the machine's arithmetic, its size does not.
        if self.found.error > max(EXACT, 10 * self.claimed.error):
            lines.append(
                f"error: the file claims {self.claimed.error:.1e}, "
                f"the program has {self.found.error:.1e}"
            )
        return lines

    @property
    def is_exact(self) -> bool:
        """The program computes its target to rounding error."""
        return self.found.error <= EXACT


def run(
    target: str | Target,
    n: int | None = None,
    *,
    data: str | None = None,
    seed: int | None = None,
    evaluations: int | None = None,
    time: float | None = None,
    patience: int | None = None,
    goal: int | str | None = None,
    workers: int | None = None,
    strategy: str = "evolve",
    islands: int = 2,
    out: str | Path | None = None,
    report: Callable[[Snapshot], None] | None = None,
) -> Result:
    """Searches for the cheapest exact program for a target.

    Args:
        target: A family such as "dft", the path of a .npy file, or a `Target`.
        n: Size of the transform.
        data: "real" or "complex" input data; by default the target's own.
        seed: Decides every random choice; drawn and returned if not given.
        evaluations: Most genomes to evaluate.
        time: Most wall-clock seconds to search.
        patience: Most evaluations without improvement.
        goal: Stop at this many operations, or at "best-known".
        workers: Evaluating threads; the result does not depend on it.
        strategy: "evolve", "hill-climb" or "random".
        islands: Number of islands.
        out: Folder in which a run folder is made; nothing is stored by default.
        report: Called after every epoch of every island.

    Raises:
        UsageError: An argument cannot be used.
        DataError: A target file cannot be used.
        StorageError: The run folder cannot be written.
    """
    settings = Settings(seed, evaluations, time, patience, goal, workers, strategy, islands)
    chosen = target if isinstance(target, Target) else make_target(target, n, data)
    spec, limits = settings.spec(chosen), settings.limits(chosen)
    folder = None
    if out is not None:
        folder = RunFolder.create(Path(out), f"{chosen.identifier}-seed{spec.seed}")
        folder.write_configuration(_configuration(chosen, spec, limits))
    search = Search(chosen, spec, limits, settings.threads())

    def observe(snapshot: Snapshot) -> None:
        if folder is not None:
            folder.append_log(snapshot.record)
            if snapshot.has_better_program and snapshot.best is not None:
                folder.write_best(write_document(snapshot.best, chosen))
        if report is not None:
            report(snapshot)

    stopped_by = _until_interrupted(search, observe)
    result = _finish(search, stopped_by, folder)
    if folder is not None:
        _store(folder, search, result)
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


def _store(folder: RunFolder, search: Search, result: Result) -> None:
    folder.write_best(write_document(result.best, result.target))
    folder.write_front(search.archive.front_data())
    outcome = result.to_dict()
    configuration = _configuration(search.target, search.spec, search.limits)
    folder.write_configuration(configuration | {"result": outcome})


def _configuration(target: Target, spec: Spec, limits: Limits) -> dict[str, Any]:
    return {
        "format": "evosynth-run",
        "version": 1,
        "target": {
            "name": target.name,
            "n": target.n,
            "data": target.domain,
            "digest": target.digest,
        },
        "spec": asdict(spec),
        "limits": asdict(limits),
        "versions": versions(),
    }


def load(path: str | Path) -> Program:
    """Returns the program of a run folder or of a program file."""
    return read_document(program_file(Path(path))).program


def show(path: str | Path, format: str = "text") -> str:
    """Returns the program of a run folder or program file in a format."""
    return FORMATS.get(format).write(load(path))


def verify(path: str | Path) -> Verification:
    """Recomputes what a program file claims, from the program alone.

    Raises:
        DataError: The file holds no valid program, or no target and claims to compare.
    """
    source = program_file(Path(path))
    document = read_document(source)
    if document.target is None or document.claims is None:
        raise DataError(
            f"'{source}' holds a bare program: no target, no claims",
            "verify a run folder or its best.json",
        )
    shape = (len(document.program.outputs), document.program.inputs)
    if shape != document.target.matrix.shape:
        raise DataError(
            f"'{source}': the program is {shape[0]} x {shape[1]}, "
            f"its target {document.target.matrix.shape[0]} x {document.target.matrix.shape[1]}"
        )
    return Verification(document.claims, claims_of(document.program, document.target))
