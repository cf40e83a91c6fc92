"""Discovered programs as compiled code, beside the libraries that users would call."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator

import numpy as np

import evosynth as es
from dsl.targets import Target
from evosynth.benchmark import PRECISIONS, bench
from evosynth.benchmark.table import ratio

# Target, size, operations at which the search stops.
CASES = (("dft", 8, 56), ("dft", 16, 168), ("dft", 32, 456), ("dct2", 8, 42), ("wht", 16, 64))
BATCHES = (1_000, 100_000)
ROWS, BLOCKS = "C", "C, batch last"
# Whose time is divided by whose.
RATIOS = (
    ("scipy.fft", ROWS),
    ("pyFFTW", ROWS),
    ("pyFFTW", BLOCKS),
    ("A @ X", ROWS),
    ("Numba", ROWS),
    ("memory copy", ROWS),
    ("memory copy", BLOCKS),
)


def structured(n: int = 24, stages: int = 4) -> Target:
    """Returns a product of random butterflies on random pairs: a matrix that no library has."""
    rng = np.random.default_rng(1)
    matrix = np.eye(n)
    for _ in range(stages):
        stage = np.zeros((n, n))
        for i, j in rng.permutation(n).reshape(-1, 2):
            c = rng.uniform(0.5, 2)
            stage[i, [i, j]], stage[j, [i, j]] = (1, c), (1, -c)
        matrix = stage @ matrix
    return Target("structured", n, matrix, "real")


def results(folder: str) -> Iterator[es.Result]:
    """Searches for the programs."""
    for name, n, goal in CASES:
        yield es.run(name, n, seed=1, goal=goal, out=folder)
    yield es.run(structured(), seed=1, time=20, out=folder)


def main() -> None:
    """Prints the table."""
    print("Time of a rival over that of the generated C; of vectors one after the other, or in")
    print("blocks of vectors side by side; one core, a batch in the cache and one beyond it")
    print("| program | operations | precision | batch | " + " | ".join(map(_head, RATIOS)) + " |")
    print("|" + "---|" * (4 + len(RATIOS)))
    with tempfile.TemporaryDirectory() as folder:
        for result in results(folder):
            assert result.folder is not None
            measured = bench(result.folder, BATCHES, cores=(1,))
            for precision in PRECISIONS:
                for batch in BATCHES:
                    where = {"precision": precision, "batch": batch, "cores": 1}
                    found = (ratio(measured.rows, *pair, **where) for pair in RATIOS)
                    cells = " | ".join("" if r is None else f"{r:.2f}" for r in found)
                    name, count = result.best.name, result.claims.operations
                    print(f"| {name} | {count} | {precision} | {batch:,} | {cells} |", flush=True)


def _head(pair: tuple[str, str]) -> str:
    rival, reference = pair
    return f"{rival}, blocks" if reference == BLOCKS else rival


if __name__ == "__main__":
    main()
