"""Commands that look at what there is."""

from __future__ import annotations

import json
import math
from dataclasses import asdict
from pathlib import Path

import click

from evosynth.api import verify
from evosynth.catalogue import primitives, targets


def verify_and_report(run: Path, as_json: bool) -> int:
    """Prints what `verify` finds; returns the exit code."""
    verification = verify(run)
    problems = verification.problems
    if as_json:
        error = verification.found.error
        data = asdict(verification.found) | {
            "error": error if math.isfinite(error) else None,  # JSON has no infinity
            "target": verification.subject,
            "exact": verification.proof.summary,
            "verified": not problems,
            "problems": problems,
        }
        click.echo(json.dumps(data))
        return 1 if problems else 0
    click.echo(f"target: {verification.subject}")
    if problems:
        for problem in problems:
            click.echo(problem)
        click.echo("not verified")
    else:
        found = verification.found
        click.echo(
            f"verified: {found.operations} real operations ({found.additions} additions, "
            f"{found.multiplications} multiplications), relative error {found.error:.1e}"
        )
        click.echo(f"exact: {verification.proof.summary}")
    return 1 if problems else 0


def print_targets(as_json: bool) -> None:
    """Prints the transforms."""
    rows = targets()
    if as_json:
        click.echo(json.dumps(rows))
        return
    for row in rows:
        click.echo(f"{row['name']:<8}{row['summary']}")
        click.echo(f"        {row['convention']}; {row['sizes']}; {row['input']} data")
        if row["best_known"]:
            counts = ", ".join(f"{n}: {k['operations']}" for n, k in row["best_known"].items())
            click.echo(f"        best known operations {counts}")
    click.echo("FILE.npy  any matrix, real or complex, m x n")


def print_primitives(as_json: bool) -> None:
    """Prints blocks and patterns."""
    rows = primitives()
    if as_json:
        click.echo(json.dumps(rows))
        return
    for kind, title in (("block", "blocks (what)"), ("pattern", "patterns (where)")):
        click.echo(title)
        for row in (r for r in rows if r["kind"] == kind):
            click.echo(f"  {row['name']:<11}{row['summary']}")
            if "matrix" in row:
                solved = ", ".join(row["candidates"])
                click.echo(
                    f"  {'':<11}matrix {row['matrix']}, p solved from the remainder: {solved}"
                )
    click.echo("parameters (which): voted by all rows, one, or read from a row of the remainder")
