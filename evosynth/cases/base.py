"""What a run needs that depends on the kind of its target."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TypeAlias

from dsl.grammars.recursive.recursive_target import RecursiveTarget
from dsl.samples import SampledTarget
from dsl.targets import Target
from dsl.targets.approximate_target import ApproximateTarget
from evosynth.algorithm_result import AlgorithmResult
from evosynth.approximate_result import ApproximateResult
from evosynth.block_library import BlockLibrary
from evosynth.ending import Ending
from evosynth.engine.breeding import Best, Breeding
from evosynth.engine.means import Means
from evosynth.engine.spec import Spec
from evosynth.engine.trial import Trial
from evosynth.formula_result import FormulaResult
from evosynth.matrix_result import Result
from evosynth.settings import Defaults

AnyTarget: TypeAlias = Target | ApproximateTarget | SampledTarget | RecursiveTarget
AnyResult: TypeAlias = Result | ApproximateResult | FormulaResult | AlgorithmResult


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run leaves.

    Attributes:
        result: What the caller gets.
        operations: Of the best, as the log has them.
        document: Its program file.
        front: Plain data of what no other find beats.
    """

    result: AnyResult
    operations: int
    document: str
    front: list[dict[str, Any]]


class Case(Protocol):
    """A target together with all that depends on its kind."""

    @property
    def title(self) -> str:
        """What people call the target."""
        ...

    @property
    def defaults(self) -> Defaults:
        """What a search does where the user says nothing."""
        ...

    @property
    def best_known(self) -> int | None:
        """The lowest operation count known to us, which a goal may be."""
        ...

    @property
    def most_threads(self) -> int | None:
        """How many threads the memory has room for; None for any number."""
        ...

    @property
    def is_parallel_inside(self) -> bool:
        """Whether one epoch of one island can use several threads."""
        ...

    @property
    def scale(self) -> str:
        """What the best so far may be compared with, for people."""
        ...

    def names(self) -> dict[str, Any]:
        """Returns what `run.json` says of the target, beside its digest."""
        ...

    def check(self) -> None:
        """Checks that the target can be searched.

        Raises:
            DataError: It cannot.
        """
        ...

    def breeding(self, spec: Spec, means: Means, library: BlockLibrary | None) -> Breeding:
        """Returns the search.

        Args:
            spec: What decides the bits of its result.
            means: With which genomes are scored in this very process.
            library: Blocks that were solved before.
        """
        ...

    def trial(self, spec: Spec) -> Trial | None:
        """Returns genomes to time evaluators on; None where there is only one evaluator."""
        ...

    def document(self, best: Best) -> str:
        """Returns the file of what a search has found so far."""
        ...

    def finish(self, breeding: Breeding, ending: Ending, pause: Callable[[], None]) -> Outcome:
        """Returns what a search of this case found.

        Args:
            breeding: The search, from `breeding`.
            ending: How it ended.
            pause: Called now and then; may raise `KeyboardInterrupt` to leave out what
                takes long.

        Raises:
            DataError: It found nothing.
        """
        ...

    def share(self, breeding: Breeding, folder: Path) -> None:
        """Adds the solved blocks of a search to a library, where the case has one.

        Raises:
            EvosynthError: The library cannot be used.
        """
        ...
