"""Plug-ins in worker processes: what they are told to load, and how they do."""

from __future__ import annotations

import platform
from collections.abc import Sequence
from pathlib import Path
from typing import TypedDict

from dsl.errors import EnvironmentMismatchError, UsageError
from evosynth.plugins.base import DECLARED, PLUGINS, Plugin


class Carried(TypedDict):
    """A plug-in as a worker is told of it."""

    name: str
    path: str
    digest: str
    distribution: str


def carried() -> list[Carried]:
    """Returns the plug-ins that a worker has to load before it can do what this process asks.

    Raises:
        EnvironmentMismatchError: Members were declared that no file holds.
    """
    if len(DECLARED):
        raise EnvironmentMismatchError(
            f"worker processes cannot know {', '.join(DECLARED.names())}: declared in this program",
            "put the declarations into a file for es.load_plugin, or use the executor 'serial'",
        )
    return [
        Carried(name=p.name, path=p.path, digest=p.digest, distribution=p.distribution)
        for p in PLUGINS
    ]


def bring(plugins: Sequence[Carried]) -> None:
    """Loads plug-ins in a worker; those that are loaded already stay as they are.

    Raises:
        EnvironmentMismatchError: A file is missing here, or is another one; the message names
            this machine.
    """
    for carried_one in plugins:
        plugin = Plugin(**carried_one)
        if plugin.name in PLUGINS and PLUGINS.get(plugin.name).digest == plugin.digest:
            continue
        from evosynth.plugins.reading import digest_of, read_plugin  # who has none pays nothing

        try:
            found = digest_of(Path(plugin.path).read_bytes())
        except OSError as error:
            raise EnvironmentMismatchError(
                f"a worker on {platform.node()} has no {plugin.label}: {error.strerror}",
                "put the file at the same path on all machines",
            ) from error
        if found != plugin.digest:
            raise EnvironmentMismatchError(
                f"a worker on {platform.node()} has another {plugin.label}: "
                f"SHA-256 {found[:12]}..., expected {plugin.digest[:12]}...",
                "put the same file at the same path on all machines",
            )
        try:
            read_plugin(plugin)
        except UsageError as error:
            raise plugin.refused(str(error), error.hint) from error
