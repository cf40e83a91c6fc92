"""Drivers of executors in processes of their own, which tests interrupt and kill."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import executor_tasks

from evosynth.executors import Executor, ExecutorOptions
from evosynth.executors.dask_executor import DaskExecutor
from evosynth.executors.processes import ProcessExecutor

WORKERS = 2
# A bound for whatever ends by itself; reached only by a failure.
PATIENT = 60.0


def make(name: str) -> Executor:
    """Returns an executor that runs the tasks of the tests."""
    kind = {"dask": DaskExecutor, "processes": ProcessExecutor}[name]
    return kind(ExecutorOptions(WORKERS, WORKERS, True), executor_tasks.MODULES)


def main(name: str, task: str, folder: str) -> None:
    """Runs a task in every worker; prints the results, or that it was interrupted."""
    executor = make(name)
    function = getattr(executor_tasks, task)
    futures = [executor.submit(function, folder, f"task{k}", 150) for k in range(WORKERS)]
    try:
        while not all(future.done() for future in futures):
            time.sleep(0.01)
    except KeyboardInterrupt:
        print("interrupted", flush=True)
    print(*(future.result() for future in futures), flush=True)
    executor.close(kill=True)
    print("closed", flush=True)


@contextmanager
def driver(name: str, task: str, folder: Path) -> Iterator[subprocess.Popen[str]]:
    """Starts a driver in a process group of its own, and ends it."""
    # The parent's search path, which leads to these modules.
    start = "import sys; sys.path[:] = sys.argv[4:]; from driver_processes import main"
    guarded = f"{start}\nif __name__ == '__main__': main(*sys.argv[1:4])"
    process = subprocess.Popen(
        [sys.executable, "-c", guarded, name, task, str(folder), *sys.path],
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        for number in started(folder):  # a test that failed leaves none behind
            with suppress(ProcessLookupError):
                os.kill(number, signal.SIGKILL)
        assert process.stdout is not None
        process.stdout.close()


def wait_until(is_so: Callable[[], object], seconds: float = PATIENT) -> None:
    """Waits for something to become so."""
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline, "it never came"
        time.sleep(0.01)


def started(folder: Path) -> list[int]:
    """Returns the processes in which tasks were started, one per start."""
    lines = [file.read_text().splitlines() for file in sorted(folder.glob("*.started"))]
    return [int(line) for numbers in lines for line in numbers if line]


def is_gone(process: int) -> bool:
    """Says whether a process has ended, though nobody may have asked for its exit code."""
    try:
        os.kill(process, 0)
        state = Path(f"/proc/{process}/stat").read_text()
    except ProcessLookupError:
        return True
    except FileNotFoundError:
        return Path("/proc/self").exists()  # it ended just now, or there is no /proc
    return state.rpartition(")")[2].split()[0] == "Z"
