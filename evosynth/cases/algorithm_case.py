"""Runs that search for an algorithm for every size of a transform."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dsl.grammars.recursive.algorithm import Algorithm
from dsl.grammars.recursive.recursive_target import RecursiveTarget
from evosynth.algorithm_result import AlgorithmBreeding, finish_algorithm
from evosynth.algorithm_sharing import share_algorithm
from evosynth.block_library import BlockLibrary
from evosynth.cases.base import Outcome
from evosynth.ending import Ending
from evosynth.engine.breeding import Best, Breeding
from evosynth.engine.means import Means
from evosynth.engine.spec import Spec
from evosynth.runs import AlgorithmClaims, counts_of, write_algorithm_document
from evosynth.settings import OF_ALGORITHMS, Defaults


@dataclass(frozen=True, slots=True)
class AlgorithmCase:
    """A transform of every size."""

    target: RecursiveTarget

    @property
    def title(self) -> str:
        """What people call the target."""
        return self.target.title

    @property
    def defaults(self) -> Defaults:
        """What a search does where the user says nothing."""
        return OF_ALGORITHMS

    @property
    def best_known(self) -> int | None:
        """The lowest operation count known to us at the size that is compared."""
        known = self.target.best_known
        return known.operations if known else None

    @property
    def most_threads(self) -> None:
        """Rules are small."""
        return None

    @property
    def is_parallel_inside(self) -> bool:
        """Genomes are bred one after the other."""
        return False

    @property
    def scale(self) -> str:
        """The size at which operations are compared, and what is known of it."""
        known = self.best_known
        return f"operations at n = {self.target.compared_size}" + (
            f", best known {known:,}" if known else ""
        )

    def names(self) -> dict[str, Any]:
        """Returns what was asked for."""
        target = self.target
        return {
            "name": target.name,
            "recursive": True,
            "radices": target.radices,
            "calls": target.calls,
        }

    def check(self) -> None:
        """Checks nothing: families were checked when they were named."""

    def breeding(self, spec: Spec, means: Means, library: BlockLibrary | None) -> Breeding:
        """Returns the search."""
        # Numba: half a second to import.
        from evosynth.engine.recursive.recursive_breeding import RecursiveBreeding

        return RecursiveBreeding(self.target, spec)

    def trial(self, spec: Spec) -> None:
        """Nothing: rules are scored by compiled code of their own."""

    def document(self, best: Best) -> str:
        """Returns the file of an algorithm, of which only operations are claimed yet."""
        assert isinstance(best, Algorithm)
        claims = AlgorithmClaims(counts_of(best))
        return write_algorithm_document(best, self.target, claims)

    def finish(self, breeding: Breeding, ending: Ending, pause: Callable[[], None]) -> Outcome:
        """Returns the algorithm, verified at sizes that the search has not seen."""
        assert isinstance(breeding, AlgorithmBreeding)
        result = finish_algorithm(self.target, breeding, ending, pause)
        document = write_algorithm_document(result.best, self.target, result.claims)
        return Outcome(result, result.operations, document, result.front())

    def share(self, breeding: Breeding, folder: Path) -> None:
        """Adds the algorithm's programs of some sizes to a library."""
        assert isinstance(breeding, AlgorithmBreeding)
        if breeding.algorithm is not None:
            share_algorithm(folder, breeding.algorithm)
