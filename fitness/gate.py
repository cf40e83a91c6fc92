"""The gate: what evaluators, objectives and strategies return, before anything is compared.

One nan among four fitnesses wins a quarter of all tournaments, and is the first front alone.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from dsl.errors import EnvironmentMismatchError
from fitness.scores import Scores

# Stands for "invalid" where an optimiser compares: finite, so that differences of two
# such values are numbers too.
WORST = 1e300
CONTRACT = "its contract is in base.py beside the built-in ones"


def gate(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Returns values with everything that is no finite number >= 0 made the worst there is."""
    return np.where(np.isfinite(values) & (values >= 0), np.minimum(values, WORST), WORST)


def check_array(values: Any, count: int, dtype: Any, who: str) -> None:
    """Checks an array of one value for each genome.

    Raises:
        EnvironmentMismatchError: It is something else; the message names who returned it.
    """
    expected = f"({count},) {np.dtype(dtype).name}"
    if not isinstance(values, np.ndarray):
        got = type(values).__name__
    elif values.shape == (count,) and values.dtype == dtype:
        return
    else:
        got = f"{values.shape} {values.dtype.name}"
    raise EnvironmentMismatchError(f"{who}: expected {expected}, got {got}", CONTRACT)


def check_scores(scores: Any, count: int, who: str) -> None:
    """Checks what an evaluator returns for so many genomes.

    Raises:
        EnvironmentMismatchError: It does not fit; the message names the evaluator.
    """
    if not isinstance(scores, Scores):
        raise EnvironmentMismatchError(
            f"{who}: expected Scores, got {type(scores).__name__}", CONTRACT
        )
    check_array(scores.operations, count, np.int64, f"operations of {who}")
    check_array(scores.errors, count, np.float64, f"errors of {who}")
    check_array(scores.prefixes, count, np.int64, f"prefixes of {who}")
