"""Memory: how much there is, and how much of it may be used."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator

from evosynth.checkups import control_group
from evosynth.checkups.base import Check

GIB = 1 << 30
# A search for n = 64 with its packages takes about a third of that.
LITTLE = 1 * GIB


def memory() -> Iterator[Check]:
    """Looks at physical memory and at limits of the process and its group."""
    total = _physical()
    limits = [(limit, what) for limit, what in _limits() if total is None or limit < total]
    found = "size unknown" if total is None else f"{total / GIB:.1f} GiB"
    limit, what = min(limits, default=(None, ""))
    if limit is not None:
        found += f", {what} {limit / GIB:.1f} GiB"
    usable = limit if limit is not None else total
    if usable is not None and usable < LITTLE:
        yield Check("memory", "warning", found, "give it 1 GiB or more, or choose small sizes")
    elif limit is not None:
        remedy = "large sizes are admitted by physical memory: keep well below the limit"
        yield Check("memory", "warning", found, remedy)
    else:
        yield Check("memory", "ok", found)


def _physical() -> int | None:
    try:
        size = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, OSError, ValueError):  # not a POSIX system
        return None
    return size if size > 0 else None


def _limits() -> Iterator[tuple[int, str]]:
    group = control_group.memory_limit()
    if group is not None:
        yield group, "its control group allows"
    if sys.platform != "win32":
        import resource

        for kind, name in ((resource.RLIMIT_AS, "ulimit -v"), (resource.RLIMIT_DATA, "ulimit -d")):
            limit, _ = resource.getrlimit(kind)
            if limit != resource.RLIM_INFINITY:
                yield limit, f"`{name}` allows"
