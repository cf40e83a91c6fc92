"""Loading a plug-in: first tried in another process, then here."""

from __future__ import annotations

import os

from evosynth.plugins.base import PLUGINS, Plugin
from evosynth.plugins.installed import installed_at
from evosynth.plugins.reading import plugin_of_file, read_plugin
from evosynth.plugins.trial import try_plugin


def load_plugin(path: str | os.PathLike[str]) -> Plugin:
    """Loads a plug-in's file, which registers primitives and members of other seams.

    It is tried in a process of its own first: what is wrong with it is told, and does no
    harm. A file that is loaded already is not run again.

    Returns:
        The plug-in, with what it registered.

    Raises:
        EnvironmentMismatchError: It fails, or something that it declares does not do what it
            promises; the message names the file and the member.
        UsageError: There is no such file.
    """
    return load(plugin_at(path))


def plugin_at(path: str | os.PathLike[str]) -> Plugin:
    """Returns what is known of a plug-in's file; of an installed one that it is of a package.

    Raises:
        UsageError: It is no file of Python that can be read.
    """
    plugin = plugin_of_file(path)
    return installed_at(plugin.path) or plugin


def load(plugin: Plugin) -> Plugin:
    """Tries a plug-in and loads it.

    Returns:
        The plug-in, with what it registered.

    Raises:
        EnvironmentMismatchError: As `load_plugin`.
    """
    if plugin.name not in PLUGINS or PLUGINS.get(plugin.name).digest != plugin.digest:
        plugin = try_plugin(plugin)
    return read_plugin(plugin)
