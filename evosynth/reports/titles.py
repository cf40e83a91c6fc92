"""What people call the target of a run, without making the target: that may take a while."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from dsl.errors import EvosynthError
from dsl.samples.base import SAMPLED
from dsl.targets import TARGETS, UP_TO
from evosynth.folder_report import printable
from evosynth.runs.algorithm_document import read_recursive_target

LONGEST = 100


def title_of(configuration: dict[str, Any]) -> str:
    """Returns a title from what `run.json` holds, which nobody has checked; "?" for none."""
    given = configuration.get("target")
    if not isinstance(given, dict):
        return "?"
    try:
        title = _title(configuration.get("kind"), configuration, given)
    except (EvosynthError, LookupError, TypeError, ValueError, AttributeError):
        title = str(given.get("name", "?"))[:LONGEST]
    return printable(title[:LONGEST])


def _title(kind: Any, configuration: dict[str, Any], given: dict[str, Any]) -> str:
    if kind == "algorithm":
        return read_recursive_target(configuration).title
    if kind == "arrays":
        return str(given["title"])
    if kind == "samples":
        return _title_of_samples(given)
    if "entries" in given:
        title = str(given["title"])
    else:
        title = TARGETS.get(given["name"]).title.format(n=int(given["n"]))
        scaling = given.get("scaling", "exact")
        title += "" if scaling == "exact" else f", {UP_TO[scaling]}"
    return title + ", approximately" * (kind == "approximate")


def _title_of_samples(given: dict[str, Any]) -> str:
    if "path" in given:
        return f"samples in {Path(str(given['path'])).name}"
    family = SAMPLED.get(given["name"])
    named = {each.name: given[each.name] for each in family.parameters if each.name in given}
    return family.title.format(**family.read(named))
