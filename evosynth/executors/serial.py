"""In this process: one task after another, or in threads if a task cannot use them."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

from evosynth.executors.answering import call
from evosynth.executors.base import EXECUTORS, ExecutorKind, ExecutorOptions, TaskFuture


class LazyFuture:
    """A task that is done when its result is asked for, in the thread that asks.

    So a caller who asks for one result after another hears from each as it comes.
    """

    def __init__(self, function: Callable[..., str], arguments: tuple[str | int, ...]) -> None:
        self._task = function, arguments
        self._outcome: Future[str] = Future()

    def result(self, timeout: float | None = None) -> str:
        """Runs the task, unless it was; returns its text or raises its exception."""
        if not self._outcome.done():
            # Ctrl-C leaves it undone, to be asked for again.
            try:
                self._outcome.set_result(call(*self._task))
            except Exception as error:
                self._outcome.set_exception(error)
        return self._outcome.result()

    def done(self) -> bool:
        """Says whether it has run."""
        return self._outcome.done()

    def cancel(self) -> bool:
        """Gives the task up, unless it has run."""
        return self._outcome.cancel()


class SerialExecutor:
    """No process but this one.

    Args:
        options: What it is made for; its limits of time and memory do not apply here.
    """

    name = "serial"

    def __init__(self, options: ExecutorOptions) -> None:
        self._threads = max(1, options.workers) if options.is_parallel_inside else 1
        count = 1 if options.is_parallel_inside else min(options.workers, options.tasks)
        self._pool = ThreadPoolExecutor(count) if count > 1 else None
        self._count = max(1, count)

    @property
    def threads(self) -> int:
        """How many threads a task may use."""
        return self._threads

    def submit(self, function: Callable[..., str], *arguments: str | int) -> TaskFuture:
        """Returns the future of `function(*arguments)`."""
        if self._pool is None:
            return LazyFuture(function, arguments)
        return self._pool.submit(call, function, arguments)

    def worker_count(self) -> int:
        """Returns how many tasks run at the same time."""
        return self._count

    def close(self, kill: bool = False) -> None:
        """Ends the threads; those of a killed executor end when their task does."""
        if self._pool is not None:
            self._pool.shutdown(wait=not kill, cancel_futures=kill)


SERIAL = EXECUTORS.register(
    ExecutorKind("serial", "in this process: one task after another, or in threads", SerialExecutor)
)
