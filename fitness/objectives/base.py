"""What an objective is: a number to be minimised, for genomes and for programs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dsl.program import Program
from dsl.registry import Registry
from dsl.targets.base import Target
from fitness.scores import Scores

# Stands for "invalid" where an optimiser compares: finite, so that differences of two
# such values are numbers too.
WORST = 1e300


@dataclass(frozen=True, slots=True)
class Objective:
    """A number to be minimised.

    Attributes:
        name: What logs and fronts call it.
        of_scores: Scores of a population -> (population,) float64, all finite.
        of_program: The same number recomputed from a program alone.
        summary: One line for people.
    """

    name: str
    of_scores: Callable[[Scores], npt.NDArray[np.float64]]
    of_program: Callable[[Program, Target], float]
    summary: str


OBJECTIVES: Registry[Objective] = Registry("objective")


def gate(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Returns values with everything that is no finite number >= 0 made the worst there is."""
    return np.where(np.isfinite(values) & (values >= 0), values, WORST)
