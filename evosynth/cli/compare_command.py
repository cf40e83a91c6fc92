"""The `compare` and `baselines` commands: a table on standard output, talk on standard error."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import click

from evosynth.catalogue import baselines
from evosynth.cli.failures import taking_interrupts
from evosynth.comparison import compare


def compare_and_report(options: Mapping[str, Any], *, as_json: bool, is_quiet: bool) -> None:
    """Compares, and prints the table."""
    with taking_interrupts() as interrupts:

        def report(line: str) -> None:
            interrupts.check_no_more()
            if not is_quiet:
                click.echo(line, err=True)

        try:
            comparison = compare(
                **options, report=report, watch=lambda snapshot: interrupts.check()
            )
        except KeyboardInterrupt:
            if not is_quiet:
                click.echo("finished trials are kept: the same command goes on", err=True)
            interrupts.check()  # which of the signals it was decides the exit code
            raise
    for notice in comparison.notices:
        click.echo(f"warning: {notice}", err=True)
    click.echo(json.dumps(comparison.to_dict()) if as_json else str(comparison))
    if not is_quiet:
        click.echo(f"table, picture and trials are in {comparison.folder}", err=True)


def print_baselines(as_json: bool) -> None:
    """Prints the rivals."""
    rows = baselines()
    if as_json:
        click.echo(json.dumps(rows))
        return
    width = max(len(row["name"]) for row in rows) + 2
    for kind in dict.fromkeys(row["kind"] for row in rows):
        click.echo(f"rivals that learn a {kind}")
        for row in (row for row in rows if row["kind"] == kind):
            told = f"; told {row['told']}" if row["told"] else ""
            click.echo(f"  {row['name']:<{width}}{row['summary']}{told}")
