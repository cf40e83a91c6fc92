"""Plug-ins that installed packages bring, by the entry-point group `evosynth.primitives`."""

from __future__ import annotations

from contextlib import suppress
from functools import cache
from importlib.metadata import EntryPoint, EntryPoints, entry_points
from pathlib import Path
from typing import TYPE_CHECKING

from dsl.errors import EnvironmentMismatchError, EvosynthError

if TYPE_CHECKING:  # who has none installed pays for none of this
    from evosynth.plugins.base import Plugin

GROUP = "evosynth.primitives"


@cache
def load_installed() -> None:
    """Loads all plug-ins that are installed, when it is first called.

    One that cannot be loaded does not keep others from it.

    Raises:
        EnvironmentMismatchError: One cannot be loaded, or does not do what it promises; the
            message names the distribution.
    """
    failures = []
    for point in installed_points():
        from evosynth.plugins.loading import load

        try:
            load(plugin_of(point))
        except EvosynthError as error:
            failures.append(error)
    if failures:
        raise failures[0]


def installed_points() -> EntryPoints:
    """Returns the entry points that are installed, of plug-ins good and bad."""
    return entry_points(group=GROUP)


def installed_at(path: str) -> Plugin | None:
    """Returns the installed plug-in whose file this is; None if it is of none."""
    for point in installed_points():
        with suppress(EvosynthError):
            plugin = plugin_of(point)
            if Path(plugin.path).samefile(path):
                return plugin
    return None


def plugin_of(point: EntryPoint) -> Plugin:
    """Returns what is known of an installed plug-in before anything of its package is run.

    Raises:
        EnvironmentMismatchError: There is no such file; the message names the distribution.
    """
    from evosynth.plugins.base import Plugin
    from evosynth.plugins.locating import place_of
    from evosynth.plugins.reading import digest_of

    of = f"{point.dist.name} {point.dist.version}" if point.dist else "an unknown package"
    try:
        place = place_of(point.module)
        return Plugin(point.name, place, digest_of(Path(place).read_bytes()), of, point.module)
    except Exception as error:  # what a stranger's entry point says
        problem = str(error) if isinstance(error, ImportError | OSError) else repr(error)
        raise EnvironmentMismatchError(
            f"plug-in '{point.name}' of {of}: {problem}", f"pip uninstall {of.partition(' ')[0]}"
        ) from error
