"""One search in a process of its own: `python -m benchmarks.record_run REQUEST`.

What `evosynth run --json` prints, and when the best was found.
"""

from __future__ import annotations

import json
import sys
from typing import Any

import evosynth as es
from evosynth.engine.driver import Snapshot


def search(request: dict[str, Any], folder: str) -> dict[str, Any]:
    """Runs a search.

    Args:
        request: target, n, scaling, seed, time and workers.
        folder: Where the run folder is made.

    Returns:
        The result as plain data, with "best_seconds", from the start of the search. What is
        found after its last epoch, by refinement, is found at its end.
    """
    steps: list[tuple[int, float]] = []

    def watch(snapshot: Snapshot) -> None:
        if snapshot.operations is not None and (not steps or snapshot.operations < steps[-1][0]):
            steps.append((snapshot.operations, snapshot.seconds))

    result = es.run(**request, out=folder, report=watch)
    best = result.claims.operations
    reached = next((seconds for count, seconds in steps if count <= best), result.seconds)
    return result.to_dict() | {"best_seconds": round(reached, 3)}


if __name__ == "__main__":
    given = json.loads(sys.argv[1])
    print(json.dumps(search(given["request"], given["folder"])))
