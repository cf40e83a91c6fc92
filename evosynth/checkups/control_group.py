"""Limits that a container or a batch system sets: control groups of Linux."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path, PurePosixPath

ROOT = Path("/sys/fs/cgroup")
OWN = Path("/proc/self/cgroup")


def cpu_limit(root: Path = ROOT, own: Path = OWN) -> float | None:
    """Returns how many processors' time this process may use; None if there is no limit."""
    limits = []
    for folder in _folders(root, own, "cpu"):
        quota, _, period = _text(folder / "cpu.max").partition(" ")
        if not quota:
            quota = _text(folder / "cpu.cfs_quota_us")
            period = _text(folder / "cpu.cfs_period_us")
        if quota.isdigit() and period.isdigit() and int(period):
            limits.append(int(quota) / int(period))
    return min(limits, default=None)


def memory_limit(root: Path = ROOT, own: Path = OWN) -> int | None:
    """Returns how many bytes this process and its siblings may use; None if no limit is set."""
    limits = []
    for folder in _folders(root, own, "memory"):
        text = _text(folder / "memory.max") or _text(folder / "memory.limit_in_bytes")
        if text.isdigit() and int(text) < 1 << 60:  # larger ones stand for no limit
            limits.append(int(text))
    return min(limits, default=None)


def _folders(root: Path, own: Path, controller: str) -> Iterator[Path]:
    """Yields the folders of this process's groups, up to the root, of either version."""
    for line in _text(own).splitlines():
        _, _, rest = line.partition(":")
        controllers, _, name = rest.partition(":")
        if controllers and controller not in controllers.split(","):
            continue
        base = root / controller if controllers else root
        path = PurePosixPath(name.lstrip("/"))
        yield from (base / part for part in (path, *path.parents))


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8").strip()
    except (OSError, ValueError):
        return ""
