"""A multi-layer network with activations that is to learn a matrix, from random vectors."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from dsl.accuracy import scaled_error
from dsl.targets import Target
from gradient_baselines.activations import GELU, RELU, TANH, Activation
from gradient_baselines.base import (
    BASELINES,
    Baseline,
    Budget,
    Fit,
    LossPoint,
    Model,
    best_position,
)
from gradient_baselines.counting import (
    ANY_REAL,
    coarsest,
    count_non_zeros,
    output_scales,
    pruned,
)
from gradient_baselines.networks import Network
from gradient_baselines.training import Adam, descend, generator, one_thread

ACTIVATIONS = (RELU, GELU, TANH)
# Hidden neurons for each input: with two, relu can be exact, since x = relu(x) - relu(-x).
WIDENING = 2
RATES = (1e-3, 3e-3, 1e-2)
BATCH = 256
UNSEEN = 1_024
FARTHER = 10.0
# Matrices with more real rows or columns are not learnt: a step takes seconds.
LARGEST = 256
# A part of the time is left for measuring.
TRAINING_PART = 0.9

Matrix = npt.NDArray[np.float64]


def fit(target: Target, seed: int, budget: Budget) -> Fit:
    """Trains networks by Adam on standard normal vectors, new ones at each step."""
    started = time.perf_counter()
    matrix = real_form(target)
    found = []
    with one_thread():
        for position, activation in enumerate(ACTIVATIONS):
            left = budget.seconds - (time.perf_counter() - started)
            part = Budget(max(left / (len(ACTIVATIONS) - position), 1e-3), budget.steps)
            found.append(_Learner(target, matrix, activation, generator(seed)).result(part))
    models = tuple(model for model, _ in found)
    losses = found[best_position(models)][1]
    return Fit(models, time.perf_counter() - started, losses)


def real_form(target: Target) -> Matrix:
    """Returns the matrix on real data; of complex data all real parts come first."""
    if target.domain == "real":
        return np.array(target.matrix)
    real, imag = np.real(target.matrix), np.imag(target.matrix)
    return np.block([[real, -imag], [imag, real]])


class _Learner:
    """Trains networks of one activation function with several rates."""

    def __init__(
        self, target: Target, matrix: Matrix, activation: Activation, source: torch.Generator
    ) -> None:
        self._target, self._activation, self._source = target, activation, source
        # Networks give outputs of a mean square of 1.
        norms = np.linalg.norm(matrix, axis=1)
        self._norms = np.where(norms > 0, norms, 1.0)
        self._wanted = torch.from_numpy((matrix / self._norms[:, None]).T.copy())
        outputs, inputs = matrix.shape
        self._network = Network((inputs, WIDENING * inputs, outputs), activation)
        self._unseen = self._vectors(UNSEEN)
        self._choosing = self._vectors(BATCH)

    def result(self, budget: Budget) -> tuple[Model, tuple[LossPoint, ...]]:
        """Returns the best model after pruning, and how its training went."""
        drawn = [self._network.initial(self._source) for _ in RATES]
        parameters = [torch.cat(parts) for parts in zip(*drawn, strict=True)]

        def losses() -> Tensor:
            x = self._vectors(BATCH)
            outputs = self._network.values(parameters, x)
            return ((outputs - x @ self._wanted) ** 2).mean(dim=(1, 2))

        rates = torch.tensor(RATES, dtype=torch.float64)
        training = Budget(TRAINING_PART * budget.seconds, budget.steps)
        course = descend(losses, Adam(parameters, rates), training)
        models = [[p[i : i + 1].numpy() for p in parameters] for i in range(len(RATES))]
        scores = [self._error(model, self._choosing) for model in models]
        best = int(np.argmin(scores))
        return self._model(models[best]), course.of_model(best)

    def _vectors(self, count: int) -> Tensor:
        return torch.randn(count, len(self._wanted), generator=self._source, dtype=torch.float64)

    def _model(self, arrays: Sequence[Matrix]) -> Model:
        name, count = self._activation.name, sum(a.size for a in arrays)
        if not all(np.isfinite(a).all() for a in arrays):
            plain = [np.full_like(a[0], ANY_REAL) for a in arrays]
            operations = self._network.operations(plain)
            return Model(name, math.inf, math.inf, count, count, operations)
        arrays = coarsest(arrays, [pruned], lambda model: self._error(model, self._choosing))
        *hidden, weights, bias = (a[0] for a in arrays)
        sizes = self._sizes(weights * self._norms)
        folded = [*hidden, weights * sizes, bias * sizes]
        return Model(
            name,
            self._error(arrays, self._unseen),
            self._error(arrays, FARTHER * self._unseen),
            count,
            count_non_zeros(arrays),
            self._network.operations(folded),
        )

    def _sizes(self, weights: Matrix) -> Matrix:
        """Returns what outputs are multiplied by: their norms, up to what is admitted."""
        is_complex = self._target.domain == "complex"
        rows = _complex(weights.T) if is_complex else weights.T
        scales = np.broadcast_to(output_scales(rows, self._target.scaling), (len(rows), 1))[:, 0]
        return self._norms / (np.tile(scales, 2) if is_complex else scales)

    def _error(self, arrays: Sequence[Matrix], x: Tensor) -> float:
        """Returns the largest relative error of an output."""
        outputs = self._network.values([torch.from_numpy(np.array(a)) for a in arrays], x)[0]
        computed, wanted = ((self._norms * each.numpy()).T for each in (outputs, x @ self._wanted))
        if self._target.domain == "complex":
            computed, wanted = _complex(computed), _complex(wanted)
        return scaled_error(computed, wanted, self._target.scaling)


def _complex(rows: Matrix) -> npt.NDArray[np.complex128]:
    half = len(rows) // 2
    return rows[:half] + 1j * rows[half:]


def _refusal(target: Target) -> str:
    width = max(target.matrix.shape)
    real = 2 * width if target.domain == "complex" else width
    return "" if real <= LARGEST else f"its layers for n = {width} are too large"


NETWORK = BASELINES.register(
    Baseline(
        "network",
        "transform",
        fit,
        "multi-layer network with activations between layers",
        refusal=_refusal,
    )
)
