"""What a strategy is: how an island spends an epoch."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from dsl.registry import Registry
from evosynth.engine.spec import Population
from evosynth.engine.task import Task


@dataclass(frozen=True, slots=True)
class Strategy:
    """A way to search.

    Attributes:
        name: What the command line calls it.
        advance: (population, task) -> population after `task.spec.epoch` evaluations.
        summary: One line for people.
    """

    name: str
    advance: Callable[[Population, Task], Population]
    summary: str


STRATEGIES: Registry[Strategy] = Registry("strategy")
