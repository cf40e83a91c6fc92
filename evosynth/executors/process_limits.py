"""What a worker process asks of its system."""

from __future__ import annotations

import contextlib
import signal
import sys
from pathlib import Path

PR_SET_PDEATHSIG = 1


def die_with_parent() -> None:
    """Has the system kill this process when the thread that started it ends.

    For processes that run compiled code without a pause, in which no thread of Python sees
    that the parent has gone. On Linux only.
    """
    if sys.platform == "linux":
        import ctypes  # takes a while

        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, int(signal.SIGKILL))


def ignore_interrupts() -> None:
    """Leaves Ctrl-C to the parent, which decides what becomes of the task."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def volunteer_when_memory_ends() -> None:
    """Has the system kill this process rather than its parent when it is out of memory."""
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("500")


def limit_memory(size: int) -> None:
    """Lets allocations beyond a number of bytes fail, where the system can do that."""
    if sys.platform == "win32":
        return
    import resource

    hard = resource.getrlimit(resource.RLIMIT_DATA)[1]
    soft = size if hard == resource.RLIM_INFINITY else min(size, hard)
    resource.setrlimit(resource.RLIMIT_DATA, (soft, hard))
