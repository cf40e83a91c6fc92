"""Processors: how many may be used, and what gets in the way."""

from __future__ import annotations

import os
from collections.abc import Iterator

from evosynth.checkups.base import Check
from evosynth.checkups.control_group import cpu_limit

THREADS = ("NUMBA_NUM_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


def processors() -> Iterator[Check]:
    """Counts cores, and looks at limits and settings."""
    cores = usable_cores()
    found = f"{cores} of {os.cpu_count() or cores} cores usable by this process"
    limit = cpu_limit()
    if limit is not None and limit < cores:
        remedy = f"give runs --workers {max(1, int(limit))}"
        yield Check("processors", "warning", f"{found}, time of {limit:g} allowed", remedy)
    else:
        yield Check("processors", "ok", found)
    yield from _settings(cores)


def usable_cores() -> int:
    """Returns how many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):  # not on macOS and Windows
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _settings(cores: int) -> Iterator[Check]:
    told = {name: os.environ[name] for name in THREADS if os.environ.get(name)}
    wrong = [f"{k}={v}" for k, v in told.items() if not (v.isdigit() and 0 < int(v) <= cores)]
    if wrong:
        remedy = f"unset it, or set it to at most {cores}"
        yield Check("threads", "warning", f"{', '.join(wrong)} with {cores} cores", remedy)
    else:
        yield Check("threads", "ok", ", ".join(f"{k}={v}" for k, v in told.items()) or "not set")
    if os.environ.get("NUMBA_DISABLE_JIT", "0") != "0":
        found = "NUMBA_DISABLE_JIT is set: nothing is compiled, searches crawl"
        yield Check("compilation", "warning", found, "unset NUMBA_DISABLE_JIT")
