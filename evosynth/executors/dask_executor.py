"""Workers of Dask, on this machine or on many."""

from __future__ import annotations

import faulthandler
import json
import logging
import os
import threading
import time
import warnings
from collections.abc import Callable, Sequence
from concurrent.futures import CancelledError
from pathlib import Path
from typing import Any
from weakref import WeakSet

from dsl.errors import EnvironmentMismatchError, ExecutorError
from evosynth.executors.answering import (
    PACKAGES,
    answer_elsewhere,
    request_elsewhere,
    request_for,
    text_of,
)
from evosynth.executors.base import ATTEMPTS, EXECUTORS, ExecutorKind, ExecutorOptions
from evosynth.executors.messages import unpacked
from evosynth.plugins.base import suspects

# A scheduler that does not answer within this time is out of reach.
CONNECT_SECONDS = 6.0
# How often whoever waits for a task looks after the workers.
LOOK_SECONDS = 2.0
# A run does without any worker for so long.
PATIENCE_SECONDS = 60.0
# Dask tries anew what failed outside our functions, such as an import over a network.
RETRIES = 2
PRELOAD = "evosynth.executors.dask_preload"
LOGGERS = ("distributed", "tornado")


class DaskFuture:
    """A task on a Dask cluster."""

    def __init__(self, future: Any, executor: DaskExecutor) -> None:
        self._future = future
        self._executor = executor
        self._is_settled = threading.Event()
        future.add_done_callback(lambda done, event=self._is_settled: event.set())

    def result(self, timeout: float | None = None) -> str:
        """Returns the text of the task.

        Raises:
            ExecutorError: The task ended its workers, or there is no worker or scheduler.
        """
        deadline = None if timeout is None else time.monotonic() + timeout
        while not self._is_settled.wait(_until(deadline)):
            self._executor.look_after_workers()
            if deadline is not None and time.monotonic() >= deadline:
                raise TimeoutError
        try:
            reply = self._future.result(self._executor.patience)
        except Exception as error:
            raise self._executor.failure(error) from error
        return text_of(unpacked(reply))

    def done(self) -> bool:
        """Says whether it has run."""
        return self._is_settled.is_set()

    def cancel(self) -> bool:
        """Gives the task up, unless it has run."""
        if self.done():
            return False
        self._future.cancel()
        return True


def _until(deadline: float | None) -> float:
    return LOOK_SECONDS if deadline is None else min(LOOK_SECONDS, deadline - time.monotonic())


class DaskExecutor:
    """Tasks on a Dask cluster: a running one, or one of our own on this machine.

    Args:
        options: What it is made for. The limit of memory is for workers of our own.
        packages: Whose functions may be run.
        patience: For so many seconds it does without any worker.

    Raises:
        EnvironmentMismatchError: Dask is not installed.
        ExecutorError: There is no scheduler at that address.
    """

    name = "dask"
    threads = 1

    def __init__(
        self,
        options: ExecutorOptions,
        packages: Sequence[str] = PACKAGES,
        patience: float = PATIENCE_SECONDS,
    ) -> None:
        distributed = _distributed()
        self.patience = patience
        self._packages = packages
        self._seconds = options.task_seconds
        self._open: WeakSet[DaskFuture] = WeakSet()
        self._levels = _silenced()
        self._cluster: Any = None
        self._looked = time.monotonic()
        self._alone_since: float | None = None
        try:
            address = _address(options)
            if address is None:
                self._cluster = _own_cluster(distributed, options)
                address = self._cluster.scheduler_address
            self._address = address
            self._client = _client(distributed, address)
        except BaseException:
            self._end()
            raise

    def submit(self, function: Callable[..., str], *arguments: str | int) -> DaskFuture:
        """Returns the future of `function(*arguments)`.

        Raises:
            ExecutorError: The scheduler is lost.
        """
        request = request_elsewhere(request_for(function, arguments, self._packages))
        try:
            with warnings.catch_warnings():
                # The state of an island is sent as it is, however large.
                warnings.filterwarnings("ignore", "(?s).*(large graph|Large object)")
                future = self._client.submit(
                    _answer_in_time, request, self._seconds, pure=False, retries=RETRIES
                )
        except Exception as error:
            raise self.failure(error) from error
        opened = DaskFuture(future, self)
        self._open.add(opened)
        return opened

    def worker_count(self) -> int:
        """Returns how many tasks run at the same time, now; 0 if nobody answers soon."""
        try:
            threads: dict[str, int] = self._client.sync(
                self._client.scheduler.ncores, callback_timeout=LOOK_SECONDS
            )
        except Exception:
            return 0
        return sum(threads.values())

    def look_after_workers(self) -> None:
        """Sees now and then whether there are workers, and a scheduler.

        Raises:
            ExecutorError: There has been none for too long.
        """
        if time.monotonic() - self._looked < LOOK_SECONDS:
            return
        self._looked = time.monotonic()
        if self.worker_count():
            self._alone_since = None
        elif self._alone_since is None:
            self._alone_since = time.monotonic()
        elif time.monotonic() - self._alone_since > self.patience:
            raise ExecutorError(
                f"the Dask scheduler at {self._address} has had no worker for {self.patience:g} s",
                "start workers with `dask worker` and resume the run",
            )

    def failure(self, error: Exception) -> ExecutorError:
        """Returns what to tell about an exception of Dask's."""
        from distributed.scheduler import KilledWorker

        if isinstance(error, KilledWorker):
            times = error.allowed_failures + 1
            plugins = suspects()
            return ExecutorError(
                f"the task lost its worker {times} times; the last was "
                f"{error.last_worker.address} (a crash, a limit of time or of memory)",
                "the logs of the workers say more"
                + (f"; they ran what these declare: {plugins}" if plugins else ""),
            )
        if isinstance(error, CancelledError):
            told = f"lost the connection to the Dask scheduler at {self._address}"
        else:
            told = f"the Dask cluster at {self._address} failed: {_line(error)}"
        return ExecutorError(
            told, "resume the run when the cluster is back, or with another --executor"
        )

    def close(self, kill: bool = False) -> None:
        """Leaves the cluster, or ends it if it is our own."""
        for future in list(self._open):
            self._finish(future, kill)
        self._end()

    def _finish(self, future: DaskFuture, kill: bool) -> None:
        try:
            if kill:
                future.cancel()
            else:
                future.result()
        except Exception:
            return  # whoever wants the result has asked for it

    def _end(self) -> None:
        client = getattr(self, "_client", None)
        try:
            if client is not None:
                client.close(timeout=CONNECT_SECONDS)
            if self._cluster is not None:
                self._cluster.close(timeout=CONNECT_SECONDS)
        finally:
            for logger, level in self._levels.items():
                logger.setLevel(level)


def _answer_in_time(content: bytes, seconds: float | None) -> bytes:
    """Answers a request; ends the process, which is a worker of Dask, if it takes too long.

    The timer is one of compiled code, which runs beside code that holds the interpreter.
    """
    if seconds is None:
        return answer_elsewhere(content)
    with Path(os.devnull).open("w") as nowhere:
        faulthandler.dump_traceback_later(seconds, exit=True, file=nowhere)
        try:
            return answer_elsewhere(content)
        finally:
            faulthandler.cancel_dump_traceback_later()


def _line(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}".splitlines()[0].removesuffix(": ")


def _distributed() -> Any:
    try:
        import distributed
    except ImportError as error:
        raise EnvironmentMismatchError(
            "the executor 'dask' needs Dask, which is not installed", "pip install 'evosynth[dask]'"
        ) from error
    return distributed


def _silenced() -> dict[logging.Logger, int]:
    """Silences Dask, whose news reach the user as errors of ours; returns the levels before."""
    found = [logging.getLogger(name) for name in logging.root.manager.loggerDict]
    levels = {
        logger: logger.level
        for logger in found
        if logger.name.partition(".")[0] in LOGGERS and logger.level != logging.NOTSET
    }
    for logger in levels:
        logger.setLevel(logging.CRITICAL + 1)
    return levels


def _address(options: ExecutorOptions) -> str | None:
    """Returns the address of the scheduler that is asked for; None for one of our own.

    Raises:
        ExecutorError: The file of the scheduler is not there, or holds none.
    """
    if options.scheduler is not None or options.scheduler_file is None:
        return options.scheduler
    deadline = time.monotonic() + CONNECT_SECONDS
    while True:
        try:
            address = json.loads(Path(options.scheduler_file).read_text(encoding="utf-8"))[
                "address"
            ]
        except (OSError, ValueError, KeyError, TypeError) as error:
            # A scheduler that is starting may not have written it to the end.
            if time.monotonic() > deadline:
                raise ExecutorError(
                    f"no address of a Dask scheduler in '{options.scheduler_file}': {error}",
                    f"start one with `dask scheduler --scheduler-file {options.scheduler_file}`",
                ) from error
            time.sleep(0.1)
        else:
            return str(address)


def _client(distributed: Any, address: str) -> Any:
    try:
        return distributed.Client(address, timeout=CONNECT_SECONDS, set_as_default=False)
    except Exception as error:
        raise ExecutorError(
            f"cannot reach a Dask scheduler at {address}: {_line(error)}",
            "start one with `dask scheduler`, and workers with `dask worker`",
        ) from error


def _own_cluster(distributed: Any, options: ExecutorOptions) -> Any:
    try:
        return distributed.LocalCluster(
            processes=True,
            n_workers=options.workers,
            threads_per_worker=1,
            silence_logs=logging.CRITICAL + 1,
            preload=[PRELOAD],
            # A dashboard of None has a server all the same, at a port that may be taken.
            dashboard_address="127.0.0.1:0",
            scheduler_kwargs={"allowed_failures": ATTEMPTS - 1, "dashboard": False},
            **({} if options.task_memory is None else {"memory_limit": options.task_memory}),
        )
    except Exception as error:
        raise ExecutorError(
            f"no Dask cluster starts on this machine: {_line(error)}",
            'a script that runs evosynth on Dask needs `if __name__ == "__main__":`',
        ) from error


DASK = EXECUTORS.register(
    ExecutorKind("dask", "a Dask cluster: --scheduler, or one on this machine", DaskExecutor)
)
