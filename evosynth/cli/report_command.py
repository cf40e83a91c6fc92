"""The `report` command: the page of a run."""

from __future__ import annotations

import webbrowser
from pathlib import Path

import click

from dsl.errors import DataError
from evosynth.reports.reporting import write_report


def report_and_write(
    run: Path, output: Path | None, comparison: Path | None, is_opened: bool
) -> int:
    """Writes the page of a run and prints its path; returns the exit code."""
    written = write_report(run, output, comparison)
    click.echo(written.path)
    for problem in written.problems:
        click.echo(f"warning: {problem}", err=True)
    if is_opened and not webbrowser.open(written.path.resolve().as_uri()):
        click.echo("warning: no browser could be opened", err=True)
    return DataError.exit_code if written.problems else 0
