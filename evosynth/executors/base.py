"""What an executor is: where tasks run, which are functions of text and whole numbers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from dsl.registry import Registry

# A task whose worker ends is tried so many times in all.
ATTEMPTS = 3


class TaskError(RuntimeError):
    """A task raised an exception that is none of ours; the message holds its traceback."""


class TaskFuture(Protocol):
    """The text that a task will return."""

    def result(self, timeout: float | None = None) -> str:
        """Returns the text.

        Args:
            timeout: Seconds to wait; None for as long as it takes. A task that runs in this
                very thread takes its time.

        Raises:
            EvosynthError: The task raised it.
            TaskError: The task raised another exception, or returned no text.
            ExecutorError: The task could not be run: its workers ended, or are out of reach.
            TimeoutError: It is not done yet.
        """
        ...

    def done(self) -> bool:
        """Says whether `result` would return or raise at once."""
        ...

    def cancel(self) -> bool:
        """Gives the task up if it has not begun; says whether that was so."""
        ...


class Executor(Protocol):
    """Where tasks run.

    A task is a function at the top level of a module of ours. It depends on its arguments
    alone, so that it may be run again elsewhere. A function `warm_up` in the same module,
    which takes the same arguments, is called in workers that are started ahead of need.
    """

    @property
    def name(self) -> str:
        """What the command line calls it."""
        ...

    @property
    def threads(self) -> int:
        """How many threads a task may use."""
        ...

    def submit(self, function: Callable[..., str], *arguments: str | int) -> TaskFuture:
        """Returns the future of `function(*arguments)`."""
        ...

    def worker_count(self) -> int:
        """Returns how many tasks run at the same time."""
        ...

    def close(self, kill: bool = False) -> None:
        """Ends the workers.

        Args:
            kill: Give up the tasks in flight at once, else they are done first.
        """
        ...


@dataclass(frozen=True, slots=True)
class ExecutorOptions:
    """What an executor is made for.

    Attributes:
        workers: Cores to use, all together.
        tasks: How many tasks are submitted at once: the number of islands.
        is_parallel_inside: A task can use several threads itself.
        scheduler: Address of a Dask scheduler, such as tcp://host:8786.
        scheduler_file: A file of `dask scheduler --scheduler-file`.
        task_seconds: A task that takes longer has its worker killed.
        task_memory: Bytes that a worker may allocate.
    """

    workers: int
    tasks: int
    is_parallel_inside: bool
    scheduler: str | None = None
    scheduler_file: str | None = None
    task_seconds: float | None = None
    task_memory: int | None = None


@dataclass(frozen=True, slots=True)
class ExecutorKind:
    """A kind of executor.

    Attributes:
        name: What the command line calls it.
        summary: One line for people.
        make: Starts one; raises an ExecutorError if that is not possible.
    """

    name: str
    summary: str
    make: Callable[[ExecutorOptions], Executor]


EXECUTORS: Registry[ExecutorKind] = Registry("executor")
