"""Commands that search: `run`, `resume` and `fork`."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path

import click

from evosynth.cli.completing import files, names
from evosynth.cli.failures import reporting_failures
from evosynth.cli.help_page import Page
from evosynth.cli.known_names import LIBRARIES, STRATEGIES
from evosynth.cli.options import (
    BUDGET,
    JSON,
    PATH,
    QUIET,
    RUN_FOLDER,
    WORKPLACE,
    folder_option,
    option,
    seed_option,
    with_options,
)
from evosynth.cli.plugin_option import plugin_option
from evosynth.cli.target_options import APPROXIMATION, RECURSIVE, TARGET

ENDINGS = {
    1: "what was found is wrong, or the goal was not met",
    65: "a file is damaged, or nothing was found",
    69: "nobody is left to work; `evosynth resume` goes on",
    130: "interrupted: what was found is kept, `evosynth resume` goes on",
}

START = "Where it begins"
WAY = "How it searches"
_way = partial(option, section=WAY)
SEARCH = (
    seed_option("Decides every random choice  [default: drawn, shown]", section=WAY),
    _way(
        "--islands", type=int, metavar="N", default=2, show_default=True, help="Number of islands."
    ),
    _way(
        "--population",
        type=int,
        metavar="N",
        help="Genomes of an island  [default: 100, recursive 1,000]",
    ),
    _way(
        "--library",
        metavar="run|none|user|DIR",
        default="run",
        show_default=True,
        shell_complete=names(LIBRARIES, has_files=True),
        help="Where solved blocks are kept.",
    ),
    _way(
        "--strategy",
        metavar="NAME",
        default="evolve",
        show_default=True,
        shell_complete=names(STRATEGIES),
        help=f"How genomes are chosen: {', '.join(STRATEGIES)}.",
    ),
)


@click.command(
    "run",
    cls=Page,
    examples=(
        "evosynth run --target dft --n 16",
        "evosynth run --target dct2 --n 8 --goal best-known --seed 0",
        "evosynth run --target matrix.npy --time 60 --workers 4",
        "evosynth run --target dct2 --n 8 --tolerance 1e-2 --cost multiplications",
        "evosynth run --target dft --recursive",
        "evosynth run --data samples.csv --y height",
        "evosynth run --config run.toml --seed 1",
        "evosynth run --target dft --n 64 --dry-run",
    ),
    exit_codes=ENDINGS,
    see=("targets", "show", "report", "resume", "doctor"),
)
@with_options(TARGET, RECURSIVE, APPROXIMATION, BUDGET, SEARCH, WORKPLACE)
@option(
    "--config",
    type=PATH,
    metavar="FILE.toml",
    shell_complete=files,
    help="Options by name, such as the run.toml of a run; those given here come first.",
)
@option("--dry-run", is_flag=True, help="Check everything, say what would be done, and end.")
@folder_option("Where the run folder is made.")
@with_options((JSON, QUIET))
@plugin_option
@reporting_failures
def run_command(as_json: bool, quiet: bool, **options: object) -> None:
    """Searches for the cheapest exact program of a transform, or for a formula of samples.

    With --recursive for an algorithm instead, which calls itself and does every size.

    Without --evaluations, --time or --patience the run ends by itself, up to n = 64 and for
    formulas within a minute. Once a formula is exact, 4,000 evaluations without a cheaper one
    end it, unless --patience says otherwise. A goal is one of exact
    programs, or of what --cost counts within the tolerance. --strategy is for exact programs.

    The run folder holds run.toml, with which `evosynth run --config` repeats the run. In such
    a file keys are the names of these options, and relative paths begin at its folder. A
    file from elsewhere may name plug-ins and functions, which are run: read it before.
    """
    from evosynth.cli.run_command import run_and_report

    sys.exit(run_and_report(options, as_json=as_json, is_quiet=quiet))


@click.command(
    "resume",
    cls=Page,
    examples=(
        "evosynth resume evosynth-runs/dft16-seed0",
        "evosynth resume evosynth-runs/dft16-seed0 --time 600",
    ),
    exit_codes={**ENDINGS, 75: "another process works on the run"},
    see=("check", "fork", "show"),
)
@RUN_FOLDER
@with_options(BUDGET, WORKPLACE, (JSON, QUIET))
@plugin_option
@reporting_failures
def resume_command(run: Path, as_json: bool, quiet: bool, **options: object) -> None:
    """Goes on with a run that was killed or interrupted, or that is to search for longer.

    It ends with the same bits as a run that was never stopped. Limits are those that the run
    had, unless others are given, which take the place of defaults; what it has done counts.
    Where it works may change.
    """
    from evosynth.cli.run_command import resume_and_report

    sys.exit(resume_and_report(run, options, as_json=as_json, is_quiet=quiet))


@click.command(
    "fork",
    cls=Page,
    examples=(
        "evosynth fork evosynth-runs/dft16-seed0 --seed 1",
        "evosynth fork evosynth-runs/dft16-seed0 --epoch 12 --time 60",
    ),
    exit_codes=ENDINGS,
    see=("check", "resume"),
)
@RUN_FOLDER
@seed_option("Decides random choices from there on  [default: the run's]", section=START)
@option(
    "--epoch",
    type=int,
    metavar="N",
    section=START,
    help="Of one of its checkpoints  [default: the newest]",
)
@with_options(BUDGET, WORKPLACE)
@folder_option("Where the new run folder is made.")
@with_options((JSON, QUIET))
@plugin_option
@reporting_failures
def fork_command(run: Path, as_json: bool, quiet: bool, **options: object) -> None:
    """Begins a run where another one stood, with another seed or other limits.

    The other run is left as it is. `evosynth check RUN` lists the epochs of its checkpoints.
    """
    from evosynth.cli.run_command import fork_and_report

    sys.exit(fork_and_report(run, options, as_json=as_json, is_quiet=quiet))
