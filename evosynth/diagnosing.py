"""The doctor: looks at everything that a search needs, and says what to do about the rest."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from functools import partial
from html import escape
from pathlib import Path
from typing import Any

from dsl.errors import EnvironmentMismatchError
from evosynth import checkups
from evosynth.checkups import Check, Status, checked

RUNS = "evosynth-runs"


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """What the doctor found.

    Attributes:
        checks: All that was looked at.
    """

    checks: tuple[Check, ...]

    @property
    def status(self) -> Status:
        """The worst of all."""
        found = {check.status for check in self.checks}
        return "failed" if "failed" in found else "warning" if "warning" in found else "ok"

    @property
    def exit_code(self) -> int:
        """0 if nothing failed, 78 if the environment does not fit, 69 if only a scheduler did."""
        codes = [check.exit_code for check in self.checks if check.status == "failed"]
        own = EnvironmentMismatchError.exit_code
        return own if own in codes else min(codes, default=0)

    def to_dict(self) -> dict[str, Any]:
        """Returns plain data."""
        return {"status": self.status, "checks": [asdict(check) for check in self.checks]}

    def __str__(self) -> str:
        width = max((len(check.name) for check in self.checks), default=0)
        lines = []
        for check in self.checks:
            lines.append(f"{check.status:<9}{check.name:<{width}}  {check.found}")
            if check.remedy:
                lines.append(f"{'':<{9 + width}}  -> {check.remedy}")
        counts = {s: sum(c.status == s for c in self.checks) for s in ("warning", "failed")}
        told = [f"{n} {s}{'s' * (s == 'warning' and n > 1)}" for s, n in counts.items() if n]
        return "\n".join([*lines, "", f"{len(self.checks)} checks: {', '.join(told) or 'all ok'}"])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><td>{check.status}</td><th style='text-align: left'>{escape(check.name)}</th>"
            f"<td style='text-align: left'>{escape(check.found)}"
            f"{'<br>' if check.remedy else ''}{escape(check.remedy)}</td></tr>"
            for check in self.checks
        )
        return f"<table>{rows}</table>"


def doctor(
    *,
    out: str | os.PathLike[str] = RUNS,
    scheduler: str | None = None,
    scheduler_file: str | os.PathLike[str] | None = None,
) -> Diagnosis:
    """Looks at versions, processors, memory, compiled kernels, disk, optional packages, plug-ins.

    Nothing is changed: what is written to try the disk is removed again.

    Args:
        out: The folder that runs will be written to.
        scheduler: Address of a Dask scheduler to look at too.
        scheduler_file: The file in which one wrote its address.
    """
    file = None if scheduler_file is None else os.fspath(scheduler_file)
    looks: dict[str, Callable[[], Iterable[Check]]] = {
        "versions": checkups.versions,
        "own packages": checkups.own_packages,
        "processors": checkups.processors,
        "memory": checkups.memory,
        "kernels": checkups.kernels,
        "disk": partial(checkups.run_disk, Path(out)),
        "C compiler": checkups.c_compiler,
        "extras": checkups.extras,
        "plug-ins": checkups.plugins,
        "torch": checkups.torch_device,
        "Dask": partial(checkups.dask_cluster, scheduler, file),
    }
    # Some wait for processes of their own.
    with ThreadPoolExecutor(len(looks)) as pool:
        found = list(pool.map(checked, looks, looks.values()))
    return Diagnosis(tuple(check for checks in found for check in checks))
