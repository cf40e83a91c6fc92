"""Sparse factors by gradient descent: L1 by proximal steps, pruning, training on the rest."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from gradient_baselines.base import LossPoint, best_position
from gradient_baselines.training import Adam, Course, descend, one_thread
from gradient_baselines.transforms.factor_product import Task, Trained, measuring_seconds, trained
from gradient_baselines.transforms.phases import Clock
from gradient_baselines.transforms.polish import polished

# Of the thresholds for pruning, the coarsest is taken whose model is as good as that of the
# finest, or has no more than this loss.
GOOD = 1e-9
WORSE = 2.0
# Parts of the clock at which training, training after pruning, and polishing end.
TRAINED, RETRAINED, POLISHED = 0.68, 0.84, 0.93
RETRAINING_RATE = 0.02
MOST_POLISHED = 32


@dataclass(frozen=True, slots=True)
class SparseStart:
    """Models to be trained.

    Attributes:
        settings: What each is called.
        parameters: See `Task`.
        rates: (models,) of Adam.
        strengths: (models,) of L1, in units of the gradient's root mean square.
        floor: Least size of a gradient that L1 is measured by: with a small one L1 presses on
            where the loss is flat, with a large one models stay in the valley they are in.
        thresholds: Parts of the largest entry of a factor below which entries are pruned.
    """

    settings: tuple[str, ...]
    parameters: list[Tensor]
    rates: Tensor
    strengths: Tensor
    floor: float
    thresholds: tuple[float, ...]


def train_sparse(
    task: Task, start: SparseStart, clock: Clock
) -> tuple[list[Trained], tuple[LossPoint, ...]]:
    """Trains sparse factors; returns what they became, and the course of the best model."""
    with one_thread():
        clock = clock.without(measuring_seconds(task.factors(start.parameters, 0)))
        optimizer = Adam(start.parameters, start.rates)
        course = descend(
            lambda: task.losses(start.parameters),
            optimizer,
            clock.until(TRAINED, 0.7),
            after_step=_shrinking(task, optimizer, start),
        )
        masks = _chosen_masks(task, start, clock)
        results = _finished(task, start, masks, clock)
        measured = sorted(results)
        best = measured[best_position([results[index].model for index in measured])]
        return [results[index] for index in measured], course.of_model(best)


def _shrinking(task: Task, optimizer: Adam, start: SparseStart) -> Callable[[float], None]:
    """Returns the proximal step of L1: soft thresholds of the moduli.

    The strength rises from 0 and falls to 0 again, as sin(pi t) while the rates fall as
    1 + cos(pi t): dense models have time to fit, sparse ones to become exact. A threshold
    is in the metric of the optimizer, one for all entries of a factor.
    """

    def shrink(factor: float) -> None:
        strengths = start.strengths * start.rates * factor * 2 * math.sqrt(factor * (1 - factor))
        for parameter, size in zip(optimizer.parameters, optimizer.gradient_sizes(), strict=True):
            thresholds = strengths.reshape(-1, 1, 1) / (size.reshape(-1, 1, 1) + start.floor)
            sizes = task.sizes(parameter).clamp_min(1e-300)
            parameter.mul_(task.spread((1 - thresholds / sizes).clamp_min(0)))

    return shrink


def _chosen_masks(task: Task, start: SparseStart, clock: Clock) -> list[Tensor]:
    """Prunes the models as far as retraining makes up for, in place; returns what is left."""
    count, ways = len(start.rates), len(start.thresholds)
    masks = [
        torch.cat([_mask(task.sizes(parameter), threshold) for threshold in start.thresholds])
        for parameter in start.parameters
    ]
    copies = [p.repeat(ways, *[1] * (p.ndim - 1)) for p in start.parameters]
    course = retrain(task, copies, masks, clock)
    losses = course.recorded[-1][2].reshape(ways, count)
    limits = (WORSE * losses[0]).clamp_min(GOOD)
    chosen = torch.zeros(count, dtype=torch.long)
    for k in range(ways):
        chosen[losses[k] <= limits] = k
    picked = chosen * count + torch.arange(count)
    for parameter, copy in zip(start.parameters, copies, strict=True):
        parameter.copy_(copy[picked])
    return [mask[picked] for mask in masks]


def _mask(sizes: Tensor, threshold: float) -> Tensor:
    return (sizes > threshold * sizes.amax(dim=(1, 2), keepdim=True)).double()


def retrain(task: Task, parameters: list[Tensor], masks: list[Tensor], clock: Clock) -> Course:
    """Trains the entries that masks leave, in place, without L1."""

    def confine(factor: float) -> None:
        for parameter, mask in zip(parameters, masks, strict=True):
            parameter.mul_(task.spread(mask))

    confine(1.0)
    return descend(
        lambda: task.losses(parameters),
        Adam(parameters, torch.full((len(parameters[0]),), RETRAINING_RATE)),
        clock.until(RETRAINED, 0.2),
        after_step=confine,
    )


def _finished(
    task: Task, start: SparseStart, masks: list[Tensor], clock: Clock
) -> dict[int, Trained]:
    """Polishes the most promising models, and measures all while there is time."""
    losses = task.losses(start.parameters)
    order = sorted(range(len(losses)), key=lambda k: _promise(float(losses[k]), masks, k))
    _polish(task, start.parameters, masks, order[:MOST_POLISHED], clock)
    parameters = sum(p[0].numel() for p in start.parameters)
    results: dict[int, Trained] = {}
    for index in order:
        if clock.is_over() and results:
            break
        factors = task.factors(start.parameters, index)
        results[index] = trained(start.settings[index], factors, task.target, parameters)
    return results


def _promise(loss: float, masks: Sequence[Tensor], index: int) -> tuple[float, float]:
    """Returns what to sort by: exact models first, the sparsest of them foremost."""
    entries = float(sum(mask[index].sum() for mask in masks))
    return (0.0, entries) if loss <= 1e-6 else (loss if math.isfinite(loss) else math.inf, entries)


def _polish(
    task: Task, parameters: list[Tensor], masks: list[Tensor], chosen: list[int], clock: Clock
) -> None:
    """Polishes some models in place."""
    spread = [task.spread(mask[chosen]) for mask in masks]

    def losses(candidates: Sequence[Tensor]) -> Tensor:
        return task.losses([p * mask for p, mask in zip(candidates, spread, strict=True)])

    budget = clock.until(POLISHED, 0.1)
    better = polished([p[chosen] for p in parameters], losses, budget)
    for parameter, values, mask in zip(parameters, better, spread, strict=True):
        parameter[chosen] = values * mask
