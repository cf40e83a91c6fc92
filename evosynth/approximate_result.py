"""What a run found for a matrix that programs may approximate, and how it is stored."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from dsl.accuracy import output_factors
from dsl.cost import dense_count
from dsl.display import html_table
from dsl.errors import DataError
from dsl.formats import json_format
from dsl.metrics import Metrics, measure
from dsl.program import Program
from dsl.targets.approximate_target import ApproximateTarget
from evosynth.ending import Ending
from evosynth.engine.approximate.points import (
    best_of,
    cost_of,
    is_within,
    most_loss,
    point_of,
)
from evosynth.fronts import Front, FrontPoint, PointVerification, verify_best
from evosynth.runs.approximation_data import ApproximateRecord, approximation_data
from evosynth.runs.document import Claims, claims_of, target_data
from fitness.objectives import OBJECTIVES, Objective


@dataclass(frozen=True, slots=True)
class ApproximateResult:
    """What a run found.

    Attributes:
        target: What had to be approximated, and how nearly.
        seed: With which the same run can be repeated.
        point: The cheapest program within the tolerance; the nearest if none is.
        front: The programs that no other beats, by rising cost; print it, pick from it.
        claims: Operations and error of the best program, recomputed from it alone.
        dense: Operations of the matrix product, nothing shared.
        evaluations: Genomes evaluated.
        seconds: Wall-clock time, from the start of the search to the finished programs.
        stopped_by: "goal", "evaluations", "time", "patience" or "interrupt".
        folder: Where the run is stored, if it is.
        logbook: DEAP's logbook, one record per epoch and island.
        notices: What went wrong without harm to the result.
    """

    target: ApproximateTarget
    seed: int
    point: FrontPoint
    front: Front
    claims: Claims
    dense: int
    evaluations: int
    seconds: float
    stopped_by: str
    folder: Path | None
    logbook: Any
    notices: tuple[str, ...] = ()

    @property
    def best(self) -> Program:
        """The best program; call it on arrays of shape (..., n)."""
        return self.point.program

    @property
    def objective(self) -> Objective:
        """What is lost."""
        return OBJECTIVES.get(self.target.approximation.objective)

    @property
    def is_verified(self) -> bool:
        """The best program is within the tolerance."""
        return is_within(self.point, self.target)

    @property
    def output_factors(self) -> list[float]:
        """By what the program's outputs are larger than the target's; all 1 if scaling is exact."""
        target = self.target.target
        return output_factors(self.best.matrix(), target.matrix, target.scaling).tolist()

    @property
    def metrics(self) -> Metrics:
        """Depth, values alive at once and constants of the program's real code."""
        return measure(self.best.code)

    def __repr__(self) -> str:
        state = "within the tolerance" if self.is_verified else "NOT within the tolerance"
        loss = self.objective.shown(self.point.loss)
        return (
            f"<ApproximateResult {self.target.title}: cost {self.point.cost:g}, "
            f"{self.objective.name} {loss}, {state}, {len(self.front)} programs, seed {self.seed}>"
        )

    def _repr_html_(self) -> str:
        """Returns the result as notebooks show it: a table of `to_dict`."""
        return html_table({name: v for name, v in self.to_dict().items() if name != "front"})

    def to_dict(self) -> dict[str, Any]:
        """Returns the result as plain data, as `evosynth run --json` prints it."""
        target, approximation = self.target.target, self.target.approximation
        return {
            "target": target.name,
            "n": target.n,
            "input": target.domain,
            "scaling": target.scaling,
            "output_factors": self.output_factors,
            "seed": self.seed,
            **asdict(approximation),
            "cost": self.point.cost,
            "cost_name": approximation.cost,
            "loss": self.point.loss,
            "figure": self.objective.shown(self.point.loss),
            "operations": self.claims.operations,
            "additions": self.claims.additions,
            "multiplications": self.claims.multiplications,
            "shifts": self.point.tally.shifts,
            **asdict(self.metrics),
            "dense_operations": self.dense,
            "error": self.claims.error,
            "verified": self.is_verified,
            "front": [_row(point) for point in self.front],
            "evaluations": self.evaluations,
            "seconds": round(self.seconds, 3),
            "stopped_by": self.stopped_by,
            "run": str(self.folder) if self.folder else None,
        }


def _row(point: FrontPoint) -> dict[str, Any]:
    """Returns a point of the front as plain data, without its program."""
    return {
        "error": point.error,
        "operations": point.operations,
        "cost": point.cost,
        "loss": point.loss,
    }


def finish_approximate(
    target: ApproximateTarget, points: list[FrontPoint], ending: Ending
) -> ApproximateResult:
    """Returns what a search found.

    Raises:
        DataError: It found nothing.
    """
    best = best_of(points, target)
    if best is None:
        raise DataError(f"no program for {target.title} was found")
    exact = target.target
    return ApproximateResult(
        target,
        ending.seed,
        best,
        _front(points, target, ending.folder),
        claims_of(best.program, exact),
        dense_count(exact.matrix, exact.domain == "complex").operations,
        ending.evaluations,
        ending.seconds(),
        ending.stopped_by,
        ending.folder,
        ending.logbook,
    )


def verify_approximate(
    record: ApproximateRecord, program: Program, claims: Claims | None
) -> PointVerification:
    """Recomputes what a program file claims of an approximate program."""
    assert claims is not None, "read together with the record"
    target = record.target
    cost = cost_of(target)
    point = FrontPoint(program, claims.error, claims.operations, record.cost, record.loss, cost)
    return verify_best(_front([point], target, None), most_loss(target))


def _front(points: list[FrontPoint], target: ApproximateTarget, folder: Path | None) -> Front:
    return Front(
        target.title,
        tuple(points),
        OBJECTIVES.get(target.approximation.objective),
        cost_of(target),
        target.target,
        target.covariance,
        target.approximation.tolerance,
        folder,
    )


def front_data(points: list[FrontPoint]) -> list[dict[str, Any]]:
    """Returns a front's programs as plain data."""
    return [_row(point) | {"program": json_format.to_data(point.program)} for point in points]


def write_approximate_document(program: Program, target: ApproximateTarget) -> str:
    """Writes an approximate program, its target and its claims as JSON."""
    point = point_of(program, target)
    claims = asdict(claims_of(program, target.target)) | {"cost": point.cost, "loss": point.loss}
    held = target_data(target.target) | {"approximation": approximation_data(target)}
    return (
        f'{{"claims": {json.dumps(claims)},\n"target": {json.dumps(held)},\n'
        f'"program": {json_format.write(program).rstrip()}}}\n'
    )
