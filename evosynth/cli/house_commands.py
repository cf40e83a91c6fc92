"""Commands that keep house: `check`, `doctor` and `completion`."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from evosynth.cli.failures import reporting_failures
from evosynth.cli.help_page import Page
from evosynth.cli.options import JSON, RUN_FOLDER, SCHEDULER, folder_option, with_options
from evosynth.cli.plugin_option import plugin_option

SHELLS = ("bash", "zsh", "fish")


@click.command(
    "check",
    cls=Page,
    examples=(
        "evosynth check evosynth-runs/dft16-seed0",
        "evosynth check evosynth-runs/dft16-seed0 --json",
    ),
    exit_codes={65: "something is damaged"},
    see=("resume", "fork", "verify"),
)
@RUN_FOLDER
@JSON
@plugin_option
@reporting_failures
def check_command(run: Path, as_json: bool) -> None:
    """Says what of a run folder is whole, and whether the run can be resumed.

    It changes nothing.
    """
    from evosynth.cli.check_command import check_and_report

    sys.exit(check_and_report(run, as_json=as_json))


@click.command(
    "doctor",
    cls=Page,
    examples=("evosynth doctor", "evosynth doctor --scheduler tcp://host:8786"),
    exit_codes={
        69: "only the scheduler cannot be reached",
        78: "the environment does not fit; warnings are allowed",
    },
    see=("run",),
)
@with_options(SCHEDULER)
@folder_option("Where runs will be written.")
@JSON
@reporting_failures
def doctor_command(
    out: Path, scheduler: str | None, scheduler_file: Path | None, as_json: bool
) -> None:
    """Looks at everything that a search needs, and says what to do about the rest.

    It changes nothing.
    """
    from evosynth.cli.doctor_command import diagnose_and_report

    sys.exit(diagnose_and_report(out, scheduler, scheduler_file, as_json=as_json))


@click.command(
    "completion",
    cls=Page,
    examples=(
        "evosynth completion bash > ~/.local/share/bash-completion/completions/evosynth",
        'eval "$(evosynth completion zsh)"  # as a line of ~/.zshrc, after compinit',
        "evosynth completion fish > ~/.config/fish/completions/evosynth.fish",
    ),
)
@click.argument("shell", metavar="|".join(SHELLS), type=click.Choice(SHELLS))
@click.pass_context
@reporting_failures
def completion_command(context: click.Context, shell: str) -> None:
    """Prints what makes a shell complete commands, options, names and run folders.

    Install it by the line below that is your shell's; a new shell then knows it.
    """
    from evosynth.cli.completion_script import script

    click.echo(script(context.find_root().command, shell), nl=False)
