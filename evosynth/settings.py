"""Defaults of a run, and how they depend on the size of the problem."""

from __future__ import annotations

import math
import os
import secrets
from dataclasses import dataclass

from dsl.errors import UsageError
from dsl.targets import Target
from evosynth.engine.driver import Limits
from evosynth.engine.spec import Spec
from evosynth.strategies import STRATEGIES

# Time of a run that was given no limit: it ends within a minute whatever the size.
DEFAULT_SECONDS = 50.0
BEST_KNOWN = "best-known"


@dataclass(frozen=True, slots=True)
class Settings:
    """What a user may ask of a run; None leaves the choice to the defaults.

    Attributes:
        seed: Decides every random choice; drawn and shown if not given.
        evaluations: Most genomes to evaluate.
        seconds: Most wall-clock seconds to search.
        patience: Most evaluations without improvement.
        goal: Operations at which to stop: a number, or "best-known".
        workers: Threads that evaluate; the result does not depend on it.
        strategy: Name of the strategy.
        islands: Number of islands.
    """

    seed: int | None = None
    evaluations: int | None = None
    seconds: float | None = None
    patience: int | None = None
    goal: int | str | None = None
    workers: int | None = None
    strategy: str = "evolve"
    islands: int = 2

    def __post_init__(self) -> None:
        for name in ("evaluations", "seconds", "patience", "workers", "islands"):
            value = getattr(self, name)
            if value is not None and not value > 0:  # nan neither
                raise UsageError(f"expected {name} above 0, got {value}")
        if self.seed is not None and self.seed < 0:
            raise UsageError(f"expected a seed of at least 0, got {self.seed}")
        STRATEGIES.get(self.strategy)

    def spec(self, target: Target) -> Spec:
        """Returns what decides the bits of the run."""
        width = max(target.matrix.shape)
        return Spec(
            strategy=self.strategy,
            seed=draw_seed() if self.seed is None else self.seed,
            islands=self.islands,
            population=100,
            capacity=min(64, 24 + width // 2),
            epoch=200,
            restart=_shrunk(4_000, width),
            migration=10,
        )

    def limits(self, target: Target) -> Limits:
        """Returns when to stop; without any limit a run ends by patience or by time."""
        goal = self._goal(target)
        seconds = None if self.seconds == math.inf else self.seconds
        if (self.evaluations, self.seconds, self.patience) != (None, None, None):
            return Limits(self.evaluations, seconds, self.patience, goal)
        patience = None if goal else _shrunk(100_000, max(target.matrix.shape))
        return Limits(None, DEFAULT_SECONDS, patience, goal)

    def threads(self) -> int:
        """Returns the number of evaluating threads."""
        return self.workers or len(os.sched_getaffinity(0))

    def _goal(self, target: Target) -> int | None:
        if self.goal is None:
            return None
        if self.goal == BEST_KNOWN:
            if target.best_known is None:
                raise UsageError(
                    f"no operation count is known for {target.title}",
                    "give --goal a number of operations",
                )
            return target.best_known.operations
        try:
            goal = int(self.goal)
        except ValueError as error:
            raise UsageError(
                f"expected a goal in operations or '{BEST_KNOWN}', got {self.goal!r}"
            ) from error
        if goal < 1:
            raise UsageError(f"expected a goal of at least 1 operation, got {goal}")
        return goal


def draw_seed() -> int:
    """Returns a seed short enough to type."""
    return secrets.randbelow(1_000_000)


def _shrunk(evaluations: int, width: int) -> int:
    """Returns fewer evaluations for larger problems, whose evaluations take longer."""
    return max(1_000, int(evaluations * min(1.0, (16 / width) ** 2)))
