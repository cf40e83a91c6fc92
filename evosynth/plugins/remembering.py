"""What a run remembers of its plug-ins. Nothing is ever loaded because a run says so."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from typing import Any

from dsl.errors import DataError, EnvironmentMismatchError
from dsl.registry import brief
from evosynth.plugins.base import PLUGINS

FIELDS = ("name", "path", "sha256", "distribution")
MOST = 100


def remembered() -> list[dict[str, str]]:
    """Returns the plug-ins that are loaded, for the configuration of a run."""
    return [
        {"name": p.name, "path": p.path, "sha256": p.digest, "distribution": p.distribution}
        for p in PLUGINS
    ]


def check_remembered(found: Any, command: str = "--plugin") -> list[dict[str, str]]:
    """Checks that the plug-ins of a run are loaded, with the same content.

    Args:
        found: What the run's configuration holds; it may be a stranger's.
        command: The option to give.

    Returns:
        What was found.

    Raises:
        DataError: It is no list of plug-ins.
        EnvironmentMismatchError: One is missing, or another one; the message says which.
    """
    plugins = _read(found)
    lines, options = [], []
    for plugin in plugins:
        name, digest = plugin["name"], plugin["sha256"]
        loaded = PLUGINS.get(name).digest if name in PLUGINS else None
        if loaded == digest:
            continue
        now = "not loaded" if loaded is None else f"{loaded[:12]}..."
        lines.append(f"  {name}: {digest[:12]}... -> {now}")
        options.append(_option(plugin, command))
    if lines:
        raise EnvironmentMismatchError(
            "the run was begun with other plug-ins:\n" + "\n".join(lines),
            f"look at the files, and if you trust them give {' '.join(options)}",
        )
    return plugins


def options_text() -> str:
    """Returns the options that name the plug-ins that are loaded, to be typed after a command."""
    named = [plugin for plugin in PLUGINS if not plugin.distribution]
    return "".join(f" --plugin {shlex.quote(plugin.path)}" for plugin in named)


def _option(plugin: Mapping[str, str], command: str) -> str:
    """Returns what to type for a plug-in."""
    if plugin["distribution"]:
        return f"(pip install {shlex.quote(plugin['distribution'].replace(' ', '=='))})"
    return f"{command} {shlex.quote(plugin['path'])}"


def _read(found: Any) -> list[dict[str, str]]:
    """Returns the plug-ins as a file holds them, all of them short text."""
    if found is None:
        return []
    if not isinstance(found, Sequence) or isinstance(found, str) or len(found) > MOST:
        raise DataError(f"expected the plug-ins of a run, got {brief(found)}")
    plugins = []
    for item in found:
        texts = item if isinstance(item, dict) else {}
        plugin = {name: text for name in FIELDS if isinstance(text := texts.get(name), str)}
        if len(plugin) < len(FIELDS) or not all(map(_is_plain, plugin.values())):
            raise DataError("expected a plug-in with its name, path, sha256 and distribution")
        plugins.append(plugin)
    return plugins


def _is_plain(text: str) -> bool:
    return len(text) <= 4096 and text.isprintable()
