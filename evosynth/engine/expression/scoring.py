"""What a formula is worth: its error, in steps, and the operations it takes."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import numpy.typing as npt

from dsl.grammars.expression.genome import Tapes
from dsl.scalars import SCALARS
from dsl.scalars.derived import derive_scalar
from fitness.objectives import WORST

Array = npt.NDArray[np.float64]

# Errors in the same step of this many per decade are equal: what improves them by less is
# not worth an operation.
STEPS_PER_DECADE = 100


def in_steps(errors: Array, exact: float) -> Array:
    """Returns errors rounded to steps; 0 up to `exact`, the worst for invalid formulas."""
    with np.errstate(divide="ignore", invalid="ignore"):
        steps = 10 ** (np.round(np.log10(errors) * STEPS_PER_DECADE) / STEPS_PER_DECADE)
    steps = np.where(errors <= exact, 0.0, steps)
    return np.where(np.isfinite(steps), np.minimum(steps, WORST), WORST)


def operation_counts(tapes: Tapes, weights: Array) -> Array:
    """Returns the operations of formulas as their genes stand: (population,) float64.

    It is an upper bound on those of the program, where equal values are made once.

    Args:
        tapes: The population.
        weights: (population, capacity + 1) the intercept, and the weight of each gene.
    """
    prices, is_unary = _prices(SCALARS.edition)
    kinds = tapes.primitives
    c0, c1 = tapes.constants[..., 0], tapes.constants[..., 1]
    affine = is_unary[kinds] * ((np.abs(c0) != 1) * 1.0 + (c1 != 0))
    values = np.where(tapes.is_live, prices[kinds] + affine, 0.0).sum(axis=1)
    terms = tapes.is_term & (weights[:, 1:] != 0)
    products = (terms & (np.abs(weights[:, 1:]) != 1)).sum(axis=1)
    sums = np.maximum(terms.sum(axis=1) - 1, 0) + ((weights[:, 0] != 0) & terms.any(axis=1))
    return np.asarray(values + products + sums, np.float64)


@lru_cache(maxsize=1)
def _prices(edition: int) -> tuple[Array, npt.NDArray[np.bool_]]:
    """Returns price and arity by primitive field; references and constants cost nothing."""
    derived = [derive_scalar(name) for name in SCALARS.names()]
    prices = np.array([*(float(d.operations) for d in derived), 0.0, 0.0])
    return prices, np.array([*(len(d.symbols) == 1 for d in derived), False, False])
