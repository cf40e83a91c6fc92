"""Objectives: each against its contract; what is not finite is the worst."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from random_programs import DFT8_GENES, TARGET_SAMPLES, decoded_program, sample_genomes, target_name

from dsl.accuracy import EXACT, relative_error, scaled_error
from dsl.covariance import Covariance, make_covariance
from dsl.errors import DataError, UsageError
from dsl.program import Program
from dsl.targets import SCALINGS, Target, make_target
from dsl.targets.known_approximations import KnownApproximation, all_approximations
from fitness.evaluators.numba_evaluator import NumbaEvaluator
from fitness.objectives import (
    CODING_GAIN,
    ERROR,
    FROBENIUS,
    OBJECTIVES,
    OPERATIONS,
    SNR,
    WORST,
    WORST_CASE,
    Objective,
    program_error,
)
from fitness.objectives.base import gate, unscored
from fitness.objectives.coding_gain import inverse_gains
from fitness.scores import Scores

OF_MATRICES = pytest.mark.parametrize(
    "objective", [o for o in OBJECTIVES if o.of_matrices], ids=lambda objective: objective.name
)
APPROXIMATIONS = pytest.mark.parametrize("known", all_approximations(), ids=lambda k: k.name)
AR1 = make_covariance("ar1:0.95", 8)
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
    assert OBJECTIVES.index("error") < OBJECTIVES.index("operations")


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


# Of matrices


def losses(objective: Objective, *matrices: object, target: Target) -> list[float]:
    """Returns the losses of matrices for default inputs."""
    assert objective.of_matrices is not None
    return objective.of_matrices(np.array(matrices), target, None).tolist()


@OF_MATRICES
@pytest.mark.parametrize("name", ["dct2_ortho", "dft"])
def test_losses_of_matrices_are_those_of_programs(objective: Objective, name: str) -> None:
    target = make_target(name, 4)
    rng = np.random.default_rng(5)
    noisy = target.matrix + 0.01 * rng.standard_normal((3, 4, 4))
    together = losses(objective, *noisy, target=target)
    apart = [losses(objective, matrix, target=target)[0] for matrix in noisy]
    assert together == pytest.approx(apart, rel=1e-12)
    program = decoded_program(target, np.zeros((0, 6), np.int16))
    alone = losses(objective, program.matrix(), target=target)
    assert objective.of_program(program, target) == alone[0]


@OF_MATRICES
def test_losses_of_matrices_are_finite(objective: Objective) -> None:
    target = make_target("wht", 4)
    bad = [np.full((4, 4), value) for value in (0.0, math.nan, math.inf, 1e308)]
    found = losses(objective, *bad, target.matrix, target=target)
    assert np.isfinite(found).all()
    assert found[1] == found[2] == WORST
    assert found[-1] == min(found)
    assert objective.of_matrices is not None
    assert objective.of_matrices(np.zeros((0, 4, 4)), target, None).shape == (0,)


@pytest.mark.parametrize("scaling", SCALINGS)
@pytest.mark.parametrize(("name", "n"), [("dft", 5), ("rdft", 6), ("haar", 4)])
def test_errors_of_matrices_are_scaled_errors(name: str, n: int, scaling: str) -> None:
    target = make_target(name, n, scaling=scaling)
    rng = np.random.default_rng(3)
    factors = rng.uniform(0.5, 2, (20, *target.matrix.shape[:1], 1))
    matrices = (target.matrix + 0.1 * rng.standard_normal(target.matrix.shape)) * factors
    matrices[7] *= -1
    matrices[8, 0] = math.nan
    found = losses(ERROR, *matrices, target=target)
    wanted = [scaled_error(matrix, target.matrix, target.scaling) for matrix in matrices]
    assert found[8] == WORST
    assert wanted[8] == math.inf
    del found[8], wanted[8]
    assert found == wanted


def test_losses_of_a_small_matrix_by_hand() -> None:
    target = Target("t", 2, np.array([[3.0, 4], [0, 10]]), "real")
    wrong = target.matrix + np.array([[0, 1.0], [1, -1]])
    assert losses(ERROR, wrong, target=target) == [pytest.approx(1 / 5)]
    assert losses(FROBENIUS, wrong, target=target) == [pytest.approx(math.sqrt(3 / 125))]
    assert losses(WORST_CASE, wrong, target=target) == [pytest.approx(2 / 10)]
    assert losses(SNR, wrong, target=target) == [pytest.approx(3 / 125)]
    inputs = Covariance("mine", np.array([[1.0, 0.5], [0.5, 4]]))
    assert SNR.of_matrices is not None
    (loss,) = SNR.of_matrices(wrong[None], target, inputs)
    # 1 x 4 and 1 + 4 - 2 x 0.5 over 9 + 64 + 2 x 12 x 0.5 and 400
    assert loss == pytest.approx((4 + 4) / (85 + 400))


@pytest.mark.parametrize("objective", [FROBENIUS, WORST_CASE, SNR], ids=lambda o: o.name)
def test_factors_that_the_target_admits_are_no_error(objective: Objective) -> None:
    rows = np.array([[1.0], [2], [3], [4]])
    for scaling, matrix in (("common", 3.0), ("free", rows)):
        target = make_target("wht", 4, scaling=scaling)
        (right,) = losses(objective, target.matrix * matrix, target=target)
        assert right < 1e-15
    assert losses(objective, 3 * target.matrix, target=make_target("wht", 4))[0] >= 2


def test_errors_that_no_input_sees_are_none() -> None:
    """Of a covariance without full rank, whose powers rounding makes less than nothing."""
    rng = np.random.default_rng(0)
    direction = rng.standard_normal(8)
    inputs = Covariance("one direction", np.outer(direction, direction))
    target = make_target("dct2", 8)
    unseen = rng.standard_normal((50, 8, 8))
    unseen -= (unseen @ direction)[..., None] * direction / (direction @ direction)
    assert SNR.of_matrices is not None
    assert SNR.of_matrices(target.matrix + unseen, target, inputs).max() <= 1e-12


def test_outputs_of_the_wrong_sign_are_all_wrong() -> None:
    target = make_target("wht", 4, scaling="free")
    for objective in (ERROR, FROBENIUS, WORST_CASE, SNR):
        assert losses(objective, -target.matrix, target=target) == [pytest.approx(1)]


def test_coding_gain_of_the_cosine_transform() -> None:
    target = make_target("dct2", 8)
    (loss,) = losses(CODING_GAIN, target.matrix, target=target)
    assert CODING_GAIN.figure(loss) == pytest.approx(8.8259, abs=5e-5)
    assert CODING_GAIN.shown(loss) == "8.83 dB"


@APPROXIMATIONS
def test_published_figures_are_reproduced(known: KnownApproximation) -> None:
    published = inverse_gains(known.matrix[None], AR1, is_by_rows=True)
    assert CODING_GAIN.figure(published[0]) == pytest.approx(known.gain, abs=5e-5)
    normed = known.matrix / np.linalg.norm(known.matrix, axis=1, keepdims=True)
    assert SNR.of_matrices is not None
    error = SNR.of_matrices(normed[None], make_target("dct2_ortho", 8), AR1)
    assert error[0] == pytest.approx(known.mean_square_error, abs=5e-5)


@APPROXIMATIONS
def test_what_comes_back_is_noise_through_the_columns_of_the_inverse(
    known: KnownApproximation,
) -> None:
    """The published rows give the same where rows are orthogonal, as all but one have."""
    (loss,) = losses(CODING_GAIN, known.matrix, target=make_target("dct2", 8))
    expected = 6.2819 if known.name == "signed DCT" else known.gain
    assert CODING_GAIN.figure(loss) == pytest.approx(expected, abs=5e-5)


def test_coding_gain_knows_no_factors_and_no_order_of_outputs() -> None:
    rng = np.random.default_rng(1)
    matrix = rng.standard_normal((8, 8))
    turned = (matrix * rng.uniform(-3, 3, (8, 1)))[::-1]
    first, second = losses(CODING_GAIN, matrix, turned, target=make_target("dct2", 8))
    assert first == pytest.approx(second, rel=1e-10)


def test_no_transform_gains_more_than_the_karhunen_loeve_transform() -> None:
    best = np.linalg.eigh(AR1.matrix)[1].T
    others = np.random.default_rng(2).standard_normal((200, 8, 8))
    found = losses(CODING_GAIN, best, *others, target=make_target("dct2", 8))
    assert found[0] == min(found)
    assert found[0] == pytest.approx(np.linalg.det(AR1.matrix) ** (1 / 8))


def test_matrices_without_inverse_gain_nothing() -> None:
    target = make_target("dct2", 8)
    singular = target.matrix.copy()
    singular[3] = singular[1] + singular[2]
    assert losses(CODING_GAIN, singular, 0 * singular, target=target) == [WORST, WORST]
    oblong = make_target("mdct", 8)
    assert losses(CODING_GAIN, oblong.matrix, target=oblong) == [WORST]


def test_figures_are_what_people_read() -> None:
    assert SNR.shown(1e-6) == "60.00 dB"
    assert SNR.loss_of(60.0) == pytest.approx(1e-6)
    assert SNR.figure(0.0) == math.inf
    assert ERROR.shown(0.00123) == "0.00123"
    assert ERROR.loss_of(0.5) == ERROR.figure(0.5) == 0.5
    assert CODING_GAIN.shown(WORST) == "none"


def test_nothing_has_no_ratio_and_no_gain() -> None:
    assert SNR.shown(1 + 1e-15) == "0.00 dB"
    assert SNR.shown(1.01) == "-0.04 dB"


@OF_MATRICES
@pytest.mark.parametrize("name", ["dct2", "dft"])
def test_a_program_that_computes_nothing_has_lost_everything(
    objective: Objective, name: str
) -> None:
    target = make_target(name, 8)
    inputs = make_covariance(objective.covariance, 8) if objective.covariance else None
    assert objective.loss_of_nothing(target, inputs) == pytest.approx(1)
    assert objective.direction.startswith("in dB, more" if objective.is_decibel else "a loss, less")


def test_nothing_loses_what_an_objective_says_of_zeros_or_of_inputs() -> None:
    target = make_target("mdct", 8)
    rows, columns = target.matrix.shape
    seen = []

    def largest(computed: Any, of: Target, covariance: Covariance | None) -> Any:
        seen.append(computed.copy())
        return 3.0 + np.abs(computed).max(axis=(-2, -1))

    mine = Objective("mine", unscored, lambda program, of: 0.0, "mine", largest)
    assert mine.loss_of_nothing(target) == 3
    assert np.array_equal(seen[0], [np.zeros((rows, columns)), np.eye(rows, columns)])
    mine = replace(mine, of_matrices=lambda m, of, c: np.where(m.any((1, 2)), 5.0, math.inf))
    assert mine.loss_of_nothing(target) == 5


# Covariances


def test_covariances_by_name() -> None:
    assert np.array_equal(make_covariance("white", 3).matrix, np.eye(3))
    assert make_covariance("ar1:-0.5", 3).matrix[0].tolist() == [1, -0.5, 0.25]
    assert not AR1.matrix.flags.writeable
    with pytest.raises(UsageError, match="expected a covariance, got 'pink'"):
        make_covariance("pink", 3)


@pytest.mark.parametrize("text", ["ar1:1", "ar1:-1.5", "ar1:x", "ar1:", "ar1:nan"])
def test_correlations_are_checked(text: str) -> None:
    with pytest.raises(UsageError, match="expected a correlation between -1 and 1"):
        make_covariance(text, 3)


def test_covariances_of_files(tmp_path: Path) -> None:
    path = str(tmp_path / "c.npy")
    np.save(path, np.array([[2, 1j], [-1j, 2]]))
    assert make_covariance(path, 2).matrix.dtype == np.complex128
    with pytest.raises(UsageError, match=r"is 2 x 2, expected 4 x 4"):
        make_covariance(path, 4)
    for missing in (str(tmp_path / "none.npy"), "a\0b.npy"):
        with pytest.raises(DataError, match="no such file") as caught:
            make_covariance(missing, 2)
        assert caught.value.hint.startswith("give white, ar1:RHO")


@pytest.mark.parametrize(
    ("entries", "problem"),
    [
        ([[1.0, 0.5], [0.4, 1]], "symmetric"),
        ([[1, 1j], [1j, 1]], "Hermitian"),
        ([[1.0, 2], [2, 1]], "no negative eigenvalue, got -1"),
        ([[0.0, 0], [0, 0]], "no signal"),
        ([[1.0, math.nan], [math.nan, 1]], "finite"),
        ([[1.0, 0]], "square"),
    ],
)
def test_covariances_are_checked(entries: list[list[complex]], problem: str) -> None:
    with pytest.raises(DataError, match=problem):
        Covariance("mine", np.array(entries))
