"""Solved constants replaced by the simple numbers that they most likely are.

A constant is tried as the simplest number within its standard deviation, and kept so if the
formula is no worse for it: 31 rather than 30.9999999998. Phases that are multiples of a
quarter turn change the function instead: sin(x + pi/2) is cos(x).
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from dsl.genome import Genes
from dsl.grammars.expression.genome import PRIMITIVE, constants, with_constants
from dsl.grammars.expression.values import jacobian, parameters, steps_of, values
from dsl.scalars import SCALARS
from evosynth.engine.expression.simple_numbers import recognised
from evosynth.engine.expression.solving import Fit, fit, spread
from evosynth.engine.expression.spectrum import wide_spectrum

Array = npt.NDArray[np.float64]

# A formula with an error up to this is exact, unless arguments of waves are so large that
# their rounding alone makes more (`exact_error`). Sums of many waves with errors of 1e-12 are
# known that go wrong outside of the training range.
EXACT_FIT = 1e-13
# Of the rounding of an argument, which the last digit of a frequency makes.
ROUNDED = 4e-16
# A simple constant may raise the sum of squares by this many variances of the residual.
TOLERATED = 4.0
QUARTER = np.pi / 2
# Of the residual of an exact formula, as a fraction of the spread: rounding is no noise.
LEAST_NOISE = 1e-12


def exact_error(x: Array, y: Array) -> float:
    """Returns up to which error a formula of these samples counts as exact.

    Args:
        x: (inputs, rows).
        y: (rows,).
    """
    largest = 0.0
    for v in x:
        found = wide_spectrum(v, y)
        if found is not None and found.is_significant:
            largest = max(largest, found.peak() * float(np.abs(v).max()))
    return max(EXACT_FIT, ROUNDED * largest)


def recognise(found: Fit, x: Array, y: Array, exact: float = EXACT_FIT) -> Fit:
    """Returns the formula with simple constants where they serve as well.

    Args:
        found: A polished fit on these samples.
        x: (inputs, rows).
        y: (rows,).
        exact: An error up to this is rounding.
    """
    limit = float(np.sqrt(found.error**2 * (1 + TOLERATED / len(y))))
    limit += exact if found.error <= exact else 0
    found = _with_short_phases(found, x, y, limit)
    found = _with_simple_constants(found, x, y, limit)
    found = _with_quarter_turns(found, x, y, limit)
    return _with_simple_weights(found, x, y, limit)


def _if_as_good(found: Fit, genes: Genes, x: Array, y: Array, limit: float) -> Fit:
    trial = fit(genes, x, y)
    return trial if trial is not None and trial.error <= limit else found


def _with_short_phases(found: Fit, x: Array, y: Array, limit: float) -> Fit:
    """Brings phases to (-pi, pi], and negative frequencies of terms to positive ones."""
    changed = constants(found.genes)
    for step in steps_of(found.genes, len(x)):
        if step.name not in ("sin", "cos"):
            continue
        k = step.position
        if changed[k, 0] < 0 and (step.name == "cos" or step.is_term):
            changed[k] *= -1  # the weight of a sine turns its sign
        changed[k, 1] -= 2 * np.pi * np.rint(changed[k, 1] / (2 * np.pi))
    return _if_as_good(found, with_constants(found.genes, changed), x, y, limit)


def _with_simple_constants(found: Fit, x: Array, y: Array, limit: float) -> Fit:
    deviations = _deviations(found, x, y)
    for position, which in parameters(steps_of(found.genes, len(x))):
        changed = constants(found.genes)
        simple = recognised(float(changed[position, which]), deviations[position, which])
        if simple is not None:
            changed[position, which] = simple
            found = _if_as_good(found, with_constants(found.genes, changed), x, y, limit)
    return found


def _deviations(found: Fit, x: Array, y: Array) -> dict[tuple[int, int], float]:
    """Returns the standard deviations of the constants, weights being solved with them."""
    steps = steps_of(found.genes, len(x))
    wanted = parameters(steps)
    known = values(steps, x)
    slopes = jacobian(steps, known, len(x), dict(found.weights), wanted)
    terms = [known[len(x) + step.position] for step in steps if step.is_term]
    return dict(
        zip(
            wanted,
            _spreads(np.column_stack([slopes, *terms, np.ones(len(y))]), found, y),
            strict=False,
        )
    )


def _spreads(columns: Array, found: Fit, y: Array) -> list[float]:
    """Returns the standard deviation of the weight of each column; inf where it is free."""
    sizes = np.linalg.norm(columns, axis=0)
    sizes[sizes == 0] = 1.0
    if not np.isfinite(columns).all():
        return [np.inf] * columns.shape[1]
    _, singular, right = np.linalg.svd(columns / sizes, full_matrices=False)
    inverse = right.T / np.maximum(singular, 1e-15 * singular[0])
    noise = (
        max(found.error, LEAST_NOISE) * spread(y) * np.sqrt(len(y) / max(len(y) - len(sizes), 1))
    )
    return (np.linalg.norm(inverse, axis=1) / sizes * noise).tolist()


def _with_quarter_turns(found: Fit, x: Array, y: Array, limit: float) -> Fit:
    """Writes sines and cosines of a phase of quarter turns without the phase."""
    names = ("sin", "cos")
    for step in steps_of(found.genes, len(x)):
        if step.name not in names or step.c1 == 0:
            continue
        turns = step.c1 / QUARTER
        if abs(turns - round(turns)) > 1e-12 or (
            round(turns) % 4 + names.index(step.name) > 1 and not step.is_term
        ):
            continue
        genes = found.genes.copy()
        name = names[(names.index(step.name) + round(turns)) % 2]
        genes[step.position, PRIMITIVE] = SCALARS.index(name)
        changed = constants(genes)
        changed[step.position, 1] = 0.0
        found = _if_as_good(found, with_constants(genes, changed), x, y, limit)
    return found


def _with_simple_weights(found: Fit, x: Array, y: Array, limit: float) -> Fit:
    """Fixes weights one by one at simple numbers, and solves the others anew."""
    steps = steps_of(found.genes, len(x))
    known = values(steps, x)
    terms = [step.position for step in steps if step.is_term]
    design = np.column_stack([np.ones_like(y), *(known[len(x) + k] for k in terms)])
    weights = np.array([found.intercept, *(found.weights[k] for k in terms)])
    is_free = np.ones(len(weights), bool)
    deviations = _spreads(design, found, y)
    for k in range(len(weights)):
        simple = recognised(float(weights[k]), deviations[k])
        if simple is None:
            continue
        trial, free = weights.copy(), is_free.copy()
        trial[k], free[k] = simple, False
        trial[free] += np.linalg.lstsq(design[:, free], y - design @ trial, rcond=1e-14)[0]
        if float(np.sqrt(np.mean((y - design @ trial) ** 2))) / spread(y) <= limit:
            weights, is_free = trial, free
    residual = y - design @ weights
    return replace(
        found,
        intercept=float(weights[0]),
        weights=dict(zip(terms, weights[1:].tolist(), strict=True)),
        residual=residual,
        error=float(np.sqrt(np.mean(residual**2))) / spread(y),
    )
