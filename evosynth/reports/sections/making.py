"""How the run was made: what repeats it, what it was asked for, with what it worked."""

from __future__ import annotations

import math
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
from evosynth.runs.files import read_text, refuse_link
from evosynth.runs.folder import CONFIGURATION

ASKED = "run.toml"
# Numbers and texts that are shown whole.
LARGEST, LONGEST = 10**15, 300
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
        rows.append(("forked from", f"{parent.get('run')}, epoch {parent.get('epoch')}"))
    return joined([*_again(story), facts(rows), _versions(story.configuration.get("versions"))])


def _again(story: Story) -> list[Markup]:
    """Returns the command that repeats the run and its configuration, if it has one."""
    path = story.folder / ASKED
    try:
        refuse_link(path)
        if not path.is_file():
            return []
        text, command = read_text(path), printable(command_line(read_options(path)))
    except EvosynthError:
        return []
    told = f"{story.typed}/{ASKED}, for evosynth run --config"
    return [
        element("p", "The same seed repeats the run, bit for bit unless the clock ended it:"),
        element("pre", command, id="again"),
        element("button", "Copy the command", type="button", data_copy="again"),
        element("details", element("summary", told), element("pre", text)),
    ]


def _limits(limits: Any) -> str:
    found = limits if isinstance(limits, dict) else {}
    told = [
        f"{_shown(found[name])} {text}"
        for name, text in LIMITS.items()
        if found.get(name) is not None
    ]
    return "; ".join(told) or "none"


def _versions(versions: Any) -> Markup:
    rows = [(str(k), str(v)) for k, v in versions.items()] if isinstance(versions, dict) else []
    table = Table(("package", "version"), rows).html()
    return element("details", element("summary", "Versions"), table)


def _shown(value: Any) -> str:
    """Returns a value that nobody has checked."""
    if type(value) is int and abs(value) < LARGEST:
        return f"{value:,}"
    if isinstance(value, float) and math.isfinite(value):
        return f"{value:,.1f}"
    return str(value)[:LONGEST]


MAKING = SECTIONS.register(Section("making", "How it was made", (CONFIGURATION, ASKED), write))
