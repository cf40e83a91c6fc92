"""The constants of one formula: weights by least squares, the others by Levenberg-Marquardt.

The weights of the terms are linear and are solved anew for every choice of the other
constants (variable projection, [GolubPereyra1973] in the form of [Kaufman1975]), so that the
optimiser sees the others alone.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dsl.genome import Genes
from dsl.grammars.expression.genome import constants, with_constants
from dsl.grammars.expression.values import (
    Parameter,
    Step,
    jacobian,
    parameters,
    steps_of,
    values,
)

Array = npt.NDArray[np.float64]

# Directions whose columns are this much smaller than the largest are not resolved in doubles.
RESOLVED = 1e-14
MOST_STEPS = 60
# A step that improves the sum of squares by less than this fraction ends the polish.
LEAST_GAIN = 1e-10
# After this many steps the error must have fallen to this fraction.
WINDOW, ENOUGH = 6, 0.95
# Arguments of these functions that span less make a line or a parabola of them.
LEAST_SPANS = {"sin": 0.1, "cos": 0.1, "exp": 1e-3}
# Residuals below this fraction of the spread of y are rounding.
ROUNDING = 1e-15


@dataclass(frozen=True, slots=True)
class Fit:
    """One genome with its weights on some samples.

    Attributes:
        genes: (length, 12) int16.
        intercept: Constant term.
        weights: Of the terms, by position of the gene.
        residual: (rows,) y less the formula.
        error: Root mean square of the residual over the spread of y.
    """

    genes: Genes
    intercept: float
    weights: dict[int, float]
    residual: Array
    error: float


def spread(y: Array) -> float:
    """Returns the standard deviation of y, or 1 for a constant: what errors are relative to."""
    deviation = float(np.std(y))
    return deviation if deviation > ROUNDING * float(np.abs(y).max(initial=0.0)) else 1.0


def fit(genes: Genes, x: Array, y: Array) -> Fit | None:
    """Solves the weights of a formula; None where a value is not finite.

    Args:
        genes: (length, 12) int16.
        x: (inputs, rows).
        y: (rows,).
    """
    return _Problem(genes, x, y).solve(genes)


def polish(genes: Genes, x: Array, y: Array, most: int = MOST_STEPS) -> Fit | None:
    """Solves all constants of a formula from where they are; None where it is invalid."""
    return _Problem(genes, x, y).polish(genes, most)


def _is_flat(step: Step, known: dict[int, Array]) -> bool:
    """Says whether a wave does not turn: with a huge weight it would stand in for a line."""
    if step.name not in LEAST_SPANS:
        return False
    return bool(abs(step.c0) * np.ptp(known[step.left]) < LEAST_SPANS[step.name])


def _is_stuck(errors: list[float]) -> bool:
    """Says whether the last few steps gained little: there are other starts to try."""
    return len(errors) > WINDOW and errors[-1] > ENOUGH * errors[-1 - WINDOW]


class _Problem:
    def __init__(self, genes: Genes, x: Array, y: Array) -> None:
        self._x, self._y = x, y
        self._inputs = len(x)
        self._spread = spread(y)
        self._known: dict[int, Array] = {}
        self._steps: list[Step] = []

    def solve(self, genes: Genes) -> Fit | None:
        """Solves the weights alone."""
        if not np.isfinite(constants(genes)).all():  # exp may hide it
            return None
        self._steps = steps_of(genes, self._inputs)
        self._known = values(self._steps, self._x)
        if any(_is_flat(step, self._known) for step in self._steps):
            return None
        terms = [step.position for step in self._steps if step.is_term]
        columns = [np.ones_like(self._y), *(self._known[self._inputs + k] for k in terms)]
        self._design = np.column_stack(columns)
        if not np.isfinite(self._design).all():
            return None
        with np.errstate(over="ignore"):
            sizes = np.linalg.norm(self._design, axis=0)
        if not np.isfinite(sizes).all():
            return None
        sizes[sizes == 0] = 1.0
        solution = self._weights(self._design / sizes) / sizes
        residual = self._y - self._design @ solution
        error = float(np.sqrt(np.mean(residual**2))) / self._spread
        if not np.isfinite(error):
            return None
        weights = dict(zip(terms, solution[1:].tolist(), strict=True))
        return Fit(genes, float(solution[0]), weights, residual, error)

    def _weights(self, scaled: Array) -> Array:
        """Returns the weights of columns of length 1 in least squares."""
        self._basis, triangle = np.linalg.qr(scaled)
        diagonal = np.abs(triangle.diagonal())
        if len(diagonal) < scaled.shape[1] or diagonal.min() < 1e-10:
            return np.asarray(np.linalg.lstsq(scaled, self._y, rcond=RESOLVED)[0])
        solution = np.linalg.solve(triangle, self._basis.T @ self._y)
        # Once more for what rounding left: keeps exact formulas exact.
        left = self._y - scaled @ solution
        return np.asarray(solution + np.linalg.solve(triangle, self._basis.T @ left))

    def polish(self, genes: Genes, most: int) -> Fit | None:
        """Levenberg-Marquardt on all constants that are not what they are by default."""
        best = self.solve(genes)
        if best is None:
            return None
        wanted = parameters(self._steps)
        damping = 1e-3
        errors = [best.error]
        for _ in range(most):
            if not wanted or best.error <= ROUNDING or _is_stuck(errors):
                break
            centring = self._centring(wanted)
            slopes = self._projected(best, wanted, centring)
            if slopes is None:
                break
            better, damping = self._step(best, wanted, slopes, centring, damping)
            if better is None:
                break
            gain = 1 - (better.error / best.error) ** 2
            best = better
            errors.append(best.error)
            if gain < LEAST_GAIN and damping < 1e-9:
                break
        return best

    def _centring(self, wanted: list[Parameter]) -> Array:
        """Returns how constants move together: (constants, moves), the identity but for pairs.

        A scale turns about the mean of what it scales rather than about 0: with an operand
        far from 0, scale and shift would have nearly the same effect.
        """
        places = {parameter: k for k, parameter in enumerate(wanted)}
        centring = np.eye(len(wanted))
        for step in self._steps:
            scale, shift = places.get((step.position, 0)), places.get((step.position, 1))
            if scale is not None and shift is not None:
                centring[shift, scale] = -float(np.mean(self._known[step.left]))
        return centring

    def _projected(self, at: Fit, wanted: list[Parameter], centring: Array) -> Array | None:
        """Returns the derivatives by the moves that the weights cannot make up for."""
        slopes = jacobian(self._steps, self._known, self._inputs, at.weights, wanted)
        with np.errstate(all="ignore"):  # of a jump between huge values, and refused below
            slopes = slopes @ centring
        if not np.isfinite(slopes).all():
            return None
        return np.asarray(slopes - self._basis @ (self._basis.T @ slopes))

    def _step(
        self, at: Fit, wanted: list[Parameter], slopes: Array, centring: Array, damping: float
    ) -> tuple[Fit | None, float]:
        """Returns the next, better fit and the damping after it."""
        sizes = np.linalg.norm(slopes, axis=0)
        sizes[sizes == 0] = np.inf  # a jump, or a constant that the weights make up for
        left, singular, right = np.linalg.svd(slopes / sizes, full_matrices=False)
        aim = left.T @ at.residual
        start = constants(at.genes)
        held = self._steps, self._known, self._design, self._basis
        for _ in range(12):
            move = centring @ (right.T @ (aim * singular / (singular**2 + damping)) / sizes)
            changed = start.copy()
            for (position, which), change in zip(wanted, move.tolist(), strict=True):
                changed[position, which] += change
            trial = self.solve(with_constants(at.genes, changed))
            if trial is not None and trial.error < at.error:
                return trial, max(damping / 10, 1e-16)
            damping *= 5
        self._steps, self._known, self._design, self._basis = held
        return None, damping
