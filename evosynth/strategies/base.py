"""What a strategy is: how an island spends a turn."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from dsl.errors import EnvironmentMismatchError
from dsl.genome import GeneSpace
from dsl.registry import Registry
from evosynth.engine.spec import Population
from evosynth.engine.task import Task
from fitness.gate import CONTRACT, WORST, check_array

Advance = Callable[[Population, Task], Population]


@dataclass(frozen=True, slots=True)
class Strategy:
    """A way to search.

    Attributes:
        name: What the command line calls it.
        advance: (population, task) -> population after `task.spec.turn` evaluations.
        summary: One line for people.
    """

    name: str
    advance: Advance
    summary: str

    def __post_init__(self) -> None:
        object.__setattr__(self, "advance", _gated(self.name, self.advance))


def _gated(name: str, advance: Advance) -> Advance:
    """Returns the same strategy, whose populations are checked."""

    @functools.wraps(advance)
    def gated(population: Population, task: Task) -> Population:
        found = advance(population, task)
        if problem := _problem(found, task, name):
            raise EnvironmentMismatchError(f"strategy '{name}': {problem}", CONTRACT)
        return found

    return gated


def _problem(found: object, task: Task, name: str) -> str:
    """Returns what is wrong with a population; nothing is the empty text."""
    if not isinstance(found, Population):
        return f"expected a Population, got {type(found).__name__}"
    genes, space = found.genomes.genes, task.space
    if genes.dtype != np.int16 or (isinstance(space, GeneSpace) and not space.is_valid(genes)):
        return "a gene is outside the space of its task"
    for values, what in ((found.errors, "errors"), (found.operations, "operations")):
        check_array(values, len(found.genomes), np.float64, f"{what} of strategy '{name}'")
        if not ((values >= 0) & (values <= WORST)).all():
            return f"{what} from 0 to {WORST:g} expected, got {values.min()} to {values.max()}"
    return ""


STRATEGIES: Registry[Strategy] = Registry("strategy")
