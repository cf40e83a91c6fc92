"""Commands that list what there is and can be added to."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from evosynth.cli.completing import files
from evosynth.cli.failures import reporting_failures
from evosynth.cli.help_page import Page, PageGroup
from evosynth.cli.options import JSON, PATH
from evosynth.cli.plugin_option import plugin_option


@click.command(
    "targets",
    cls=Page,
    examples=("evosynth targets", "evosynth --plugin my_targets.py targets --json"),
    see=("run", "structure", "records"),
)
@JSON
@plugin_option
@reporting_failures
def targets_command(as_json: bool) -> None:
    """Lists the transforms, with the best operation counts known.

    And functions that are known by samples, and how matrices of your own are given.
    """
    from evosynth.cli.inspection import print_targets

    print_targets(as_json)


@click.group(
    "primitives",
    cls=PageGroup,
    invoke_without_command=True,
    examples=("evosynth primitives", "evosynth primitives check my_primitives.py"),
    see=("primitives check", "targets", "formats"),
)
@plugin_option
@JSON
@click.pass_context
@reporting_failures
def primitives_command(context: click.Context, as_json: bool) -> None:
    """Lists the blocks and patterns that genomes are made of; `check FILE.py` tries a plug-in."""
    if context.invoked_subcommand is not None:
        return
    from evosynth.cli.inspection import print_primitives

    print_primitives(as_json)


@primitives_command.command(
    "check",
    examples=("evosynth primitives check my_primitives.py",),
    exit_codes={78: "something is wrong with it"},
    see=("primitives", "run"),
)
@click.argument("file", metavar="FILE.py", type=PATH, shell_complete=files)
@JSON
@reporting_failures
def check_primitives_command(file: Path, as_json: bool) -> None:
    """Tries everything that a plug-in declares, in all its forms, and prints a table.

    In a process of its own, for at most five minutes each.
    """
    from evosynth.cli.primitives_command import check_and_report

    sys.exit(check_and_report(file, as_json=as_json))


@click.command(
    "costs", cls=Page, examples=("evosynth costs", "evosynth costs --json"), see=("run", "front")
)
@JSON
@plugin_option
@reporting_failures
def costs_command(as_json: bool) -> None:
    """Lists what programs are counted by, and what approximate ones are measured by."""
    from evosynth.cli.inspection import print_costs

    print_costs(as_json)


@click.command(
    "formats",
    cls=Page,
    examples=("evosynth formats", "evosynth formats --json"),
    see=("show", "export"),
)
@JSON
@plugin_option
@reporting_failures
def formats_command(as_json: bool) -> None:
    """Lists the formats that programs are exported to, with the options of each."""
    from evosynth.cli.export_command import print_formats

    print_formats(as_json)
