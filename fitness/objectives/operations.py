"""What a program costs."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from dsl.program import Program
from dsl.targets.base import Target
from fitness.objectives.base import OBJECTIVES, Objective
from fitness.scores import Scores


def _of_scores(scores: Scores) -> npt.NDArray[np.float64]:
    return scores.operations.astype(np.float64)


def _of_program(program: Program, target: Target) -> float:
    return float(program.count.operations)


OPERATIONS = OBJECTIVES.register(
    Objective("operations", _of_scores, _of_program, "real additions plus multiplications")
)
