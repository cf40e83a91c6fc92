"""The `structure` command, and the lines that other commands print of it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import click

from dsl.structure import Structure
from evosynth.structure_report import structure


def structure_and_report(target: str, options: Mapping[str, Any], *, as_json: bool) -> None:
    """Prints what is special about a matrix."""
    found = structure(target, **options)
    if as_json:
        click.echo(json.dumps(found.to_dict()))
        return
    click.echo(f"matrix    {found.title}")
    click.echo("\n".join(structure_lines(found)))


def structure_lines(found: Structure) -> list[str]:
    """Returns the findings, a line each."""
    lines = str(found).split("\n")
    return [f"structure {lines[0]}", *(f"          {line}" for line in lines[1:])]
