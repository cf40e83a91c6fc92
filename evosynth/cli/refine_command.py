"""The `refine` command: makes a program cheaper, prints what was gained, stores it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from dsl.cost import Count
from dsl.targets.scaling import UP_TO
from evosynth.cli.failures import taking_interrupts
from evosynth.refining import Refinement, refine


def refine_and_report(run: Path, options: Mapping[str, Any], *, as_json: bool) -> None:
    """Refines a program and prints its operations before and after."""
    given = {name: value for name, value in options.items() if value is not None}
    with taking_interrupts() as interrupts:  # SIGTERM, too, must leave no half of a file
        result = refine(run, pause=interrupts.check, **given)
    if as_json:
        click.echo(json.dumps(_data(result)))
        return
    click.echo("\n".join(_lines(result)))
    if "output" in given:
        click.echo(f"wrote {given['output']}", err=True)


def _data(result: Refinement) -> dict[str, Any]:
    return {
        "before": _parts(result.before),
        "after": _parts(result.after),
        "seed": result.seed,
        "exact": result.proof.summary if result.proof else None,
    }


def _lines(result: Refinement) -> list[str]:
    before, after = result.before, result.after
    gained = before.operations - after.operations
    target, proof = result.target, result.proof
    same = f"the matrix agrees in double precision {UP_TO[result.scaling]}".rstrip()
    return [
        f"target: {target.title or target.name}" if target else "target: none, a bare program",
        f"before: {_counted(before)}",
        f"after:  {_counted(after)}" if gained else "after:  the same, nothing was found",
        f"exact:  {proof.summary if proof else same}",
        f"seed:   {result.seed}",
    ]


def _parts(count: Count) -> dict[str, int]:
    """Returns the parts of a count as far as programs for matrices have them."""
    return {
        "additions": count.additions,
        "multiplications": count.multiplications,
        "operations": count.operations,
    }


def _counted(count: Count) -> str:
    return (
        f"{count.operations:,} real operations ({count.additions:,} additions, "
        f"{count.multiplications:,} multiplications)"
    )
