"""What a plug-in is: a file, or an installed package, that registers members of seams."""

from __future__ import annotations

import shlex
from dataclasses import dataclass

from dsl.errors import EnvironmentMismatchError
from dsl.registry import Registry


@dataclass(frozen=True, slots=True)
class Plugin:
    """A file of Python that has been loaded.

    Attributes:
        name: The file's, without its suffix; of an installed one that of its entry point.
        path: Of the file, absolute.
        digest: SHA-256 of the file, in hexadecimal.
        distribution: Name and version of the package that an entry point belongs to; "" for
            a file that was named.
        module: Name by which it is imported, for an installed one; "" for a file.
        members: What it registered, such as "block three_point"; before it is loaded, what
            it registered in its trial.
    """

    name: str
    path: str
    digest: str
    distribution: str = ""
    module: str = ""
    members: tuple[str, ...] = ()

    @property
    def label(self) -> str:
        """How messages call it."""
        of = f" of {self.distribution}" if self.distribution else ""
        return f"plug-in '{self.name}'{of} ({self.path})"

    @property
    def remedy(self) -> str:
        """What to do if something is wrong with it."""
        check = f"`evosynth primitives check {shlex.quote(self.path)}` checks all of its members"
        if not self.distribution:
            return check
        return f"{check}; `pip uninstall {self.distribution.partition(' ')[0]}` takes it away"

    def refused(self, problem: str, hint: str = "") -> EnvironmentMismatchError:
        """Returns an error that names it."""
        return EnvironmentMismatchError(f"{self.label}: {problem}", hint)


@dataclass(frozen=True, slots=True)
class Declared:
    """A member that a program declared by itself: no worker process can know it.

    Attributes:
        name: Seam and name, such as "block three_point".
    """

    name: str


PLUGINS: Registry[Plugin] = Registry("plug-in")
DECLARED: Registry[Declared] = Registry("declared member")


def suspects() -> str:
    """Returns the plug-ins that are loaded, for messages about what they may have done."""
    return ", ".join(plugin.label for plugin in PLUGINS)
