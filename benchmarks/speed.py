"""Discovered programs as compiled code, beside the libraries that users would call."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator

import numpy as np

import evosynth as es
from dsl.targets import Target
from evosynth.benchmark import bench
from evosynth.benchmark.table import ratio

# Target, size, operations at which the search stops.
CASES = (("dft", 8, 56), ("dft", 16, 168), ("dft", 32, 456), ("dct2", 8, 42), ("wht", 16, 64))
BATCHES = (1_000, 100_000)
RIVALS = ("numpy.fft", "scipy.fft", "pyFFTW", "A @ X", "Numba", "C, batch last", "memory copy")


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
    """Prints the tables."""
    print("Time of a rival over that of the generated C, same batch; memory copy: its share")
    print(f"{'program':<14}{'ops':>5}{'':>9}{'batch':>9}" + "".join(f"{r:>15}" for r in RIVALS))
    with tempfile.TemporaryDirectory() as folder:
        for result in results(folder):
            assert result.folder is not None
            measured = bench(result.folder, BATCHES, cores=(1,))
            for precision in ("double", "single"):
                for batch in BATCHES:
                    where = {"precision": precision, "batch": batch, "cores": 1}
                    found = (ratio(measured.rows, rival, **where) for rival in RIVALS)
                    cells = "".join(f"{'' if r is None else f'{r:.2f}':>15}" for r in found)
                    print(
                        f"{result.best.name:<14}{result.claims.operations:>5}{precision:>9}"
                        f"{batch:>9,}{cells}"
                    )


if __name__ == "__main__":
    main()
