"""Plug-ins in worker processes: what they are told to load, and how they do."""

from __future__ import annotations

import platform
from collections.abc import Sequence
from dataclasses import replace
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
    module: str
    members: list[str]


def as_carried(plugin: Plugin) -> Carried:
    """Returns a plug-in as a worker is told of it."""
    return Carried(
        name=plugin.name,
        path=plugin.path,
        digest=plugin.digest,
        distribution=plugin.distribution,
        module=plugin.module,
        members=list(plugin.members),
    )


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
    return [as_carried(plugin) for plugin in PLUGINS]


def bring(plugins: Sequence[Carried]) -> None:
    """Loads plug-ins in a worker; those that are loaded already stay as they are.

    Raises:
        EnvironmentMismatchError: A file is missing here, or is another one; the message names
            this machine.
    """
    for told in plugins:
        if told["name"] in PLUGINS and PLUGINS.get(told["name"]).digest == told["digest"]:
            continue
        from evosynth.plugins.reading import read_plugin  # who has none pays nothing

        plugin = _here(_plugin_of(told))
        try:
            read_plugin(plugin)
        except UsageError as error:
            raise plugin.refused(str(error), error.hint) from error


def _plugin_of(told: Carried) -> Plugin:
    return Plugin(
        told["name"],
        told["path"],
        told["digest"],
        told["distribution"],
        told["module"],
        tuple(told["members"]),
    )


def _here(plugin: Plugin) -> Plugin:
    """Returns a plug-in with the path that it has on this machine.

    Raises:
        EnvironmentMismatchError: It is missing here, or is another one.
    """
    from evosynth.plugins.locating import place_of
    from evosynth.plugins.reading import digest_of

    worker = f"a worker on {platform.node()}"
    same = "install the same package" if plugin.module else "put the same file at the same path"
    try:
        path = place_of(plugin.module) if plugin.module else plugin.path
        found = digest_of(Path(path).read_bytes())
    except (ImportError, OSError, ValueError) as error:
        problem = getattr(error, "strerror", None) or error
        raise EnvironmentMismatchError(
            f"{worker} has no {plugin.label}: {problem}", f"{same} on all machines"
        ) from error
    if found != plugin.digest:
        raise EnvironmentMismatchError(
            f"{worker} has another {plugin.label}: "
            f"SHA-256 {found[:12]}..., expected {plugin.digest[:12]}...",
            f"{same} on all machines",
        )
    return replace(plugin, path=path)
