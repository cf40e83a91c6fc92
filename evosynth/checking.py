"""What of a run folder is whole, what is damaged, and whether the run can be resumed."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import Any

from dsl.errors import DataError, EnvironmentMismatchError, EvosynthError
from evosynth.folder_report import FileReport, FolderReport, printable
from evosynth.plugins.installed import load_installed
from evosynth.run_file import examine_options
from evosynth.runs.checkpoints import NAME, CheckpointStore
from evosynth.runs.configuration import VERSION, Configuration, identity, read_configuration
from evosynth.runs.examining import (
    examine_best,
    examine_front,
    examine_log,
    examine_object,
    examine_page,
)
from evosynth.runs.files import is_leftover, refuse_link, storage_errors
from evosynth.runs.folder import (
    BEST,
    CHECKPOINTS,
    CONFIGURATION,
    FRONT,
    LIBRARY,
    LOG,
    OPTIONS,
    REPORT,
    RunFolder,
)
from evosynth.runs.lock import LOCK, Holder, holder_of
from evosynth.runs.standpoint import read_standpoint

# Examined like the run's own, though nothing of the run depends on it.
BENCHMARK = "bench.json"
EXAMINERS: tuple[tuple[str, str, Callable[[Path], str]], ...] = (
    (LOG, "log", examine_log),
    (FRONT, "front", examine_front),
    (BEST, "best program", examine_best),
    (LIBRARY, "library", examine_object),
    (OPTIONS, "options", examine_options),
    (BENCHMARK, "benchmark", examine_object),
    (REPORT, "report", examine_page),
)
OURS = (CONFIGURATION, CHECKPOINTS, LOCK, *(row[0] for row in EXAMINERS))
AT_THE_END = (LOG, FRONT, BEST)
MOST_LISTED = 1000


def check(path: str | os.PathLike[str]) -> FolderReport:
    """Examines every file of a run folder, and changes nothing.

    What a killed process leaves is no damage: a line of the log that was not written to its
    end, temporary files, a lock. Nor are files that are none of ours. An installed plug-in
    that is broken keeps nothing from being examined.

    Args:
        path: A run folder.

    Raises:
        DataError: There is no run folder.
        StorageError: The folder cannot be read.
    """
    with suppress(EvosynthError):
        load_installed()
    folder = Path(path)
    with storage_errors(f"cannot read '{folder}'", "check its path and permissions"):
        names = sorted(p.name for p in folder.iterdir()) if folder.is_dir() else []
    if not set(names) & {CONFIGURATION, LOG, BEST, CHECKPOINTS}:
        raise DataError(
            f"'{printable(str(folder))[:200]}' is no run folder",
            "`evosynth run` prints where a run lies",
        )
    first, configuration, obstacle = _examine_configuration(folder)
    is_of_others = configuration is None and not first.is_damaged
    what, obstacle = _identity(configuration, obstacle)
    checkpoints, newest = _examine_checkpoints(folder, what)
    holder, lock = _examine_lock(folder)
    ended = _stopped_by(configuration)
    is_finished = ended not in (None, "interrupt")
    files = (
        first,
        *_examine_files(folder, AT_THE_END if is_finished else (), is_of_others=is_of_others),
        *checkpoints,
        *lock,
        *_examine_others(folder, names),
    )
    if newest is None:
        obstacle = obstacle or "no checkpoint can be used"
    if configuration is not None and configuration.library is not None:
        is_there = any(file.name == LIBRARY and not file.is_damaged for file in files)
        obstacle = obstacle or ("" if is_there else f"{LIBRARY} is damaged or missing")
    resumes_from = None if obstacle or is_finished else newest
    conclusion = _conclusion(files, is_finished, resumes_from, obstacle)
    if holder is not None:
        conclusion = f"in use by {holder}"
    return FolderReport(folder, files, conclusion, resumes_from, is_finished)


def _conclusion(
    files: tuple[FileReport, ...], is_finished: bool, resumes_from: int | None, obstacle: str
) -> str:
    """Says in one line what can be done with the run."""
    damaged = [file.name for file in files if file.is_damaged]
    if is_finished:
        return f"finished; damaged: {', '.join(damaged)}" if damaged else "finished"
    if resumes_from is not None:
        return f"can be resumed from epoch {resumes_from}"
    is_found = any(file.name == BEST and not file.is_damaged for file in files)
    usable = "; its best program can be used: evosynth show" * is_found
    return f"cannot be resumed: {obstacle}{usable}"


def _stopped_by(configuration: Configuration | None) -> str | None:
    """Returns how a run has ended; None if it has not."""
    result = configuration.result if configuration else None
    return None if result is None else str(result.get("stopped_by", "interrupt"))


def _examine_configuration(folder: Path) -> tuple[FileReport, Configuration | None, str]:
    """Examines `run.json`; returns what it says, and what stands against going on, too."""
    kind = "configuration"
    if not os.path.lexists(folder / CONFIGURATION):
        return FileReport(CONFIGURATION, kind, True, "missing"), None, f"{CONFIGURATION} is missing"
    try:
        data = RunFolder(folder).read_configuration()
        version = data.get("version")
        if type(version) is int and version != VERSION:
            reason = f"format version {version}, this evosynth goes on with {VERSION}"
            return FileReport(CONFIGURATION, kind, False, reason), None, reason
        configuration = read_configuration(data)
    except EnvironmentMismatchError as error:
        reason = printable(str(error).partition("\n")[0].removesuffix(":"))
        return FileReport(CONFIGURATION, kind, False, reason), None, reason
    except EvosynthError as error:
        report = _damaged(folder, CONFIGURATION, kind, error)
        return report, None, f"{CONFIGURATION} is damaged"
    given = configuration.target["target"]
    shown = [given.get(key) for key in ("name", "n")] if isinstance(given, dict) else []
    words = [str(part)[:40] for part in shown if part is not None]
    detail = printable(" ".join([*words, f"seed {configuration.spec.seed}"]))
    return FileReport(CONFIGURATION, kind, False, detail), configuration, ""


def _identity(
    configuration: Configuration | None, obstacle: str
) -> tuple[dict[str, Any] | None, str]:
    """Returns what the run's checkpoints must be of, and what stands against going on."""
    if configuration is None:
        return None, obstacle
    try:
        target = configuration.make_target()
    except EvosynthError as error:
        return None, printable(f"its target: {error}")
    return identity(target, configuration.spec, configuration.library), obstacle


def _examine_files(
    folder: Path, needed: tuple[str, ...], *, is_of_others: bool
) -> Iterator[FileReport]:
    """Examines the files that are there, and those that should be.

    Args:
        folder: Of the run.
        needed: Names of files that should be there.
        is_of_others: The run was begun with other primitives, or by another version: what
            programs of it mean is not known here.
    """
    for name, kind, examine in EXAMINERS:
        path = folder / name
        if os.path.lexists(path):
            try:
                refuse_link(path)
                yield FileReport(name, kind, False, examine(path))
            except EvosynthError as error:
                if is_of_others and name in (BEST, FRONT):
                    yield FileReport(name, kind, False, f"not examined: {printable(str(error))}")
                else:
                    yield _damaged(folder, name, kind, error)
        elif name in needed:
            yield FileReport(name, kind, True, "missing")


def _examine_checkpoints(
    folder: Path, what: dict[str, Any] | None
) -> tuple[list[FileReport], int | None]:
    """Examines every checkpoint; returns the epoch of the newest that can be used, too.

    A run without any begins with epoch 0 again.
    """
    store = CheckpointStore(folder / CHECKPOINTS)
    try:
        epochs = store.epochs()
    except EvosynthError as error:
        return [_damaged(folder, CHECKPOINTS, "foreign", error)], None
    reports, whole = [], []
    for epoch in epochs:
        name = f"{CHECKPOINTS}/{store.path(epoch).name}"
        try:
            body = store.read(epoch).body
            if what is not None:
                read_standpoint(body, what)
        except EvosynthError as error:
            if os.path.lexists(store.path(epoch)):  # a run that goes on removes old ones
                reports.append(_damaged(folder, name, "checkpoint", error))
        else:
            whole.append(epoch)
            detail = f"verifies, {len(body.encode()):,} bytes"
            reports.append(FileReport(name, "checkpoint", False, detail))
    return reports, max(whole, default=None if epochs else 0)


def _examine_lock(folder: Path) -> tuple[Holder | None, list[FileReport]]:
    try:
        holder = holder_of(folder)
    except EvosynthError as error:
        return None, [_damaged(folder, LOCK, "lock", error)]
    if not os.path.lexists(folder / LOCK):
        return None, []
    detail = f"held by {holder}" if holder else "left by a process that has ended: taken over"
    return holder, [FileReport(LOCK, "lock", False, detail)]


def _examine_others(folder: Path, names: list[str]) -> Iterator[FileReport]:
    """Names leftovers, links and files of others, also those beside the checkpoints."""
    inside = folder / CHECKPOINTS
    paths = [folder / name for name in names if name not in OURS]
    if inside.is_dir() and not inside.is_symlink():
        with storage_errors(f"cannot read '{inside}'", "check its path and permissions"):
            paths += [p for p in sorted(inside.iterdir()) if not NAME.fullmatch(p.name)]
    for path in islice(paths, MOST_LISTED):
        name = printable(path.relative_to(folder).as_posix())
        if is_leftover(path):
            yield FileReport(name, "leftover", False, "of a killed process: resuming removes it")
        elif path.is_symlink():
            yield FileReport(name, "link", False, "never followed")
        else:
            yield FileReport(name, "foreign", False, "none of ours, left alone")
    if len(paths) > MOST_LISTED:
        yield FileReport("...", "foreign", False, f"{len(paths) - MOST_LISTED} more")


def _damaged(folder: Path, name: str, kind: str, error: Exception) -> FileReport:
    """Returns the report of a damaged file; the reason does not repeat its path."""
    path = f"'{folder / name}'"
    reason = str(error).partition("\n")[0].removeprefix(path).removeprefix(":").replace(path, "it")
    return FileReport(name, kind, True, printable(reason.strip().removeprefix("is damaged: ")))
