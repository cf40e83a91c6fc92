"""How rivals learn a function: settings, rates and restarts at once, the best go on.

All candidates are trained for a part of the budget; for each setting the best, by
validation rows, are then trained for the rest, with the rate falling from its start again.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from torch import Tensor

from dsl.samples import SampledTarget
from dsl.samples.sampled_target import Numbers
from gradient_baselines.base import Budget, Fit, LossPoint, Model, best_position
from gradient_baselines.counting import ANY_REAL, TOLERANCES, coarsest, count_non_zeros, pruned
from gradient_baselines.functions.measuring import (
    BLOCK,
    Values,
    errors,
    finite,
    predictions,
    thinned,
)
from gradient_baselines.functions.scales import Scales
from gradient_baselines.training import Adam, Course, Momentum, descend, generator, one_thread

# The candidates' part of the budget.
FIRST_PART = 0.25
# Rows of a step; as few as twice this many are all taken at once.
BATCH = 256
# Rows by which candidates are chosen and models pruned.
CHOOSING_ROWS = 2_048
# However long measuring takes, this part of the time is for training.
LEAST_TRAINING = 0.3


@dataclass(frozen=True, slots=True)
class Setting:
    """What a model is trained with.

    Attributes:
        name: For people.
        initial: Draws the parameters of one model: (1, ...) float64 each.
    """

    name: str
    initial: Callable[[torch.Generator], list[Tensor]]


@dataclass(frozen=True, slots=True)
class Sweep:
    """Models that are trained at once: their parameters have the same shapes.

    Attributes:
        settings: Each of them gives a model.
        values: What the models compute.
        operations: Of one model, from its parameters without their first axis, for values
            as given.
        rates: Learning rates to try with each setting.
        restarts: Candidates for each setting and rate.
        finalists: How many candidates of each setting are trained to the end.
        trained: How many of the parameters, the first ones, are trained.
        prunable: How many of these, the first ones, may have entries set to zero.
        optimizer: From parameters and rates.
        penalty: Added to the losses: parameters -> (models,).
    """

    settings: Sequence[Setting]
    values: Values
    operations: Callable[[Sequence[Numbers], Scales], int]
    rates: Sequence[float]
    trained: int
    prunable: int
    restarts: int = 1
    finalists: int = 1
    optimizer: Callable[[Sequence[Tensor], Tensor], Adam | Momentum] = Adam
    penalty: Callable[[Sequence[Tensor]], Tensor] | None = None


@dataclass(frozen=True, slots=True)
class _Trained:
    """A setting's best model."""

    setting: Setting
    parameters: list[Tensor]
    losses: tuple[LossPoint, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """What a rival trains for a target.

    Attributes:
        scales: What its models see.
        sweeps: Trained one after the other, in equal parts of the time.
    """

    scales: Scales
    sweeps: Sequence[Sweep]


@dataclass(frozen=True, slots=True)
class Outcome:
    """A trained model.

    Attributes:
        model: Its figures.
        losses: How its training went.
        predict: What it says: (rows, inputs) -> (rows, outputs).
    """

    model: Model
    losses: tuple[LossPoint, ...]
    predict: Callable[[Numbers], Numbers]


def learn(target: SampledTarget, seed: int, budget: Budget, plan: Plan) -> Fit:
    """Trains what a rival plans, and returns the figures."""
    started = time.perf_counter()
    found = outcomes(target, seed, budget, plan)
    models = tuple(each.model for each in found)
    return Fit(models, time.perf_counter() - started, best_of(found).losses)


def outcomes(target: SampledTarget, seed: int, budget: Budget, plan: Plan) -> list[Outcome]:
    """Trains what a rival plans, and returns the models, one for each setting.

    Args:
        target: What to learn.
        seed: Of all random numbers.
        budget: Of all sweeps; its steps are those of each model.
        plan: What to train.
    """
    started = time.perf_counter()
    source = generator(seed)
    found: list[Outcome] = []
    with one_thread():
        for position, sweep in enumerate(plan.sweeps):
            left = budget.seconds - (time.perf_counter() - started)
            part = Budget(max(left / (len(plan.sweeps) - position), 1e-3), budget.steps)
            found += _Learner(target, plan.scales, sweep, source).outcomes(part)
    return found


def best_of(found: Sequence[Outcome]) -> Outcome:
    """Returns the best one, as `Fit.best` chooses it."""
    return found[best_position([each.model for each in found])]


class _Learner:
    """Trains one sweep."""

    def __init__(
        self, target: SampledTarget, scales: Scales, sweep: Sweep, source: torch.Generator
    ) -> None:
        self._target, self._scales, self._sweep = target, scales, sweep
        self._source = source
        self._choosing = thinned(target.validation or target.train, CHOOSING_ROWS)
        self._pruning = thinned(target.train, CHOOSING_ROWS)
        train = target.train
        self._all = (
            (scales.inputs(train.x), scales.outputs(train.y)) if len(train) <= 2 * BATCH else None
        )

    def outcomes(self, budget: Budget) -> list[Outcome]:
        """Returns a model for each setting."""
        return [self._outcome(each) for each in self._train(budget)]

    def _train(self, budget: Budget) -> list[_Trained]:
        sweep = self._sweep
        settings = range(len(sweep.settings))
        owners = [s for s in settings for _ in sweep.rates for _ in range(sweep.restarts)]
        rates = torch.tensor(
            [rate for _ in settings for rate in sweep.rates for _ in range(sweep.restarts)],
            dtype=torch.float64,
        )
        drawn = [sweep.settings[owner].initial(self._source) for owner in owners]
        parameters = [torch.cat(parts) for parts in zip(*drawn, strict=True)]
        budget = self._without_measuring(parameters, budget)
        first = self._descend(parameters, rates, budget.share(FIRST_PART))
        chosen = self._best(parameters, owners, sweep.finalists)
        parameters = [p[chosen] for p in parameters]
        owners = [owners[i] for i in chosen]
        left = Budget(max(budget.seconds - first.seconds, 1e-3), budget.share(1 - FIRST_PART).steps)
        second = self._descend(parameters, rates[chosen], left)
        best = self._best(parameters, owners, 1)
        return [
            _Trained(
                sweep.settings[owners[i]],
                [p[i : i + 1] for p in parameters],
                _joined(first, chosen[i], second, i),
            )
            for i in best
        ]

    def _descend(self, parameters: list[Tensor], rates: Tensor, budget: Budget) -> Course:
        sweep = self._sweep

        def losses() -> Tensor:
            x, y = self._batch()
            squares = ((sweep.values(parameters, x) - y) ** 2).mean(dim=(1, 2))
            return squares if sweep.penalty is None else squares + sweep.penalty(parameters)

        return descend(losses, sweep.optimizer(parameters[: sweep.trained], rates), budget)

    def _batch(self) -> tuple[Tensor, Tensor]:
        """Returns rows of what models see and are to give."""
        if self._all is not None:
            return self._all
        train = self._target.train
        rows = torch.randint(len(train), (BATCH,), generator=self._source).numpy()
        return self._scales.inputs(train.x[rows]), self._scales.outputs(train.y[rows])

    def _best(self, parameters: list[Tensor], owners: list[int], count: int) -> list[int]:
        """Returns the best models of each setting."""
        scores = errors(self._sweep.values, parameters, self._choosing, self._scales)
        ranked = sorted(range(len(owners)), key=lambda i: scores[i])
        return [
            i
            for owner in sorted(set(owners))
            for i in [j for j in ranked if owners[j] == owner][:count]
        ]

    def _without_measuring(self, parameters: list[Tensor], budget: Budget) -> Budget:
        """Returns the budget less the time that measuring will take."""
        if not math.isfinite(budget.seconds):
            return budget
        block = self._scales.inputs(self._target.train.x[:BLOCK])
        times = []
        with torch.no_grad():
            for _ in range(3):
                started = time.perf_counter()
                self._sweep.values(parameters, block)
                times.append(time.perf_counter() - started)
        a_row = min(times) / len(block) / len(parameters[0])
        sets = (self._target.validation or self._target.train, self._target.test)
        rows = sum(len(each) for each in sets if each is not None)
        rows += len(TOLERANCES) * len(self._pruning)
        rows *= len(self._sweep.settings)
        rows += 2 * len(parameters[0]) * len(self._choosing)
        left = max(budget.seconds - a_row * rows, LEAST_TRAINING * budget.seconds)
        return Budget(left, budget.steps)

    def _outcome(self, trained: _Trained) -> Outcome:
        """Prunes a model and measures what is left."""
        parameters = trained.parameters
        is_finite = finite(parameters)
        if is_finite:
            parameters = self._pruned(parameters)
        model = self._model(trained.setting.name, parameters, is_finite)
        predict = partial(predictions, self._sweep.values, parameters, scales=self._scales)
        return Outcome(model, trained.losses, predict)

    def _model(self, name: str, parameters: list[Tensor], is_finite: bool) -> Model:
        sweep, scales, target = self._sweep, self._scales, self._target
        count = sum(p.numel() for p in parameters[: sweep.trained])
        if not is_finite:
            plain = [np.full_like(p[0].numpy(), ANY_REAL) for p in parameters]
            operations = sweep.operations(plain, scales)
            return Model(name, math.inf, math.inf, count, count, operations)
        (error,) = errors(sweep.values, parameters, target.validation or target.train, scales)
        error_outside = error
        if target.test is not None:
            (error_outside,) = errors(sweep.values, parameters, target.test, scales)
        arrays = [p[0].numpy() for p in parameters]
        non_zeros = count_non_zeros(arrays[: sweep.trained])
        operations = sweep.operations(arrays, scales)
        return Model(name, error, error_outside, count, non_zeros, operations)

    def _pruned(self, parameters: list[Tensor]) -> list[Tensor]:
        """Returns a model with zeros, as many as its training error allows."""
        prunable, kept = parameters[: self._sweep.prunable], parameters[self._sweep.prunable :]

        def assembled(arrays: Sequence[Numbers]) -> list[Tensor]:
            return [*(torch.from_numpy(np.array(a)) for a in arrays), *kept]

        def error(arrays: Sequence[Numbers]) -> float:
            model = assembled(arrays)
            return errors(self._sweep.values, model, self._pruning, self._scales)[0]

        return assembled(coarsest([p.numpy() for p in prunable], [pruned], error))


def _joined(first: Course, i: int, second: Course, j: int) -> tuple[LossPoint, ...]:
    """Returns the course of a model that was i in the first training and j in the second."""
    later = (
        LossPoint(first.steps + point.step, first.seconds + point.seconds, point.loss)
        for point in second.of_model(j)
    )
    return (*first.of_model(i), *later)
