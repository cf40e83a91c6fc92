"""The sections of a run's page, and when they have to be made anew."""

from __future__ import annotations

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
from evosynth.serving.live import Look
from evosynth.serving.titles import title_of

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


class _Titled(Story):
    """A run that has a title even if its folder is damaged."""

    @property
    def title(self) -> str:
        """What people call the target; the folder's name where it does not say."""
        try:
            return title_of(self.configuration)
        except EvosynthError:
            return self.folder.name


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
        self.story = _Titled(folder)

    def look(self) -> Look:
        """Says which files are there."""
        if self._folder.is_symlink() or not self._folder.is_dir():
            return Look(self._versions, is_over=True)
        # First whether it goes on: what is found after its end is final.
        is_over = self._is_over()
        versions = {
            name: version_of(section, self._folder) for name, section in self._sections.items()
        }
        if versions != self._versions:
            # What a story has read is never read again.
            self.story, self._versions = _Titled(self._folder), versions
        return Look(versions, is_over)

    def make(self, name: str) -> Part:
        """Returns a section; one that fails says so, here and to whoever watches the server."""
        section = self._sections[name]
        try:
            return part_of(section, self.story)
        except Exception as error:  # a section must not end the others
            told = f"{type(error).__name__}: {error}"
            self._tell(f"section '{name}' of run '{self._folder.name}': {told}")
            problem = "This section cannot be shown: evosynth serve says why where it was started."
            html = element("p", problem, class_="problem")
            return Part(name, section.title, html, "", problem)

    def rest(self) -> None:
        """Forgets the run's log and program, which may be large."""
        self.story = _Titled(self._folder)

    def _is_over(self) -> bool:
        """Tells whether nobody works on the run, and nobody is about to begin."""
        path = self._folder / CONFIGURATION
        try:
            if holder_of(self._folder) is not None:
                return False
            is_old = time.time() - path.lstat().st_mtime > BEGINNING
            return is_old or (self._folder / LOCK).exists() or bool(Story(self._folder).result)
        except (EvosynthError, OSError):
            return True
