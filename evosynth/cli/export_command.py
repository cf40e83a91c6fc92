"""The commands `export` and `formats`: programs as files, and what they can be."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from dsl.errors import UsageError
from dsl.formats import FORMATS
from evosynth.catalogue import formats
from evosynth.exporting import export


def export_and_report(
    run: Path, to: str | None, output: Path | None, options: Mapping[str, Any]
) -> None:
    """Writes a program to a file, or prints it; options that are not given are not passed."""
    given = {
        name: value for name, value in options.items() if value is not None and value is not False
    }
    is_printed = output is None or str(output) == "-"
    if is_printed and to is None:
        names = ", ".join(dict.fromkeys(row["name"] for row in formats()))
        raise UsageError("expected --to FORMAT, or -o FILE with a suffix", f"formats: {names}")
    text = export(run, to, None if is_printed else output, **given)
    if is_printed:
        click.echo(text, nl=False)
    else:
        click.echo(f"wrote {output}, {len(text.splitlines()):,} lines", err=True)
        if to in FORMATS and (remark := FORMATS.get(str(to)).remark):
            click.echo(remark(text), err=True)


def print_formats(as_json: bool) -> None:
    """Prints the formats."""
    rows = formats()
    if as_json:
        click.echo(json.dumps(rows))
        return
    _print_rows([row for row in rows if row["of"] == "program"])
    click.echo("of algorithms for every size; with --n, also all of the above")
    _print_rows([row for row in rows if row["of"] == "algorithm"])


def _print_rows(rows: list[dict[str, Any]]) -> None:
    for row in rows:
        options = ", ".join(f"--{option.replace('_', '-')}" for option in row["options"])
        click.echo(f"{row['name']:<8}{row['suffix']:<7}{row['summary']}")
        if options:
            click.echo(f"{'':<15}{options}")
