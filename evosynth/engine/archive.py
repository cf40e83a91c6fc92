"""What a run remembers: the best genomes, the front, and the best program."""

from __future__ import annotations

import math

import numpy as np
from deap import tools

from dsl.grammars.factor.build import build_program
from dsl.grammars.factor.decode import Decoding
from dsl.grammars.factor.exact_decode import exact_program
from dsl.program import Program
from dsl.targets.base import Target
from evosynth.engine.assembly import assemble
from evosynth.engine.blocks import Forest
from evosynth.engine.individual import Solution
from fitness.accuracy import EXACT
from fitness.objectives import program_error

# Solutions that tie in their count may differ once their code is simplified or refined.
HALL = 8


class Archive:
    """Keeps the best of all islands.

    A solution's count is an upper bound on that of its program's exported code, which takes
    longer to know: so programs are written only when they are needed.

    Attributes:
        hall: DEAP's hall of fame: the best distinct solutions.
        front: DEAP's Pareto front of (error, operations in exported code) of the programs
            that were offered, one solution per point.
        best: The program with the fewest operations in exported code, exact and verified,
            among those that were offered.
        best_solution: What it was written from.
        improved_at: Evaluations when the cheapest solution last improved.
    """

    def __init__(self, target: Target) -> None:
        self.hall = tools.HallOfFame(HALL)
        self.front = tools.ParetoFront(similar=lambda one, other: one.fitness == other.fitness)
        self.best: Program | None = None
        self.best_solution: Solution | None = None
        self.improved_at = 0
        self._target = target
        self._cheapest = math.inf
        self._offered: list[Solution] = []

    def update(self, forest: Forest, evaluations: int) -> bool:
        """Takes in an island's forest; says whether the fewest operations became fewer."""
        cost = forest.costs[0]
        if cost >= self._cheapest:
            return False
        self._cheapest = cost
        self.improved_at = evaluations
        self._collect(forest)
        return True

    def collect(self, forest: Forest) -> None:
        """Takes in all the cheapest ways to compute the target, not only the best."""
        self._collect(forest)

    def _collect(self, forest: Forest) -> None:
        is_complex = self._target.domain == "complex"
        splits = [s for s in forest.blocks[0].splits if forest.cost_of(s) < self._worst()]
        found = [assemble(forest, is_complex, split=split) for split in splits]
        if not splits and not len(self.hall):
            found = [assemble(forest, is_complex)]
        self.hall.update([Solution(d, 0.0, d.operations) for d in found])

    def _worst(self) -> float:
        return self.hall[-1].operations if len(self.hall) == HALL else math.inf

    @property
    def operations(self) -> int | None:
        """The fewest operations known so far: of the best program or the cheapest solution."""
        counts = [self.hall[0].operations] if len(self.hall) else []
        counts += [self.best.count.operations] if self.best else []
        return min(counts, default=None)

    def offer_leader(self) -> bool:
        """Writes the cheapest solution's program; says whether it is the best program."""
        return len(self.hall) > 0 and self._offer(self.hall[0])

    def settle(self) -> None:
        """Writes the programs of the whole hall: ties may give simpler code."""
        for solution in self.hall:
            self._offer(solution)

    def _offer(self, solution: Solution) -> bool:
        if solution in self._offered:
            return False
        self._offered.append(solution)
        program = self._build(solution.decoding)
        error = program_error(program, self._target)
        if error > EXACT:
            return False
        operations = program.count.operations
        self.front.update([Solution(solution.decoding, 0.0, operations)])
        if self.best and operations >= self.best.count.operations:
            return False
        self.best, self.best_solution = program, solution
        return True

    def exact_program_of(self, solution: Solution) -> Program:
        """Returns the program of a solution, with exact constants."""
        decoding = solution.decoding
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
