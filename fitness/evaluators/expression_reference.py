"""The definition of fits of the `expression` grammar, in plain NumPy: slow and easy to read."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from dsl.grammars.expression.genome import Tapes, constant, reference
from dsl.scalars import SCALARS
from dsl.scalars.derived import derive_scalar
from fitness.evaluators.expression_evaluator import Fits, checked_samples, standardised

# As in the compiled kernel; a test compares them.
DEPENDENT, FLAT = 1e-11, 1e-11


class ExpressionReference:
    """Scores genomes one at a time, with whole columns and an orthogonal basis.

    Args:
        x: (rows, inputs) samples.
        y: (rows,) what the formula should give.
        threads: Taken for the sake of the common interface.
    """

    def __init__(self, x: npt.ArrayLike, y: npt.ArrayLike, threads: int = 1) -> None:
        self._x, self._y = checked_samples(x, y)
        self._standard, self._mean, self._scale = standardised(self._y)

    def evaluate(self, tapes: Tapes) -> Fits:
        """Fits the weights of every genome to y."""
        population, capacity = tapes.primitives.shape
        errors, weights = np.full(population, np.inf), np.zeros((population, capacity + 1))
        for position in range(population):
            values = self.values(tapes, position)
            terms = np.flatnonzero(tapes.is_term[position])
            columns = values[terms]
            with np.errstate(all="ignore"):
                squares = np.sum((columns - columns.mean(axis=1, keepdims=True)) ** 2, axis=1)
            if np.isfinite(values[tapes.is_live[position]]).all() and np.isfinite(squares).all():
                errors[position], solved = self._fit(columns)
                weights[position, [0, *(terms + 1)]] = solved * self._scale
                weights[position, 0] += self._mean
        return Fits(errors, weights)

    def mean_squares(self, tapes: Tapes) -> npt.NDArray[np.float64]:
        """Returns the mean squared difference of each genome's last live value and y."""
        errors = np.full(len(tapes.lengths), np.inf)
        for position in range(len(errors)):
            live = np.flatnonzero(tapes.is_live[position])
            if len(live):
                value = self.values(tapes, position)[live[-1]]
                with np.errstate(all="ignore"):
                    distance = float(np.mean((value - self._y) ** 2))
                errors[position] = distance if np.isfinite(distance) else np.inf
        return errors

    def values(
        self, tapes: Tapes, position: int, x: npt.ArrayLike | None = None
    ) -> npt.NDArray[np.float64]:
        """Returns the values of one genome's genes: (capacity, rows); nan where not live.

        What follows from a value that is not finite is not finite either.
        """
        x = self._x if x is None else np.asarray(x, np.float64)
        columns = list(x.T)
        members = tuple(SCALARS)
        for gene, primitive in enumerate(tapes.primitives[position]):
            if not tapes.is_live[position, gene]:
                columns.append(np.full(len(x), np.nan))
                continue
            first = columns[tapes.left[position, gene]]
            c0, c1 = tapes.constants[position, gene]
            if primitive >= reference():
                columns.append(np.full_like(first, c0) if primitive == constant() else first)
                continue
            member = members[primitive]
            with np.errstate(all="ignore"):
                if member.arity == 1:
                    operands = [first if (c0, c1) == (1.0, 0.0) else c0 * first + c1]
                else:
                    right = tapes.right[position, gene]
                    operands = [first, columns[right] if right >= 0 else np.full_like(first, c0)]
                value = derive_scalar(member.name).numpy(*operands)
            is_valid = np.logical_and.reduce([np.isfinite(operand) for operand in operands])
            columns.append(np.where(is_valid, value, np.nan))
        return np.array(columns[x.shape[1] :]).reshape(-1, len(x))

    def _fit(self, columns: npt.NDArray[np.float64]) -> tuple[float, npt.NDArray[np.float64]]:
        """Returns the error and the weights (intercept first) of the terms: (terms, rows)."""
        y, rows = self._standard, len(self._y)
        one = np.full(rows, 1 / np.sqrt(rows))
        basis, taken = [one], []
        for position, column in enumerate(columns):
            spread = float(np.sqrt(np.sum((column - column.mean()) ** 2)))
            if spread <= FLAT * abs(column.mean()) * np.sqrt(rows) or spread == 0:
                continue
            rest = (column - column.mean()) / spread
            for _ in range(2):  # a second time for the digits that the first one lost
                for direction in basis:
                    rest = rest - direction * (direction @ rest)
            if rest @ rest >= DEPENDENT:
                basis.append(rest / np.sqrt(rest @ rest))
                taken.append(position)
        matrix = np.column_stack([np.ones(rows), *columns[taken]])
        sizes = np.sqrt(np.sum(matrix**2, axis=0))
        solved = np.linalg.lstsq(matrix / sizes, y, rcond=None)[0] / sizes
        weights = np.zeros(len(columns) + 1)
        weights[[0, *(np.array(taken, np.int64) + 1)]] = solved
        return float(np.sqrt(np.mean((y - matrix @ solved) ** 2))), weights
