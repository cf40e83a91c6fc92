"""Runs that search for formulas of samples."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dsl.display import plural
from dsl.program import Program
from dsl.samples import SampledTarget
from evosynth.block_library import BlockLibrary
from evosynth.cases.base import Outcome
from evosynth.ending import Ending
from evosynth.engine.breeding import Best, Breeding
from evosynth.engine.expression.formula_breeding import SEARCH_ROWS, FormulaBreeding
from evosynth.engine.means import Means
from evosynth.engine.spec import Spec
from evosynth.engine.trial import Trial, formula_trial
from evosynth.formula_result import finish_formula, formula_front
from evosynth.runs import formula_claims, write_formula_document
from evosynth.settings import OF_FORMULAS, Defaults


@dataclass(frozen=True, slots=True)
class FormulaCase:
    """Samples to describe."""

    target: SampledTarget

    @property
    def title(self) -> str:
        """What people call the target."""
        return self.target.title

    @property
    def defaults(self) -> Defaults:
        """What a search does where the user says nothing."""
        return OF_FORMULAS

    @property
    def best_known(self) -> None:
        """Nothing is known of formulas."""
        return None

    @property
    def most_threads(self) -> None:
        """Rows are seen a few at a time."""
        return None

    @property
    def is_parallel_inside(self) -> bool:
        """Threads share the genomes that are scored."""
        return True

    @property
    def scale(self) -> str:
        """How many rows there are, and inputs."""
        rows = f"{len(self.target.train):,} rows"
        return f"{rows}, {plural(len(self.target.inputs), 'input')}"

    def names(self) -> dict[str, Any]:
        """Returns the name, and where the samples come from."""
        return {"name": self.target.name, "samples": self.target.source}

    def check(self) -> None:
        """Checks nothing: samples were checked when they were read."""

    def breeding(self, spec: Spec, means: Means, library: BlockLibrary | None) -> Breeding:
        """Returns the search."""
        return FormulaBreeding(self.target, spec, means)

    def trial(self, spec: Spec) -> Trial | None:
        """Returns genomes to time evaluators on."""
        return formula_trial(self.target, spec, SEARCH_ROWS)

    def document(self, best: Best) -> str:
        """Returns the program file of formulas."""
        assert isinstance(best, Program)
        return write_formula_document(best, self.target, formula_claims(best, self.target))

    def finish(self, breeding: Breeding, ending: Ending, pause: Callable[[], None]) -> Outcome:
        """Returns the chosen formulas, measured on all rows."""
        assert isinstance(breeding, FormulaBreeding)
        result = finish_formula(breeding, ending)
        document = write_formula_document(result.best, result.target, result.claims)
        return Outcome(result, result.claims.operations, document, formula_front(result))

    def share(self, breeding: Breeding, folder: Path) -> None:
        """Shares nothing: formulas have no blocks."""
