"""Supervised processes on this machine."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from queue import Empty, SimpleQueue
from typing import Any

from dsl.errors import ExecutorError
from evosynth.executors.answering import PACKAGES, request_for
from evosynth.executors.base import EXECUTORS, ExecutorKind, ExecutorOptions
from evosynth.executors.lane import Job, Lane, LaneOptions


class ProcessExecutor:
    """Worker processes, each with a thread here that watches it.

    Not of `multiprocessing`: that runs the user's main module again in every process, and
    forks are unsafe beside threads. Not a pool of `concurrent.futures`: that gives up all
    tasks when one worker ends.

    Args:
        options: What it is made for.
        packages: Whose functions workers may run.
        rehearsal: A function and arguments to prepare for, before workers count as ready.

    Raises:
        ExecutorError: This Python has no interpreter to start.
    """

    name = "processes"

    def __init__(
        self,
        options: ExecutorOptions,
        packages: Sequence[str] = PACKAGES,
        rehearsal: tuple[Callable[..., str], tuple[str | int, ...]] | None = None,
    ) -> None:
        if not sys.executable:
            raise ExecutorError(
                "this Python does not know its interpreter", "use --executor serial"
            )
        processes = max(1, min(options.workers, options.tasks))
        self._packages = tuple(packages)
        self._threads = max(1, options.workers // processes)
        hello: dict[str, Any] = {
            "packages": list(packages),
            "memory": options.task_memory,
            "rehearsal": request_for(*rehearsal, packages) if rehearsal else None,
        }
        self._jobs: SimpleQueue[Job | None] = SimpleQueue()
        lane_options = LaneOptions(self._threads, hello, options.task_seconds)
        self._lanes = [Lane(self._jobs, lane_options) for _ in range(processes)]
        self._is_closed = False
        for lane in self._lanes:
            lane.start()

    @property
    def threads(self) -> int:
        """How many threads a task may use."""
        return self._threads

    def submit(self, function: Callable[..., str], *arguments: str | int) -> Future[str]:
        """Returns the future of `function(*arguments)`.

        Raises:
            ExecutorError: The executor was closed.
        """
        if self._is_closed:
            raise ExecutorError("the executor was closed")
        job = Job(request_for(function, arguments, self._packages), Future())
        self._jobs.put(job)
        return job.future

    def worker_count(self) -> int:
        """Returns how many tasks run at the same time."""
        return len(self._lanes)

    def is_ready(self) -> bool:
        """Says whether all workers have started and prepared."""
        return all(lane.was_ready.is_set() for lane in self._lanes)

    def close(self, kill: bool = False) -> None:
        """Ends the workers; with `kill` in mid-task, and tasks that wait are cancelled."""
        self._is_closed = True
        if kill:
            self._cancel_waiting()
            for lane in self._lanes:
                lane.kill()
        for _ in self._lanes:
            self._jobs.put(None)
        for lane in self._lanes:
            lane.join()

    def _cancel_waiting(self) -> None:
        while True:
            try:
                job = self._jobs.get_nowait()
            except Empty:
                return
            if job is not None:
                job.future.cancel()


PROCESSES = EXECUTORS.register(
    ExecutorKind(
        "processes", "worker processes on this machine, replaced if they end", ProcessExecutor
    )
)
