"""Whether an objective keeps its promises."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from dsl.covariance import Covariance, make_covariance
from dsl.program import Instruction, Program
from dsl.targets import Target
from evosynth.conformance.steps import expect, expect_text, run_steps
from fitness.objectives import WORST, Objective
from fitness.scores import Scores

COUNT = 5


def check_objective(objective: Objective) -> tuple[str, ...]:
    """Checks an objective: of scores, of programs, and of matrices if it is of these.

    Returns:
        What was checked.

    Raises:
        EnvironmentMismatchError: Something is wrong; the message says what.
    """
    steps = {
        "name": lambda: expect_text(objective.name, objective.summary),
        "scores": lambda: _check_scores(objective),
        "programs": lambda: _check_programs(objective),
    }
    if objective.of_matrices is not None:
        steps["matrices"] = lambda: _check_matrices(objective)
    return run_steps(f"objective '{objective.name}'", steps)


def _check_scores(objective: Objective) -> None:
    scores = Scores(np.arange(1, COUNT + 1), np.linspace(0, 1, COUNT), np.arange(COUNT))
    for array in (scores.operations, scores.errors, scores.prefixes):
        array.setflags(write=False)  # whoever writes to them fails
    found = objective.of_scores(scores)
    expect(np.array_equal(found, objective.of_scores(scores)), "it differs from call to call")


def _target() -> Target:
    return Target("pairs", 2, np.array([[1.0, 1.0], [1.0, -1.0]]), "real", "pairs")


def _program(constant: float) -> Program:
    """Returns a program of a matrix near the target's; with 1 it is the target's own."""
    butterfly = Instruction("butterfly", (0, 1), (constant,))
    return Program("factor", "real", 2, (butterfly,), (2, 3), "sample")


def _check_programs(objective: Objective) -> None:
    for constant in (1.0, 0.9, 2.0):
        loss = objective.of_program(_program(constant), _target())
        usable = isinstance(loss, float | np.floating) and not math.isnan(loss) and loss >= 0
        expect(usable, f"expected a number of at least 0, got {loss!r}"[:100])


def _losses(objective: Objective, matrices: npt.NDArray[Any], inputs: Covariance | None) -> Any:
    assert objective.of_matrices is not None
    return objective.of_matrices(matrices, _target(), inputs)


def _check_matrices(objective: Objective) -> None:
    constants = (1.0, 0.9, 2.0)
    matrices = np.stack([_program(c).matrix() for c in constants])
    matrices.setflags(write=False)
    inputs = None
    if objective.covariance:
        inputs = make_covariance(objective.covariance, 2)
    found = _losses(objective, matrices, inputs)
    expect((found < WORST).all(), "the loss of a matrix near the target's is no number")
    for constant, loss in zip(constants, found.tolist(), strict=True):
        alone = objective.of_program(_program(constant), _target())
        expect(
            math.isclose(loss, alone, rel_tol=1e-6, abs_tol=1e-9),
            f"{loss:g} of a matrix, {alone:g} of the program that computes it",
        )
    single = _losses(objective, matrices[1:2], inputs)
    expect(math.isclose(single[0], found[1], rel_tol=1e-9), "it depends on the other matrices")
