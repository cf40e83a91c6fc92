"""Options that several commands share: one name means one thing everywhere.

Those of a target are in `target_options`.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import click

from evosynth.cli import known_names as known
from evosynth.cli.completing import files, folders, names, run_folders, runs_and_files
from evosynth.cli.help_page import OTHERS, Option

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]
PATH = click.Path(path_type=Path)


def option(*declarations: str, **attributes: Any) -> Decorator:
    """Returns an option; `section` is the heading that it stands under."""
    return click.option(*declarations, cls=Option, **attributes)


def with_options(*groups: tuple[Decorator, ...]) -> Decorator:
    """Gives a command several groups of options."""

    def decorate(command: Callable[..., Any]) -> Callable[..., Any]:
        for each in reversed([each for group in groups for each in group]):
            command = each(command)
        return command

    return decorate


def folder_option(what: str, folder: str = "evosynth-runs") -> Decorator:
    """Returns the option of the folder that a command writes to."""
    return option(
        "--out",
        type=PATH,
        default=Path(folder),
        show_default=True,
        metavar="DIR",
        shell_complete=folders,
        help=what,
    )


def output_option(what: str, metavar: str = "FILE") -> Decorator:
    """Returns the option of the file that a command writes."""
    return option("-o", "--output", type=PATH, metavar=metavar, shell_complete=files, help=what)


def seed_option(what: str, default: int | None = None, section: str = OTHERS) -> Decorator:
    """Returns the option of the seed."""
    return option(
        "--seed",
        type=int,
        metavar="N",
        default=default,
        show_default=default is not None,
        section=section,
        help=what,
    )


JSON = option("--json", "as_json", is_flag=True, help="Print one JSON object.")
QUIET = option("-q", "--quiet", is_flag=True, help="No progress, no narration.")
NARRATION = option("-q", "--quiet", is_flag=True, help="No narration.")
PICK = option(
    "--pick",
    metavar="KEY=VALUE",
    help="Program of the front: error=1e-3, gain=8.2, cost=24, operations=24, first or #3.",
)
SIZE = option(
    "--n",
    type=int,
    metavar="N",
    help="Size, of an algorithm for every size  [default: the algorithm itself]",
)
RUN_FOLDER = click.argument("run", metavar="RUN", type=PATH, shell_complete=run_folders)
RUN_OR_FILE = click.argument("run", metavar="RUN|FILE", type=PATH, shell_complete=runs_and_files)


_limit = partial(option, section="When it ends")

# How long a search may take, of every command that searches.
BUDGET = (
    _limit("--evaluations", type=int, metavar="N", help="Most genomes to evaluate."),
    _limit("--time", "seconds", type=float, metavar="SECONDS", help="Most time to search."),
    _limit("--patience", type=int, metavar="N", help="Most evaluations without improvement."),
    _limit(
        "--goal",
        metavar="N|best-known",
        shell_complete=names(["best-known"]),
        help="Stop at this many operations.",
    ),
)

# Of Dask, of every command that looks for its scheduler.
_place = partial(option, section="Where it works")
SCHEDULER = (
    _place("--scheduler", metavar="ADDRESS", help="Of Dask, such as tcp://host:8786."),
    _place(
        "--scheduler-file",
        type=PATH,
        metavar="FILE",
        shell_complete=files,
        help="To which a Dask scheduler wrote its address.",
    ),
)

# Where it works.
WORKPLACE = (
    _place(
        "--workers",
        type=int,
        metavar="N",
        help="Cores to use; the result is the same  [default: all]",
    ),
    _place(
        "--executor",
        metavar="auto|serial|processes|dask",
        default="auto",
        show_default=True,
        shell_complete=names(known.EXECUTORS),
        help="Where islands work; the result is the same.",
    ),
    *SCHEDULER,
    _place(
        "--epoch-limit",
        "epoch_seconds",
        type=float,
        metavar="SECONDS",
        default=3600.0,
        show_default=True,
        help="Most time of one epoch of an island in a worker process.",
    ),
    _place(
        "--evaluator",
        metavar="numba|torch|auto",
        default="numba",
        show_default=True,
        shell_complete=names(known.EVALUATORS),
        help="What scores genomes, auto the faster; the result is the same.",
    ),
    _place(
        "--device",
        metavar="auto|cpu|cuda|cuda:1",
        default="auto",
        show_default=True,
        shell_complete=names(known.DEVICES),
        help="On which torch works: a GPU if there is one.",
    ),
)
