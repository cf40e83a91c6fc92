"""What an objective is: a number to be minimised, for genomes and for programs."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dsl.program import Program
from dsl.registry import Registry
from dsl.targets.base import Target
from fitness.gate import WORST, check_array, gate
from fitness.scores import Scores

__all__ = ["OBJECTIVES", "WORST", "Objective", "gate"]


@dataclass(frozen=True, slots=True)
class Objective:
    """A number to be minimised.

    Attributes:
        name: What logs and fronts call it.
        of_scores: Scores of a population -> (population,) float64. What is no finite number
            of at least 0 becomes the worst there is.
        of_program: The same number recomputed from a program alone.
        summary: One line for people.
    """

    name: str
    of_scores: Callable[[Scores], npt.NDArray[np.float64]]
    of_program: Callable[[Program, Target], float]
    summary: str

    def __post_init__(self) -> None:
        object.__setattr__(self, "of_scores", _gated(self.name, self.of_scores))


def _gated(
    name: str, of_scores: Callable[[Scores], npt.NDArray[np.float64]]
) -> Callable[[Scores], npt.NDArray[np.float64]]:
    """Returns the same objective behind the gate."""

    @functools.wraps(of_scores)
    def gated(scores: Scores) -> npt.NDArray[np.float64]:
        values = of_scores(scores)
        check_array(values, len(scores.errors), np.float64, f"objective '{name}'")
        return gate(values)

    return gated


OBJECTIVES: Registry[Objective] = Registry("objective")
