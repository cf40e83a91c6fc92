"""What a run found for a matrix, and how it is checked and stored."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from dsl.accuracy import EXACT, output_factors, relative_error
from dsl.cost import dense_count
from dsl.display import html_table
from dsl.errors import DataError
from dsl.formats import json_format
from dsl.genome import FIELDS
from dsl.grammars.factor.build import build_program
from dsl.grammars.factor.decode import decode
from dsl.metrics import Metrics, measure
from dsl.program import Program
from dsl.structure import Structure, find_structure
from dsl.targets import Target
from evosynth.ending import Ending
from evosynth.engine.archive import Archive
from evosynth.engine.individual import Reference
from evosynth.runs import Claims, claims_of
from fitness.objectives import program_error
from fitness.proof import Proof, prove


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
        structure: What is special about a matrix that is no transform's by name.
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
    structure: Structure | None = None

    @property
    def is_cheaper(self) -> bool:
        """The program has fewer operations than the matrix product."""
        return self.claims.operations < self.dense

    @property
    def is_verified(self) -> bool:
        """The program computes the target to rounding error."""
        return self.claims.error <= EXACT

    @property
    def output_factors(self) -> list[float]:
        """By what the program's outputs are larger than the target's; all 1 if scaling is exact."""
        target = self.target
        return output_factors(self.best.matrix(), target.matrix, target.scaling).tolist()

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
            "output_factors": self.output_factors,
            "seed": self.seed,
            "operations": self.claims.operations,
            "additions": self.claims.additions,
            "multiplications": self.claims.multiplications,
            **asdict(self.metrics),
            "dense_operations": self.dense,
            "cheaper_than_dense": self.is_cheaper,
            "best_known": known.operations if known else None,
            "error": self.claims.error,
            "verified": self.is_verified,
            "exact": self.proof.summary,
            "references": [asdict(reference) for reference in self.references],
            "structure": self.structure.to_dict() if self.structure else None,
            "evaluations": self.evaluations,
            "seconds": round(self.seconds, 3),
            "stopped_by": self.stopped_by,
            "run": str(self.folder) if self.folder else None,
        }


def finish_matrix(target: Target, archive: Archive, ending: Ending) -> Result:
    """Returns what a search found, proved as far as it can be.

    Raises:
        DataError: No genome was exact to rounding error.
    """
    best = archive.best
    if best is None:
        raise DataError(f"no exact program for {target.title} was found")
    proof = prove(best, target)
    return Result(
        target,
        ending.seed,
        best,
        claims_of(best, target, proof),
        proof,
        dense_count(target.matrix, target.domain == "complex").operations,
        ending.evaluations,
        ending.seconds(),
        ending.stopped_by,
        ending.folder,
        ending.logbook,
        archive.references,
        structure=None if target.is_family else find_structure(target.matrix),
    )


def matrix_front(target: Target, archive: Archive) -> list[dict[str, Any]]:
    """Returns the front's programs as plain data."""
    return [
        {
            "error": program_error(solution.program, target),
            "operations": solution.operations,
            "program": json_format.to_data(solution.program),
        }
        for solution in archive.front
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
