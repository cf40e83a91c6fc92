"""What a run remembers: the best genomes, the front, and the best program."""

from __future__ import annotations

from typing import Any

import numpy as np
from deap import tools

from dsl.grammars.factor.build import build_program
from dsl.program import Program
from dsl.targets.base import Target
from evosynth.engine.individual import Individual, individuals
from evosynth.engine.spec import State
from fitness.evaluators import Evaluator
from fitness.objectives import EXACT, program_error

# Genomes that tie in the evaluator's count may differ once their code is simplified.
HALL = 8


class Archive:
    """Keeps the best of all islands.

    Attributes:
        hall: DEAP's hall of fame: the best distinct genomes.
        front: DEAP's Pareto front of (error, operations).
        best: The program with the fewest operations in exported code, exact and verified.
        improved_at: Evaluations when the best genome or program last improved.
    """

    def __init__(self, target: Target, evaluator: Evaluator) -> None:
        self.hall = tools.HallOfFame(HALL)
        self.front = tools.ParetoFront()
        self.best: Program | None = None
        self.improved_at = 0
        self._target = target
        self._evaluator = evaluator
        self._fewest = np.inf

    def update(self, state: State, evaluations: int) -> bool:
        """Takes in an island's state; says whether a better program was found."""
        first = np.argsort(state.ranks(), kind="stable")[:HALL]
        members = individuals(
            state.genomes.take(first), state.errors[first], state.operations[first]
        )
        self.hall.update(members)
        self.front.update([member for member in members if member.error == 0])
        leader: Individual = self.hall[0]
        if leader.error > 0 or leader.operations >= self._fewest:
            return False
        self._fewest = leader.operations
        self.improved_at = evaluations
        return self._offer(leader)

    def settle(self) -> None:
        """Tries the whole hall of fame: a tied genome may give simpler code."""
        for member in self.hall:
            if member.error == 0:
                self._offer(member)

    def _offer(self, member: Individual) -> bool:
        program = self.program_of(member)
        if self.best and program.count.operations >= self.best.count.operations:
            return False
        if program_error(program, self._target) > EXACT:
            return False
        self.best = program
        return True

    def front_data(self) -> list[dict[str, Any]]:
        """Returns the front as plain data, cheapest first."""
        return [
            {"error": m.error, "operations": m.operations, "genome": [list(gene) for gene in m]}
            for m in self.front
        ]

    def program_of(self, member: Individual) -> Program:
        """Returns the program that a genome stands for."""
        decoding = self._evaluator.decode(member.genes())
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
