"""The command line: what people type. Everything heavy is imported when it is needed."""

from __future__ import annotations

import click

from evosynth.cli.compare_commands import (
    baselines_command,
    compare_command,
    experiment_command,
    records_command,
)
from evosynth.cli.extend_commands import (
    costs_command,
    formats_command,
    primitives_command,
    targets_command,
)
from evosynth.cli.help_page import Contents
from evosynth.cli.house_commands import check_command, completion_command, doctor_command
from evosynth.cli.look_commands import (
    front_command,
    report_command,
    serve_command,
    show_command,
    structure_command,
    verify_command,
)
from evosynth.cli.options import option
from evosynth.cli.plugin_option import plugin_option
from evosynth.cli.search_commands import fork_command, resume_command, run_command
from evosynth.cli.use_commands import (
    bench_command,
    export_command,
    generalize_command,
    refine_command,
)

CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 100}
FIRST_LINES = """\
evosynth discovers cheap exact programs for transforms, and formulas of samples.
`evosynth run` searches, `show` and `report` look, `export` writes code of what was found.
`evosynth --help` lists all commands, `evosynth COMMAND --help` explains one. A first search:
evosynth run --target dft --n 16"""
CHAPTERS = {
    "Search": (run_command, resume_command, fork_command),
    "Look": (
        show_command,
        report_command,
        serve_command,
        front_command,
        verify_command,
        structure_command,
    ),
    "Use": (export_command, bench_command, refine_command, generalize_command),
    "Compare": (compare_command, baselines_command, experiment_command, records_command),
    "Extend": (targets_command, primitives_command, formats_command, costs_command),
    "Keep house": (check_command, doctor_command, completion_command),
}


@click.group(
    cls=Contents,
    context_settings=CONTEXT,
    invoke_without_command=True,
    examples=(
        "evosynth run --target dft --n 16 --seed 0",
        "evosynth show evosynth-runs/dft16-seed0",
        "evosynth export evosynth-runs/dft16-seed0 --to c -o dft16.c",
    ),
    exit_codes={
        0: "done",
        1: "not verified, or the goal was not met",
        2: "a wrong argument",
        65: "a damaged or unusable file, or nothing found",
        69: "nobody there to work",
        70: "an error of evosynth's own",
        74: "cannot read or write",
        75: "another process works there",
        78: "the environment does not fit",
        130: "interrupted; 143 by SIGTERM",
    },
)
@click.version_option(package_name="evosynth")
@option("--debug", is_flag=True, help="Show tracebacks.")
@plugin_option
@click.pass_context
def cli(context: click.Context, debug: bool) -> None:
    """Discovers cheap exact programs for transforms by evolutionary search.

    Answers go to standard output, talk to standard error. `evosynth COMMAND --help` explains
    a command.
    """
    context.obj = debug
    if context.invoked_subcommand is None:
        click.echo(FIRST_LINES)


assert isinstance(cli, Contents)
for _title, _commands in CHAPTERS.items():
    cli.add_chapter(_title, _commands)


def main() -> None:
    """Runs the command line."""
    cli.main(prog_name="evosynth")
