"""The `doctor` command: a table of what fits and what does not."""

from __future__ import annotations

import json
from pathlib import Path

import click

from evosynth.diagnosing import doctor


def diagnose_and_report(
    out: Path, scheduler: str | None, scheduler_file: Path | None, *, as_json: bool
) -> int:
    """Prints what was found; returns the exit code."""
    found = doctor(out=out, scheduler=scheduler, scheduler_file=scheduler_file)
    click.echo(json.dumps(found.to_dict()) if as_json else str(found))
    return found.exit_code
