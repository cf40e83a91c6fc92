"""What `evosynth completion` prints."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

PROGRAM, VARIABLE = "evosynth", "_EVOSYNTH_COMPLETE"


def script(command: click.Command, shell: str) -> str:
    """Returns the script with which a shell completes the command line.

    Args:
        command: The whole command line.
        shell: "bash", "zsh" or "fish".
    """
    kind = get_completion_class(shell)
    assert kind is not None
    return kind(command, {}, PROGRAM, VARIABLE).source().rstrip("\n") + "\n"
