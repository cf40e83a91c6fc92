"""The `expression` grammar's search: every output has a population of its own on every island.

An output whose formula is exact lends its values to the others, which may use them like inputs.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from dsl.genome import Genes, Genomes
from dsl.grammars.expression.build import Formula, Loan, build_formulas
from dsl.grammars.expression.genome import FIELDS
from dsl.grammars.expression.values import steps_of, values
from dsl.program import Program
from dsl.samples import SampledTarget, Samples
from evosynth.engine.breeding import Standing
from evosynth.engine.expression.island import (
    SOLVING_ROWS,
    Rows,
    run_epoch,
    score,
    survivors,
)
from evosynth.engine.expression.recall import Recall
from evosynth.engine.expression.recognition import exact_error, recognise
from evosynth.engine.expression.selection import Candidate, chosen
from evosynth.engine.expression.solving import Fit, fit, polish, spread
from evosynth.engine.population import joined
from evosynth.engine.spec import Population, Spec, no_population
from fitness.objectives import WORST

Array = npt.NDArray[np.float64]

# Rows that the search sees, rows that the constants of what it found are solved on, and rows
# that formulas are chosen by.
SEARCH_ROWS, POLISH_ROWS, VALIDATION_ROWS = 2_048, 1 << 13, 1 << 14
# Formulas of the front that are finished at the end, and when a program is written meanwhile.
FINISHED, WRITTEN = 16, 1
# Values that an exact formula lends.
MOST_LENT = 4
MIGRANTS = 10
# Exact formulas may have an error on validation rows that is so many times as large.
HELD = 3.0
# Inputs whose spectrum says how exact a formula can be.
MOST_SPECTRA = 8
# Simple constants may raise the mean squared validation error by this factor.
AS_GOOD = 1.02


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """A formula of the front, as the search left it.

    Attributes:
        genes: (length, 12) int16.
        error: In steps; 0 if exact.
        operations: As the genes stand.
        loans: How many values of other formulas it could use.
    """

    genes: Genes
    error: float
    operations: float
    loans: int


class FormulaBreeding:
    """Islands that search for formulas of samples.

    Args:
        target: What formulas must describe.
        spec: What decides the bits of the result.
        threads: Threads of the evaluator; the result does not depend on it.

    Attributes:
        fronts: By output, the best formula for every number of operations.
        best: The best program that was written.
        candidates: By output, the finished formulas of the front; empty until the end.
    """

    interval = 4

    def __init__(self, target: SampledTarget, spec: Spec, threads: int = 1) -> None:
        self.target = target
        self.best: Program | None = None
        self.fronts: list[list[Found]] = [[] for _ in target.outputs]
        self.candidates: list[list[Candidate]] = [[] for _ in target.outputs]
        self.improved_at = 0
        self._spec = spec
        self._threads = threads
        self._loans: list[Loan] = []
        self._lenders: set[int] = set()
        self._islands: list[list[Population]] = []
        self._efforts = np.zeros((spec.islands, len(target.outputs)), np.int64)
        self._recall = Recall()
        order = np.random.default_rng(np.random.SeedSequence(spec.seed, spawn_key=(9,)))
        train = target.train
        picked = order.permutation(len(train))[:POLISH_ROWS]
        self._x = np.ascontiguousarray(train.x[picked].T)
        self._y = np.ascontiguousarray(train.y[picked].T)
        self._rows: list[Rows] = []
        self._exact: list[float] = []
        self._refused: set[tuple[int, bytes]] = set()
        held = target.validation or train
        spaced = np.linspace(0, len(held) - 1, min(len(held), VALIDATION_ROWS)).astype(np.int64)
        self._held = Samples(held.x[spaced], held.y[spaced])

    @property
    def standing(self) -> Standing | None:
        """The worst error among the outputs, and the operations of all of them."""
        if not all(self.fronts):
            return None
        leaders = [_leader(front) for front in self.fronts]
        error = max(leader.error for leader in leaders)
        return Standing(error, int(sum(leader.operations for leader in leaders)))

    def warm_up(self) -> None:
        """Compiles what is not compiled yet."""
        x, y = self._x[:, :4], self._y[0, :4]
        genes = np.zeros((1, self._spec.capacity, len(FIELDS)), np.int16)
        score(Rows.of(x, y, 1), Genomes(genes, np.ones(1, np.int16)))

    def begin(self) -> None:
        """Makes the islands, all empty."""
        nothing = no_population(self._spec.capacity, len(FIELDS))
        outputs = len(self.target.outputs)
        x, y = self._x[:MOST_SPECTRA, :SOLVING_ROWS], self._y[:, :SOLVING_ROWS]
        self._exact = [exact_error(x, row) for row in y]
        self._islands = [[nothing] * outputs for _ in range(self._spec.islands)]
        self._make_rows()

    def run_epoch(self, spec: Spec, epoch: int, island: int) -> int:
        """Lets one output's population breed for an epoch; returns the evaluations made."""
        output = self._next_output(island)
        before = self._islands[island][output]
        after, made = run_epoch(self._rows[output], spec, before, epoch, island, self._recall)
        self._islands[island][output] = after
        self._efforts[island, output] += made
        return made

    def take_in(self, island: int, evaluations: int) -> bool:
        """Takes in the formulas of an island; says whether the standing improved."""
        before = self.standing
        for output, population in enumerate(self._islands[island]):
            self._collect(output, population)
        after = self.standing
        if after is None or (
            before and (before.error, before.operations) <= (after.error, after.operations)
        ):
            return False
        self.improved_at = evaluations
        return True

    def migrate(self) -> None:
        """Gives each island the best of the one before it, and lends values of exact formulas."""
        islands = self._islands
        for output in range(len(self.target.outputs)):
            leaving = [survivors(island[output], MIGRANTS) for island in islands]
            for k, island in enumerate(islands):
                arriving = joined(island[output], leaving[k - 1])
                island[output] = replace(
                    survivors(arriving, self._spec.population), stale=island[output].stale
                )
        if self._lend():
            self._make_rows()
            for island in islands:
                for output, population in enumerate(island):
                    if len(population.genomes):
                        rescored = score(self._rows[output], population.genomes)
                        island[output] = replace(rescored, stale=population.stale)

    def write(self, goal: int | None, rng: np.random.Generator) -> bool:
        """Writes the best formulas so far as a program; says whether it is a new one."""
        if not any(self.fronts):
            return False
        before = self.best
        self.best = self._program(self._finished(WRITTEN))
        return self.best != before

    def is_goal_met(self, goal: int) -> bool:
        """Says whether an exact program has as few operations."""
        standing = self.standing
        is_exact = standing is not None and standing.error == 0
        return is_exact and self.best is not None and self.best.count.operations <= goal

    def settle(self) -> None:
        """Finishes the formulas of the fronts and chooses among them."""
        if any(self.fronts):
            self.candidates = self._finished(FINISHED)
            self.best = self._program(self.candidates)

    def refine(self, rng: np.random.Generator, pause: Callable[[], None]) -> None:
        """Does nothing: constants are solved as formulas are finished."""

    def record(self, island: int) -> dict[str, object]:
        """Returns the standing, and sizes of an island's populations."""
        standing = self.standing
        populations = self._islands[island]
        return {
            "best": standing.operations if standing else None,
            "error": standing.error if standing else None,
            "stale": max(population.stale for population in populations),
            "formulas": sum(len(population.genomes) for population in populations),
        }

    def _next_output(self, island: int) -> int:
        """Returns an output that is not exact yet, on which least effort was spent."""
        is_open = [not front or _leader(front).error > 0 for front in self.fronts]
        efforts = self._efforts[island]
        order = sorted(range(len(efforts)), key=lambda k: (not is_open[k], efforts[k]))
        return order[0]

    def _make_rows(self) -> None:
        x = self._with_loans(self._x[:, :SEARCH_ROWS], len(self._loans))
        y = self._y[:, :SEARCH_ROWS]
        self._rows = [
            Rows.of(x, np.ascontiguousarray(row), self._threads, exact)
            for row, exact in zip(y, self._exact, strict=True)
        ]

    def _with_loans(self, x: Array, count: int) -> Array:
        """Returns the inputs and what the first so many loans are on the same rows."""
        columns = list(x)
        for loan in self._loans[:count]:
            known = np.stack(columns[: len(x) + len(loan.loans)])
            columns.append(values(steps_of(loan.genes, len(known)), known)[loan.slot])
        return np.stack(columns)

    def _lend(self) -> bool:
        """Makes loans of the values of formulas that are exact by now; says whether it did."""
        before = len(self._loans)
        outputs = len(self.target.outputs)
        for output in range(outputs if outputs > 1 else 0):
            leader = _leader(self.fronts[output]) if self.fronts[output] else None
            if output in self._lenders or leader is None or leader.error > 0:
                continue
            self._lenders.add(output)
            first = len(self._x) + leader.loans
            steps = [s for s in steps_of(leader.genes, first) if s.name != "constant"]
            known = tuple(self._loans[: leader.loans])
            self._loans += [
                Loan(leader.genes, first + step.position, known) for step in steps[-MOST_LENT:]
            ]
        return len(self._loans) > before

    def _collect(self, output: int, population: Population) -> None:
        front = self.fronts[output]
        for k in np.lexsort((population.errors, population.operations)).tolist():
            error, operations = float(population.errors[k]), float(population.operations[k])
            is_beaten = any(f.error <= error and f.operations <= operations for f in front)
            if error < WORST and not is_beaten:
                genes = population.genomes[k].copy()
                if error == 0 and not self._holds(genes, output):
                    continue  # exact by chance, or by many terms: other rows tell
                front[:] = [f for f in front if f.error < error or f.operations < operations]
                front.append(Found(genes, error, operations, len(self._loans)))

    def _holds(self, genes: Genes, output: int) -> bool:
        """Says whether an exact formula is exact on validation rows too."""
        rows, key = self._rows[output], (output, genes.tobytes())
        if key in self._refused:
            return False
        fitted = fit(genes, rows.x, rows.y)
        if fitted is not None:
            squares = self._candidate(fitted, tuple(self._loans), output).squares
            if np.sqrt(squares.mean()) <= HELD * rows.exact:
                return True
        self._refused.add(key)
        return False

    def _program(self, candidates: list[list[Candidate]]) -> Program:
        exact = self._exact
        formulas = [
            chosen(each, limit).formula for each, limit in zip(candidates, exact, strict=True)
        ]
        return build_formulas(formulas, len(self._x), self.target.identifier)

    def _finished(self, most: int) -> list[list[Candidate]]:
        """Solves the constants of the best formulas of every front on more rows."""
        return [self._finished_front(output, most) for output in range(len(self.fronts))]

    def _finished_front(self, output: int, most: int) -> list[Candidate]:
        made: list[Candidate] = []
        for found in sorted(self.fronts[output], key=lambda f: (f.error, f.operations)):
            if len(made) < most:
                made += self._candidates(found, output)
        return made or [self._mean(output)]

    def _mean(self, output: int) -> Candidate:
        """Returns the formula that is a constant: for want of a better one."""
        y = self._y[output]
        formula = Formula(np.zeros((0, len(FIELDS)), np.int16), float(y.mean()))
        program = build_formulas([formula], len(self._x), "formula")
        error = float(y.std()) / spread(y)
        return Candidate(formula, 0, error, self._squares(program, output))

    def _candidates(self, found: Found, output: int) -> list[Candidate]:
        """Returns a formula with simple constants if they serve as well, else as solved."""
        x, y = self._with_loans(self._x, found.loans), self._y[output]
        polished = polish(found.genes, x, y)
        if polished is None:  # on rows that the search did not see
            return []
        loans = tuple(self._loans[: found.loans])
        simple, solved = (
            self._candidate(fitted, loans, output)
            for fitted in (recognise(polished, x, y, self._exact[output]), polished)
        )
        limit = max(AS_GOOD * float(np.mean(solved.squares)), self._exact[output] ** 2)
        return [simple if float(np.mean(simple.squares)) <= limit else solved]

    def _candidate(self, fitted: Fit, loans: tuple[Loan, ...], output: int) -> Candidate:
        weights = {k: w for k, w in fitted.weights.items() if w != 0}
        formula = Formula(fitted.genes, fitted.intercept, weights, loans)
        program = build_formulas([formula], len(self._x), "formula")
        squares = self._squares(program, output)
        return Candidate(formula, program.count.operations, fitted.error, squares)

    def _squares(self, program: Program, output: int) -> Array:
        y = self._held.y[:, output]
        difference = program.execute(self._held.x)[:, 0] - y
        with np.errstate(over="ignore"):
            squares = (difference / spread(y)) ** 2
        return np.where(np.isfinite(squares), squares, np.inf)


def _leader(front: list[Found]) -> Found:
    return min(front, key=lambda f: (f.error, f.operations))
