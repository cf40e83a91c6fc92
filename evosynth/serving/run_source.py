"""The sections of a run's page, and when they have to be made anew."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import final

from markupsafe import Markup

from dsl.errors import EnvironmentMismatchError, EvosynthError
from evosynth.plugins.remembering import check_remembered
from evosynth.reports.base import SECTIONS, Section
from evosynth.reports.markup import element
from evosynth.reports.page import Part, part_of, version_of
from evosynth.reports.story import Story
from evosynth.runs.folder import CONFIGURATION
from evosynth.runs.lock import LOCK, holder_of
from evosynth.serving.run_row import INTERRUPT
from evosynth.serving.source import Look, Standstill

COMMAND = "evosynth serve --plugin"
# Seconds after which a run that has written its configuration has begun, or never will.
BEGINNING = 30.0


def _missing_plugins(story: Story) -> Markup | None:
    """Returns what to type where plug-ins of a run are not loaded."""
    try:
        check_remembered(story.configuration.get("plugins"), COMMAND)
    except EnvironmentMismatchError as error:
        told = element("p", str(error).replace("\n", ": ", 1).replace("\n", ","))
        return element("div", told, element("p", error.hint), class_="problem")
    except EvosynthError:  # sections that read more of it say so
        return None
    return None


PLUGINS = Section("plugins", "Plug-ins that are missing", (CONFIGURATION,), _missing_plugins)


ENDED = Standstill("The run has ended.", is_final=True)
GONE = Standstill("The run is no longer there.", is_final=True)
UNREADABLE = Standstill("The run cannot be read.", is_final=True)
INTERRUPTED = Standstill("The run was interrupted.")
KILLED = Standstill("The run was killed.")
STOPPED = Standstill("The run has stopped without a result.")


@final
class RunSource:
    """A run whose page is shown; its folder is only read.

    Args:
        folder: The run folder.
        tell: Takes a line of what went wrong.

    Attributes:
        titles: Of the sections, by name.
        story: What the files tell that the last look found.
    """

    def __init__(self, folder: Path, tell: Callable[[str], None]) -> None:
        self._folder = folder
        self._sections = {section.name: section for section in (PLUGINS, *SECTIONS)}
        self.titles = {section.name: section.title for section in self._sections.values()}
        self._tell = tell
        self._versions: dict[str, str] = {}
        self.story = Story(folder)

    def look(self) -> Look:
        """Says which files are there."""
        if self._folder.is_symlink() or not self._folder.is_dir():
            return Look(self._versions, GONE)
        # First whether it goes on: what is found after its end is final.
        is_held = self._is_held()
        versions = {
            name: version_of(section, self._folder) for name, section in self._sections.items()
        }
        if versions != self._versions:
            # What a story has read is never read again.
            self.story, self._versions = Story(self._folder), versions
        return Look(versions, None if is_held else self._standstill())

    def make(self, name: str) -> Part:
        """Returns a section; one that fails says so, here and to whoever watches the server."""
        part = part_of(self._sections[name], self.story)
        if part.problem:
            self._tell(f"run '{self._folder.name}': {part.problem}")
        return part

    def rest(self) -> None:
        """Forgets the run's log and program, which may be large."""
        self.story = Story(self._folder)

    def _is_held(self) -> bool:
        """Tells whether a process works on the run."""
        try:
            return holder_of(self._folder) is not None
        except EvosynthError:
            return False

    def _standstill(self) -> Standstill | None:
        """Returns what has become of a run that nobody works on; None if it is about to begin."""
        try:
            written = (self._folder / CONFIGURATION).lstat().st_mtime
            result = self.story.result
        except OSError:
            return GONE
        except EvosynthError:
            return UNREADABLE
        if result:
            return INTERRUPTED if result.get("stopped_by") == INTERRUPT else ENDED
        if os.path.lexists(self._folder / LOCK):
            return KILLED
        return STOPPED if time.time() - written > BEGINNING else None
