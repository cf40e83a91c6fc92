"""What a front is, and how people see it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dsl.costs import FLOPS, Cost, make_cost
from dsl.covariance import Covariance
from dsl.errors import DataError
from dsl.targets import Target
from dsl.targets.approximate_target import Approximation
from evosynth.fronts.points import FrontPoint, points_of
from evosynth.fronts.references import Reference, references
from evosynth.fronts.table import front_rows, front_table
from evosynth.fronts.text_table import html_rows
from fitness.objectives import ERROR, OBJECTIVES, Objective

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class Front:
    """The programs that a run found.

    Attributes:
        title: Of what they compute.
        points: The programs, the cheapest first.
        objective: What `loss` is.
        cost: What `cost` is.
        target: The matrix; None where they are formulas of samples.
        covariance: Of the inputs, where the objective weighs them and one was given.
        tolerance: Of the run, as people see it; None of one that was to be exact.
        folder: Of the run.
    """

    title: str
    points: tuple[FrontPoint, ...]
    objective: Objective = ERROR
    cost: Cost = FLOPS
    target: Target | None = None
    covariance: Covariance | None = None
    tolerance: float | None = None
    folder: Path | None = None

    def __iter__(self) -> Iterator[FrontPoint]:
        return iter(self.points)

    def __len__(self) -> int:
        return len(self.points)

    def __getitem__(self, index: int) -> FrontPoint:
        return self.points[index]

    def pick(self, choice: str) -> FrontPoint:
        """Returns one program, such as that of "error=1e-3" (`evosynth.fronts.picking`).

        Raises:
            UsageError: It is no choice, or no program is as good as that.
        """
        from evosynth.fronts.picking import picked

        return picked(self, choice)

    @property
    def best(self) -> FrontPoint | None:
        """The cheapest program within the run's tolerance, the nearest one if none is.

        None of runs that were to be exact, and where there is no program.
        """
        if self.tolerance is None or not self.points:
            return None
        most = self.objective.loss_of(self.tolerance) * (1 + 1e-12)  # dB, computed to and fro
        within = [point for point in self.points if point.loss <= most]
        return within[0] if within else min(self.points, key=lambda point: point.loss)

    @cached_property
    def references(self) -> list[Reference]:
        """What is known from elsewhere, with the same measures; nothing for formulas."""
        if self.target is None:
            return []
        return references(self.target, self.objective, self.cost, self.covariance)

    def draw(self) -> Figure:
        """Returns the picture: loss against cost, with what is known from elsewhere.

        Raises:
            EnvironmentMismatchError: matplotlib is not installed.
        """
        from evosynth.fronts.picture import draw

        return draw(self)

    def save(self, path: str | Path) -> None:
        """Writes the picture to a file, .svg or .png.

        Raises:
            UsageError: The file's name ends otherwise.
            EnvironmentMismatchError: matplotlib is not installed.
            StorageError: It cannot be written.
        """
        from evosynth.charts import check_picture, write_figure

        check_picture(Path(path))
        write_figure(self.draw(), Path(path))

    def __str__(self) -> str:
        return front_table(self.points, self.objective, self.cost, self.references)

    def __repr__(self) -> str:
        return f"<Front of {self.title}: {len(self)} programs>"

    def _repr_html_(self) -> str:
        """Returns the table as notebooks show it."""
        return html_rows(front_rows(self.points, self.objective, self.cost, self.references))

    def to_dict(self) -> dict[str, Any]:
        """Returns the front as plain data, as `evosynth front --json` prints it."""
        return {
            "target": self.title,
            "objective": self.objective.name,
            "cost": self.cost.name,
            "word_length": self.cost.word_length,
            "covariance": self.covariance.name if self.covariance else None,
            "tolerance": self.tolerance,
            "run": str(self.folder) if self.folder else None,
            "points": [self._point_data(k, point) for k, point in enumerate(self.points, 1)],
            "known": [reference.to_dict() for reference in self.references],
        }

    def _point_data(self, number: int, point: FrontPoint) -> dict[str, Any]:
        figure = self.objective.figure(point.loss)
        tally = point.tally
        data = {
            "number": number,
            "cost": point.cost,
            "operations": point.operations,
            "error": point.error,
            "loss": point.loss,
            "figure": figure if math.isfinite(figure) else None,  # JSON has no infinity
            "additions": tally.additions,
            "multiplications": tally.multiplications,
            "shifts": tally.shifts,
        }
        return data if point.output is None else data | {"output": point.output}


def front_of(
    target: Target | None,
    entries: Iterable[Any],
    approximation: Approximation | None = None,
    covariance: Covariance | None = None,
    *,
    title: str = "",
    folder: Path | None = None,
) -> Front:
    """Returns the front of plain data as they are written to `front.json`.

    Args:
        target: The matrix; None for formulas of samples.
        entries: Of the programs.
        approximation: What the run was asked for; None if programs were to be exact.
        covariance: Of the inputs, where the run's objective weighs them.
        title: Of the target; by default its own.
        folder: Of the run.

    Raises:
        DataError: An entry is not valid.
        UsageError: There is no such objective or cost.
    """
    objective, cost = ERROR, FLOPS
    if approximation is not None:
        objective = OBJECTIVES.get(approximation.objective)
        cost = make_cost(approximation.cost, approximation.word_length)
    points = points_of(entries, cost)
    if target is not None:
        _check_shapes(points, target)
    return Front(
        title or (target.title if target else ""),
        points,
        objective,
        cost,
        target,
        covariance,
        approximation.tolerance if approximation else None,
        folder,
    )


def _check_shapes(points: Iterable[FrontPoint], target: Target) -> None:
    """Checks that programs can be compared with their target.

    Raises:
        DataError: One is for other data, or of another shape; the message names it.
    """
    for number, point in enumerate(points, 1):
        program = point.program
        shape = len(program.outputs), program.inputs
        if shape != target.matrix.shape or program.domain != target.domain or not program.is_linear:
            raise DataError(
                f"program {number} is {shape[0]} x {shape[1]} for {program.domain} data, expected "
                f"{target.matrix.shape[0]} x {target.matrix.shape[1]} for {target.domain} data"
            )
