"""Writing the options of a run, all that is needed to repeat it."""

from __future__ import annotations

import operator
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np

from dsl.errors import EvosynthError
from evosynth.engine.driver import Limits
from evosynth.engine.spec import Spec
from evosynth.plugins.base import DECLARED, PLUGINS
from evosynth.request import Request
from evosynth.run_file.keys import KEYS, LIMIT_KEYS, PLACE_KEYS, SEARCH_KEYS, TARGET_KEYS
from evosynth.run_file.paths import with_paths
from evosynth.run_file.reading import read_options
from evosynth.run_file.toml_text import toml_value
from evosynth.runs.files import refuse_link
from evosynth.runs.folder import OPTIONS
from evosynth.settings import Settings
from evosynth.workplace import Workplace

HEAD = f"""\
# The options of this run. `evosynth run --config {OPTIONS}` repeats it, to the same bits unless
# it was the clock that ended it; options that are typed beside --config come first.
# In Python: es.run(**es.read_config("{OPTIONS}"))
"""
TITLES = {
    "What is computed": TARGET_KEYS,
    "What decides the search": SEARCH_KEYS,
    "When it ends": LIMIT_KEYS,
    "Where it works; the result is the same": PLACE_KEYS,
}
# What `es.run` calls otherwise.
NAMES = {"seconds": "time", "epoch_seconds": "epoch_limit"}


def options_text(
    request: Request, settings: Settings, workplace: Workplace, spec: Spec, limits: Limits
) -> str | None:
    """Returns the file of a run's options: what was asked for, and all that decides the result.

    Limits that are only defaults are comments: whoever gives one of them has no others.

    Args:
        request: What is computed.
        settings: What was asked of the search.
        workplace: Where it works.
        spec: What decides the search.
        limits: When it ends.

    Returns:
        The text; None where a file cannot say it: the target is a matrix or another object
        of a program, which `run.json` holds, or a program declared members of its own.
    """
    given = {f.name: getattr(request, f.name) for f in fields(request)}
    if len(DECLARED) or not isinstance(request.target, str | os.PathLike | None):
        return None
    with suppress(TypeError, ValueError):
        values = {
            name: _plain(value)
            for name, value in given.items()
            if value is not None and value is not False
        }
        asked = _limits_asked(settings)
        values |= _of_search(settings, spec) | asked | _of_place(workplace)
        defaults = None if asked.keys() - {"goal"} else limits
        return _text(with_paths(values, Path.cwd()), defaults)
    return None


def changed_options(folder: Path, limits: Limits, goal: int | str | None) -> str | None:
    """Returns the file of a run that goes on with other limits.

    Args:
        folder: Of the run.
        limits: With which it goes on.
        goal: A new one, as it was given.

    Returns:
        The text; None if the folder has no such file, or one that cannot be read.
    """
    try:
        refuse_link(folder / OPTIONS)
        values = read_options(folder / OPTIONS)
    except EvosynthError:
        return None
    now = {
        "evaluations": limits.evaluations,
        "time": limits.seconds,
        "patience": limits.patience,
        "goal": values.get("goal") if goal is None else _number_or_text(goal),
    }
    others = {name: value for name, value in values.items() if name not in LIMIT_KEYS}
    return _text(others | {name: value for name, value in now.items() if value is not None}, None)


def _of_search(settings: Settings, spec: Spec) -> dict[str, Any]:
    """Returns all that decides the search, defaults too."""
    named = [plugin.path for plugin in PLUGINS if not plugin.distribution]
    return {
        "seed": spec.seed,
        "strategy": spec.strategy,
        "islands": spec.islands,
        "population": spec.population,
        "library": _plain(settings.library),
    } | ({"plugin": named} if named else {})


def _limits_asked(settings: Settings) -> dict[str, Any]:
    asked = {
        "evaluations": settings.evaluations,
        "time": None if settings.seconds is None else float(settings.seconds),
        "patience": settings.patience,
        "goal": _number_or_text(settings.goal),
    }
    return {name: value for name, value in asked.items() if value is not None}


def _of_place(workplace: Workplace) -> dict[str, Any]:
    """Returns what of a workplace is no default and can be named."""
    usual = Workplace()
    return {
        NAMES.get(f.name, f.name): _plain(value)
        for f in fields(workplace)
        if (value := getattr(workplace, f.name)) != getattr(usual, f.name)
        and isinstance(value, str | os.PathLike | int | float)
    }


def _number_or_text(goal: int | str | None) -> int | str | None:
    """Returns a goal as it is best read: digits are a number."""
    return int(goal) if isinstance(goal, str) and goal.isdecimal() else goal


def _plain(value: Any) -> Any:
    """Returns a value of a program as plain data.

    Raises:
        TypeError: There is no such data.
    """
    if isinstance(value, str | bool):
        return value
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    with suppress(TypeError):
        return operator.index(value)
    if isinstance(value, np.ndarray):
        return _plain(value.tolist())
    if not isinstance(value, Sequence):
        return float(value)
    if any(isinstance(part, complex) for part in value):  # of a kernel, which may be text
        return ",".join(str(part).strip("()") for part in value)
    return [_plain(part) for part in value]


def _text(values: Mapping[str, Any], defaults: Limits | None) -> str:
    """Returns the file; limits by default are told where nothing else was asked."""
    assert values.keys() <= KEYS.keys()
    lines = [HEAD.rstrip("\n")]
    for title, keys in TITLES.items():
        body = [f"{key} = {toml_value(values[key])}" for key in keys if key in values]
        if keys is LIMIT_KEYS and defaults is not None:
            body += _defaults(defaults)
        if body:
            lines += ["", f"# {title}", *body]
    return "\n".join(lines) + "\n"


def _defaults(limits: Limits) -> Iterator[str]:
    """Yields limits that a run has by itself, as comments."""
    for key, value in (("time", limits.seconds), ("patience", limits.patience)):
        if value is not None:
            yield f"# {key} = {toml_value(value)}  by default"
