"""What a section of a report is, and the registry of all: their order is the page's."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from markupsafe import Markup

from dsl.registry import Registry
from evosynth.reports.story import Story


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the page of a run.

    Attributes:
        name: Its identifier in the page.
        title: Its heading.
        reads: Files of the run folder that it depends on: it is written anew when one changes.
        write: Returns its content, or None where the run has nothing for it.
    """

    name: str
    title: str
    reads: tuple[str, ...]
    write: Callable[[Story], Markup | None]


SECTIONS: Registry[Section] = Registry("section")
