"""With what an epoch works. Its result does not depend on it."""

from __future__ import annotations

from dataclasses import dataclass, replace

COMPILED = "numba"


@dataclass(frozen=True, slots=True)
class Means:
    """Where and with what genomes are scored; as plain data it travels to workers.

    Attributes:
        threads: Of the CPU that may be used.
        evaluator: Name of the evaluator.
        device: On which the evaluator works, if it has a choice: "auto", "cpu", "cuda:0".
    """

    threads: int = 1
    evaluator: str = COMPILED
    device: str = "auto"

    def with_threads(self, threads: int) -> Means:
        """Returns the same with another number of threads."""
        return replace(self, threads=threads)


ONE_THREAD = Means()
