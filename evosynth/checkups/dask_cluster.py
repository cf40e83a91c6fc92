"""Dask: is a scheduler there, and do its workers have what we have?"""

from __future__ import annotations

import platform
from collections import Counter
from collections.abc import Iterator
from typing import Any

from dsl.errors import ExecutorError
from evosynth.checkups.base import Check
from evosynth.checkups.in_process import NoAnswerError, answer_of
from evosynth.checkups.requirements import installed

# To connect, and for everything.
CONNECT_SECONDS, SECONDS = 8, 30.0
# Versions that results depend on must be the same everywhere.
SAME = ("evosynth", "numpy")
CODE = """
import json, logging, sys
logging.disable(logging.CRITICAL)
address, file, seconds, *packages = sys.argv[1:]
from distributed import Client

def versions(packages):
    import platform
    from importlib.metadata import PackageNotFoundError, version
    found = {"Python": platform.python_version()}
    for name in packages:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = None
    return found

where = {"scheduler_file": file} if file else {"address": address}
with Client(**where, timeout=int(seconds), set_as_default=False) as client:
    print(json.dumps(client.run(versions, packages)))
"""


def dask_cluster(scheduler: str | None = None, scheduler_file: str | None = None) -> list[Check]:
    """Asks a scheduler for its workers, if one is named."""
    version = installed("distributed")
    how = "pip install 'evosynth[dask]'"
    if scheduler is None and scheduler_file is None:
        return [Check("Dask", "ok", version or f"not installed; {how}")]
    if version is None:
        return [Check("Dask", "failed", "not installed, but a scheduler was named", how)]
    name = scheduler or f"scheduler file '{scheduler_file}'"
    given = (scheduler or "", scheduler_file or "", str(CONNECT_SECONDS), *SAME)
    try:
        found = answer_of(CODE, *given, seconds=SECONDS)
    except NoAnswerError as error:
        return [
            Check("Dask", "ok", version),
            Check(
                "Dask scheduler",
                "failed",
                f"{name} is not reachable: {error}",
                "start it with `dask scheduler`, and check its address and port",
                ExecutorError.exit_code,
            ),
        ]
    return [Check("Dask", "ok", version), *_workers(name, found)]


def _workers(name: str, found: dict[str, dict[str, Any]]) -> Iterator[Check]:
    count = f"{name}: {len(found)} worker{'' if len(found) == 1 else 's'}"
    if not found:
        yield Check("Dask scheduler", "warning", count, f"dask worker {name}")
        return
    yield Check("Dask scheduler", "ok", count)
    own = {"Python": platform.python_version()} | {each: installed(each) for each in SAME}
    for package, version in own.items():
        others = Counter(str(each[package]) for each in found.values() if each[package] != version)
        told = ", ".join(f"{other} on {n}" for other, n in others.items())
        if others:
            remedy = f"install {package} {version} on all workers"
            yield Check(f"workers' {package}", "failed", f"{told}, here {version}", remedy)
        else:
            yield Check(f"workers' {package}", "ok", f"{version} on all")
