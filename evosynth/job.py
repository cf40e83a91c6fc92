"""A job: everything that a run needs, checked before anything is searched."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from dsl.errors import BusyError, DataError, EvosynthError
from evosynth.block_library import BlockLibrary, open_library, written_library
from evosynth.cases import AnyResult, AnyTarget, Case, Outcome, case_of
from evosynth.ending import Ending
from evosynth.engine.driver import Limits, Search, Snapshot
from evosynth.engine.means import COMPILED
from evosynth.engine.spec import Purpose, Spec
from evosynth.evaluator_choice import Choice, check_evaluator, choose_evaluator
from evosynth.request import Request
from evosynth.run_file import options_text
from evosynth.runs import RunFolder
from evosynth.runs.checkpoints import Checkpoint
from evosynth.runs.configuration import Configuration, differences, identity, read_configuration
from evosynth.runs.faults import fault
from evosynth.runs.files import storage_errors
from evosynth.runs.folder import BEST, LOG
from evosynth.runs.json_lines import read_lines
from evosynth.runs.standpoint import Standpoint, read_standpoint, write_standpoint
from evosynth.settings import Settings
from evosynth.version import versions
from evosynth.workplace import Workplace
from fitness.torch_devices import AUTO

Report = Callable[[Snapshot], None]
Pause = Callable[[], None]
Tell = Callable[[str], None]


def _nothing(*ignored: object) -> None:
    """Is what is called where nobody listens."""


@dataclass(frozen=True, slots=True)
class Job:
    """A run that can begin, or go on.

    Attributes:
        target: What has to be computed.
        spec: What decides the bits of the result.
        limits: When to stop.
        folder: Where the run is stored, if it is.
        library_folder: Of the library that it shares, if it does.
        library: What was in it when the run began.
        configuration: What `run.json` holds; None without a folder.
        opened: What `run.json` held when a run that has begun before was opened to go on;
            None for one that begins.
        is_finished: It has come to its end as well: nothing is written again.
        options: What `run.toml` is to hold; None to leave it as it is.
    """

    target: AnyTarget
    spec: Spec
    limits: Limits
    folder: RunFolder | None
    library_folder: Path | None = None
    library: BlockLibrary | None = None
    configuration: Configuration | None = None
    opened: Configuration | None = None
    is_finished: bool = False
    options: str | None = None

    @property
    def case(self) -> Case:
        """What depends on the kind of the target."""
        return case_of(self.target)


def prepare(
    target: AnyTarget,
    settings: Settings,
    out: str | Path | None,
    workplace: Workplace | None = None,
    request: Request | None = None,
) -> Job:
    """Makes the run folder, if there is to be one, in the folder `out`.

    Args:
        target: What has to be computed.
        settings: What is asked for.
        out: Where the folder is made; None for none.
        workplace: Where epochs will run, to find out first whether they can.
        request: From which the target was made; what the folder's `run.toml` tells of it.

    Raises:
        UsageError: A setting does not fit the target.
        DataError: The target cannot be searched exactly.
        EnvironmentMismatchError: The evaluator cannot work here.
        StorageError: The run folder cannot be written.
    """
    case = case_of(target)
    spec, limits = settings.spec(case), settings.limits(case)
    shared = settings.library_folder(case)
    case.check()
    check_evaluator(workplace or Workplace(), case, spec)
    library = open_library(shared, target.domain) if shared else None
    folder = None
    if out is not None:
        folder = RunFolder.create(Path(out), f"{target.identifier}-seed{spec.seed}")
    job = Job(target, spec, limits, folder, shared, library)
    if folder is None:
        return job
    options = None
    if request is not None:
        options = options_text(request, settings, workplace or Workplace(), spec, limits)
    digest = None if library is None else library.digest
    configuration = Configuration.of(target, spec, limits, shared, digest)
    try:
        if library is not None:
            folder.write_library(written_library(library))
        if options is not None:
            folder.write_options(options)
        folder.write_configuration(configuration.to_data())
    except EvosynthError:
        folder.remove_unbegun()
        raise
    return replace(job, configuration=configuration)


def execute(
    job: Job,
    report: Report = _nothing,
    pause: Pause = _nothing,
    workplace: Workplace | None = None,
    tell: Tell = _nothing,
) -> AnyResult:
    """Searches until a limit or an interrupt, and stores what was found.

    Args:
        job: What to do.
        report: Called after every epoch of every island.
        pause: Called several times a second; may raise `KeyboardInterrupt`.
        workplace: Where epochs run.
        tell: Called with a line for people, if there is news of the evaluator.

    Raises:
        UsageError: The target has no such evaluator, or there is no such device.
        EnvironmentMismatchError: The evaluator cannot work here.
        DataError: Nothing was found: no genome was exact to rounding error, no formula valid,
            no algorithm right. Or what the run would go on from is damaged.
        ExecutorError: There is nobody left to run epochs; the run can be resumed.
        BusyError: Another process works on the run folder.
        StorageError: The run folder cannot be written; the run can be resumed.
        KeyboardInterrupt: Nothing was found before the interrupt.
    """
    workplace = workplace or Workplace()
    if job.is_finished:  # nothing is worth measuring
        workplace = replace(workplace, evaluator=COMPILED, device=AUTO)
    try:
        with job.folder.lock() if job.folder else nullcontext():
            choice = choose_evaluator(workplace, job.case, job.spec, pause)
            if workplace.evaluator != COMPILED:
                tell(f"evaluator {choice.told}")
            return _Run(job, report, pause, workplace, choice).execute()
    except EvosynthError as error:
        if job.folder is not None and job.opened is None and not isinstance(error, BusyError):
            job.folder.remove_unbegun()
        raise


class _Run:
    """A job while it is executed; whoever makes one holds the lock of its folder."""

    def __init__(
        self, job: Job, report: Report, pause: Pause, workplace: Workplace, choice: Choice
    ) -> None:
        if job.configuration is not None and not job.is_finished:
            scored_by = {"evaluator": choice.means.evaluator, "device": choice.device}
            noted = replace(job.configuration, evaluator=choice.told, scored_by=scored_by)
            job = replace(job, configuration=noted)
        self._job = job
        self._choice = choice
        self._report = report
        self._pause = pause
        self._workplace = workplace
        self._notices: list[str] = []

    def execute(self) -> AnyResult:
        job = self._job
        with self._search() as search:
            breeding = search.breeding
            if job.opened is not None:
                self._restore(search)
            elif job.folder is not None:
                self._write_configuration()
            if job.folder is not None and not job.is_finished:
                job.folder.start_log()
            stopped_by = self._until_interrupted(search)
        ending = Ending(
            job.spec.seed,
            search.evaluations,
            search.started,
            stopped_by,
            job.folder.path if job.folder else None,
            search.logbook,
        )
        outcome = job.case.finish(breeding, ending, self._pause)
        if job.folder is not None and not job.is_finished:
            self._store(outcome)
        if job.library_folder is not None and not job.is_finished:
            try:
                job.case.share(breeding, job.library_folder)
            except EvosynthError as error:  # what was found is safe; the library is an extra
                self._notices.append(f"nothing was added to the library: {error}")
        return replace(outcome.result, notices=(*outcome.result.notices, *self._notices))

    @contextmanager
    def _search(self) -> Iterator[Search]:
        """Yields the search, with an executor that is closed however it ends."""
        job, case = self._job, self._job.case
        choice, islands = self._choice, job.spec.islands
        breeding = case.breeding(job.spec, choice.here, job.library)
        executor = self._workplace.make_executor(
            case, islands, is_accelerated=choice.is_accelerated
        )
        search = Search(breeding, job.spec, job.limits, executor, choice.means)
        is_done = False
        try:
            yield search
            is_done = True
        finally:
            executor.close(kill=search.is_abandoned or not is_done)

    def _restore(self, search: Search) -> None:
        """Goes back to the newest checkpoint that is whole, or to the beginning."""
        job = self._job
        assert job.folder is not None
        folder = job.folder
        if read_configuration(folder.read_configuration()) != job.opened:
            raise BusyError(f"another process has just worked on '{folder.path}'", "try again")
        folder.sweep()
        self._notices += _other_versions(job.configuration)
        checkpoint, warnings = folder.checkpoints.latest()
        self._notices += warnings
        if checkpoint is None:
            self._begin_anew(folder)
            return
        standpoint = read_standpoint(checkpoint.body, self._identity())
        if standpoint.search.get("epoch") != checkpoint.epoch:
            raise DataError(f"checkpoint {checkpoint.epoch} is that of another epoch")
        if not job.is_finished:
            self._write_configuration()
            if folder.truncate_log(standpoint.log) < standpoint.log:
                self._notices.append(f"'{folder.path / LOG}' is shorter than it was")
        lines = read_lines(folder.path / LOG)
        records = [line for line in lines if _is_before(line, checkpoint.epoch)]
        search.restore(standpoint.search, records)
        best = search.breeding.best
        if best is not None and not (folder.path / BEST).exists():  # of a fork
            folder.write_best(job.case.document(best))
        if job.is_finished and job.limits.seconds is not None:
            search.limits = replace(job.limits, seconds=min(job.limits.seconds, search.seconds))

    def _begin_anew(self, folder: RunFolder) -> None:
        """Begins a run that has no checkpoint: its first epoch is the first to have one."""
        is_lost = any(_is_after(line, 0) for line in read_lines(folder.path / LOG))
        if self._job.is_finished:  # it ended within an epoch, which is done again
            if is_lost or self._is_ended_by_time():
                raise DataError(f"'{folder.path}' has no checkpoint", "start the run anew")
            return
        if is_lost:
            self._notices.append(f"'{folder.path}' has no checkpoint: it was begun anew")
        self._write_configuration()
        folder.truncate_log(0)

    def _is_ended_by_time(self) -> bool:
        """Says whether a finished run would not end as it did if it were done again."""
        configuration = self._job.configuration
        result = (configuration.result if configuration else None) or {}
        return result.get("stopped_by") == "time"

    def _write_configuration(self) -> None:
        """Stores limits and evaluator that the run goes on with."""
        assert self._job.folder is not None
        assert self._job.configuration is not None
        if self._job.options is not None:
            self._job.folder.write_options(self._job.options)
        self._job.folder.write_configuration(self._job.configuration.to_data())

    def _until_interrupted(self, search: Search) -> str:
        """Runs a search; an interrupt ends it with what it has found so far."""
        try:
            return search.run(self._observe, self._pause, lambda: self._save(search))
        except KeyboardInterrupt:
            if not search.evaluations:
                raise
            # Settling takes seconds: whoever interrupts again gets what is written at once.
            search.breeding.write(None, search.spec.generator(Purpose.SETTLE, 0, 0))
            with suppress(KeyboardInterrupt):
                search.breeding.settle(is_interrupted=True)
            if search.breeding.best is None:
                raise
            return "interrupt"

    def _observe(self, snapshot: Snapshot) -> None:
        folder, case = self._job.folder, self._job.case
        if folder is not None and not self._job.is_finished:
            folder.append_log(snapshot.record)
            if snapshot.has_better_program and snapshot.best is not None:
                folder.write_best(case.document(snapshot.best))
        self._report(snapshot)

    def _save(self, search: Search) -> None:
        """Writes a checkpoint; what the log says up to now is on the disk before."""
        folder = self._job.folder
        if folder is None or self._job.is_finished:
            return
        with storage_errors("cannot go on with the next epoch"):
            fault("migrate")
        standpoint = Standpoint(self._identity(), folder.log_size(), search.saved())
        folder.checkpoints.write(Checkpoint(search.epoch, write_standpoint(standpoint)))

    def _identity(self) -> dict[str, Any]:
        library = self._job.library
        return identity(self._job.target, self._job.spec, library.digest if library else None)

    def _store(self, outcome: Outcome) -> None:
        folder, configuration = self._job.folder, self._job.configuration
        assert folder is not None
        assert configuration is not None
        result = outcome.result
        folder.append_log({"end": result.stopped_by, "best": outcome.operations})
        folder.write_best(outcome.document)
        folder.write_front(outcome.front)
        finished = replace(configuration, result=result.to_dict())
        folder.write_configuration(finished.to_data())


def _other_versions(configuration: Configuration | None) -> list[str]:
    """Says which packages are others than those that a run was begun with."""
    before = configuration.versions if configuration else {}
    lines = differences(before, versions()) if before else []
    told = ", ".join(line.strip() for line in lines)
    return [f"begun with other versions, last digits may differ: {told}"] if told else []


def _is_before(record: dict[str, Any], epoch: int) -> bool:
    """Tells whether a line of a log is of an earlier epoch."""
    number = record.get("epoch")
    return type(number) is int and number < epoch


def _is_after(record: dict[str, Any], epoch: int) -> bool:
    """Tells whether a line of a log is of a later epoch."""
    number = record.get("epoch")
    return type(number) is int and number > epoch
