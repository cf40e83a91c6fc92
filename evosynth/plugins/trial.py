"""The trial of a plug-in in a process of its own, which it may crash, hang or fill."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from dsl.errors import EvosynthError
from evosynth.conformance.checking import check_member
from evosynth.executors.answering import text_of
from evosynth.executors.base import TaskError
from evosynth.executors.worker_process import WorkerEnded, WorkerProcess
from evosynth.plugins.base import Plugin
from evosynth.plugins.carrying import as_carried
from evosynth.plugins.reading import note, read_plugin
from evosynth.plugins.seams import SEAMS

PACKAGES = ("evosynth",)


@dataclass(frozen=True, slots=True)
class Limits:
    """What a trial may take.

    Attributes:
        seconds: Of each step: to be loaded, and for each member to be checked.
        memory: Bytes.
        is_compiled: Forms that take long to compile are checked too.
    """

    seconds: float = 20.0
    memory: int = 2 << 30
    is_compiled: bool = False


LIMITS = Limits()
# Compilers take their time; PyTorch and Numba together map a few GiB.
COMPILED = Limits(300.0, 8 << 30, is_compiled=True)


@dataclass(frozen=True, slots=True)
class Row:
    """What the trial of a member came to.

    Attributes:
        member: Kind and name, such as "block three_point"; "primitive three_point" if it ended
            the process before its kind was known; "the file" for all of it.
        checked: What was checked and is right.
        problem: What is wrong; "" if nothing is.
    """

    member: str
    checked: tuple[str, ...] = ()
    problem: str = ""


def try_plugin(plugin: Plugin, beside: Sequence[Plugin] = ()) -> Plugin:
    """Tries a plug-in, but for what takes long.

    Args:
        plugin: What is to be tried.
        beside: Plug-ins that are loaded before it.

    Returns:
        The plug-in with its members.

    Raises:
        EnvironmentMismatchError: Something is wrong with it; the message names file and member.
    """
    rows = examine(plugin, LIMITS, beside)
    for row in rows:
        if row.problem:
            of = "" if row.member == THE_FILE else f"{row.member}: "
            raise plugin.refused(f"{of}{row.problem}", plugin.remedy)
    return replace(plugin, members=tuple(row.member for row in rows))


THE_FILE = "the file"


def examine(plugin: Plugin, limits: Limits, beside: Sequence[Plugin] = ()) -> list[Row]:
    """Returns what the trial of a plug-in comes to, a row for each member."""
    trial = _Trial(plugin, limits, beside)
    try:
        names = trial.begin()
        if isinstance(names, Row):
            return [names]
        return [trial.check(name) for name in names]
    finally:
        trial.end()


class _Trial:
    """A process in which a plug-in is tried; another one when it ends."""

    def __init__(self, plugin: Plugin, limits: Limits, beside: Sequence[Plugin]) -> None:
        self._plugin = plugin
        self._limits = limits
        self._beside = [as_carried(each) for each in beside]
        self._worker: WorkerProcess | None = None

    def begin(self) -> tuple[str, ...] | Row:
        """Loads the plug-in; returns its members, or what went wrong."""
        plugin = self._plugin
        with TemporaryDirectory(prefix="evosynth-trial-") as folder:
            noted = Path(folder, "member")
            found = self._asked(
                THE_FILE,
                load,
                plugin.name,
                plugin.path,
                plugin.digest,
                plugin.distribution,
                plugin.module,
                str(noted),
            )
            if isinstance(found, Row):
                member = noted.read_text(encoding="utf-8") if noted.exists() else THE_FILE
                return replace(found, member=member)
        return tuple(json.loads(found))

    def check(self, member: str) -> Row:
        """Checks a member."""
        if self._worker is None and isinstance(failure := self.begin(), Row):
            return failure
        found = self._asked(member, check, member, int(self._limits.is_compiled))
        return found if isinstance(found, Row) else Row(member, tuple(json.loads(found)))

    def end(self) -> None:
        """Ends the process."""
        if self._worker is not None:
            self._worker.kill()
            self._worker.close()
            self._worker = None

    def _asked(self, member: str, function: Callable[..., str], *arguments: str | int) -> str | Row:
        try:
            if self._worker is None:
                self._worker = WorkerProcess(1)
                hello = {"packages": PACKAGES, "memory": self._limits.memory, "rehearsal": None}
                self._worker.greet(hello)
            request = {
                "function": f"{__name__}:{function.__name__}",
                "arguments": list(arguments),
                "packages": PACKAGES,
                "plugins": self._beside,
            }
            seconds = LIMITS.seconds if function is load else self._limits.seconds
            return text_of(self._worker.ask(request, seconds))
        except WorkerEnded as ended:
            self.end()
            words = f"; it wrote: {ended.last_words}" if ended.last_words else ""
            return Row(member, problem=f"its trial process ended: {ended}{words}")
        except EvosynthError as error:
            return Row(member, problem=str(error).removeprefix(f"{self._plugin.label}: "))
        except TaskError as error:
            return Row(member, problem=str(error).splitlines()[0])


def load(name: str, path: str, digest: str, distribution: str, module: str, noted: str) -> str:
    """Loads a plug-in, in its trial process; returns its members as JSON.

    If a member ends the process, the file `noted` holds its name.
    """
    token = note.set(Path(noted))
    try:
        return json.dumps(read_plugin(Plugin(name, path, digest, distribution, module)).members)
    finally:
        note.reset(token)


def check(member: str, is_compiled: int) -> str:
    """Checks a member, in its trial process; returns what was checked as JSON."""
    kind, _, name = member.rpartition(" ")
    registry, _ = SEAMS[kind]
    return json.dumps(check_member(registry.get(name), compiled=bool(is_compiled)))
