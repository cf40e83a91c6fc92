"""Runs that search for approximate programs of a matrix."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from dsl.program import Program
from dsl.targets.approximate_target import ApproximateTarget
from evosynth.approximate_result import (
    finish_approximate,
    front_data,
    write_approximate_document,
)
from evosynth.block_library import BlockLibrary
from evosynth.cases.base import Outcome
from evosynth.cases.matrix_case import MatrixCase
from evosynth.ending import Ending
from evosynth.engine.approximate.approximate_breeding import ApproximateBreeding
from evosynth.engine.breeding import Best, Breeding
from evosynth.engine.means import Means
from evosynth.engine.spec import Spec
from evosynth.engine.trial import Trial
from evosynth.settings import OF_APPROXIMATIONS, Defaults

# Of wider matrices a turn takes longer, and an epoch has as many as that of an exact run.
WIDE = 16


@dataclass(frozen=True, slots=True)
class ApproximateCase:
    """A matrix to compute nearly."""

    target: ApproximateTarget

    @property
    def title(self) -> str:
        """What people call the target."""
        return self.target.title

    @property
    def defaults(self) -> Defaults:
        """What a search does where the user says nothing."""
        if max(self.target.target.matrix.shape) <= WIDE:
            return OF_APPROXIMATIONS
        return replace(OF_APPROXIMATIONS, turns=self._exact.defaults.turns)

    @property
    def best_known(self) -> int | None:
        """None: what is known counts exact programs."""
        return None

    @property
    def most_threads(self) -> int | None:
        """How many threads the memory has room for."""
        return self._exact.most_threads

    @property
    def is_parallel_inside(self) -> bool:
        """Threads share the genomes of a wide block while exact programs are searched."""
        return True

    @property
    def scale(self) -> str:
        """What is asked for, and the operations of the matrix product."""
        return f"{self.target.approximation}; {self._exact.scale}"

    @property
    def _exact(self) -> MatrixCase:
        return MatrixCase(self.target.target)

    def names(self) -> dict[str, Any]:
        """Returns what an exact run says of its target."""
        return self._exact.names()

    def check(self) -> None:
        """Checks that the search can tell the entries apart."""
        self._exact.check()

    def breeding(self, spec: Spec, means: Means, library: BlockLibrary | None) -> Breeding:
        """Returns the search."""
        return ApproximateBreeding(self.target, spec, library.forest if library else None)

    def trial(self, spec: Spec) -> Trial | None:
        """Returns genomes to time evaluators on: exact programs come first."""
        return self._exact.trial(spec)

    def document(self, best: Best) -> str:
        """Returns the program file of a program."""
        assert isinstance(best, Program)
        return write_approximate_document(best, self.target)

    def finish(self, breeding: Breeding, ending: Ending, pause: Callable[[], None]) -> Outcome:
        """Returns the front and the cheapest program within the tolerance."""
        assert isinstance(breeding, ApproximateBreeding)
        points = breeding.points()
        result = finish_approximate(self.target, points, ending)
        document = write_approximate_document(result.best, self.target)
        return Outcome(result, round(result.point.cost), document, front_data(points))

    def share(self, breeding: Breeding, folder: Path) -> None:
        """Adds the exact blocks to a library."""
        assert isinstance(breeding, ApproximateBreeding)
        self._exact.share(breeding.exact, folder)
