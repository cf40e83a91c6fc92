"""How the run was made: what repeats it, what it was asked for, with what it worked."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

from markupsafe import Markup

from dsl.errors import EvosynthError
from evosynth.folder_report import printable
from evosynth.reports.base import SECTIONS, Section
from evosynth.reports.figures import Table, facts
from evosynth.reports.markup import element, joined
from evosynth.reports.story import Story
from evosynth.run_file.command_line import command_line
from evosynth.run_file.reading import read_options
from evosynth.runs.files import refuse_link
from evosynth.runs.folder import CONFIGURATION, OPTIONS

# Numbers and texts that are shown whole.
LARGEST, LONGEST, LONGEST_COMMAND = 10**15, 300, 4_000
MOST_VERSIONS = 20
LIMITS = {
    "evaluations": "evaluations",
    "seconds": "seconds",
    "patience": "evaluations without improvement",
    "goal": "operations, the goal",
    "exact_patience": "evaluations without improvement once exact",
}


def write(story: Story) -> Markup:
    """Returns what repeats the run, its settings, its limits and versions."""
    spec = story.spec
    rows = [
        ("seed", _shown(spec.get("seed"))),
        ("strategy", _shown(spec.get("strategy"))),
        ("islands", f"{_shown(spec.get('islands'))} of {_shown(spec.get('population'))} genomes"),
        ("limits", _limits(story.configuration.get("limits"))),
        ("evaluator", _shown(story.configuration.get("evaluator", "-"))),
    ]
    if story.result:
        rows += [
            ("evaluations", _shown(story.result.get("evaluations"))),
            ("search", f"{_shown(story.result.get('seconds'))} s"),
            ("stopped by", _shown(story.result.get("stopped_by"))),
        ]
    parent = story.configuration.get("parent")
    if isinstance(parent, dict):
        rows.append(
            ("forked from", f"{_shown(parent.get('run'))}, epoch {_shown(parent.get('epoch'))}")
        )
    return joined([*_again(story), facts(rows), _versions(story.configuration.get("versions"))])


def _again(story: Story) -> list[Markup]:
    """Returns the command that repeats the run and its configuration, if it has one."""
    path = story.folder / OPTIONS
    try:
        refuse_link(path)
        if not path.is_file():
            return []
        command = printable(command_line(_named(read_options(path))))
    except EvosynthError:
        return []
    if len(command) > LONGEST_COMMAND:
        return []
    return [
        element("p", "This repeats the run, bit for bit unless the clock or Ctrl-C ended it:"),
        element("pre", command, id="again"),
        element("button", "Copy the command", type="button", data_copy="again"),
        element("p", f"So does --config with the file {OPTIONS} of its folder.", class_="muted"),
    ]


def _named(options: dict[str, Any]) -> dict[str, Any]:
    """Returns options with names of files for their paths: pages are shown to others."""
    return {
        key: [_name(each) for each in value] if isinstance(value, list) else _name(value)
        for key, value in options.items()
        if key != "out"
    }


def _name(value: Any) -> Any:
    return Path(value).name if isinstance(value, str) and Path(value).is_absolute() else value


def _limits(limits: Any) -> str:
    found = limits if isinstance(limits, dict) else {}
    told = [
        f"{_shown(found[name])} {text}"
        for name, text in LIMITS.items()
        if found.get(name) is not None
    ]
    return "; ".join(told) or "none"


def _versions(versions: Any) -> Markup:
    found = list(versions.items())[:MOST_VERSIONS] if isinstance(versions, dict) else []
    rows = [(_shown(name), _shown(version)) for name, version in found]
    table = Table(("package", "version"), rows).html()
    return element("details", element("summary", "Versions"), table)


def _shown(value: Any) -> str:
    """Returns a value that nobody has checked."""
    if type(value) is int and abs(value) < LARGEST:
        return f"{value:,}"
    if isinstance(value, float) and math.isfinite(value):
        return f"{value:,.1f}"
    return str(value)[:LONGEST]


MAKING = SECTIONS.register(Section("making", "How it was made", (CONFIGURATION, OPTIONS), write))
