"""What a baseline is: a rival that fits a target by gradient descent."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from dsl.registry import Registry
from dsl.targets import Target


@dataclass(frozen=True, slots=True)
class Fit:
    """What a baseline reached.

    Attributes:
        error: Relative error within the range that it was trained on.
        error_outside: Relative error outside of that range.
        parameters: Trained numbers.
        non_zeros: Parameters left after pruning.
        operations: Real operations by the rule of `dsl.cost`.
        seconds: Wall-clock time of the training.
        losses: Loss after each step that was recorded.
    """

    error: float
    error_outside: float
    parameters: int
    non_zeros: int
    operations: int
    seconds: float
    losses: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Baseline:
    """A way to fit a target by gradient descent.

    Attributes:
        name: What the command line calls it.
        fit: (target, seed, seconds of budget) -> what it reached.
        summary: One line for people.
    """

    name: str
    fit: Callable[[Target, int, float], Fit]
    summary: str


BASELINES: Registry[Baseline] = Registry("baseline")
