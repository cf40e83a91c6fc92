"""The `factor` grammar's search: islands are forests of blocks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from dsl.errors import DataError
from dsl.program import Program
from dsl.targets.base import Target
from evosynth.engine.archive import Archive, make_statistics
from evosynth.engine.archive_state import ArchiveState
from evosynth.engine.blocks import Forest, start_forest
from evosynth.engine.breeding import Standing
from evosynth.engine.epoch_call import prepare
from evosynth.engine.factor_epoch import FactorSetting
from evosynth.engine.forest_check import check_forest
from evosynth.engine.migration import migrate, recalled
from evosynth.engine.plain_data import from_plain, from_text, to_plain, to_text
from evosynth.engine.spec import Spec


class FactorBreeding:
    """Islands that search for the cheapest program of a matrix.

    Args:
        target: What programs must compute.
        spec: What decides the bits of the result.
        library: Blocks that were solved before.

    Attributes:
        archive: What was found.
        forests: What the islands know; empty before the search.
    """

    def __init__(self, target: Target, spec: Spec, library: Forest | None = None) -> None:
        self.archive = Archive(target)
        self.forests: list[Forest] = []
        # Writing a program takes time that grows with its size, as an epoch's does not.
        self.interval = spec.migration * -(-max(target.matrix.shape) // 16)
        self._setting = "factor\n" + to_text(FactorSetting(spec, target.domain), FactorSetting)
        self._target = target
        self._spec = spec
        self._texts: dict[int, tuple[Forest, str]] = {}
        self._library = library
        self._is_complex = target.domain == "complex"
        self._statistics = make_statistics()

    @property
    def best(self) -> Program | None:
        """The exact program with the fewest operations of those that were written."""
        return self.archive.best

    @property
    def standing(self) -> Standing | None:
        """The fewest operations so far: every genome is exact."""
        operations = self.archive.operations
        return None if operations is None else Standing(0.0, operations)

    @property
    def improved_at(self) -> int:
        """Evaluations when the fewest operations last became fewer."""
        return self.archive.improved_at

    def warm_up(self) -> None:
        """Compiles what is not compiled yet."""
        prepare(self._setting)

    def begin(self) -> None:
        """Makes the islands, all alike."""
        begun = start_forest(self._target.matrix, self._is_complex, self._spec)
        self.forests[:] = [self._recalled(begun, 0)] * self._spec.islands

    def setting(self) -> str:
        """Returns what an epoch needs to know beside the island."""
        return self._setting

    def state(self, island: int) -> str:
        """Returns an island as text."""
        forest = self.forests[island]
        if self._texts.get(island, (None, ""))[0] is not forest:
            self._texts[island] = forest, to_text(forest, Forest)
        return self._texts[island][1]

    def take_in(self, island: int, state: str, evaluations: int) -> bool:
        """Takes in an island after an epoch; says whether the fewest operations became fewer."""
        before = len(self.forests[island].blocks)
        self.forests[island] = self._recalled(from_text(state, Forest), before)
        return self.archive.update(self.forests[island], evaluations)

    def saved(self) -> dict[str, Any]:
        """Returns everything that `restore` needs, as plain data."""
        return {
            "forests": [self.state(island) for island in range(len(self.forests))],
            "archive": to_plain(self.archive.saved(), ArchiveState),
        }

    def restore(self, data: dict[str, Any]) -> None:
        """Makes the islands and the archive as they were saved.

        Raises:
            DataError: The data are damaged, or another search's.
        """
        forests = [from_text(text, Forest) for text in data["forests"]]
        if len(forests) != self._spec.islands:
            raise DataError(f"expected {self._spec.islands} islands, got {len(forests)}")
        for forest in forests:
            check_forest(forest, self._target.matrix, self._target.domain, self._spec)
        self.archive.restore(from_plain(data["archive"], ArchiveState))
        self.forests[:] = forests

    def migrate(self) -> None:
        """Lets the islands exchange genomes and blocks."""
        self.forests[:] = migrate(self.forests, self._spec, self._is_complex)

    def write(self, goal: int | None, rng: np.random.Generator) -> bool:
        """Writes the cheapest solution's program; says whether it is the best program."""
        return self.archive.offer_leader(goal, rng)

    def is_goal_met(self, goal: int) -> bool:
        """Says whether a program has as few operations."""
        return self.best is not None and self.best.count.operations <= goal

    def settle(self, *, is_interrupted: bool = False) -> None:
        """Writes the best programs of all islands."""
        for forest in self.forests:
            self.archive.collect(forest)
        self.archive.settle()

    def refine(self, rng: np.random.Generator, pause: Callable[[], None]) -> None:
        """Scales intermediate values of the best programs."""
        self.archive.refine(rng, pause)

    def record(self, island: int) -> dict[str, object]:
        """Returns statistics of the population of an island's target."""
        forest = self.forests[island]
        population = forest.blocks[0].population
        rows = list(
            zip(population.operations.tolist(), population.genomes.lengths.tolist(), strict=True)
        )
        return {
            "best": self.archive.operations,
            "stale": population.stale,
            "blocks": len(forest.blocks),
            **(self._statistics.compile(rows) if rows else {}),
        }

    def _recalled(self, forest: Forest, first: int) -> Forest:
        if self._library is None or first == len(forest.blocks):
            return forest
        return recalled(forest, first, self._library, self._spec, self._is_complex)
