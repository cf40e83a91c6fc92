"""The table of a front."""

from __future__ import annotations

from collections.abc import Sequence

from dsl.costs import FLOPS, Cost, Tally
from evosynth.fronts.points import FrontPoint
from evosynth.fronts.references import Reference
from evosynth.fronts.text_table import text_rows
from fitness.objectives import ERROR, Objective


def front_table(
    points: Sequence[FrontPoint],
    objective: Objective = ERROR,
    cost: Cost = FLOPS,
    known: Sequence[Reference] = (),
) -> str:
    """Returns a front as a table in plain text, a line for each program, the cheapest first.

    Args:
        points: Such as `points_of` returns for what is written to `front.json`.
        objective: Of the run.
        cost: Of the run.
        known: Lines about what is known from elsewhere (`evosynth.fronts.references`).
    """
    return "\n".join(text_rows(front_rows(points, objective, cost, known)))


def front_rows(
    points: Sequence[FrontPoint], objective: Objective, cost: Cost, known: Sequence[Reference]
) -> list[dict[str, str]]:
    """Returns cells by the names of their columns; columns that say nothing are left out."""
    shows_shifts = any(point.tally.shifts for point in points) or any(k.shifts for k in known)
    has_outputs = any(point.output is not None for point in points)

    def row(
        number: str, measured: FrontPoint | Reference, counts: Tally | Reference
    ) -> dict[str, str]:
        cells = {"#": number}
        if cost.name != FLOPS.name:
            cells["cost"] = f"{measured.cost:,.6g}"
        cells["operations"] = _count(measured.operations)
        cells["error"] = f"{measured.error:.2g}"
        if objective.name != ERROR.name:
            cells[objective.name] = objective.shown(measured.loss)
        cells["additions"] = _count(counts.additions)
        cells["multiplications"] = _count(counts.multiplications)
        if shows_shifts:
            cells["shifts"] = _count(counts.shifts)
        return cells

    rows = [row(str(k), point, point.tally) for k, point in enumerate(points, 1)]
    if has_outputs:
        rows = [r | {"output": p.output or ""} for r, p in zip(rows, points, strict=True)]
    return rows + [row("", each, each) | {"": each.label} for each in known]


def _count(count: int | None) -> str:
    return "" if count is None else f"{count:,}"
