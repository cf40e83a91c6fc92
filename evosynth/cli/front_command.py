"""The `front` command: the programs that a run found, as a table and as a picture."""

from __future__ import annotations

import json
from pathlib import Path

import click

from evosynth.charts import check_picture
from evosynth.fronts import Front, PointVerification, front


def front_and_report(run: Path, output: Path | None, *, as_json: bool) -> None:
    """Prints a run's front, and draws it if a file is named."""
    if output is not None:
        check_picture(output)
    found = front(run)
    if as_json:
        click.echo(json.dumps(found.to_dict()))
    else:
        click.echo("\n".join(front_lines(found)))
    if output is not None:
        found.save(output)
        click.echo(f"wrote {output}", err=True)


def front_lines(found: Front) -> list[str]:
    """Returns what people read of a front: what it is of, the table, what next."""
    cost, objective = found.cost, found.objective
    bits = f" at {cost.word_length} bits" if cost.word_length else ""
    data = f", {found.covariance.name} inputs" if found.covariance else ""
    return [
        f"front     {found.title}: {len(found)} programs",
        f"cost      {cost.name}{bits}: {cost.summary}",
        f"objective {objective.name}{data}: {objective.summary}",
        "",
        str(found),
    ]


def report_point(verification: PointVerification, as_json: bool) -> int:
    """Prints what is true of one program of a front; returns the exit code."""
    problems = verification.problems
    if as_json:
        click.echo(json.dumps(_data(verification)))
        return 1 if problems else 0
    click.echo(f"target: {verification.subject}")
    for problem in problems:
        click.echo(problem)
    click.echo("not verified" if problems else _verified_line(verification))
    return 1 if problems else 0


def _verified_line(verification: PointVerification) -> str:
    found, front_ = verification.found, verification.front
    objective = front_.objective
    shown = "" if objective.name == "error" else f", {objective.name} {objective.shown(found.loss)}"
    return (
        f"verified: {front_.cost.name} {found.cost:,g}, {found.operations:,} real operations, "
        f"relative error {found.error:.2g}{shown}"
    )


def _data(verification: PointVerification) -> dict[str, object]:
    found = verification.found
    names = ("error", "operations", "cost", "loss")
    return {name: getattr(found, name) for name in names} | {
        "target": verification.subject,
        "verified": verification.is_verified,
        "problems": verification.problems,
    }
