"""The driver: islands in turn, archive, migration, and the reasons to stop."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

from deap import tools

from dsl.errors import DataError, ExecutorError
from evosynth.engine.breeding import Best, Breeding
from evosynth.engine.epoch_call import Epoch, means_text, read_epoch, run_epoch
from evosynth.engine.means import ONE_THREAD, Means
from evosynth.engine.pausing import pausing
from evosynth.engine.spec import Purpose, Spec
from evosynth.executors.base import Executor, ExecutorOptions, TaskFuture
from evosynth.executors.serial import SerialExecutor

# Seconds between two looks at the clock, and at whether the user interrupts.
POLL = 0.1
# Seconds: no search takes as long.
LONGEST = 1e12

# A genome with up to this many times the goal's operations may have a program within it.
NEAR = 1.05


@dataclass(frozen=True, slots=True)
class Limits:
    """When to stop, whichever comes first.

    Attributes:
        evaluations: Genomes evaluated in all islands together; those that are scored anew,
            because a block became cheaper, do not count.
        seconds: Wall-clock time of the search.
        patience: Evaluations without improvement.
        goal: Operations of the best program; None to go on.
        exact_patience: Evaluations without improvement once the best genome is exact.
    """

    evaluations: int | None = None
    seconds: float | None = None
    patience: int | None = None
    goal: int | None = None
    exact_patience: int | None = None


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Where a search stands after an epoch.

    Attributes:
        record: The epoch's line of the log.
        best: The best program or algorithm so far, once one was written.
        operations: Of the best genome so far: the fewest, where every genome is exact.
        error: Of the best genome so far.
        evaluations: Genomes evaluated so far.
        seconds: Wall-clock time so far.
        is_improved: The best genome became better.
        has_better_program: `best` is new.
        text: Of the best genome so far, where operations and error do not tell.
    """

    record: dict[str, object]
    best: Best | None
    operations: int | None
    error: float | None
    evaluations: int
    seconds: float
    is_improved: bool
    has_better_program: bool
    text: str = ""


class _OutOfTime(BaseException):  # like KeyboardInterrupt, none of a task's errors
    """The time is over in the midst of an epoch, which is given up."""


class Search:
    """A search in progress: the clock, the budget and the log around a grammar's breeding.

    Args:
        breeding: The islands and what they find.
        spec: What decides the bits of the result.
        limits: When to stop.
        executor: Where epochs run, by default in this thread; the result does not depend on it.
        means: With what they work, but for the threads, which the executor knows; likewise.

    Attributes:
        logbook: DEAP's logbook, one record per epoch and island.
        evaluations: Genomes evaluated so far.
        seconds: Wall-clock time so far, of all processes that worked on this search.
        started: Value of the monotonic clock when it began, its time before a resume included
            and that of compiling not.
        epoch: Epochs that every island has done.
        is_abandoned: Epochs were given up, which workers may still be at.
    """

    def __init__(
        self,
        breeding: Breeding,
        spec: Spec,
        limits: Limits,
        executor: Executor | None = None,
        means: Means = ONE_THREAD,
    ) -> None:
        self.breeding = breeding
        self.spec = spec
        self.limits = limits
        self.logbook = tools.Logbook()
        self.evaluations = 0
        self.seconds = 0.0
        self.epoch = 0
        self.is_abandoned = False
        self._means = means
        self._executor = executor or SerialExecutor(ExecutorOptions(1, 1, is_parallel_inside=True))
        self._is_begun = False
        self.started = time.monotonic()

    def run(
        self,
        report: Callable[[Snapshot], None] = lambda snapshot: None,
        pause: Callable[[], None] = lambda: None,
        save: Callable[[], None] = lambda: None,
    ) -> str:
        """Searches until a limit is reached, then refines the best programs.

        Args:
            report: Called after every epoch of every island.
            pause: Called several times a second; may raise to end the search.
            save: Called after epochs that all islands have done whole: `saved` may be called.

        Returns:
            Why the search stopped: "goal", "evaluations", "time" or "patience".

        Raises:
            ExecutorError: There is nobody left to run epochs.
        """
        breeding = self.breeding
        breeding.warm_up()  # what is compiled is no time of the search
        self.started = time.monotonic() - self.seconds
        if not self._is_begun:
            breeding.begin()
            self._is_begun = True
        while (reason := self._reason_to_stop()) is None:
            try:
                is_whole = self._run_epoch(report, pause)
                if (self.epoch + 1) % self.spec.migration == 0:
                    with pausing(lambda: self._check(pause)):
                        breeding.migrate()
            except _OutOfTime:
                self.seconds = time.monotonic() - self.started
                continue
            self.epoch += 1
            if is_whole:
                save()
        breeding.settle()
        breeding.refine(self.spec.generator(Purpose.SETTLE, 0, 0), pause)
        return "goal" if self._is_goal_met() else reason

    def saved(self) -> dict[str, Any]:
        """Returns everything that `restore` needs, as plain data."""
        return {
            "epoch": self.epoch,
            "evaluations": self.evaluations,
            "seconds": self.seconds,
            "breeding": self.breeding.saved(),
        }

    def restore(self, data: dict[str, Any], records: Iterable[dict[str, Any]] = ()) -> None:
        """Makes the search as it was saved.

        Args:
            data: What `saved` returned.
            records: Lines of the log up to then.

        Raises:
            DataError: The data are damaged, or another search's.
        """
        try:
            numbers = data["epoch"], data["evaluations"]
            if not all(type(number) is int and number >= 0 for number in numbers):
                raise ValueError("expected whole numbers of epochs and evaluations")
            self.epoch, self.evaluations = numbers
            if type(data["seconds"]) not in (int, float) or not 0 <= data["seconds"] < LONGEST:
                raise ValueError("expected the seconds of a search")
            self.seconds = float(data["seconds"])
            self.breeding.restore(data["breeding"])
            for record in records:
                self.logbook.record(**record)
        except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
            raise DataError(f"not a saved search: {error!r}"[:200]) from error
        self._is_begun = True

    def _run_epoch(self, report: Callable[[Snapshot], None], pause: Callable[[], None]) -> bool:
        """Lets all islands do an epoch; says whether none was cut short by the budget."""
        breeding, number = self.breeding, self.epoch
        shares = self._shares()
        is_whole = all(share >= self.spec.epoch for share in shares)

        def check() -> None:
            self._check(pause)

        futures: dict[int, TaskFuture] = {}
        with pausing(check), self._abandoning(futures):
            futures |= {
                island: self._executor.submit(
                    run_epoch,
                    breeding.setting(),
                    breeding.state(island),
                    number,
                    island,
                    share,
                    means_text(self._means.with_threads(self._executor.threads)),
                )
                for island, share in enumerate(shares)
                if share
            }
            for island, future in futures.items():
                try:
                    done = read_epoch(_awaited(future, check))
                except ExecutorError as error:
                    where = f"epoch {number} of island {island}"
                    raise ExecutorError(f"{where}: {error}", error.hint) from error
                improvements = self._news(done)
                self.evaluations += done.made
                is_improved = breeding.take_in(island, done.state, self.evaluations)
                is_better = self._is_time_to_write(number, is_improved) and breeding.write(
                    self.limits.goal, self.spec.generator(Purpose.REFINE, number, island)
                )
                self.seconds = time.monotonic() - self.started
                report(self._snapshot(number, island, improvements, is_improved, is_better))
        return is_whole

    @contextmanager
    def _abandoning(self, futures: dict[int, TaskFuture]) -> Iterator[None]:
        """Gives up the epochs that have not begun, if this one is not finished."""
        try:
            yield
        except BaseException:
            self.is_abandoned = True
            for future in futures.values():
                future.cancel()
            raise

    def _shares(self) -> list[int]:
        """Returns the most evaluations of each island.

        Where the budget may end in the epoch, what is left is dealt out turn by turn.
        """
        islands, turn, epoch = self.spec.islands, self.spec.turn, self.spec.epoch
        limit = self.limits.evaluations
        if limit is None or limit - self.evaluations >= islands * epoch:
            return [epoch] * islands
        turns, rest = divmod(limit - self.evaluations, turn)
        shares = [turn * (turns // islands + (k < turns % islands)) for k in range(islands)]
        shares[turns % islands] += rest
        return shares

    def _check(self, pause: Callable[[], None]) -> None:
        """Lets the user interrupt, and gives up an epoch when the time is over.

        The first island's first epoch is always done.

        Raises:
            _OutOfTime: The time is over.
        """
        pause()
        limit = self.limits.seconds
        if limit is not None and self.evaluations and time.monotonic() - self.started >= limit:
            raise _OutOfTime

    def _is_time_to_write(self, epoch: int, is_improved: bool) -> bool:
        """Programs are written now and then, and when they come near the goal."""
        goal, standing = self.limits.goal, self.breeding.standing
        is_near = goal is not None and standing is not None and standing.operations <= NEAR * goal
        interval = self.breeding.interval
        return (is_improved and is_near) or epoch % interval == interval - 1

    def _is_goal_met(self) -> bool:
        goal = self.limits.goal
        return goal is not None and self.breeding.is_goal_met(goal)

    def _reason_to_stop(self) -> str | None:
        limits = self.limits
        if self._is_goal_met():
            return "goal"
        if limits.evaluations is not None and self.evaluations >= limits.evaluations:
            return "evaluations"
        if limits.seconds is not None and self.seconds >= limits.seconds:
            return "time"
        stale = self.evaluations - self.breeding.improved_at
        if limits.patience is not None and stale >= limits.patience:
            return "patience"
        standing = self.breeding.standing
        is_exact = standing is not None and standing.error == 0
        if limits.exact_patience is not None and is_exact and stale >= limits.exact_patience:
            return "patience"
        return None

    def _news(self, done: Epoch) -> list[list[int]]:
        """Returns evaluations and operations when an epoch came to know the cheapest so far."""
        standing = self.breeding.standing
        return [
            [self.evaluations + at, operations]
            for at, operations in done.improvements
            if standing is None or operations < standing.operations
        ]

    def _snapshot(
        self,
        epoch: int,
        island: int,
        improvements: list[list[int]],
        is_improved: bool,
        has_better_program: bool,
    ) -> Snapshot:
        """Returns where the search stands, and keeps the epoch's line in the logbook."""
        record = {
            "epoch": epoch,
            "island": island,
            "evaluations": self.evaluations,
            **self.breeding.record(island),
        }
        if improvements:
            record["improvements"] = improvements
        self.logbook.record(**record)
        standing = self.breeding.standing
        return Snapshot(
            record,
            self.breeding.best,
            standing.operations if standing else None,
            standing.error if standing else None,
            self.evaluations,
            self.seconds,
            is_improved,
            has_better_program,
            standing.text if standing else "",
        )


def _awaited(future: TaskFuture, check: Callable[[], None]) -> str:
    """Returns what a future holds, with `check` called meanwhile."""
    while True:
        with suppress(TimeoutError):  # a task's own comes as a TaskError
            return future.result(timeout=POLL)
        check()
