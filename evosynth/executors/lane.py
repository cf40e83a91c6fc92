"""A lane: a thread that keeps one worker process at work, and replaces it when it ends."""

from __future__ import annotations

import threading
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass
from queue import SimpleQueue
from typing import Any

from dsl.errors import EvosynthError, ExecutorError
from evosynth.executors.answering import text_of
from evosynth.executors.base import ATTEMPTS, TaskError
from evosynth.executors.worker_process import WorkerEnded, WorkerProcess
from evosynth.plugins.base import suspects


@dataclass(frozen=True, slots=True)
class Job:
    """A task that was submitted.

    Attributes:
        request: For the worker.
        future: Takes the text or the exception.
    """

    request: dict[str, Any]
    future: Future[str]


@dataclass(frozen=True, slots=True)
class LaneOptions:
    """What the worker processes of a lane are like.

    Attributes:
        threads: That a task may use.
        hello: Their first message.
        task_seconds: A worker that takes longer is killed.
    """

    threads: int
    hello: dict[str, Any]
    task_seconds: float | None


class Lane(threading.Thread):
    """Takes jobs until it gets None; starts its worker at once.

    Args:
        jobs: Shared by all lanes.
        options: Of the worker processes.
    """

    def __init__(self, jobs: SimpleQueue[Job | None], options: LaneOptions) -> None:
        super().__init__(name="evosynth lane", daemon=True)
        self._jobs = jobs
        self._options = options
        self._worker: WorkerProcess | None = None
        self._lock = threading.Lock()
        self._is_killed = False
        self.was_ready = threading.Event()

    def run(self) -> None:
        """Does jobs, one after another."""
        with suppress(WorkerEnded):  # the first job says so, if it happens again
            self._ready_worker()
        while (job := self._jobs.get()) is not None:
            if job.future.set_running_or_notify_cancel():
                self._do(job)
        if self._worker is not None:
            self._worker.close()

    def kill(self) -> None:
        """Gives up the job in hand and takes no more."""
        with self._lock:
            self._is_killed = True
            if self._worker is not None:
                self._worker.kill()

    def _do(self, job: Job) -> None:
        try:
            text = text_of(self._ask(job.request))
        except (EvosynthError, TaskError) as error:
            job.future.set_exception(error)
        except Exception as error:
            # Whoever waits for this future must not wait for ever.
            job.future.set_exception(ExecutorError(f"the supervisor of a worker failed: {error!r}"))
        else:
            job.future.set_result(text)

    def _ask(self, request: dict[str, Any]) -> dict[str, Any]:
        endings: list[WorkerEnded] = []
        while len(endings) < ATTEMPTS:
            try:
                return self._ready_worker().ask(request, self._options.task_seconds)
            except WorkerEnded as ended:
                if self._is_killed:
                    raise ExecutorError("the task was given up: its executor was closed") from None
                endings.append(ended)
        raise _too_often(request["function"], endings)

    def _ready_worker(self) -> WorkerProcess:
        """Returns a worker that waits for a request."""
        if self._worker is not None and self._worker.is_alive:
            return self._worker
        if self._worker is not None:
            self._worker.close()
        with self._lock:
            if self._is_killed:
                raise WorkerEnded("killed")
            self._worker = None
            self._worker = WorkerProcess(self._options.threads)
        self._worker.greet(self._options.hello)
        self.was_ready.set()
        return self._worker


def _too_often(function: str, endings: list[WorkerEnded]) -> ExecutorError:
    told = "; ".join(str(ended) for ended in endings)
    words = endings[-1].last_words
    hint = f"the last worker wrote: {words}" if words else "the last worker wrote nothing"
    if plugins := suspects():
        hint = f"{hint}; it ran what these declare: {plugins}"
    return ExecutorError(
        f"the task {function.partition(':')[2]} lost its worker {len(endings)} times: {told}", hint
    )
