"""What the driver needs of a grammar's search: islands that breed, and what they have found."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

import numpy as np

from dsl.grammars.recursive.algorithm import Algorithm
from dsl.program import Program

# What is searched for: a program, or an algorithm for every size.
Best: TypeAlias = Program | Algorithm


@dataclass(frozen=True, slots=True)
class Standing:
    """How far a search has come.

    Attributes:
        error: Of the best genome; 0 where it is exact.
        operations: Of the best genome.
        text: The same for people, where these two do not tell: what is right so far.
    """

    error: float
    operations: int
    text: str = ""


class Breeding(Protocol):
    """The islands of one search, and an archive of what they find."""

    @property
    def best(self) -> Best | None:
        """The best program, or algorithm, of those that were written."""
        ...

    @property
    def standing(self) -> Standing | None:
        """The best so far, written or not; None before there is any."""
        ...

    @property
    def improved_at(self) -> int:
        """Evaluations when the best last improved."""
        ...

    @property
    def interval(self) -> int:
        """Epochs between two times that programs are written: it takes time."""
        ...

    def warm_up(self) -> None:
        """Compiles what is not compiled yet."""
        ...

    def begin(self) -> None:
        """Makes the islands."""
        ...

    def setting(self) -> str:
        """Returns what an epoch needs to know beside the island, for `epoch_call.run_epoch`."""
        ...

    def state(self, island: int) -> str:
        """Returns an island as text."""
        ...

    def take_in(self, island: int, state: str, evaluations: int) -> bool:
        """Takes in an island after an epoch; says whether the best improved.

        Args:
            island: Its number.
            state: As the epoch left it.
            evaluations: Made so far, by all islands.
        """
        ...

    def saved(self) -> dict[str, Any]:
        """Returns everything that `restore` needs, as plain data."""
        ...

    def restore(self, data: dict[str, Any]) -> None:
        """Makes islands and archive as they were saved, instead of `begin`.

        Raises:
            DataError: The data are damaged, or another search's.
        """
        ...

    def migrate(self) -> None:
        """Lets the islands exchange what they have found."""
        ...

    def write(self, goal: int | None, rng: np.random.Generator) -> bool:
        """Writes the best genome as a program; says whether that is the best program."""
        ...

    def is_goal_met(self, goal: int) -> bool:
        """Says whether a program is good enough."""
        ...

    def settle(self, *, is_interrupted: bool = False) -> None:
        """Writes what there is to choose from at the end; if interrupted, what takes seconds."""
        ...

    def refine(self, rng: np.random.Generator, pause: Callable[[], None]) -> None:
        """Makes the best programs better without more breeding."""
        ...

    def record(self, island: int) -> dict[str, object]:
        """Returns what the log says of an island."""
        ...
