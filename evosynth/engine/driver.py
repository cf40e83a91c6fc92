"""The driver: islands in turn, archive, migration, and the reasons to stop."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from deap import tools

from evosynth.engine.breeding import Best, Breeding
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
        exact_patience: Evaluations without improvement once the best genome is exact.
    """

    evaluations: int | None = None
    seconds: float | None = None
    patience: int | None = None
    goal: int | None = None
    exact_patience: int | None = None


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Where a search stands after an epoch.

    Attributes:
        record: The epoch's line of the log.
        best: The best program or algorithm so far, once one was written.
        operations: Of the best genome so far: the fewest, where every genome is exact.
        error: Of the best genome so far.
        evaluations: Genomes evaluated so far.
        seconds: Wall-clock time so far.
        is_improved: The best genome became better.
        has_better_program: `best` is new.
        text: Of the best genome so far, where operations and error do not tell.
    """

    record: dict[str, object]
    best: Best | None
    operations: int | None
    error: float | None
    evaluations: int
    seconds: float
    is_improved: bool
    has_better_program: bool
    text: str = ""


class Search:
    """A search in progress: the clock, the budget and the log around a grammar's breeding.

    Args:
        breeding: The islands and what they find.
        spec: What decides the bits of the result.
        limits: When to stop.
    """

    def __init__(self, breeding: Breeding, spec: Spec, limits: Limits) -> None:
        self.breeding = breeding
        self.spec = spec
        self.limits = limits
        self.logbook = tools.Logbook()
        self.evaluations = 0
        self.seconds = 0.0

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
        breeding = self.breeding
        breeding.warm_up()  # what is compiled is no time of the search
        started = time.monotonic()
        breeding.begin()
        epoch = 0
        while True:
            for island in range(self.spec.islands):
                self.evaluations += breeding.run_epoch(self._next_spec(), epoch, island)
                is_improved = breeding.take_in(island, self.evaluations)
                is_better = self._is_time_to_write(epoch, is_improved) and breeding.write(
                    self.limits.goal, self.spec.generator(Purpose.REFINE, epoch, island)
                )
                self.seconds = time.monotonic() - started
                snapshot = self._snapshot(epoch, island, is_improved, is_better)
                report(snapshot)
                reason = self._reason_to_stop()
                if reason:
                    breeding.settle()
                    rng = self.spec.generator(Purpose.SETTLE, 0, 0)
                    breeding.refine(rng, lambda last=snapshot: pause(last))  # type: ignore[misc]
                    return "goal" if self._is_goal_met() else reason
            epoch += 1
            if epoch % self.spec.migration == 0:
                breeding.migrate()

    def _is_time_to_write(self, epoch: int, is_improved: bool) -> bool:
        """Programs are written now and then, and when they come near the goal."""
        goal, standing = self.limits.goal, self.breeding.standing
        is_near = goal is not None and standing is not None and standing.operations <= NEAR * goal
        interval = self.breeding.interval
        return (is_improved and is_near) or epoch % interval == interval - 1

    def _next_spec(self) -> Spec:
        """Returns the spec with a shorter epoch where the budget ends within it."""
        if self.limits.evaluations is None:
            return self.spec
        left = self.limits.evaluations - self.evaluations
        return replace(self.spec, epoch=min(self.spec.epoch, left))

    def _is_goal_met(self) -> bool:
        goal = self.limits.goal
        return goal is not None and self.breeding.is_goal_met(goal)

    def _reason_to_stop(self) -> str | None:
        limits = self.limits
        if self._is_goal_met():
            return "goal"
        if limits.evaluations is not None and self.evaluations >= limits.evaluations:
            return "evaluations"
        if limits.seconds is not None and self.seconds >= limits.seconds:
            return "time"
        stale = self.evaluations - self.breeding.improved_at
        if limits.patience is not None and stale >= limits.patience:
            return "patience"
        standing = self.breeding.standing
        is_exact = standing is not None and standing.error == 0
        if limits.exact_patience is not None and is_exact and stale >= limits.exact_patience:
            return "patience"
        return None

    def _snapshot(
        self, epoch: int, island: int, is_improved: bool, has_better_program: bool
    ) -> Snapshot:
        """Returns where the search stands, and keeps the epoch's line in the logbook."""
        record = {
            "epoch": epoch,
            "island": island,
            "evaluations": self.evaluations,
            **self.breeding.record(island),
        }
        self.logbook.record(**record)
        standing = self.breeding.standing
        return Snapshot(
            record,
            self.breeding.best,
            standing.operations if standing else None,
            standing.error if standing else None,
            self.evaluations,
            self.seconds,
            is_improved,
            has_better_program,
            standing.text if standing else "",
        )
