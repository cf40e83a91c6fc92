"""Where a run works: executor, workers and limits of memory. The result does not depend on it."""

from __future__ import annotations

import concurrent.futures
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from dsl.errors import UsageError
from dsl.registry import brief
from dsl.targets.memory import GIB, memory_limit
from evosynth.engine.means import COMPILED
from evosynth.executors.base import EXECUTORS, Executor, ExecutorOptions
from evosynth.plugins.base import DECLARED, PLUGINS
from evosynth.settings import whole
from fitness.evaluators import EVALUATORS, TORCH
from fitness.torch_devices import AUTO, CPU, NUMBERED, check_device_name

DASK_EXECUTOR = "dask"
# What people may call an evaluator, and what that is.
OTHER_NAMES = {
    **dict.fromkeys(("cuda", "gpu"), f"{TORCH.name} --device cuda"),
    "cpu": COMPILED,
    "pytorch": TORCH.name,
}
# Asks for the evaluator that is faster on the target.
FASTER = "auto"
# No epoch takes that long but one that will never end.
EPOCH_SECONDS = 3600.0
MOST_WORKERS = 1024
ADDRESS = re.compile(r"[a-z]+://\S+")
# Bytes that a worker process may allocate at least: compilers need some.
LEAST_MEMORY = 2 * GIB


class Load(Protocol):
    """What a workplace needs to know of a target: `evosynth.cases` has one for every kind."""

    @property
    def most_threads(self) -> int | None:
        """How many threads the memory has room for; None for any number."""
        ...

    @property
    def is_parallel_inside(self) -> bool:
        """Whether one epoch of one island can use several threads."""
        ...


@dataclass(frozen=True, slots=True)
class Workplace:
    """Where epochs run.

    Attributes:
        workers: Cores to use, all together; None for all that there are.
        executor: Name of an executor, or any `concurrent.futures.Executor`.
        scheduler: Address of a Dask scheduler.
        scheduler_file: File of a Dask scheduler.
        epoch_seconds: A worker process that takes longer for one epoch of one island is
            killed.
        evaluator: Name of the evaluator that scores genomes, or "auto" for the faster one.
        device: On which it works, if it has a choice: "auto", "cpu", "cuda", "cuda:1".
    """

    workers: int | None = None
    executor: str | concurrent.futures.Executor = "auto"
    scheduler: str | None = None
    scheduler_file: str | os.PathLike[str] | None = None
    epoch_seconds: float = EPOCH_SECONDS
    evaluator: str = COMPILED
    device: str = AUTO

    def __post_init__(self) -> None:
        if self.workers is not None:
            object.__setattr__(self, "workers", whole("workers", self.workers))
        if self.workers is not None and not self.workers > 0:
            raise UsageError(f"expected workers above 0, got {self.workers}")
        if not self.epoch_seconds > 0:
            raise UsageError(f"expected an epoch limit above 0, got {self.epoch_seconds}")
        if self.scheduler is not None and not ADDRESS.fullmatch(self.scheduler):
            raise UsageError(
                f"expected the address of a Dask scheduler, got {brief(self.scheduler)}",
                "it looks like tcp://host:8786",
            )
        if self.workers is not None and self.workers > MOST_WORKERS:
            raise UsageError(f"expected at most {MOST_WORKERS} workers, got {self.workers}")
        self._check_evaluator()
        has_scheduler = self.scheduler is not None or self.scheduler_file is not None
        if isinstance(self.executor, concurrent.futures.Executor):
            if has_scheduler:
                raise UsageError("expected an executor or a scheduler, got both")
            return
        if not isinstance(self.executor, str):
            raise UsageError(
                f"expected an executor, got {type(self.executor).__name__}",
                f"one of {', '.join(EXECUTORS.names())}, or a concurrent.futures.Executor",
            )
        EXECUTORS.get(self.executor)
        if has_scheduler and self.executor not in ("auto", DASK_EXECUTOR):
            raise UsageError(
                f"executor '{self.executor}' has no scheduler", f"choose {DASK_EXECUTOR}"
            )

    def _check_evaluator(self) -> None:
        """Checks the names of evaluator and device, which need not be there."""
        choices = (COMPILED, TORCH.name, FASTER)
        if not isinstance(self.evaluator, str):
            raise UsageError(
                f"expected the name of an evaluator, got {brief(self.evaluator)}",
                f"one of {', '.join(choices)}",
            )
        if self.evaluator not in (FASTER, *EVALUATORS.names()):
            _refuse_device(self.evaluator, choices)
        has_device = self.evaluator == FASTER or EVALUATORS.get(self.evaluator, choices).uses_device
        check_device_name(self.device)
        if not has_device and self.device not in (AUTO, CPU):
            raise UsageError(
                f"the evaluator '{self.evaluator}' works on the CPU, not on '{self.device}'",
                "give --evaluator torch with it",
            )

    @property
    def is_elsewhere(self) -> bool:
        """Whether epochs may run on other machines, with other devices."""
        has_scheduler = self.scheduler is not None or self.scheduler_file is not None
        return has_scheduler or isinstance(self.executor, concurrent.futures.Executor)

    def threads(self, load: Load) -> int:
        """Returns the number of cores to use: as many as there are, if memory allows."""
        if self.workers:
            return self.workers
        most = load.most_threads
        return cores() if most is None else max(1, min(cores(), most))

    def make_executor(self, load: Load, tasks: int, *, is_accelerated: bool = False) -> Executor:
        """Returns the executor, started for so many tasks at once.

        Args:
            load: What is worked at.
            tasks: How many are submitted at once.
            is_accelerated: They share a GPU, which every process would open for itself.

        Raises:
            ExecutorError: It cannot be reached.
            EnvironmentMismatchError: A package that it needs is not installed.
        """
        if isinstance(self.executor, concurrent.futures.Executor):
            from evosynth.executors.futures_executor import FuturesExecutor

            return FuturesExecutor(self.executor)
        has_scheduler = self.scheduler is not None or self.scheduler_file is not None
        name = DASK_EXECUTOR if has_scheduler else _confined(self.executor, is_accelerated)
        threads = self.threads(load)
        # Twice the limit is all of the memory, which the processes share.
        memory = max(LEAST_MEMORY, 2 * memory_limit() // min(threads, tasks))
        options = ExecutorOptions(
            threads,
            tasks,
            load.is_parallel_inside,
            self.scheduler,
            None if self.scheduler_file is None else os.fspath(self.scheduler_file),
            self.epoch_seconds,
            memory,
        )
        return EXECUTORS.get(name).make(options)


def _refuse_device(name: str, choices: Sequence[str]) -> None:
    """Refuses the name of a device, or what torch is also called, where an evaluator is asked for.

    Raises:
        UsageError: The name is one of them.
    """
    known = f"known: {', '.join(choices)}"
    lower = name.lower()
    if lower in OTHER_NAMES:
        meant = f"did you mean '--evaluator {OTHER_NAMES[lower]}'?"
        raise UsageError(f"unknown evaluator {brief(name)}", f"{meant} {known}")
    if NUMBERED.fullmatch(lower):
        meant = f"did you mean '--evaluator {TORCH.name} --device {lower}'?"
        raise UsageError(f"unknown evaluator {brief(name)}", f"{meant} {known}")


def _confined(executor: str, is_accelerated: bool) -> str:
    """Returns where to work with members that strangers wrote, if nothing else is asked for.

    A plug-in may end the process that it runs in; what this very program declared is known
    to no other process.
    """
    if executor != "auto" or not (len(PLUGINS) or len(DECLARED)):
        return "serial" if executor == "auto" and is_accelerated else executor
    return "serial" if len(DECLARED) else "processes"


def cores() -> int:
    """Returns how many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):  # not on macOS and Windows
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
