"""Executors, which run epochs: one file each."""

from evosynth.executors.auto import AUTO
from evosynth.executors.base import (
    EXECUTORS,
    Executor,
    ExecutorKind,
    ExecutorOptions,
    TaskError,
    TaskFuture,
)
from evosynth.executors.dask_executor import DASK
from evosynth.executors.futures_executor import FuturesExecutor
from evosynth.executors.processes import PROCESSES
from evosynth.executors.serial import SERIAL

__all__ = [
    "AUTO",
    "DASK",
    "EXECUTORS",
    "PROCESSES",
    "SERIAL",
    "Executor",
    "ExecutorKind",
    "ExecutorOptions",
    "FuturesExecutor",
    "TaskError",
    "TaskFuture",
]
