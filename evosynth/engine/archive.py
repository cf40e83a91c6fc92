"""What a run remembers: the best genomes, the front, and the best program."""

from __future__ import annotations

import numpy as np
from deap import tools

from dsl.grammars.factor.build import build_program
from dsl.grammars.factor.decode import Decoding
from dsl.grammars.factor.exact_decode import exact_program
from dsl.program import Program
from dsl.targets.base import Target
from evosynth.engine.individual import Individual, individuals
from evosynth.engine.spec import State
from fitness.accuracy import EXACT
from fitness.evaluators import Evaluator
from fitness.objectives import program_error

# Genomes that tie in the evaluator's count may differ once their code is simplified.
HALL = 8
SETTLED = 3


class Archive:
    """Keeps the best of all islands.

    A genome's count, known at once, is an upper bound on that of its program's exported
    code, which takes longer to know: so programs are written only when they are needed.

    Attributes:
        hall: DEAP's hall of fame: the best distinct genomes.
        front: DEAP's Pareto front of (error, operations in exported code) of the programs
            that were offered, one genome per point.
        best: The program with the fewest operations in exported code, exact and verified,
            among those that were offered.
        best_member: Its genome.
        improved_at: Evaluations when the best genome last improved.
    """

    def __init__(self, target: Target, evaluator: Evaluator) -> None:
        self.hall = tools.HallOfFame(HALL)
        self.front = tools.ParetoFront(similar=lambda one, other: one.fitness == other.fitness)
        self.best: Program | None = None
        self.best_member: Individual | None = None
        self.improved_at = 0
        self._target = target
        self._evaluator = evaluator
        self._offered: list[Program] = []
        self._tried = 0

    def update(self, state: State, evaluations: int) -> bool:
        """Takes in an island's state; says whether the best genome improved."""
        ranks = state.ranks()
        if len(self.hall) == HALL and ranks.min() >= self.hall[-1].rank:
            return False
        before = self.hall[0].rank if len(self.hall) else np.inf
        first = np.argsort(ranks, kind="stable")[:HALL]
        members = individuals(
            state.genomes.take(first), state.errors[first], state.operations[first]
        )
        self.hall.update(members)
        if self.hall[0].rank >= before:
            return False
        self.improved_at = evaluations
        return True

    @property
    def operations(self) -> int | None:
        """The fewest operations known so far: of the best program or of the best genome."""
        counts = [m.operations for m in self.hall[:1] if m.error == 0]
        counts += [self.best.count.operations] if self.best else []
        return min(counts, default=None)

    def offer_leader(self) -> bool:
        """Writes the best genome's program; says whether it is the best program."""
        return len(self.hall) > 0 and self._offer(self.hall[0])

    def settle(self) -> None:
        """Writes a few different programs of the hall: ties may give simpler code."""
        last = self._tried + SETTLED
        for member in self.hall:
            if self._tried < last:
                self._offer(member)

    def _offer(self, member: Individual) -> bool:
        if member.error > 0:
            return False
        program = self.program_of(member)
        if program in self._offered:
            return False
        self._offered = [program, *self._offered[: HALL - 1]]
        self._tried += 1
        error = program_error(program, self._target)
        if error > EXACT:
            return False
        operations = program.count.operations
        self.front.update([Individual(member.genes(), 0.0, operations)])
        if self.best and operations >= self.best.count.operations:
            return False
        self.best, self.best_member = program, member
        return True

    def program_of(self, member: Individual) -> Program:
        """Returns the program that a genome stands for."""
        return self._build(self._evaluator.decode(member.genes()))

    def exact_program_of(self, member: Individual) -> Program:
        """Returns the program that a genome stands for, with exact constants."""
        decoding = self._evaluator.decode(member.genes())
        return exact_program(self._build(decoding), decoding, self._target.exact)

    def _build(self, decoding: Decoding) -> Program:
        return build_program(decoding, self._target.domain, self._target.identifier)


def make_statistics() -> tools.MultiStatistics:
    """Returns what is recorded of an island after each epoch."""
    statistics = tools.MultiStatistics(
        operations=tools.Statistics(lambda row: row[0]), length=tools.Statistics(lambda row: row[1])
    )
    statistics.register("min", lambda values: float(np.min(values)))
    statistics.register("median", lambda values: float(np.median(values)))
    statistics.register("max", lambda values: float(np.max(values)))
    return statistics
