"""One dense layer: the matrix itself, found by gradient descent."""

from __future__ import annotations

import numpy as np
import torch

from dsl.accuracy import scaled_error
from dsl.cost import dense_count
from dsl.targets import Target
from gradient_baselines.base import BASELINES, Baseline, Budget, Fit, Model
from gradient_baselines.counting import Matrix, count_non_zeros, output_scales, tidied
from gradient_baselines.training import Momentum, constant, descend, generator, one_thread

# The loss is half the squared distance to the matrix: each step halves the error, and no
# more than this many are needed to reach rounding error.
RATE = 0.5
STEPS = 80


def fit(target: Target, seed: int, budget: Budget) -> Fit:
    """Trains a dense matrix on all unit vectors."""
    matrix = torch.from_numpy(np.array(target.matrix))
    wanted = torch.view_as_real(matrix) if matrix.is_complex() else matrix
    weights = torch.randn(1, *wanted.shape, generator=generator(seed), dtype=torch.float64)

    def losses() -> torch.Tensor:
        return 0.5 * ((weights - wanted) ** 2).flatten(1).sum(dim=1)

    steps = STEPS if budget.steps is None else min(STEPS, budget.steps)
    with one_thread():
        course = descend(
            losses,
            Momentum([weights], torch.tensor([RATE])),
            Budget(budget.seconds, steps),
            schedule=constant,
        )
    trained = weights[0].numpy()
    if matrix.is_complex():
        trained = trained[..., 0] + 1j * trained[..., 1]
    (tidy,) = tidied([trained], lambda f: scaled_error(f[0], target.matrix, target.scaling))
    if target.scaling != "exact":
        tidy = _freed(tidy, target)
    error = scaled_error(tidy, target.matrix, target.scaling)
    operations = dense_count(tidy, target.domain == "complex").operations
    model = Model("", error, error, weights.numel(), count_non_zeros([tidy]), operations)
    return Fit((model,), course.seconds, course.of_model(0))


def _freed(matrix: Matrix, target: Target) -> Matrix:
    """Returns a matrix with its outputs scaled as the target admits, where that is cheaper."""
    (freed,) = tidied(
        [matrix / output_scales(matrix, target.scaling)],
        lambda f: scaled_error(f[0], target.matrix, target.scaling),
    )
    is_complex = target.domain == "complex"
    return min(matrix, freed, key=lambda m: dense_count(m, is_complex).operations)


DENSE = BASELINES.register(
    Baseline("dense", "transform", fit, "one dense layer: the matrix, entry by entry")
)
