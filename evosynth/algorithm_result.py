"""What a run found for every size of a transform: an algorithm that calls itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import numpy as np

from dsl.algorithm_formats import json_format, render_algorithm
from dsl.cost import Count, dense_count
from dsl.display import html_table
from dsl.errors import DataError
from dsl.grammars.recursive.algorithm import Algorithm
from dsl.grammars.recursive.families import matrix_in
from dsl.grammars.recursive.recursive_target import RecursiveTarget
from dsl.targets import make_target
from dsl.targets.known import Known, best_known
from dsl.vectors.fields import DOUBLES
from evosynth.algorithm_verification import AlgorithmVerification, verify_algorithm
from evosynth.ending import Ending
from evosynth.growth import Growth
from evosynth.refinement import refine
from evosynth.runs import AlgorithmClaims
from fitness.proof import prove

# Sizes of the table of operations; at larger ones the matrix product is not counted.
SMALLEST_SHOWN, LARGEST_SHOWN, LARGEST_DENSE = 8, 1024, 256
MOST_SHOWN = 12
# The largest size at which the operations that scales save are found: it takes some seconds.
LARGEST_REFINED = 64
REFINING_ROUNDS = 1


@runtime_checkable
class AlgorithmBreeding(Protocol):
    """What is needed of a search for algorithms."""

    @property
    def algorithm(self) -> Algorithm | None:
        """The best algorithm so far."""
        ...

    @property
    def found_at(self) -> float | None:
        """Seconds of the search until the first correct one."""
        ...


@dataclass(frozen=True, slots=True)
class SizeCount:
    """Operations at one size.

    Attributes:
        n: The size.
        operations: Of the algorithm.
        dense: Of the matrix product; None if it is not linear, or large.
        known: The lowest count known to us.
    """

    n: int
    operations: int
    dense: int | None
    known: Known | None


@dataclass(frozen=True, slots=True)
class Refined:
    """What scaling the intermediate values of one size's program gains.

    Attributes:
        n: The size.
        before: Operations of the algorithm.
        after: Operations of the program after it.
        verdict: How exactly that program computes the transform.
    """

    n: int
    before: int
    after: int
    verdict: str


@dataclass(frozen=True, slots=True)
class AlgorithmResult:
    """What a run found.

    Attributes:
        target: What was asked for.
        seed: With which the same run can be repeated.
        best: The algorithm; call it on arrays of shape (..., n).
        verification: What is true of it, at sizes that the search has not seen.
        table: Operations at sizes from 8 to 1,024.
        refined: What scaled values gain at one size; None if that was left out.
        found_at: Seconds until the first correct algorithm.
        evaluations: Rules evaluated.
        seconds: Wall-clock time, from the start of the search to the finished algorithm.
        stopped_by: "goal", "evaluations", "time", "patience" or "interrupt".
        folder: Where the run is stored, if it is.
        logbook: DEAP's logbook, one record per epoch and island.
        notices: What went wrong without harm to the result.
    """

    target: RecursiveTarget
    seed: int
    best: Algorithm
    verification: AlgorithmVerification
    table: tuple[SizeCount, ...]
    refined: Refined | None
    found_at: float | None
    evaluations: int
    seconds: float
    stopped_by: str
    folder: Path | None
    logbook: Any
    notices: tuple[str, ...] = ()

    @property
    def claims(self) -> AlgorithmClaims:
        """What its file says of it."""
        return self.verification.found

    @property
    def compared_size(self) -> int:
        """The size at which operations were compared while searching.

        That of the target, or what the search took in its place where no rule does that one.
        """
        wanted = self.target.compared_size
        for n in (wanted, wanted * min(self.target.radices)):
            if self.best.has_size(n):
                return n
        sizes = self.best.sizes
        return max((n for n in sizes if n <= wanted), default=sizes[-1])

    @property
    def missing_radices(self) -> tuple[int, ...]:
        """Those asked for that divide no size of the algorithm: no rule was found for them."""
        sizes = self.best.sizes
        return tuple(p for p in self.target.radices if all(n % p for n in sizes))

    @property
    def count(self) -> Count:
        """Operations at the size that was compared while searching."""
        return self.best.operations(self.compared_size)

    @property
    def operations(self) -> int:
        """All operations at the size that was compared while searching."""
        return self.count.operations

    @property
    def growth(self) -> Growth | None:
        """How operations grow with the size."""
        return self.verification.growth

    @property
    def is_verified(self) -> bool:
        """It computes the transform at every size that was looked at."""
        return self.verification.is_verified

    def text(self) -> str:
        """Returns the algorithm as pseudo-code."""
        return render_algorithm(self.best, "text")

    def __repr__(self) -> str:
        state = "verified" if self.is_verified else "NOT verified"
        growth = self.growth.text if self.growth else f"{self.operations:,}"
        return (
            f"<AlgorithmResult {self.target.title}: {growth} real operations, {state}, "
            f"seed {self.seed}>"
        )

    def _repr_html_(self) -> str:
        """Returns the result as notebooks show it: a table of `to_dict`."""
        return html_table(self.to_dict())

    def to_dict(self) -> dict[str, Any]:
        """Returns the result as plain data, as `evosynth run --json` prints it."""
        verification, growth = self.verification, self.growth
        return {
            "target": self.target.name,
            "recursive": True,
            "radices": list(self.target.radices),
            "calls": None if self.target.calls is None else list(self.target.calls),
            "input": self.target.domain,
            "seed": self.seed,
            "sizes": self.best.sizes_text,
            "missing_radices": list(self.missing_radices),
            "compared_size": self.compared_size,
            "operations": {str(n): count for n, count in self.claims.operations.items()},
            "dense_operations": {str(row.n): row.dense for row in self.table if row.dense},
            "best_known": {str(row.n): row.known.operations for row in self.table if row.known},
            "growth": growth.text if growth else None,
            "growth_is_exact": growth.is_exact if growth else None,
            "quasilinear": growth.is_quasilinear if growth else None,
            "verified": self.is_verified,
            "verified_up_to": verification.verified_up_to,
            "proved_up_to": verification.proved_up_to,
            "error": verification.error if np.isfinite(verification.error) else None,
            "problems": verification.problems,
            "refined": asdict(self.refined) if self.refined else None,
            "found_at": None if self.found_at is None else round(self.found_at, 3),
            "evaluations": self.evaluations,
            "seconds": round(self.seconds, 3),
            "stopped_by": self.stopped_by,
            "run": str(self.folder) if self.folder else None,
        }

    def front(self) -> list[dict[str, Any]]:
        """Returns the one algorithm as plain data: no other beats it."""
        return [{"operations": self.operations, "algorithm": json_format.to_data(self.best)}]


def finish_algorithm(
    target: RecursiveTarget,
    breeding: AlgorithmBreeding,
    ending: Ending,
    pause: Callable[[], None] = lambda: None,
) -> AlgorithmResult:
    """Returns what a search found, verified at sizes that it has not seen.

    Args:
        target: What was asked for.
        breeding: The search.
        ending: How it ended.
        pause: Called now and then; an interrupt leaves out what takes long.

    Raises:
        DataError: No algorithm was right.
    """
    algorithm = breeding.algorithm
    if algorithm is None:
        raise DataError(
            f"no algorithm for {target.title} was found in {ending.evaluations:,} evaluations",
            "give it more --time or another --seed, another --radix, or other --calls",
        )
    verification = verify_algorithm(algorithm)
    refined = None
    if verification.is_verified and ending.stopped_by != "interrupt":
        try:
            refined = refined_at(algorithm, ending.seed, pause)
        except KeyboardInterrupt:
            refined = None
    return AlgorithmResult(
        target,
        ending.seed,
        algorithm,
        verification,
        table_of(algorithm),
        refined,
        breeding.found_at,
        ending.evaluations,
        ending.seconds(),
        ending.stopped_by,
        ending.folder,
        ending.logbook,
    )


def table_of(algorithm: Algorithm) -> tuple[SizeCount, ...]:
    """Returns operations at sizes from 8 to 1,024, a dozen at most."""
    sizes = [n for n in range(SMALLEST_SHOWN, LARGEST_SHOWN + 1) if algorithm.has_size(n)]
    step = -(-len(sizes) // MOST_SHOWN) if sizes else 1
    shown = sizes[::-1][::step][::-1]
    name = algorithm.name
    return tuple(
        SizeCount(n, algorithm.operations(n).operations, _dense(algorithm, n), best_known(name, n))
        for n in shown
    )


def _dense(algorithm: Algorithm, n: int) -> int | None:
    """Returns the operations of the matrix product."""
    family = algorithm.family
    if not family.is_linear or n > LARGEST_DENSE:
        return None
    return dense_count(matrix_in(family.name, n, DOUBLES), family.domain == "complex").operations


def refined_at(
    algorithm: Algorithm, seed: int, pause: Callable[[], None] = lambda: None
) -> Refined | None:
    """Returns what scaled values gain at the largest size up to 64; None if that is nothing."""
    sizes = [n for n in range(2, LARGEST_REFINED + 1) if algorithm.has_size(n)]
    if not sizes or not algorithm.family.is_linear:
        return None
    n = max(sizes)
    given = algorithm.program(n)
    rng = np.random.default_rng(seed)
    better = refine(given, rng=rng, rounds=REFINING_ROUNDS, pause=pause)
    proof = prove(better, make_target(algorithm.name, n))
    before, after = given.count.operations, better.count.operations
    return Refined(n, before, after, proof.verdict) if proof.verdict and after < before else None
