"""Two thin layers: products U V of every rank."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from dsl.targets import Target
from gradient_baselines.base import BASELINES, Baseline, Budget, Fit, best_position
from gradient_baselines.training import Adam, descend, generator, one_thread
from gradient_baselines.transforms.factor_product import (
    Task,
    dense_refusal,
    measuring_seconds,
    trained,
)
from gradient_baselines.transforms.phases import Clock
from gradient_baselines.transforms.polish import polished

RATE = 0.02
STEPS, POLISH_STEPS = 800, 400
# Ranks that are tried at most: more than these are thinned out.
MOST_RANKS = 16
DESCENT, POLISHED = 0.5, 0.9


def fit(target: Target, seed: int, budget: Budget) -> Fit:
    """Trains products of two thin matrices, all ranks at once."""
    task, clock = Task.of(target), Clock.of(budget)
    rows, columns = task.wanted.shape
    ranks = _ranks(min(rows, columns))
    masks = _masks(ranks)

    def losses(parameters: Sequence[Tensor]) -> Tensor:
        left, right = map(task.entries, parameters)
        return task.distances(left * masks[:, None, :] @ right)

    source = generator(seed)
    shapes = ((len(ranks), rows, ranks[-1]), (len(ranks), ranks[-1], columns))
    parameters = [
        task.parameter(torch.randn(*shape, generator=source, dtype=task.wanted.dtype))
        / task.width**0.5
        for shape in shapes
    ]
    with one_thread():
        clock = clock.without(len(ranks) * measuring_seconds(task.factors(parameters, -1)))
        rates = torch.full((len(ranks),), RATE, dtype=torch.float64)
        course = descend(
            lambda: losses(parameters), Adam(parameters, rates), _at_most(clock, DESCENT, STEPS)
        )
        better = polished(parameters, losses, _at_most(clock, POLISHED, POLISH_STEPS))
    found = []
    for index, rank in enumerate(ranks):
        left, right = task.factors(better, index)
        count = rank * (rows + columns) * (2 if task.is_complex else 1)
        found.append(trained(f"rank {rank}", [left[:, :rank], right[:rank]], target, count).model)
    return Fit(tuple(found), clock.seconds, course.of_model(best_position(found)))


def _ranks(most: int) -> list[int]:
    """Returns the ranks to try, from 1 to the full one."""
    if most <= MOST_RANKS:
        return list(range(1, most + 1))
    return sorted({round(most ** (k / (MOST_RANKS - 1))) for k in range(MOST_RANKS)})


def _masks(ranks: Sequence[int]) -> Tensor:
    """Returns (models, largest rank): which columns of U a model has."""
    return (torch.arange(ranks[-1])[None, :] < torch.tensor(ranks)[:, None]).double()


def _at_most(clock: Clock, part: float, steps: int) -> Budget:
    budget = clock.until(part, 0.5)
    return Budget(budget.seconds, min(steps, budget.steps or steps))


LOW_RANK = BASELINES.register(
    Baseline(
        "low-rank",
        "transform",
        fit,
        "two thin layers: products U V of every rank",
        refusal=dense_refusal,
    )
)
