"""The option --plugin, of the program and of the commands that look names up."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

# Where click keeps the files that were named before and after the command.
FILES = "evosynth plug-ins"
# Commands that look for what is wrong, which an installed plug-in may be, or have no use for it.
WITHOUT_INSTALLED = ("doctor", "check", "completion")


def _note(context: click.Context, parameter: click.Parameter, value: tuple[str, ...]) -> None:
    """Notes what is to be loaded, where failures are reported."""
    context.meta[FILES] = (*context.meta.get(FILES, ()), *value)


def plugin_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """Gives a command the option --plugin."""
    return click.option(
        "--plugin",
        metavar="FILE.py",
        multiple=True,
        expose_value=False,
        callback=_note,
        help="Primitives and more of your own; may be repeated.",
    )(command)


def load_named_plugins() -> None:
    """Loads the plug-ins that are installed, if the command needs them, and those that were named.

    Raises:
        EnvironmentMismatchError: One cannot be used.
        UsageError: There is no such file.
    """
    context = click.get_current_context(silent=True)
    if context is None or FILES not in context.meta:
        return
    if not {context.info_name, context.invoked_subcommand} & set(WITHOUT_INSTALLED):
        from evosynth.plugins.installed import load_installed

        load_installed()
    if context.meta[FILES]:
        from evosynth.plugins.loading import load_plugin  # NumPy and all the seams

        for path in context.meta[FILES]:
            load_plugin(path)
