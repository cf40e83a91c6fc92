"""Reading the options of a run from a file, strictly."""

from __future__ import annotations

import os
import tomllib
from pathlib import Path
from typing import Any

from dsl.errors import DataError, UsageError
from evosynth.plugins.installed import load_installed
from evosynth.plugins.loading import load_plugin
from evosynth.run_file.keys import checked_keys
from evosynth.run_file.paths import with_paths
from evosynth.runs.files import read_text

LARGEST = 1 << 20


def read_config(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Returns the options that a TOML file holds, as `es.run` takes them.

    `es.run(**es.read_config("run.toml"))` does what `evosynth run --config run.toml` does.
    Keys are the names of that command's options, with dashes or underscores. Relative paths
    begin at the file's folder; a target `module:function` is imported from where Python finds
    modules. Plug-ins of the key `plugin` are loaded here, which runs them.

    Args:
        path: The file, such as the `run.toml` of a run folder.

    Raises:
        UsageError: A key is unknown, or its value of another kind; the message names it.
        DataError: The file is no TOML; the message names the line.
        StorageError: It cannot be read.
        EnvironmentMismatchError: A plug-in cannot be used.
    """
    file = Path(path)
    options = with_paths(read_options(file), file.absolute().parent)
    load_installed()
    for plugin in options.pop("plugin", []):
        load_plugin(plugin)
    return options


def read_options(path: Path) -> dict[str, Any]:
    """Returns the options that a file holds, checked, with paths as they are there.

    Raises:
        UsageError: As `read_config`.
        DataError: Likewise.
        StorageError: Likewise.
    """
    try:
        data = tomllib.loads(read_text(path, LARGEST))
    except (ValueError, RecursionError) as error:
        reason = str(error) if isinstance(error, tomllib.TOMLDecodeError) else "nested too deeply"
        raise DataError(
            f"'{path}' is no TOML: {reason}", 'a line of it looks like target = "dft"'
        ) from error
    try:
        return checked_keys(data)
    except UsageError as error:
        raise UsageError(f"'{path}': {error}", error.hint) from error


def examine_options(path: Path) -> str:
    """Reads the options of a run, and says in a few words what they are.

    Raises:
        DataError: They are none.
        StorageError: They cannot be read.
    """
    try:
        return f"{len(read_options(path))} options"
    except UsageError as error:
        raise DataError(str(error)) from error
