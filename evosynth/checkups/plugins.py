"""Plug-ins that installed packages bring: do they work?"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from importlib.metadata import EntryPoint
from typing import TYPE_CHECKING

from evosynth.checkups.base import Check, checked
from evosynth.plugins.installed import installed_points, plugin_of

if TYPE_CHECKING:
    from evosynth.plugins.base import Plugin


def plugins() -> Iterator[Check]:
    """Tries each in a process of its own, beside those that work; none is loaded here."""
    good: list[Plugin] = []
    for point in installed_points():
        name = f"plug-in {point.name}"
        yield from checked(name, partial(_tried, name, point, good))


def _tried(name: str, point: EntryPoint, good: list[Plugin]) -> Iterator[Check]:
    from evosynth.plugins.trial import try_plugin  # NumPy and all the seams

    plugin = try_plugin(plugin_of(point), good)
    good.append(plugin)
    yield Check(name, "ok", f"{plugin.distribution}: {', '.join(plugin.members)}")
