"""In this process at first; in worker processes when a run turns out to be long."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from evosynth.executors.answering import PACKAGES
from evosynth.executors.base import (
    EXECUTORS,
    Executor,
    ExecutorKind,
    ExecutorOptions,
    TaskFuture,
)
from evosynth.executors.processes import ProcessExecutor
from evosynth.executors.serial import SerialExecutor

# Shorter runs are over before worker processes would be of use.
START_AFTER = 3.0


class MovableFuture:
    """A task that runs in this process, or in a worker if one is ready by then."""

    def __init__(
        self,
        place: Callable[[MovableFuture], TaskFuture],
        function: Callable[..., str],
        arguments: tuple[str | int, ...],
    ) -> None:
        self.function = function
        self.arguments = arguments
        self.placed: TaskFuture | None = None
        self._place = place

    def result(self, timeout: float | None = None) -> str:
        """Returns the text of the task."""
        return (self.placed or self._place(self)).result(timeout)

    def done(self) -> bool:
        """Says whether it has run."""
        return self.placed is not None and self.placed.done()

    def cancel(self) -> bool:
        """Gives the task up if it has not begun."""
        return (self.placed or self._place(self)).cancel()


class AutoExecutor:
    """Serial first. Workers are started beside it, and used once all of them are ready.

    Args:
        options: What it is made for.
        packages: Whose functions workers may run.
        start_after: Seconds from the first task until workers are started.
    """

    name = "auto"

    def __init__(
        self,
        options: ExecutorOptions,
        packages: Sequence[str] = PACKAGES,
        start_after: float = START_AFTER,
    ) -> None:
        self._options = options
        self._packages = packages
        self._start_after = start_after
        self._near = SerialExecutor(options)
        self._far: ProcessExecutor | None = None
        self._started: float | None = None
        self._waiting: list[MovableFuture] = []

    @property
    def threads(self) -> int:
        """How many threads a task may use."""
        return self._current().threads

    def submit(self, function: Callable[..., str], *arguments: str | int) -> TaskFuture:
        """Returns the future of `function(*arguments)`."""
        future = MovableFuture(self._place, function, arguments)
        self._start_workers(future)
        current = self._current()
        if current is self._near and self._near.worker_count() == 1:
            self._waiting.append(future)
        else:
            future.placed = current.submit(function, *arguments)
        return future

    def worker_count(self) -> int:
        """Returns how many tasks run at the same time."""
        return self._current().worker_count()

    def close(self, kill: bool = False) -> None:
        """Ends threads and workers."""
        self._near.close(kill)
        if self._far is not None:
            # Workers that are not in use have nothing to finish.
            self._far.close(kill or not self._far.is_ready())

    def _current(self) -> Executor:
        is_far = self._far is not None and self._far.is_ready()
        return self._far if is_far and self._far is not None else self._near

    def _start_workers(self, next_task: MovableFuture) -> None:
        now = time.monotonic()
        self._started = self._started or now
        is_worthwhile = min(self._options.workers, self._options.tasks) > 1
        if self._far is None and is_worthwhile and now - self._started >= self._start_after:
            rehearsal = next_task.function, next_task.arguments
            self._far = ProcessExecutor(self._options, self._packages, rehearsal)

    def _place(self, future: MovableFuture) -> TaskFuture:
        """Decides where a task runs; if workers are ready, all that wait go to them."""
        self._start_workers(future)
        current = self._current()
        for moved in self._waiting if current is self._far else [future]:
            moved.placed = current.submit(moved.function, *moved.arguments)
        self._waiting = [waiting for waiting in self._waiting if waiting.placed is None]
        assert future.placed is not None
        return future.placed


AUTO = EXECUTORS.register(
    ExecutorKind(
        "auto", "in this process at first, in worker processes if it takes long", AutoExecutor
    )
)
