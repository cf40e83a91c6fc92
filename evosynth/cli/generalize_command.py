"""The `generalize` command: prints the recurrence that programs of several sizes share."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from dsl.algorithm_formats import render_algorithm
from dsl.display import sizes_text
from evosynth.cli.algorithm_lines import verified_lines
from evosynth.cli.failures import taking_interrupts
from evosynth.generalization import Generalization, generalize


def generalize_and_report(
    runs: tuple[Path, ...], options: Mapping[str, Any], *, as_json: bool
) -> int:
    """Seeks a recurrence and prints it, or what is missing; returns the exit code."""
    with taking_interrupts():  # SIGTERM, too, must leave no half of a file
        result = generalize(runs, **options)
    click.echo(json.dumps(result.to_dict()) if as_json else "\n".join(_lines(result)))
    if options["output"] is not None and result.algorithm is not None:
        click.echo(f"wrote {options['output']}", err=True)
    return 0 if result.is_verified else 1


def _lines(result: Generalization) -> list[str]:
    sizes = sizes_text(list(result.sizes))
    if result.algorithm is None or result.verification is None:
        return _missing(result, sizes)
    how = {
        "exact": "they compute all that it does, up to powers of i",
        "products": "they compute all that it does, but for some products with constants",
    }[result.manner]
    lines = [
        *render_algorithm(result.algorithm, "text").rstrip().split("\n"),
        "",
        f"shared: by the programs of n = {sizes}; {how}",
    ]
    if result.left_out:
        lines.append(f"not shared: by those of n = {sizes_text(list(result.left_out))}")
    lines += verified_lines(result.verification)
    return [*lines, *(f"WRONG: {problem}" for problem in result.verification.problems[:5])]


def _missing(result: Generalization, sizes: str) -> list[str]:
    lines = [f"no recurrence: the programs of '{result.name}' of n = {sizes} do not share one"]
    if result.lacking:
        names = ", ".join(f"'{name}'" for name in result.lacking)
        lines = [f"no recurrence: it would call {names}, of which no rule was found in them"]
        lines += [f"hint: evosynth run --target {name} --recursive" for name in result.lacking]
    lines.append(f"shared: {'; '.join(result.held) or 'no call of a shorter transform'}")
    if result.reached:
        lines.append(f"reached: {', '.join(result.reached)}")
    if result.missing:
        lines.append(f"missing: {', '.join(result.missing)}")
    return lines
