"""An archive as plain data: programs once each, solutions that refer to them by number."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from dsl.accuracy import EXACT
from dsl.errors import DataError, EvosynthError
from dsl.grammars.factor.decode import Decoding
from dsl.program import Program
from dsl.targets.base import Target
from evosynth.engine.forest_check import replay
from evosynth.engine.individual import Reference, Solution
from fitness.objectives import program_error

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class SolutionState:
    """A solution.

    Attributes:
        decoding: Number of its decoding.
        operations: Its operations objective.
        program: Number of its program; None if it was not written.
        references: Blocks that it refers to more than once.
    """

    decoding: int
    operations: int
    program: int | None
    references: tuple[Reference, ...]


@dataclass(frozen=True, slots=True)
class ArchiveState:
    """An archive.

    Attributes:
        decodings: Of all solutions.
        programs: Of all solutions, and the best.
        hall: The best distinct solutions, the best first.
        front: Likewise of the front.
        written: Solutions whose programs were written, in order.
        best: Number of the best program.
        references: Of the best program.
        improved_at: Evaluations when the cheapest solution last improved.
        cheapest: Its operations; infinite before there is one.
    """

    decodings: tuple[Decoding, ...]
    programs: tuple[Program, ...]
    hall: tuple[SolutionState, ...]
    front: tuple[SolutionState, ...]
    written: tuple[SolutionState, ...]
    best: int | None
    references: tuple[Reference, ...]
    improved_at: int
    cheapest: float


class Numbered:
    """Decodings and programs that are shared, each once, in the order of their first use."""

    def __init__(self) -> None:
        self.decodings: list[Decoding] = []
        self.programs: list[Program] = []

    def program(self, program: Program | None) -> int | None:
        """Returns the number of a program."""
        return None if program is None else _number(self.programs, program)

    def solutions(self, solutions: Iterable[Solution]) -> tuple[SolutionState, ...]:
        """Returns solutions as numbers."""
        return tuple(
            SolutionState(
                _number(self.decodings, solution.decoding),
                solution.operations,
                self.program(solution.program),
                solution.references,
            )
            for solution in solutions
        )


def _number(known: list[T], wanted: T) -> int:
    """Returns the place of an object itself, added if it is new."""
    for place, other in enumerate(known):
        if other is wanted:
            return place
    known.append(wanted)
    return len(known) - 1


def solutions_of(state: ArchiveState, saved: Iterable[SolutionState]) -> list[Solution]:
    """Returns the solutions that numbers stand for.

    Raises:
        IndexError: There is no such decoding or program.
    """
    return [
        Solution(
            item(state.decodings, each.decoding),
            each.operations,
            None if each.program is None else item(state.programs, each.program),
            each.references,
        )
        for each in saved
    ]


def item(known: Sequence[T], place: int) -> T:
    """Returns a member by its number; a negative one is none."""
    if not 0 <= place < len(known):
        raise IndexError(f"expected a number below {len(known)}, got {place}")
    return known[place]


def check_archive(state: ArchiveState, target: Target) -> None:
    """Checks that solutions and programs are of a target.

    Raises:
        DataError: They are not.
    """
    try:
        for decoding in state.decodings:
            replayed = replay(target.matrix, decoding.steps, target.domain)
            if not np.array_equal(replayed.remainder, decoding.remainder):
                raise ValueError("a decoding leaves another remainder")
        for program in state.programs:
            if program_error(program, target) > EXACT:
                raise ValueError("a program does not compute the target")
        if any(s.program is None for s in (*state.front, *state.written)):
            raise ValueError("expected the program of each solution that was written")
        if state.best is not None:
            item(state.programs, state.best)
            if not state.front:
                raise ValueError("expected a front with the best program")
        for each in (*state.front, *state.written):
            count = item(state.programs, each.program or 0).count.operations
            if each.operations != count:
                raise ValueError(f"a program of {count} operations claims {each.operations}")
        for saved in (state.hall, state.front, state.written):
            solutions_of(state, saved)
    except (ArithmeticError, EvosynthError, LookupError, TypeError, ValueError) as error:
        raise DataError(f"archive: {type(error).__name__}: {error}"[:200]) from error
