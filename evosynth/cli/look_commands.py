"""Commands that look at what was found: `show`, `front`, `verify`, `report`, `serve`."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from evosynth.cli.completing import folders, names
from evosynth.cli.failures import reporting_failures
from evosynth.cli.help_page import Page
from evosynth.cli.known_names import ALGORITHM_FORMATS, FORMATS
from evosynth.cli.options import (
    JSON,
    NARRATION,
    PATH,
    PICK,
    RUN_FOLDER,
    RUN_OR_FILE,
    SIZE,
    option,
    output_option,
    with_options,
)
from evosynth.cli.plugin_option import plugin_option
from evosynth.cli.target_options import MATRIX


@click.command(
    "show",
    cls=Page,
    examples=(
        "evosynth show evosynth-runs/dft16-seed0",
        "evosynth show evosynth-runs/dft16-seed0 --format latex",
        "evosynth show evosynth-runs/dct2_8_approximate-seed0 --pick error=1e-3",
    ),
    see=("formats", "export", "report"),
)
@RUN_OR_FILE
@option(
    "--format",
    "form",
    metavar="NAME",
    default="text",
    show_default=True,
    shell_complete=names([*FORMATS, *ALGORITHM_FORMATS]),
    help=f"{', '.join(FORMATS)}.",
)
@with_options((SIZE, PICK))
@plugin_option
@reporting_failures
def show_command(run: Path, form: str, n: int | None, pick: str | None) -> None:
    """Prints the program of a run or of a program file.

    An algorithm for every size has the formats text, json, python, sympy and latex itself,
    with --n all of them for its program of that size.
    """
    from evosynth.api import show

    click.echo(show(run, form, n=n, pick=pick), nl=False)


@click.command(
    "front",
    cls=Page,
    examples=(
        "evosynth front evosynth-runs/dct2_8_approximate-seed0",
        "evosynth front evosynth-runs/dct2_8_approximate-seed0 -o front.svg",
    ),
    see=("show", "verify", "report"),
)
@RUN_FOLDER
@output_option("Picture to draw  [default: none]", "FILE.svg|.png")
@JSON
@plugin_option
@reporting_failures
def front_command(run: Path, output: Path | None, as_json: bool) -> None:
    """Lists the programs that a run found, of which none is both cheaper and nearer.

    Beside them what is known from elsewhere. `--pick` of show, export and verify chooses one
    of them. Pictures need the extra `plot`.
    """
    from evosynth.cli.front_command import front_and_report

    front_and_report(run, output, as_json=as_json)


@click.command(
    "verify",
    cls=Page,
    examples=(
        "evosynth verify evosynth-runs/dft16-seed0",
        "evosynth verify evosynth-runs/dft16-seed0/best.json --json",
    ),
    exit_codes={1: "a claim is not true, or the program does not compute its target"},
    see=("show", "check"),
)
@RUN_OR_FILE
@with_options((PICK, JSON))
@plugin_option
@reporting_failures
def verify_command(run: Path, pick: str | None, as_json: bool) -> None:
    """Recomputes count and error from the program alone, and proves it.

    What the file claims is compared with what is true of the program.
    """
    from evosynth.cli.inspection import verify_and_report

    sys.exit(verify_and_report(run, as_json, pick))


@click.command(
    "report",
    cls=Page,
    examples=(
        "evosynth report evosynth-runs/dft16-seed0",
        "evosynth report evosynth-runs/dft16-seed0 -o dft16.html --open",
    ),
    see=("serve", "compare", "show"),
)
@RUN_FOLDER
@output_option("Page to write  [default: report.html in the run folder]", "FILE.html")
@option(
    "--comparison",
    type=PATH,
    metavar="DIR",
    shell_complete=folders,
    help="Folder of an `evosynth compare`, to show beside the run.",
)
@option("--open", "is_opened", is_flag=True, help="Open the page in the browser.")
@plugin_option
@reporting_failures
def report_command(
    run: Path, output: Path | None, comparison: Path | None, is_opened: bool
) -> None:
    """Writes one HTML page of a run: programs, convergence, pictures, all in one file.

    It needs nothing from elsewhere, and can be sent to others as it is.
    """
    from evosynth.cli.report_command import report_and_write

    sys.exit(report_and_write(run, output, comparison, is_opened))


@click.command(
    "serve",
    cls=Page,
    examples=("evosynth serve", "evosynth serve evosynth-runs --port 8080"),
    see=("report", "run"),
)
@click.argument(
    "folder",
    metavar="[FOLDER]",
    required=False,
    type=PATH,
    default=Path("evosynth-runs"),
    shell_complete=folders,
)
@option("--port", type=int, metavar="N", default=8000, show_default=True, help="Of this machine.")
@NARRATION
@plugin_option
@reporting_failures
def serve_command(folder: Path, port: int, quiet: bool) -> None:
    """Shows the runs of a folder in the browser, live while they search.

    Only this machine can see the pages. The folder is evosynth-runs by default; nothing in
    it is changed. Ctrl-C ends it.
    """
    from evosynth.cli.serve_command import serve_and_wait

    serve_and_wait(folder, port, quiet)


@click.command(
    "structure",
    cls=Page,
    examples=("evosynth structure circulant --n 8", "evosynth structure matrix.npy --json"),
    see=("targets", "run"),
)
@click.argument("target", metavar="NAME|FILE|MODULE:FUNCTION")
@with_options(MATRIX, (JSON,))
@plugin_option
@reporting_failures
def structure_command(target: str, as_json: bool, **options: object) -> None:
    """Says what is special about a matrix: blocks, shifts, symmetry, ranks.

    It searches for no program.
    """
    from evosynth.cli.structure_command import structure_and_report

    structure_and_report(target, options, as_json=as_json)
