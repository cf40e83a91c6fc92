"""`primitives check`: what is right and wrong with a plug-in, in a table."""

from __future__ import annotations

import json
from pathlib import Path

import click

from dsl.errors import EnvironmentMismatchError
from evosynth.plugins.loading import plugin_at
from evosynth.plugins.trial import COMPILED, examine


def check_and_report(path: Path, *, as_json: bool) -> int:
    """Prints a row for every member of a plug-in; returns the exit code."""
    plugin = plugin_at(path)
    rows = examine(plugin, COMPILED)
    is_good = not any(row.problem for row in rows)
    if as_json:
        members = [
            {"member": row.member, "checked": list(row.checked), "problem": row.problem or None}
            for row in rows
        ]
        click.echo(
            json.dumps(
                {
                    "path": plugin.path,
                    "sha256": plugin.digest,
                    "is_good": is_good,
                    "members": members,
                }
            )
        )
    else:
        click.echo(f"{plugin.path}  SHA-256 {plugin.digest[:16]}...")
        width = max(len(row.member) for row in rows) + 2
        for row in rows:
            told = f"WRONG  {row.problem}" if row.problem else f"ok     {', '.join(row.checked)}"
            click.echo(f"{row.member:<{width}}{told}")
    return 0 if is_good else EnvironmentMismatchError.exit_code
