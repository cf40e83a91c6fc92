"""Loading a plug-in's file: first tried in another process, then here."""

from __future__ import annotations

import os

from evosynth.plugins.base import PLUGINS, Plugin
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
    plugin = plugin_of_file(path)
    if plugin.name not in PLUGINS or PLUGINS.get(plugin.name).digest != plugin.digest:
        try_plugin(plugin)
    return read_plugin(plugin)
