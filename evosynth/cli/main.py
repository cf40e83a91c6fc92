"""The command line: what people type. Everything heavy is imported when it is needed."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from evosynth.cli.failures import Commands, reporting_failures

CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 100}


@click.group(cls=Commands, context_settings=CONTEXT, invoke_without_command=True)
@click.version_option(package_name="evosynth")
@click.option("--debug", is_flag=True, help="Show tracebacks.")
@click.pass_context
def cli(context: click.Context, debug: bool) -> None:
    """Discovers cheap exact programs for transforms by evolutionary search."""
    context.obj = debug
    if context.invoked_subcommand is None:
        click.echo("evosynth discovers cheap exact programs for transforms.")
        click.echo("Commands: run, show, verify, targets, primitives (evosynth --help).")
        click.echo("Try:      evosynth run --target dft --n 16")


JSON_OPTION = click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
RUN_ARGUMENT = click.argument("run", metavar="RUN|FILE", type=click.Path(path_type=Path))


@cli.command("run")
@click.option("--target", required=True, metavar="NAME|FILE.npy", help="What to compute.")
@click.option("--n", type=int, help="Size of the transform.")
@click.option("--input", metavar="real|complex", help="Kind of the input data.")
@click.option("--seed", type=int, help="Decides every random choice  [default: drawn, shown]")
@click.option("--evaluations", type=int, help="Most genomes to evaluate.")
@click.option("--time", "seconds", type=float, metavar="SECONDS", help="Most time to search.")
@click.option("--patience", type=int, help="Most evaluations without improvement.")
@click.option("--goal", metavar="N|best-known", help="Stop at this many operations.")
@click.option("--workers", type=int, help="Evaluating threads; do not change the result.")
@click.option("--islands", type=int, default=2, show_default=True, help="Number of islands.")
@click.option(
    "--strategy", default="evolve", show_default=True, help="evolve, hill-climb or random."
)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=Path("evosynth-runs"),
    show_default=True,
    metavar="DIR",
    help="Where the run folder is made.",
)
@JSON_OPTION
@click.option("-q", "--quiet", is_flag=True, help="No progress, no narration.")
@reporting_failures
def run_command(as_json: bool, quiet: bool, **options: object) -> None:
    """Searches for the cheapest exact program for a target.

    Without --evaluations, --time or --patience the run ends by itself, up to n = 64 within
    a minute.
    """
    from evosynth.cli.run_command import run_and_report

    sys.exit(run_and_report(options, as_json=as_json, is_quiet=quiet))


@cli.command("show")
@RUN_ARGUMENT
@click.option(
    "--format", "form", default="text", show_default=True, help="text, sympy, latex, json."
)
@reporting_failures
def show_command(run: Path, form: str) -> None:
    """Prints the program of a run or of a program file."""
    from evosynth.api import show

    click.echo(show(run, form), nl=False)


@cli.command("verify")
@RUN_ARGUMENT
@JSON_OPTION
@reporting_failures
def verify_command(run: Path, as_json: bool) -> None:
    """Recomputes count and error from the program alone; exit code 1 if they differ."""
    from evosynth.cli.inspection import verify_and_report

    sys.exit(verify_and_report(run, as_json))


@cli.command("targets")
@JSON_OPTION
@reporting_failures
def targets_command(as_json: bool) -> None:
    """Lists the transforms, with the best operation counts known."""
    from evosynth.cli.inspection import print_targets

    print_targets(as_json)


@cli.command("primitives")
@JSON_OPTION
@reporting_failures
def primitives_command(as_json: bool) -> None:
    """Lists the blocks and patterns that genomes are made of."""
    from evosynth.cli.inspection import print_primitives

    print_primitives(as_json)


def main() -> None:
    """Runs the command line."""
    cli.main(prog_name="evosynth")
