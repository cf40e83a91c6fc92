"""What a run remembers: the best genomes, the front, and the best program."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable

import numpy as np
from deap import tools

from dsl.accuracy import EXACT
from dsl.cost import dense_count
from dsl.grammars.factor.build import build_program
from dsl.grammars.factor.exact_decode import exact_program
from dsl.program import Program
from dsl.targets.base import Target
from evosynth.engine.archive_state import ArchiveState, Numbered, check_archive, solutions_of
from evosynth.engine.assembly import assemble
from evosynth.engine.blocks import Forest, Split, uses
from evosynth.engine.individual import Reference, Solution
from evosynth.refinement import ROUNDS, is_quick, refine
from fitness.objectives import program_error

# Solutions that tie in their count may differ once their code is simplified or refined.
HALL = 8


# Programs that are refined at the end, and the operations of all of them together.
REFINED = 6
MOST_REFINED = 1_200

# Programs near the matrix product have nothing to share scales along, and many products.
NEARLY_DENSE = 0.6
SMALL = 200

# Larger programs take minutes: they are left to who asks for it.
LARGE = 3_000

# Refinement is worth a try on programs within this factor of the goal.
WITHIN_REACH = 1.05


class Archive:
    """Keeps the best of all islands.

    A solution's count is an upper bound on that of its program's exported code, which takes
    longer to know: so programs are written only when they are needed.

    Attributes:
        hall: DEAP's hall of fame: the best distinct solutions.
        front: DEAP's Pareto front of (error, operations in exported code) of the programs
            that were written, one solution per point.
        best: The program with the fewest operations in exported code, exact and verified,
            among those that were written.
        references: Blocks that it refers to more than once.
        improved_at: Evaluations when the cheapest solution last improved.
    """

    def __init__(self, target: Target) -> None:
        self.hall = tools.HallOfFame(HALL)
        self.front = tools.ParetoFront(similar=lambda one, other: one.fitness == other.fitness)
        self.best: Program | None = None
        self.references: tuple[Reference, ...] = ()
        self.improved_at = 0
        self._target = target
        self._cheapest = math.inf
        self._dense = dense_count(target.matrix, target.domain == "complex").operations
        self._written: list[Solution] = []

    def update(self, forest: Forest, evaluations: int) -> bool:
        """Takes in an island's forest; says whether the fewest operations became fewer."""
        cost = forest.costs[0]
        if cost >= self._cheapest:
            return False
        self._cheapest = cost
        self.improved_at = evaluations
        self.collect(forest)
        return True

    def collect(self, forest: Forest) -> None:
        """Takes in the cheapest ways to compute the target, not only the best."""
        is_complex = self._target.domain == "complex"
        worst = self.hall[-1].operations if len(self.hall) == HALL else math.inf
        splits = [s for s in forest.blocks[0].splits if forest.cost_of(s) < worst]
        chosen: list[Split | None] = [*splits]
        if not splits and not len(self.hall):
            chosen = [None]
        found = []
        for split in chosen:
            decoding = assemble(forest, is_complex, split=split)
            found.append(
                Solution(decoding, decoding.operations, references=_references(forest, split))
            )
        self.hall.update(found)

    @property
    def operations(self) -> int | None:
        """The fewest operations known so far: of the best program or the cheapest solution."""
        counts = [self.hall[0].operations] if len(self.hall) else []
        counts += [self.best.count.operations] if self.best else []
        return min(counts, default=None)

    def offer_leader(self, goal: int | None = None, rng: np.random.Generator | None = None) -> bool:
        """Writes the cheapest solution's program; says whether it is the best program.

        Args:
            goal: If the program comes near it, it is refined for one round ...
            rng: ... with these random choices.
        """
        if not len(self.hall):
            return False
        solution = self._write(self.hall[0])
        if solution is None or solution.program is None:
            return False
        is_best = self._keep(solution, solution.program)
        if goal and rng and goal < solution.operations <= WITHIN_REACH * goal:
            is_best |= self._refine(solution, solution.program, rng, rounds=1)
        return is_best

    def settle(self) -> None:
        """Writes the programs of the whole hall, for ties may give simpler code.

        The best one gets exact constants, where they are found.
        """
        for solution in self.hall:
            written = self._write(solution)
            if written is not None and written.program is not None:
                self._keep(written, written.program)
        for solution in self._written:
            is_product = self._dense <= solution.operations > LARGE
            # The entries of a large matrix that nothing was found for stay as they are.
            if solution.program is self.best and not is_product:
                self.best = self._exact(solution)

    def refine(self, rng: np.random.Generator, pause: Callable[[], None]) -> None:
        """Refines some of the best programs for one round, and the best of them for more.

        Args:
            rng: Decides the random choices.
            pause: Called now and then; may raise to end it.
        """
        limit = min(LARGE, max(SMALL, NEARLY_DENSE * self._dense))
        spent = 0
        for solution in sorted(self._written, key=lambda s: s.operations)[:REFINED]:
            if (
                solution.operations <= limit
                and (not spent or spent + solution.operations <= MOST_REFINED)
                and solution.program is not None
                and is_quick(solution.program)
            ):
                spent += solution.operations
                self._refine(solution, self._exact(solution), rng, 1, pause)
        if self.best and self.best.count.operations <= limit and is_quick(self.best):
            refined = refine(
                self.best, scaling=self._target.scaling, rng=rng, rounds=ROUNDS, pause=pause
            )
            if program_error(refined, self._target) <= EXACT:
                self._keep(self.front[0], refined)

    def saved(self) -> ArchiveState:
        """Returns everything that `restore` needs."""
        numbered = Numbered()
        hall, front, written = map(
            numbered.solutions, (self.hall.items, self.front.items, self._written)
        )
        best = numbered.program(self.best)
        return ArchiveState(
            tuple(numbered.decodings),
            tuple(numbered.programs),
            hall,
            front,
            written,
            best,
            self.references,
            self.improved_at,
            self._cheapest,
        )

    def restore(self, state: ArchiveState) -> None:
        """Makes the archive as it was saved.

        Raises:
            DataError: It was not saved from a search for this target.
        """
        check_archive(state, self._target)
        for kept, saved in ((self.hall, state.hall), (self.front, state.front)):
            kept.items = solutions_of(state, saved)
            kept.keys = [solution.fitness for solution in reversed(kept.items)]
        self._written = solutions_of(state, state.written)
        self.best = None if state.best is None else state.programs[state.best]
        self.references = state.references
        self.improved_at = state.improved_at
        self._cheapest = state.cheapest

    def _write(self, solution: Solution) -> Solution | None:
        """Writes a solution's program, once; None if it was written before or is not exact."""
        if any(solution == other for other in self._written):
            return None
        program = build_program(solution.decoding, self._target.domain, self._target.identifier)
        if program_error(program, self._target) > EXACT:
            return None
        written = Solution(
            solution.decoding, program.count.operations, program, solution.references
        )
        self._written.append(written)
        return written

    def _exact(self, solution: Solution) -> Program:
        """Returns a solution's program, with exact constants where they are found."""
        program = solution.program
        assert program is not None, "only written solutions are asked for"
        exact = exact_program(program, solution.decoding, self._target.exact)
        # A constant may be taken for a near exact number.
        is_right = program_error(exact, self._target) <= EXACT
        return exact if is_right and exact.count.operations <= solution.operations else program

    def _refine(
        self,
        solution: Solution,
        program: Program,
        rng: np.random.Generator,
        rounds: int,
        pause: Callable[[], None] = lambda: None,
    ) -> bool:
        scaling = self._target.scaling
        refined = refine(program, scaling=scaling, rng=rng, rounds=rounds, pause=pause)
        if program_error(refined, self._target) > EXACT:
            return False
        return self._keep(solution, refined)

    def _keep(self, solution: Solution, program: Program) -> bool:
        operations = program.count.operations
        if self.best and operations >= self.best.count.operations:
            return False
        references = solution.references
        self.front.update([Solution(solution.decoding, operations, program, references)])
        self.best, self.references = program, references
        return True


def _references(forest: Forest, split: Split | None) -> tuple[Reference, ...]:
    """Returns the blocks that a way to compute the target refers to more than once."""
    found = []
    for k, times in Counter(uses(forest, split=split)).items():
        if times > 1:
            rows, columns = forest.blocks[k].matrix.shape
            found.append(Reference(rows, columns, forest.costs[k], times))
    return tuple(sorted(found, key=lambda r: (-r.rows * r.columns, -r.operations)))


def make_statistics() -> tools.MultiStatistics:
    """Returns what is recorded of an island after each epoch."""
    statistics = tools.MultiStatistics(
        operations=tools.Statistics(lambda row: row[0]), length=tools.Statistics(lambda row: row[1])
    )
    statistics.register("min", lambda values: float(np.min(values)))
    statistics.register("median", lambda values: float(np.median(values)))
    statistics.register("max", lambda values: float(np.max(values)))
    return statistics
