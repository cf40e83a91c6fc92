"""Deep linear networks that L1 makes sparse, over a range of strengths."""

from __future__ import annotations

import math

import torch

from dsl.targets import Target
from gradient_baselines.base import BASELINES, Baseline, Budget, Fit, LossPoint
from gradient_baselines.training import generator, one_thread
from gradient_baselines.transforms.factor_product import Task, Trained, dense_refusal
from gradient_baselines.transforms.phases import Clock
from gradient_baselines.transforms.sparsity import SparseStart, train_sparse
from gradient_baselines.transforms.starts import orthogonal

# Strengths of L1 times the size, in units of the gradient's root mean square: stronger ones
# leave nothing of most models. Rates of Adam times the square root of the size.
WEAKEST, STRONGEST = 0.2, 2.0
RATES = (0.12, 0.24)
FLOOR, THRESHOLDS = 1e-3, (0.01, 0.05)


def fit(target: Target, seed: int, budget: Budget) -> Fit:
    """Trains sparse factors, one for every binary digit of the size."""
    clock = Clock.of(budget)
    found, losses = train(target, seed, clock)
    return Fit(tuple(each.model for each in found), clock.seconds, losses)


def train(target: Target, seed: int, clock: Clock) -> tuple[list[Trained], tuple[LossPoint, ...]]:
    """Returns sparse factors of all strengths and restarts, and the best one's course."""
    task = Task.of(target)
    strengths, restarts = sweep(task.width)
    models = strengths * restarts
    with one_thread():
        initial = orthogonal(task, task.depth, models, generator(seed))
    start = SparseStart(
        tuple(
            f"L1 {float(s):.2g}, restart {k + 1}"
            for s in _range(strengths, task.width)
            for k in range(restarts)
        ),
        initial,
        _rates(models, task.width),
        _range(strengths, task.width).repeat_interleave(restarts),
        FLOOR,
        THRESHOLDS,
    )
    return train_sparse(task, start, clock)


def _range(count: int, width: int) -> torch.Tensor:
    return torch.logspace(0, 1, count, STRONGEST / WEAKEST, dtype=torch.float64) * WEAKEST / width


def _rates(count: int, width: int) -> torch.Tensor:
    return torch.tensor(RATES, dtype=torch.float64).repeat(count)[:count] / math.sqrt(width)


def sweep(width: int) -> tuple[int, int]:
    """Returns how many strengths are tried, and how often: fewer where each takes longer."""
    if width <= 8:
        return 8, 8
    return (8, 4) if width <= 24 else (4, 2) if width <= 40 else (4 if width <= 64 else 2, 1)


L1_SPARSE = BASELINES.register(
    Baseline(
        "l1",
        "transform",
        fit,
        "log n layers that L1 makes sparse, pruned and trained again, over a range of strengths",
        refusal=dense_refusal,
    )
)
