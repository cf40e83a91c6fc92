"""Deep linear networks: products of dense layers, as deep as fast transforms and deeper."""

from __future__ import annotations

import torch
from torch import Tensor

from dsl.targets import Target
from gradient_baselines.base import (
    BASELINES,
    Baseline,
    Budget,
    Fit,
    LossPoint,
    Model,
    best_position,
)
from gradient_baselines.training import Adam, descend, generator, one_thread
from gradient_baselines.transforms.factor_product import (
    SOLVED,
    Task,
    dense_refusal,
    measuring_seconds,
    trained,
)
from gradient_baselines.transforms.phases import Clock
from gradient_baselines.transforms.polish import polished
from gradient_baselines.transforms.starts import near_identity, orthogonal

RATES = (0.003, 0.01, 0.03)
# Layers, in binary logarithms of the size.
DEPTHS = (1, 2)
# Of larger matrices the middle rate alone is tried.
LARGEST_SWEPT = 64
# Of the time of a depth: descent, the rest is the polish of the best.
DESCENT, MOST_POLISHED = 0.5, 4


def fit(target: Target, seed: int, budget: Budget) -> Fit:
    """Trains dense layers of several depths from random starts."""
    task, source = Task.of(target), generator(seed)
    clock = Clock.of(budget)
    with one_thread():
        first = orthogonal(task, sum(DEPTHS) * task.depth, 1, generator(seed))
        clock = clock.without(measuring_seconds(task.factors(first, 0)))
        found = [
            _best(task, factor * task.depth, source, clock, (k + 1) / len(DEPTHS))
            for k, factor in enumerate(DEPTHS)
        ]
    models = tuple(model for model, _ in found)
    return Fit(models, clock.seconds, found[best_position(models)][1])


def _best(
    task: Task, depth: int, source: torch.Generator, clock: Clock, end: float
) -> tuple[Model, tuple[LossPoint, ...]]:
    """Returns the best model of a depth and its course; the phase ends at a part of the clock."""
    parameters, rates = _starts(task, depth, source)
    middle = end - (1 - DESCENT) / len(DEPTHS)
    share = 1 / len(DEPTHS)
    course = descend(
        lambda: task.losses(parameters),
        Adam(parameters, rates),
        clock.until(middle, DESCENT * share),
        is_done=lambda losses: bool(losses.min() < SOLVED),
    )
    chosen = _finite_order(task.losses(parameters))[:MOST_POLISHED]
    budget = clock.until(end - 0.03, (1 - DESCENT) * share)
    better = polished([p[chosen] for p in parameters], task.losses, budget)
    index = int(_finite_order(task.losses(better))[0])
    count = sum(p[0].numel() for p in parameters)
    name = f"{depth} layer{'s' if depth > 1 else ''}"
    result = trained(name, task.factors(better, index), task.target, count)
    return result.model, course.of_model(int(chosen[index]))


def _starts(task: Task, depth: int, source: torch.Generator) -> tuple[list[Tensor], Tensor]:
    """Returns every kind of start at every rate, several times where that is cheap."""
    tried = RATES if task.width <= LARGEST_SWEPT else RATES[1:2]
    models = len(tried) * (4 if task.width <= 8 else 2 if task.width <= 16 else 1)
    kinds = [start(task, depth, models, source) for start in (orthogonal, near_identity)]
    rates = torch.tensor(tried, dtype=torch.float64).repeat(2 * models // len(tried))
    return [torch.cat(pair) for pair in zip(*kinds, strict=True)], rates


def _finite_order(losses: Tensor) -> Tensor:
    """Returns the numbers of models, the best first, those that diverged last."""
    return torch.argsort(losses.nan_to_num(nan=torch.inf))


DEEP_LINEAR = BASELINES.register(
    Baseline(
        "deep-linear",
        "transform",
        fit,
        "dense layers in a row, as many as a fast transform has and twice as many",
        refusal=dense_refusal,
    )
)
