"""The `experiment` command: the finding on standard output, talk on standard error."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import click

from evosynth.cli.failures import taking_interrupts
from evosynth.experimenting import experiment, experiments


def experiment_and_report(
    name: str | None, options: Mapping[str, Any], *, as_json: bool, is_quiet: bool
) -> None:
    """Runs an experiment and prints its finding; without a name lists all."""
    if name is None:
        _print_all(as_json)
        return

    def report(line: str) -> None:
        if not is_quiet:
            click.echo(line, err=True)

    with taking_interrupts():  # SIGTERM, too, is told as an interrupt
        finding = experiment(name, **options, report=report)
    if as_json:
        click.echo(json.dumps(finding.to_dict()))
        return
    click.echo(f"{finding.question}\n\n{finding.text}\n")
    for file in finding.files:
        click.echo(file)


def _print_all(as_json: bool) -> None:
    rows = experiments()
    if as_json:
        click.echo(json.dumps(rows))
        return
    width = max(len(row["name"]) for row in rows) + 2
    for row in rows:
        click.echo(f"{row['name']:<{width}}{row['question']}")
