"""What makes a formula of the search one to choose: constants solved on more rows, and simple."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dsl.grammars.expression.build import Formula, Loan, build_formulas
from dsl.grammars.expression.genome import FIELDS
from dsl.program import Program
from dsl.samples import Samples
from evosynth.engine.expression.front import Found
from evosynth.engine.expression.lending import with_loans
from evosynth.engine.expression.recognition import recognise
from evosynth.engine.expression.selection import Candidate
from evosynth.engine.expression.solving import Fit, polish, spread

Array = npt.NDArray[np.float64]

# Simple constants may raise the mean squared validation error by this factor.
AS_GOOD = 1.02


@dataclass(frozen=True, slots=True, eq=False)
class Finishing:
    """The rows of one output that its formulas are finished on.

    Attributes:
        x: (inputs, rows).
        y: (rows,).
        held: (rows, inputs) of the rows that formulas are chosen by ...
        expected: (rows,) ... and what they should give there.
        exact: An error up to this is rounding.
    """

    x: Array
    y: Array
    held: Array
    expected: Array
    exact: float

    @classmethod
    def of(cls, x: Array, y: Array, held: Samples, output: int, exact: float) -> Finishing:
        """Takes (inputs, rows), (outputs, rows), and validation samples of all outputs."""
        return cls(x, y[output], held.x, held.y[:, output], exact)

    def finished(self, found: Found, loans: Sequence[Loan]) -> Candidate | None:
        """Returns a formula with simple constants if they serve as well, else as solved.

        Args:
            found: As the search left it.
            loans: All that are known.
        """
        own = tuple(loans[: found.loans])
        x = with_loans(self.x, own)
        polished = polish(found.genes, x, self.y)
        if polished is None:  # on rows that the search did not see
            return None
        simple, solved = (
            self.candidate(fitted, own)
            for fitted in (recognise(polished, x, self.y, self.exact), polished)
        )
        limit = max(AS_GOOD * float(np.mean(solved.squares)), self.exact**2)
        return simple if float(np.mean(simple.squares)) <= limit else solved

    def candidate(self, fitted: Fit, loans: tuple[Loan, ...]) -> Candidate:
        """Returns a formula as it was fitted."""
        weights = {k: w for k, w in fitted.weights.items() if w != 0}
        formula = Formula(fitted.genes, fitted.intercept, weights, loans)
        program = build_formulas([formula], len(self.x), "formula")
        return Candidate(formula, program.count.operations, fitted.error, self._squares(program))

    def mean(self) -> Candidate:
        """Returns the formula that is a constant: for want of a better one."""
        formula = Formula(np.zeros((0, len(FIELDS)), np.int16), float(self.y.mean()))
        program = build_formulas([formula], len(self.x), "formula")
        error = float(self.y.std()) / spread(self.y)
        return Candidate(formula, 0, error, self._squares(program))

    def _squares(self, program: Program) -> Array:
        difference = program.execute(self.held)[:, 0] - self.expected
        with np.errstate(over="ignore"):
            squares = (difference / spread(self.expected)) ** 2
        return np.where(np.isfinite(squares), squares, np.inf)
