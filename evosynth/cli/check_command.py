"""The `check` command: what of a run folder is whole, and whether the run can be resumed."""

from __future__ import annotations

import json
from pathlib import Path

import click

from dsl.errors import DataError
from evosynth.checking import check


def check_and_report(run: Path, *, as_json: bool) -> int:
    """Prints what `check` finds; returns the exit code."""
    report = check(run)
    click.echo(json.dumps(report.to_dict()) if as_json else str(report))
    return 0 if report.is_whole else DataError.exit_code
