"""Which formula of a front to believe: the simplest that is as good as the best, by validation."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dsl.grammars.expression.build import Formula

Array = npt.NDArray[np.float64]

# Of the validation rows, in the order of the series if it is one.
BLOCKS = 10
# Squared errors beyond it, and what is not finite, are as bad as anything.
LARGEST = 1e100


@dataclass(frozen=True, slots=True, eq=False)
class Candidate:
    """A formula of the front, finished.

    Attributes:
        formula: With solved and recognised constants.
        operations: Of its program.
        error: On training rows, over the standard deviation of y.
        squares: (rows,) squared residuals on validation rows, in units of the variance of y.
    """

    formula: Formula
    operations: int
    error: float
    squares: Array


def chosen(candidates: list[Candidate], exact: float) -> Candidate:
    """Returns the cheapest candidate within one standard error of the best.

    That is the one-standard-error rule of [Breiman1984]; candidates that are exact to
    rounding count as equal.

    Args:
        candidates: At least one.
        exact: An error up to this is rounding.
    """
    limited = [np.minimum(np.nan_to_num(c.squares, nan=np.inf), LARGEST) for c in candidates]
    means = [max(float(np.mean(each)), exact**2) for each in limited]
    best = int(np.argmin(means))
    squares = limited[best]
    is_exact = means[best] <= exact**2
    deviation = 0.0 if is_exact else _standard_error(squares)
    good = [k for k, mean in enumerate(means) if mean <= means[best] + deviation]
    return candidates[min(good, key=lambda k: (candidates[k].operations, means[k]), default=best)]


def _standard_error(squares: Array) -> float:
    """Returns that of the mean: by blocks, since neighbours in a series err alike."""
    means = [float(block.mean()) for block in np.array_split(squares, min(BLOCKS, len(squares)))]
    if len(means) < 2:
        return 0.0
    return float(np.std(means, ddof=1)) / np.sqrt(len(means))
