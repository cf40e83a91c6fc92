"""Commands that compare with others: `compare`, `baselines`, `experiment` and `records`."""

from __future__ import annotations

import click

from evosynth.cli.completing import names, runs_and_files
from evosynth.cli.failures import reporting_failures
from evosynth.cli.help_page import Page
from evosynth.cli.known_names import BASELINES, EXPERIMENTS, TRANSFORMS
from evosynth.cli.options import (
    JSON,
    NARRATION,
    PATH,
    QUIET,
    folder_option,
    option,
    seed_option,
    with_options,
)
from evosynth.cli.plugin_option import plugin_option
from evosynth.cli.target_options import TARGET


@click.command(
    "compare",
    cls=Page,
    examples=(
        "evosynth compare --target dft --n 16",
        "evosynth compare --target sine --baselines siren,snake --budget 60 --seeds 3",
        "evosynth compare evosynth-runs/dft16-seed0",
    ),
    see=("baselines", "experiment", "report"),
)
@click.argument(
    "run", metavar="[RUN|FILE]", required=False, type=PATH, shell_complete=runs_and_files
)
@with_options(TARGET)
@option(
    "--baselines",
    metavar="NAME,...",
    shell_complete=names(BASELINES, is_list=True),
    help="Rivals  [default: all that fit the target]",
)
@option(
    "--budget",
    type=float,
    default=20.0,
    show_default=True,
    metavar="SECONDS",
    help="Of evosynth and of every rival, for each seed.",
)
@option("--seeds", type=int, metavar="N", default=1, show_default=True, help="How many of each.")
@seed_option("The first of them.", 0)
@folder_option("Where finished trials, table and picture are kept.", "evosynth-comparisons")
@with_options((JSON, QUIET))
@plugin_option
@reporting_failures
def compare_command(as_json: bool, quiet: bool, **options: object) -> None:
    """Compares evosynth with rivals trained by gradient descent.

    On a target, which evosynth searches for as long as each rival trains, or on that of a
    RUN. Prints a table and draws a picture; the same command again goes on with what was
    not finished. Needs the extra `torch`, for the picture `plot`.
    """
    from evosynth.cli.compare_command import compare_and_report

    compare_and_report(options, as_json=as_json, is_quiet=quiet)


@click.command(
    "baselines",
    cls=Page,
    examples=("evosynth baselines", "evosynth baselines --json"),
    see=("compare",),
)
@JSON
@plugin_option
@reporting_failures
def baselines_command(as_json: bool) -> None:
    """Lists the rivals that train by gradient descent.

    With what each of them learns, and what it is told beforehand. Needs the extra `torch`.
    """
    from evosynth.cli.compare_command import print_baselines

    print_baselines(as_json)


@click.command(
    "experiment",
    cls=Page,
    examples=("evosynth experiment", "evosynth experiment sine-frequency --quick"),
    see=("compare", "baselines"),
)
@click.argument("name", metavar="[NAME]", required=False, shell_complete=names(EXPERIMENTS))
@option("--quick", is_flag=True, help="In minutes rather than hours.")
@seed_option("Decides random choices.", 0)
@folder_option("Where the experiment's folder is.", "evosynth-experiments")
@with_options((JSON, NARRATION))
@reporting_failures
def experiment_command(name: str | None, as_json: bool, quiet: bool, **options: object) -> None:
    """Answers a question with tables, pictures and a paragraph.

    What gradient descent does with the targets of evosynth, and why. Without a name it lists
    all questions. Needs the extras `torch` and `plot`, some `data`.
    """
    from evosynth.cli.experiment_command import experiment_and_report

    experiment_and_report(name, options, as_json=as_json, is_quiet=quiet)


@click.command(
    "records",
    cls=Page,
    examples=("evosynth records", "evosynth records --target dct2"),
    see=("targets", "run"),
)
@option(
    "--target",
    metavar="NAME",
    shell_complete=names(TRANSFORMS),
    help="Of one transform  [default: all]",
)
@JSON
@reporting_failures
def records_command(target: str | None, as_json: bool) -> None:
    """Lists the best programs found, beside the best counts known."""
    from evosynth.cli.inspection import print_records

    print_records(target, as_json)
