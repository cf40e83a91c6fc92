"""A worker process as its supervisor sees it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from contextlib import suppress
from typing import Any

from evosynth.executors.messages import packed, read_message, unpacked, write_message
from evosynth.executors.worker import OUT_OF_MEMORY

# Not `-m`, which looks for modules in the working directory first.
START = "import sys; sys.path[:] = sys.argv[1:]; from evosynth.executors.worker import main; main()"
# Where linear algebra and Numba look for the number of their threads.
THREAD_VARIABLES = (
    "MKL_NUM_THREADS",
    "NUMBA_NUM_THREADS",
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
)
# Of what a worker writes to standard error, so many last bytes are kept.
KEPT_BYTES = 1 << 16
# A worker that has not said that it is ready after this time is killed.
START_SECONDS = 300.0
# The same for one that has closed its pipes.
END_SECONDS = 5.0


class WorkerEnded(Exception):  # noqa: N818  # it is caught and told, never seen
    """A worker ended before it answered; the message says how.

    Attributes:
        last_words: A line of what it wrote to standard error.
    """

    def __init__(self, how: str, last_words: str = "") -> None:
        super().__init__(how)
        self.last_words = last_words


class WorkerProcess:
    """A worker process; the thread that starts one must live as long as it.

    Args:
        threads: How many threads a task may use.

    Raises:
        WorkerEnded: The system starts no process.
    """

    def __init__(self, threads: int) -> None:
        self._reason = ""
        self._errors = b""
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-c", START, *sys.path],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env=os.environ | dict.fromkeys(THREAD_VARIABLES, str(threads)),
                # A group of its own, which Ctrl-C in a terminal does not reach.
                process_group=0,
                creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),
            )
        except OSError as error:
            raise WorkerEnded(f"it could not be started: {error}") from error
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()

    @property
    def is_alive(self) -> bool:
        """Whether the process has not ended."""
        return self._process.poll() is None

    def greet(self, hello: dict[str, Any]) -> None:
        """Waits until the worker is ready.

        Args:
            hello: "packages" whose functions it may run, "memory" in bytes or None,
                "rehearsal": a request to prepare for, or None.

        Raises:
            WorkerEnded: It ended.
        """
        self.ask(hello, START_SECONDS)

    def ask(self, request: dict[str, Any], seconds: float | None) -> dict[str, Any]:
        """Returns the answer to a request.

        Args:
            request: What to do.
            seconds: The worker is killed if it takes longer.

        Raises:
            WorkerEnded: It ended before it answered.
        """
        pipes = self._process.stdin, self._process.stdout
        assert pipes[0] is not None
        assert pipes[1] is not None
        timer = self._timer(seconds)
        try:
            write_message(pipes[0], packed(request))  # type: ignore[arg-type]
            content = read_message(pipes[1])  # type: ignore[arg-type]
            if content is not None:
                return unpacked(content)
        except (OSError, ValueError):
            pass  # a broken pipe, or half an answer
        finally:
            if timer is not None:
                timer.cancel()
        self._wait()
        raise WorkerEnded(self._how_it_ended(), self._last_words())

    def kill(self, reason: str = "") -> None:
        """Ends the process at once, whatever it does."""
        self._reason = self._reason or reason
        self._process.kill()

    def close(self) -> None:
        """Waits for the process, which was killed or sees that nothing more will come."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with suppress(OSError):
            self._process.stdin.close()
        self._wait()
        self._process.stdout.close()
        self._listener.join(1.0)

    def _wait(self) -> None:
        """Waits for a process that should be ending."""
        try:
            self._process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()
            self._process.wait()

    def _timer(self, seconds: float | None) -> threading.Timer | None:
        if seconds is None:
            return None
        timer = threading.Timer(seconds, self.kill, [f"over {seconds:g} s"])
        timer.daemon = True
        timer.start()
        return timer

    def _listen(self) -> None:
        """Keeps the end of what the worker writes to standard error."""
        stream = self._process.stderr
        assert stream is not None
        with stream:
            while content := stream.read1(KEPT_BYTES):  # type: ignore[attr-defined]
                self._errors = (self._errors + content)[-KEPT_BYTES:]

    def _how_it_ended(self) -> str:
        code = self._process.returncode
        if self._reason:
            return self._reason
        if code == OUT_OF_MEMORY:
            return "out of memory"
        if code >= 0:
            return f"exit {code}"
        with suppress(ValueError):
            return f"signal {-code} ({signal.Signals(-code).name})"
        return f"signal {-code}"

    def _last_words(self) -> str:
        """Returns the line of standard error that tells most."""
        self._listener.join(1.0)
        lines = [line.strip() for line in self._errors.decode(errors="replace").splitlines()]
        fatal = [line for line in lines if line.startswith("Fatal Python error")]
        return next(iter(fatal or [line for line in reversed(lines) if line]), "")[:200]
