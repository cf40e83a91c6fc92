"""Runs that search for the program of a matrix."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dsl.cost import dense_count
from dsl.program import Program
from dsl.targets import Target, memory_limit, search_memory
from evosynth.block_library import BlockLibrary, store_blocks
from evosynth.cases.base import Outcome
from evosynth.ending import Ending
from evosynth.engine.breeding import Best, Breeding
from evosynth.engine.factor_breeding import FactorBreeding
from evosynth.engine.means import Means
from evosynth.engine.spec import Spec
from evosynth.engine.trial import Trial, factor_trial
from evosynth.matrix_result import check_exact, finish_matrix, matrix_front
from evosynth.runs import claims_of, write_document
from evosynth.settings import OF_MATRICES, Defaults


@dataclass(frozen=True, slots=True)
class MatrixCase:
    """A matrix to compute."""

    target: Target

    @property
    def title(self) -> str:
        """What people call the target."""
        return self.target.title

    @property
    def defaults(self) -> Defaults:
        """What a search does where the user says nothing."""
        return OF_MATRICES

    @property
    def best_known(self) -> int | None:
        """The lowest operation count known to us."""
        known = self.target.best_known
        return known.operations if known else None

    @property
    def most_threads(self) -> int:
        """How many threads the memory has room for."""
        return memory_limit() // search_memory(*self.target.matrix.shape)

    @property
    def is_parallel_inside(self) -> bool:
        """Threads share the genomes of a wide block."""
        return True

    @property
    def scale(self) -> str:
        """The operations of the matrix product, and the best known."""
        target, known = self.target, self.best_known
        dense = dense_count(target.matrix, target.domain == "complex").operations
        return f"matrix product {dense:,}" + (f", best known {known:,}" if known else "")

    def names(self) -> dict[str, Any]:
        """Returns name, size, kind of data and scaling."""
        target = self.target
        return {
            "name": target.name,
            "n": target.n,
            "input": target.domain,
            "scaling": target.scaling,
        }

    def check(self) -> None:
        """Checks that the search can tell the entries apart."""
        check_exact(self.target)

    def breeding(self, spec: Spec, means: Means, library: BlockLibrary | None) -> Breeding:
        """Returns the search."""
        return FactorBreeding(self.target, spec, library.forest if library else None)

    def trial(self, spec: Spec) -> Trial | None:
        """Returns genomes to time evaluators on."""
        return factor_trial(self.target, spec)

    def document(self, best: Best) -> str:
        """Returns the program file of a program."""
        assert isinstance(best, Program)
        return write_document(best, self.target, claims_of(best, self.target))

    def finish(self, breeding: Breeding, ending: Ending, pause: Callable[[], None]) -> Outcome:
        """Returns the cheapest exact program, proved."""
        assert isinstance(breeding, FactorBreeding)
        result = finish_matrix(self.target, breeding.archive, ending)
        document = write_document(result.best, self.target, result.claims)
        front = matrix_front(self.target, breeding.archive)
        return Outcome(result, result.claims.operations, document, front)

    def share(self, breeding: Breeding, folder: Path) -> None:
        """Adds the blocks of the cheapest island to a library."""
        assert isinstance(breeding, FactorBreeding)
        forest = min(breeding.forests, key=lambda forest: forest.costs[0])
        store_blocks(folder, forest, self.target.domain)
