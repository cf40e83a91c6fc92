"""Where the sections of a live page come from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from evosynth.reports.page import Part


@dataclass(frozen=True, slots=True)
class Standstill:
    """Why nothing changes.

    Attributes:
        told: It, for people.
        is_final: It will stay so; else somebody may go on, and it is worth asking now and then.
    """

    told: str
    is_final: bool = False


@dataclass(frozen=True, slots=True)
class Look:
    """How things stand.

    Attributes:
        versions: Of every section, by name: a text that changes when it has to be made anew.
        standstill: Why nothing changes; None where it may at any moment.
    """

    versions: dict[str, str]
    standstill: Standstill | None = None


class Source(Protocol):
    """Where sections come from; it is asked by several threads."""

    @property
    def titles(self) -> Mapping[str, str]:
        """Headings by the names of sections, in the order of the page."""
        ...

    def look(self) -> Look:
        """Says how things stand; quick. Two never run at once."""
        ...

    def make(self, name: str) -> Part:
        """Returns a section as things stand since the last look; it raises nothing."""
        ...

    def rest(self) -> None:
        """Forgets what was read and can be read again: nobody asks for now."""
        ...
