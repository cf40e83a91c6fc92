"""The process that measures: one precision, one number of cores.

A process of its own, because threads of linear algebra libraries are set before they are
imported, and because a crash of compiled code must not take the user's session with it.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from dsl.accuracy import relative_error
from evosynth.benchmark.compiled import aligned, in_threads, own_contestants
from evosynth.benchmark.rivals import Contestant, library_rivals
from evosynth.benchmark.timing import time_in_turns
from evosynth.runs import read_document

Array = npt.NDArray[Any]
KINDS = {
    ("real", "single"): np.float32,
    ("real", "double"): np.float64,
    ("complex", "single"): np.complex64,
    ("complex", "double"): np.complex128,
}


def rows_for(request: dict[str, Any], count: int, pool: Executor) -> list[dict[str, Any]]:
    """Measures one size of batch; returns a row per contestant."""
    document = read_document(Path(request["program"]))
    program, cores, precision = document.program, request["cores"], request["precision"]
    kind = KINDS[program.domain, precision]
    rng = np.random.default_rng(0)
    x = aligned((count, program.inputs), kind)
    parts = x.view(x.real.dtype)
    parts[:] = rng.standard_normal(parts.shape)
    matrix = program.matrix().astype(kind)
    folder = Path(request["folder"])
    contestants = [
        *own_contestants(folder, request["function"], x, len(matrix), cores, pool),
        *library_rivals(request["transform"], x, cores),
        _product(matrix, x),
        _copy(x.nbytes + count * len(matrix) * x.itemsize, cores, pool),
    ]
    timings = time_in_turns([contestant.run for contestant in contestants])
    expected = x[:64] @ matrix.T
    return [
        {
            "contestant": contestant.name,
            "batch": count,
            "precision": precision,
            "cores": cores,
            "seconds": timing.least,
            "median_seconds": timing.median,
            "error": _error(contestant, expected),
        }
        for contestant, timing in zip(contestants, timings, strict=True)
    ]


def _error(contestant: Contestant, expected: Array) -> float | None:
    if contestant.result is None:
        return None
    return relative_error(contestant.result()[: len(expected)], expected)


def _product(matrix: Array, x: Array) -> Contestant:
    y = aligned((len(x), len(matrix)), x.dtype)
    transposed = np.ascontiguousarray(matrix.T)
    return Contestant("A @ X", lambda: np.matmul(x, transposed, out=y), lambda: y)


def _copy(size: int, cores: int, pool: Executor) -> Contestant:
    """Returns a copy that reads and writes as many bytes as a transform must."""
    source, destination = (aligned((size // 2,), np.uint8) for _ in range(2))

    def copy(x: Array, y: Array) -> Callable[[], object]:
        return lambda: np.copyto(y, x)

    return Contestant("memory copy", in_threads(copy, source, destination, cores, pool), None)


def main() -> None:
    """Takes a request as JSON; writes one line of JSON per batch."""
    request = json.loads(sys.argv[1])
    cores = request["cores"]
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:cores])
    with ThreadPoolExecutor(cores) as pool:
        for count in request["batches"]:
            print(json.dumps(rows_for(request, count, pool)), flush=True)


if __name__ == "__main__":
    main()
