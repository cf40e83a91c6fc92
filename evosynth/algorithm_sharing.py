"""Programs of algorithms as solved blocks, which searches for single sizes find."""

from __future__ import annotations

from pathlib import Path

from dsl.grammars.recursive.algorithm import Algorithm
from dsl.targets import make_target
from evosynth.block_library import store_programs

# Sizes whose programs are shared: with more points, reading the library takes long.
SMALLEST, LARGEST = 8, 32


def share_algorithm(folder: Path, algorithm: Algorithm) -> int:
    """Adds an algorithm's programs of 8 to 32 points to a library; returns how many are new.

    Raises:
        DataError: A file of the library is damaged.
        StorageError: The library cannot be read or written.
    """
    if not algorithm.family.is_linear:
        return 0
    sizes = [n for n in range(SMALLEST, LARGEST + 1) if algorithm.has_size(n)]
    targets = ((n, make_target(algorithm.name, n)) for n in sizes)
    return store_programs(folder, ((algorithm.program(n), found.matrix) for n, found in targets))
