"""The options of a run as a command that can be typed."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping
from typing import Any

from evosynth.settings import Settings


def command_line(options: Mapping[str, Any]) -> str:
    """Returns the command that stands for options, quoted for a shell; defaults are left out.

    Args:
        options: As `read_options` returns them.
    """
    defaults = {name: getattr(Settings(), name) for name in ("strategy", "islands", "library")}
    given = {name: v for name, v in options.items() if defaults.get(name) != v}
    words = ["evosynth", "run"]
    for name, value in given.items():
        words += _words(f"--{name.replace('_', '-')}", value)
    return shlex.join(words)


def _words(option: str, value: Any) -> Iterator[str]:
    if isinstance(value, bool):
        yield from [option] * value
    elif option == "--plugin":
        for path in value:
            yield from (option, path)
    else:
        yield option
        yield ",".join(map(str, value)) if isinstance(value, list) else str(value)
