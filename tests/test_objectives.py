"""Objectives: each against its contract; what is not finite is the worst."""

from __future__ import annotations

import math

import numpy as np
import pytest
from random_programs import DFT8_GENES, TARGET_SAMPLES, decoded_program, sample_genomes, target_name

from dsl.accuracy import EXACT, relative_error
from dsl.program import Program
from dsl.targets import Target, make_target
from fitness.evaluators.numba_evaluator import NumbaEvaluator
from fitness.objectives import (
    ERROR,
    OBJECTIVES,
    OPERATIONS,
    WORST,
    Objective,
    program_error,
)
from fitness.objectives.base import gate
from fitness.scores import Scores

ALL = pytest.mark.parametrize("objective", OBJECTIVES, ids=lambda objective: objective.name)


def scores(*errors: float) -> Scores:
    """Returns scores with these errors; operations count up from 10."""
    count = len(errors)
    return Scores(np.arange(10, 10 + count), np.array(errors, float), np.zeros(count, np.int64))


@ALL
def test_every_objective_is_finite_whatever_the_scores_are(objective: Objective) -> None:
    bad = scores(0.0, 1e-16, math.nan, math.inf, -math.inf, 0.5, 1e308)
    values = objective.of_scores(bad)
    assert values.shape == (7,)
    assert values.dtype == np.float64
    assert np.isfinite(values).all()
    assert objective.of_scores(scores()).shape == (0,)
    assert objective.summary


@ALL
@pytest.mark.parametrize("target", TARGET_SAMPLES, ids=target_name)
def test_programs_score_what_their_genomes_do(objective: Objective, target: Target) -> None:
    genomes = sample_genomes(TARGET_SAMPLES.index(target))
    evaluator = NumbaEvaluator(target)
    values = objective.of_scores(evaluator.evaluate(genomes))
    for k in range(len(genomes) - 2, len(genomes)):
        program = decoded_program(target, genomes[k])
        # A program may be cheaper than its genome, since it is simplified.
        assert objective.of_program(program, target) <= values[k] + EXACT


def test_errors_that_are_not_finite_are_the_worst() -> None:
    values = ERROR.of_scores(scores(math.nan, math.inf, -math.inf, 1e-3))
    assert values[0] == values[1] == WORST
    assert values[2] in (0, WORST)
    assert values[3] == 1e-3
    assert gate(np.array([math.nan, math.inf, -math.inf, 2.0])).tolist() == [WORST] * 3 + [2.0]


def test_minus_infinity_is_not_the_best() -> None:
    assert ERROR.of_scores(scores(-math.inf))[0] == WORST


def test_rounding_errors_do_not_compete() -> None:
    assert ERROR.of_scores(scores(0, 1e-16, EXACT, 2 * EXACT)).tolist() == [0, 0, 0, 2 * EXACT]


def test_the_worst_still_has_differences() -> None:
    assert math.isfinite(WORST)
    assert math.isfinite(WORST - -WORST)
    assert math.isfinite(WORST * 1e4)


def test_order_of_precedence() -> None:
    assert OBJECTIVES.names() == ("error", "operations")


def test_operations_are_the_genomes_and_the_programs() -> None:
    target = make_target("dft", 8)
    assert OPERATIONS.of_scores(scores(0, 0)).tolist() == [10, 11]
    assert OPERATIONS.of_program(decoded_program(target, DFT8_GENES), target) == 56


def test_error_is_relative_to_the_target() -> None:
    wanted = np.array([[3.0, 0], [0, 4]])
    assert relative_error(wanted, wanted) == 0
    assert relative_error(2 * wanted, wanted) == 1
    assert relative_error(np.array([[3, 6], [0, 4]]), wanted) == 2  # of the first row
    small = np.array([[3.0, 0], [0, 4e-12]])
    assert relative_error(np.diag([3.0, 0]), small) == 1  # an output that is all wrong
    assert relative_error(np.diag([3.0, 0]), small / [[1], [1e9]]) < 1e-15  # but not noise
    assert relative_error(1j * wanted, wanted) == pytest.approx(math.sqrt(2))


def test_error_of_a_wrong_program_is_seen() -> None:
    target = make_target("wht", 2)
    identity = Program("factor", "real", 2, (), (0, 1))
    assert program_error(identity, target) == pytest.approx(math.sqrt(1 + 4) / math.sqrt(2))
    assert ERROR.of_program(identity, target) == program_error(identity, target)
