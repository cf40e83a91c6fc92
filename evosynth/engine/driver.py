"""The driver: islands in turn, archive, migration, and the reasons to stop."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from deap import tools

from dsl.genome import FIELDS, pack
from dsl.program import Program
from dsl.targets.base import Target
from evosynth.engine.archive import Archive, make_statistics
from evosynth.engine.blocks import Forest, start_forest
from evosynth.engine.epoch import evaluator_for, run_epoch
from evosynth.engine.migration import migrate, recalled
from evosynth.engine.spec import Purpose, Spec

# A genome with up to this many times the goal's operations may have a program within it.
NEAR = 1.05


@dataclass(frozen=True, slots=True)
class Limits:
    """When to stop, whichever comes first.

    Attributes:
        evaluations: Genomes evaluated in all islands together; those that are scored anew,
            because a block became cheaper, do not count.
        seconds: Wall-clock time of the search.
        patience: Evaluations without improvement.
        goal: Operations of the best program; None to go on.
    """

    evaluations: int | None = None
    seconds: float | None = None
    patience: int | None = None
    goal: int | None = None


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Where a search stands after an epoch.

    Attributes:
        record: The epoch's line of the log.
        best: The best program so far, once one was written.
        operations: The fewest operations so far.
        evaluations: Genomes evaluated so far.
        seconds: Wall-clock time so far.
        is_improved: The fewest operations became fewer.
        has_better_program: `best` is new.
    """

    record: dict[str, object]
    best: Program | None
    operations: int | None
    evaluations: int
    seconds: float
    is_improved: bool
    has_better_program: bool


class Search:
    """A search in progress; owns everything that an epoch does not.

    Args:
        target: What programs must compute.
        spec: What decides the bits of the result.
        limits: When to stop.
        threads: Threads of the evaluator; the result does not depend on it.
        library: Blocks that were solved before.

    Attributes:
        forests: What the islands know; empty before the search.
    """

    def __init__(
        self,
        target: Target,
        spec: Spec,
        limits: Limits,
        threads: int = 1,
        library: Forest | None = None,
    ) -> None:
        self.target = target
        self.library = library
        self.spec = spec
        self.limits = limits
        self.threads = threads
        self.archive = Archive(target)
        self.logbook = tools.Logbook()
        self.forests: list[Forest] = []
        self.evaluations = 0
        self.seconds = 0.0
        self._statistics = make_statistics()

    def run(
        self,
        report: Callable[[Snapshot], None] = lambda snapshot: None,
        pause: Callable[[Snapshot], None] = lambda snapshot: None,
    ) -> str:
        """Searches until a limit is reached, then refines the best programs.

        Args:
            report: Called after every epoch of every island.
            pause: Called now and then while programs are refined.

        Returns:
            Why the search stopped: "goal", "evaluations", "time" or "patience".
        """
        self._warm_up()
        started = time.monotonic()
        is_complex = self.target.domain == "complex"
        begun = start_forest(self.target.matrix, is_complex, self.spec)
        forests = self.forests
        forests[:] = [self._recalled(begun, 0)] * self.spec.islands
        epoch = 0
        while True:
            for island in range(self.spec.islands):
                spec = self._next_spec()
                before = len(forests[island].blocks)
                forest, made = run_epoch(
                    self.target, spec, forests[island], epoch, island, self.threads
                )
                forests[island] = self._recalled(forest, before)
                self.evaluations += made
                is_improved = self.archive.update(forests[island], self.evaluations)
                is_better = self._is_time_to_write(
                    epoch, is_improved
                ) and self.archive.offer_leader(
                    self.limits.goal, self.spec.generator(Purpose.REFINE, epoch, island)
                )
                self.seconds = time.monotonic() - started
                record = self._record(forests[island], epoch, island)
                snapshot = self._snapshot(record, is_improved, is_better)
                report(snapshot)
                reason = self._reason_to_stop()
                if reason:
                    self.settle()
                    rng = self.spec.generator(Purpose.SETTLE, 0, 0)
                    self.archive.refine(rng, lambda last=snapshot: pause(last))  # type: ignore[misc]
                    return "goal" if self._is_goal_met() else reason
            epoch += 1
            if epoch % self.spec.migration == 0:
                forests[:] = migrate(forests, self.spec, is_complex)

    def _recalled(self, forest: Forest, first: int) -> Forest:
        if self.library is None or first == len(forest.blocks):
            return forest
        is_complex = self.target.domain == "complex"
        return recalled(forest, first, self.library, self.spec, is_complex)

    def _warm_up(self) -> None:
        """Compiles what is not compiled yet: that is no time of the search."""
        nothing = pack([np.zeros((0, len(FIELDS)))], 1)
        evaluator_for(self.target.matrix, self.target.domain).evaluate(nothing)

    def settle(self) -> None:
        """Writes the best programs of all islands."""
        for forest in self.forests:
            self.archive.collect(forest)
        self.archive.settle()

    def _is_time_to_write(self, epoch: int, is_improved: bool) -> bool:
        """Programs are written now and then, and when they come near the goal."""
        goal, operations = self.limits.goal, self.archive.operations
        is_near = goal is not None and operations is not None and operations <= NEAR * goal
        # Writing a program takes time that grows with its size, as an epoch's does not.
        interval = self.spec.migration * -(-max(self.target.matrix.shape) // 16)
        return (is_improved and is_near) or epoch % interval == interval - 1

    def _next_spec(self) -> Spec:
        """Returns the spec with a shorter epoch where the budget ends within it."""
        if self.limits.evaluations is None:
            return self.spec
        left = self.limits.evaluations - self.evaluations
        return replace(self.spec, epoch=min(self.spec.epoch, left))

    def _is_goal_met(self) -> bool:
        goal, best = self.limits.goal, self.archive.best
        return goal is not None and best is not None and best.count.operations <= goal

    def _reason_to_stop(self) -> str | None:
        limits = self.limits
        if self._is_goal_met():
            return "goal"
        if limits.evaluations is not None and self.evaluations >= limits.evaluations:
            return "evaluations"
        if limits.seconds is not None and self.seconds >= limits.seconds:
            return "time"
        stale = self.evaluations - self.archive.improved_at
        if limits.patience is not None and stale >= limits.patience:
            return "patience"
        return None

    def _record(self, forest: Forest, epoch: int, island: int) -> dict[str, object]:
        """Returns the epoch's line of the log, and keeps it in the logbook."""
        population = forest.blocks[0].population
        rows = list(
            zip(population.operations.tolist(), population.genomes.lengths.tolist(), strict=True)
        )
        record = {
            "epoch": epoch,
            "island": island,
            "evaluations": self.evaluations,
            "best": self.archive.operations,
            "stale": population.stale,
            "blocks": len(forest.blocks),
            **(self._statistics.compile(rows) if rows else {}),
        }
        self.logbook.record(**record)
        return record

    def _snapshot(
        self, record: dict[str, object], is_improved: bool, has_better_program: bool
    ) -> Snapshot:
        return Snapshot(
            record,
            self.archive.best,
            self.archive.operations,
            self.evaluations,
            self.seconds,
            is_improved,
            has_better_program,
        )
