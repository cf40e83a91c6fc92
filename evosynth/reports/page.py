"""The page of a run: sections in a template, in one file that asks nobody for anything."""

from __future__ import annotations

import base64
import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from pathlib import Path

from jinja2 import Environment, StrictUndefined, Template
from markupsafe import Markup

from dsl.errors import EvosynthError
from evosynth.folder_report import printable
from evosynth.reports.base import SECTIONS, Section
from evosynth.reports.markup import element
from evosynth.reports.story import Story
from evosynth.version import version_of as package_version

TEMPLATE = "report.html.j2"
# Joined in this order to the one style and the one script of a page.
STYLES = ("report.css", "flow.css", "heat_map.css", "runs.css")
SCRIPTS = ("report.js", "flow.js", "steps.js")
# Of what an unexpected error says of itself, which the page does not.
LONGEST = 300
CANNOT = "This section cannot be shown: a file of the run holds what nobody expected."
# Of a page that is a file; a live page may ask its server for events.
NOWHERE = "default-src 'none'; img-src data:; base-uri 'none'; form-action 'none'"


@dataclass(frozen=True, slots=True)
class Part:
    """A section as it is in a page.

    Attributes:
        name: Of the section.
        title: Its heading.
        html: Its content; None where the run has nothing for it.
        version: Changes with the files that it was written from.
        problem: What could not be read; "" if all could.
    """

    name: str
    title: str
    html: Markup | None
    version: str
    problem: str = ""


def parts_of(story: Story) -> Iterator[Part]:
    """Yields all sections of a run's page; one that cannot be read says why."""
    for section in SECTIONS:
        yield part_of(section, story)


def part_of(section: Section, story: Story) -> Part:
    """Returns a section of a run's page; if its files cannot be read, it says why.

    Files that nobody has checked may hold what no section expects: whatever a section raises
    is said in its place, and the others are shown.
    """
    version = version_of(section, story.folder)
    try:
        html = section.write(story)
    except EvosynthError as error:
        # Pages are shown to others, whom the place of the folder does not concern.
        problem = str(error).replace(f"{story.folder}{os.sep}", "")
        told = element("p", element("strong", "Not readable: "), problem, class_="problem")
        return Part(section.name, section.title, told, version, problem)
    except Exception as error:
        problem = f"section '{section.name}' cannot be shown: {error!r}"[:LONGEST]
        told = element("p", CANNOT, class_="problem")
        return Part(section.name, section.title, told, version, problem)
    return Part(section.name, section.title, html, version)


def version_of(section: Section, folder: Path) -> str:
    """Returns a text that changes when a file does that a section reads."""
    stamps = []
    for name in section.reads:
        try:
            status = (folder / name).lstat()
            stamps.append(f"{status.st_mtime_ns:x}.{status.st_size:x}.{status.st_ino:x}")
        except OSError:
            stamps.append("-")
    return "_".join(stamps)


def page_of(
    story: Story,
    parts: list[Part],
    *,
    policy: str = NOWHERE,
    events: str = "",
    home: str = "",
) -> str:
    """Returns the page of a run as HTML.

    Args:
        story: The run.
        parts: Its sections.
        policy: What else the Content-Security-Policy allows than the page's own style and script.
        events: Address of server-sent events with sections that changed; "" for a still page.
        home: Address of the list of runs; "" for none.
    """
    return render(
        TEMPLATE,
        policy,
        title=story.title,
        name=printable(story.folder.name),
        parts=parts,
        events=events,
        home=home,
    )


def render(template: str, policy: str, **values: object) -> str:
    """Returns a page from a template of ours, with style and script in it.

    Args:
        template: Its file.
        policy: Content-Security-Policy without style and script.
        **values: What the template names, beside policy, style, script and version.
    """
    style, script = _own()
    return _template(template).render(
        policy=Markup(allowed(policy)),
        style=Markup(style),
        script=Markup(script),
        version=package_version("evosynth"),
        **values,
    )


def allowed(policy: str) -> str:
    """Returns a Content-Security-Policy that allows our own style and script, too."""
    style, script = map(_digest, _own())
    return f"{policy}; style-src {style}; script-src {script}"


@lru_cache
def _own() -> tuple[str, str]:
    """Returns the style and the script of every page."""
    return "".join(map(_asset, STYLES)), "".join(map(_asset, SCRIPTS))


@lru_cache
def _template(name: str) -> Template:
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    return environment.from_string(_asset(name))


@lru_cache
def _asset(name: str) -> str:
    return files("evosynth.reports").joinpath("assets", name).read_text(encoding="utf-8")


def _digest(text: str) -> str:
    """Returns how a policy names a style or script that it allows."""
    digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
    return f"'sha256-{digest}'"
