"""The option --config: options from a file, of which those that are typed come first."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from evosynth.run_file import read_config

# What the command line calls otherwise than Python.
NAMES = {"time": "seconds", "epoch_limit": "epoch_seconds"}
# One of these is given: what is typed takes the place of the file's.
EITHER = ("target", "data")


def with_config(options: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the options of a command with those of its file, if one is given.

    Raises:
        EvosynthError: The file cannot be used.
    """
    found = {name: value for name, value in options.items() if name != "config"}
    if options["config"] is None:
        return found
    given = {NAMES.get(name, name): value for name, value in _read(options["config"]).items()}
    typed = {name for name in found if _is_typed(name)}
    if typed & set(EITHER):
        typed |= set(EITHER)
    return found | {name: value for name, value in given.items() if name not in typed}


def _read(file: Path) -> dict[str, Any]:
    given = read_config(file)
    return given | ({"out": Path(given["out"])} if "out" in given else {})


def _is_typed(name: str) -> bool:
    source = click.get_current_context().get_parameter_source(name)
    return source not in (None, ParameterSource.DEFAULT)
