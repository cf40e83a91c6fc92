"""Any executor of `concurrent.futures` that a user has."""

from __future__ import annotations

import concurrent.futures
from collections.abc import Callable, Sequence
from weakref import WeakSet

from dsl.errors import ExecutorError
from evosynth.executors.answering import (
    PACKAGES,
    answer_elsewhere,
    request_elsewhere,
    request_for,
    text_of,
)
from evosynth.executors.messages import unpacked


class AnsweredFuture:
    """A future of an answer."""

    def __init__(self, answer: concurrent.futures.Future[bytes]) -> None:
        self._answer = answer

    def result(self, timeout: float | None = None) -> str:
        """Returns the text of the task.

        Raises:
            ExecutorError: The executor broke, or cancelled the task.
        """
        try:
            reply = self._answer.result(timeout)
        except Exception as error:
            if isinstance(error, TimeoutError) and not self._answer.done():
                raise
            raise _broken(error) from error
        return text_of(unpacked(reply))

    def done(self) -> bool:
        """Says whether it has run."""
        return self._answer.done()

    def cancel(self) -> bool:
        """Gives the task up if it has not begun."""
        return self._answer.cancel()


class FuturesExecutor:
    """An executor that a user handed in, and closes.

    Args:
        executor: With `submit`, such as a ProcessPoolExecutor or an MPIPoolExecutor.
        packages: Whose functions may be run.
    """

    name = "futures"
    threads = 1

    def __init__(
        self, executor: concurrent.futures.Executor, packages: Sequence[str] = PACKAGES
    ) -> None:
        self._executor = executor
        self._packages = packages
        self._open: WeakSet[AnsweredFuture] = WeakSet()

    def submit(self, function: Callable[..., str], *arguments: str | int) -> AnsweredFuture:
        """Returns the future of `function(*arguments)`.

        Raises:
            ExecutorError: The executor is broken or was shut down.
        """
        request = request_elsewhere(request_for(function, arguments, self._packages))
        try:
            future = AnsweredFuture(self._executor.submit(answer_elsewhere, request))
        except Exception as error:
            raise _broken(error) from error
        self._open.add(future)
        return future

    def worker_count(self) -> int:
        """Returns how many tasks run at the same time, as far as the executor tells."""
        count = getattr(self._executor, "_max_workers", 1)
        return count if isinstance(count, int) else 1

    def close(self, kill: bool = False) -> None:
        """Leaves the executor to its owner; with `kill`, tasks that wait are given up."""
        for future in list(self._open) if kill else ():
            future.cancel()


def _broken(error: Exception) -> ExecutorError:
    told = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    return ExecutorError(
        f"the executor that was handed in failed: {told}",
        "resume the run with another one; a pool whose process died cannot be used again",
    )
