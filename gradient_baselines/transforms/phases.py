"""Phases of a training, and the clock that they share."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

from gradient_baselines.base import Budget

# However long measuring takes, this part of the time is for training.
LEAST_TRAINING = 0.3


@dataclass(frozen=True, slots=True)
class Clock:
    """A budget that is being used up, part after part.

    Attributes:
        budget: All of it.
        started: When, by `time.perf_counter`.
    """

    budget: Budget
    started: float

    @classmethod
    def of(cls, budget: Budget) -> Clock:
        """Starts a clock."""
        return cls(budget, time.perf_counter())

    def without(self, seconds: float) -> Clock:
        """Returns the clock of what is left of the budget if measuring takes so long."""
        left = max(self.budget.seconds - seconds, LEAST_TRAINING * self.budget.seconds)
        return replace(self, budget=replace(self.budget, seconds=left))

    @property
    def seconds(self) -> float:
        """Wall-clock time since the start."""
        return time.perf_counter() - self.started

    def is_over(self, part: float = 1.0) -> bool:
        """Tells whether a part of the seconds is used up."""
        return self.seconds >= part * self.budget.seconds

    def until(self, part: float, share: float) -> Budget:
        """Returns the budget of a phase.

        Args:
            part: Of the seconds, at which the phase ends.
            share: Of the steps, that the phase takes.
        """
        left = max(part * self.budget.seconds - self.seconds, 1e-3)
        return replace(self.budget.share(share), seconds=left)
