"""Plug-ins that installed packages bring, by the entry-point group `evosynth.primitives`."""

from __future__ import annotations

from functools import cache
from importlib.machinery import ModuleSpec
from importlib.metadata import EntryPoint, entry_points
from importlib.util import find_spec
from pathlib import Path

from dsl.errors import EnvironmentMismatchError

GROUP = "evosynth.primitives"


@cache
def load_installed() -> None:
    """Loads all plug-ins that are installed, when it is first called.

    Raises:
        EnvironmentMismatchError: One cannot be loaded, or does not do what it promises; the
            message names the distribution.
    """
    for point in entry_points(group=GROUP):
        _load(point)


def _load(point: EntryPoint) -> None:
    from evosynth.plugins.base import Plugin  # who has none installed pays for none of this
    from evosynth.plugins.reading import digest_of, read_plugin
    from evosynth.plugins.trial import try_plugin

    of = f"{point.dist.name} {point.dist.version}" if point.dist else "an unknown package"
    place = _spec(point, of).origin or ""
    try:
        content = Path(place).read_bytes()
    except OSError as error:
        raise _broken(point, of, str(error)) from error
    plugin = Plugin(point.name, place, digest_of(content), of)
    try_plugin(plugin)
    read_plugin(plugin)


def _spec(point: EntryPoint, of: str) -> ModuleSpec:
    """Returns where the module of an entry point is; its parents are imported."""
    try:
        spec = find_spec(point.module)
    except Exception as error:
        raise _broken(point, of, f"{type(error).__name__}: {error}") from error
    if spec is None or not spec.has_location:
        raise _broken(point, of, f"there is no module '{point.module}'")
    return spec


def _broken(point: EntryPoint, of: str, problem: str) -> EnvironmentMismatchError:
    return EnvironmentMismatchError(
        f"plug-in '{point.name}' of {of}: {problem}", f"pip uninstall {of.partition(' ')[0]}"
    )
