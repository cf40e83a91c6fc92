"""The `expression` grammar's search: every output has a population of its own on every island.

An output whose formula is exact lends its values to the others, which may use them like inputs.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from dsl.errors import DataError
from dsl.genome import Genes
from dsl.grammars.expression.build import Loan, build_formulas
from dsl.grammars.expression.genome import FIELDS
from dsl.program import Program
from dsl.samples import SampledTarget, Samples
from evosynth.engine.breeding import Standing
from evosynth.engine.epoch_call import prepare
from evosynth.engine.expression.finishing import Finishing
from evosynth.engine.expression.formula_check import check_formulas
from evosynth.engine.expression.formula_epoch import (
    FormulaIsland,
    FormulaRows,
    FormulaSetting,
    setting_text,
)
from evosynth.engine.expression.formula_state import FormulaState, loan_states, loans_of
from evosynth.engine.expression.front import Found, is_exact, leader
from evosynth.engine.expression.island import SOLVING_ROWS, Rows, score, survivors
from evosynth.engine.expression.lending import lent_by, with_loans
from evosynth.engine.expression.recognition import exact_error
from evosynth.engine.expression.selection import Candidate, chosen
from evosynth.engine.expression.solving import fit
from evosynth.engine.means import ONE_THREAD, Means
from evosynth.engine.plain_data import from_plain, from_text, to_plain, to_text
from evosynth.engine.population import joined
from evosynth.engine.spec import Population, Spec, no_population
from fitness.objectives import WORST

Array = npt.NDArray[np.float64]

# Rows that the search sees, rows that the constants of what it found are solved on, and rows
# that formulas are chosen by.
SEARCH_ROWS, POLISH_ROWS, VALIDATION_ROWS = 2_048, 1 << 13, 1 << 14
# Formulas of the front that are finished at the end, and when a program is written meanwhile.
FINISHED, WRITTEN = 16, 1
MIGRANTS = 10
# Exact formulas may have an error on validation rows that is so many times as large.
HELD = 3.0
# Inputs whose spectrum says how exact a formula can be.
MOST_SPECTRA = 8
# Turns between two times that programs are written.
INTERVAL = 4


class FormulaBreeding:
    """Islands that search for formulas of samples.

    Args:
        target: What formulas must describe.
        spec: What decides the bits of the result.
        means: Of the evaluator here; the result does not depend on it.

    Attributes:
        fronts: By output, the best formula for every number of operations.
        best: The best program that was written.
        candidates: By output, the finished formulas of the front; empty until the end.
        interval: Epochs between two times that programs are written.
    """

    def __init__(self, target: SampledTarget, spec: Spec, means: Means = ONE_THREAD) -> None:
        self.target = target
        self.best: Program | None = None
        self.fronts: list[list[Found]] = [[] for _ in target.outputs]
        self.candidates: list[list[Candidate]] = [[] for _ in target.outputs]
        self.improved_at = 0
        self.interval = max(1, INTERVAL // spec.turns)
        self._spec = spec
        self._means = means
        self._loans: list[Loan] = []
        self._lenders: set[int] = set()
        self._islands: list[FormulaIsland] = []
        order = np.random.default_rng(np.random.SeedSequence(spec.seed, spawn_key=(9,)))
        train = target.train
        picked = order.permutation(len(train))[:POLISH_ROWS]
        self._x = np.ascontiguousarray(train.x[picked].T)
        self._y = np.ascontiguousarray(train.y[picked].T)
        self._rows: tuple[Rows, ...] = ()
        self._rows_text = ""
        self._exact: tuple[float, ...] = ()
        self._refused: set[tuple[int, bytes]] = set()
        held = target.validation or train
        spaced = np.linspace(0, len(held) - 1, min(len(held), VALIDATION_ROWS)).astype(np.int64)
        self._held = Samples(held.x[spaced], held.y[spaced])

    @property
    def standing(self) -> Standing | None:
        """The worst error among the outputs, and the operations of all of them."""
        if not all(self.fronts):
            return None
        leaders = [leader(front) for front in self.fronts]
        error = max(found.error for found in leaders)
        return Standing(error, int(sum(found.operations for found in leaders)))

    def warm_up(self) -> None:
        """Compiles what is not compiled yet."""
        prepare("expression")

    def begin(self) -> None:
        """Makes the islands, all empty."""
        outputs = len(self.target.outputs)
        x, y = self._x[:MOST_SPECTRA, :SOLVING_ROWS], self._y[:, :SOLVING_ROWS]
        self._exact = tuple(exact_error(x, row) for row in y)
        nothing = no_population(self._spec.capacity, len(FIELDS))
        empty = FormulaIsland((nothing,) * outputs, (0,) * outputs)
        self._islands = [empty] * self._spec.islands
        self._make_rows()

    def setting(self) -> str:
        """Returns what an epoch needs to know beside the island."""
        setting = FormulaSetting(self._spec, tuple(map(is_exact, self.fronts)))
        return "expression\n" + setting_text(setting, self._rows_text)

    def state(self, island: int) -> str:
        """Returns an island as text."""
        return to_text(self._islands[island], FormulaIsland)

    def take_in(self, island: int, state: str, evaluations: int) -> bool:
        """Takes in the formulas of an island; says whether the standing improved."""
        before = self.standing
        self._islands[island] = from_text(state, FormulaIsland)
        for output, population in enumerate(self._islands[island].populations):
            self._collect(output, population)
        after = self.standing
        if after is None or (
            before and (before.error, before.operations) <= (after.error, after.operations)
        ):
            return False
        self.improved_at = evaluations
        return True

    def saved(self) -> dict[str, Any]:
        """Returns everything that `restore` needs, as plain data."""
        state = FormulaState(
            tuple(self._islands),
            tuple(map(tuple, self.fronts)),
            loan_states(self._loans),
            tuple(sorted(self._lenders)),
            tuple(sorted(self._refused)),
            self._exact,
            self.best,
            self.improved_at,
        )
        data: dict[str, Any] = to_plain(state, FormulaState)
        return data

    def restore(self, data: dict[str, Any]) -> None:
        """Makes the islands and the fronts as they were saved.

        Raises:
            DataError: The data are damaged, or another search's.
        """
        state = from_plain(data, FormulaState)
        check_formulas(state, self.target, self._spec)
        self._loans = loans_of(state.loans)
        self._exact = state.exact
        try:
            self._make_rows()
        except ValueError as error:
            raise DataError(f"loans: {error}"[:200]) from error
        self._islands = list(state.islands)
        self.fronts = list(map(list, state.fronts))
        self._lenders, self._refused = set(state.lenders), set(state.refused)
        self.best, self.improved_at = state.best, state.improved_at

    def migrate(self) -> None:
        """Gives each island the best of the one before it, and lends values of exact formulas."""
        outputs = range(len(self.target.outputs))
        populations = [list(island.populations) for island in self._islands]
        for output in outputs:
            leaving = [survivors(own[output], MIGRANTS) for own in populations]
            for k, own in enumerate(populations):
                arriving = joined(own[output], leaving[k - 1])
                kept = survivors(arriving, self._spec.population)
                own[output] = replace(kept, stale=own[output].stale)
        if self._lend():
            self._make_rows()
            for own in populations:
                own[:] = [self._rescored(output, own[output]) for output in outputs]
        self._islands = [
            replace(island, populations=tuple(own))
            for island, own in zip(self._islands, populations, strict=True)
        ]

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
        is_right = standing is not None and standing.error == 0
        return is_right and self.best is not None and self.best.count.operations <= goal

    def settle(self, *, is_interrupted: bool = False) -> None:
        """Finishes the formulas of the fronts and chooses among them."""
        if any(self.fronts):
            self.candidates = self._finished(FINISHED)
            self.best = self._program(self.candidates)

    def refine(self, rng: np.random.Generator, pause: Callable[[], None]) -> None:
        """Does nothing: constants are solved as formulas are finished."""

    def record(self, island: int) -> dict[str, object]:
        """Returns the standing, and sizes of an island's populations."""
        standing = self.standing
        populations = self._islands[island].populations
        return {
            "best": standing.operations if standing else None,
            "error": standing.error if standing else None,
            "stale": max(population.stale for population in populations),
            "formulas": sum(len(population.genomes) for population in populations),
        }

    def _make_rows(self) -> None:
        """Makes what the search sees of the samples and the loans.

        Raises:
            ValueError: A number is not finite.
        """
        x = with_loans(self._x[:, :SEARCH_ROWS], self._loans)
        rows = FormulaRows(x, np.ascontiguousarray(self._y[:, :SEARCH_ROWS]), self._exact)
        self._rows = rows.by_output(self._means)
        self._rows_text = to_text(rows, FormulaRows)

    def _rescored(self, output: int, population: Population) -> Population:
        if not len(population.genomes):
            return population
        return replace(score(self._rows[output], population.genomes), stale=population.stale)

    def _lend(self) -> bool:
        """Makes loans of the values of formulas that are exact by now; says whether it did."""
        before = len(self._loans)
        outputs = len(self.target.outputs)
        for output in range(outputs if outputs > 1 else 0):
            if output not in self._lenders and is_exact(self.fronts[output]):
                self._lenders.add(output)
                self._loans += lent_by(leader(self.fronts[output]), self._loans, len(self._x))
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
        rows = self._rows[output]
        key = output, hashlib.blake2b(genes.tobytes(), digest_size=16).digest()
        if key in self._refused:
            return False
        fitted = fit(genes, rows.x, rows.y)
        if fitted is not None:
            squares = self._finishing(output).candidate(fitted, tuple(self._loans)).squares
            if np.sqrt(squares.mean()) <= HELD * rows.exact:
                return True
        self._refused.add(key)
        return False

    def _finishing(self, output: int) -> Finishing:
        return Finishing.of(self._x, self._y, self._held, output, self._exact[output])

    def _finished(self, most: int) -> list[list[Candidate]]:
        """Solves the constants of the best formulas of every front on more rows."""
        return [self._finished_front(output, most) for output in range(len(self.fronts))]

    def _finished_front(self, output: int, most: int) -> list[Candidate]:
        finishing = self._finishing(output)
        made: list[Candidate] = []
        for found in sorted(self.fronts[output], key=lambda f: (f.error, f.operations)):
            if len(made) < most:
                candidate = finishing.finished(found, self._loans)
                made += [] if candidate is None else [candidate]
        return made or [finishing.mean()]

    def _program(self, candidates: list[list[Candidate]]) -> Program:
        formulas = [
            chosen(each, limit).formula for each, limit in zip(candidates, self._exact, strict=True)
        ]
        return build_formulas(formulas, len(self._x), self.target.identifier)
