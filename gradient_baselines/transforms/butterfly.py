"""Butterfly factors after a permutation: the support of the FFT, with all entries to learn."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from dsl.accuracy import EXACT
from dsl.targets import Target
from dsl.targets.base import is_power_of_two
from gradient_baselines.base import BASELINES, Baseline, Budget, Fit, LossPoint, best_position
from gradient_baselines.training import Adam, Course, descend, generator, one_thread
from gradient_baselines.transforms.butterfly_models import (
    RATES,
    RECOVERED,
    Butterflies,
    Form,
    forms,
    late,
    starts,
)
from gradient_baselines.transforms.factor_product import Task, Trained, measuring_seconds, trained
from gradient_baselines.transforms.phases import Clock
from gradient_baselines.transforms.polish import polished

# Parts of a form's time at which training and polish end. Training is in rounds, after each
# of which one model in so many goes on, until so many are left.
TRAINED, POLISHED = 0.75, 0.9
SIEVE, KEPT = 4, 4
# Records of a course, each at 1.03 times as many steps, without progress, and the first ones
# that are not judged: 500 steps.
STALE, FIRST = 15, 122
# Numbers that the products of all models hold, and multiplications of the products of several
# butterflies: of more orders than fit in, some are drawn.
MOST_ENTRIES, MOST_PRODUCTS = 2**21, 2**26
# At this size all of the 8 permutations still fit in.
LARGEST = 512


def fit(target: Target, seed: int, budget: Budget) -> Fit:
    """Trains butterflies in more and more general forms until one is exact."""
    task, source = Task.of(target), generator(seed)
    found: list[Trained] = []
    courses: list[tuple[LossPoint, ...]] = []
    with one_thread():
        clock = Clock.of(budget)
        tried = forms(task)
        for k, form in enumerate(tried):
            part = (clock.seconds, budget.seconds * (k + 1) / len(tried))
            seconds = max(part[1] - part[0], 1e-3)
            share = Budget(seconds, budget.share(1 / len(tried)).steps)
            result, course = _best(task, form, source, share)
            found.append(result)
            courses.append(course)
            if result.model.error <= EXACT:
                break
    models = tuple(each.model for each in found)
    return Fit(models, clock.seconds, courses[best_position(models)])


def _best(
    task: Task, form: Form, source: torch.Generator, budget: Budget
) -> tuple[Trained, tuple[LossPoint, ...]]:
    """Returns the best of all orders and restarts of a form, and its course."""
    clock = Clock.of(budget)
    form = thinned(form, source)
    models = starts(form, _restarts(form), RATES, source)
    clock = clock.without(measuring_seconds(models.factors(task, 0)))
    kept, courses = _selected(task, models, clock)
    better = polished(kept.parameters, lambda p: kept.losses(task, p), clock.until(POLISHED, 0.25))
    final = Butterflies(form, kept.choices, better, kept.rates)
    results: dict[int, Trained] = {}
    for index in _ranked(final.losses(task)):
        if results and clock.is_over():
            break
        count = sum(p[0].numel() for p in better)
        results[index] = trained(form.name, final.factors(task, index), task.target, count)
    measured = list(results)
    best = measured[best_position([results[index].model for index in measured])]
    return results[best], courses[best]


def _selected(
    task: Task, models: Butterflies, clock: Clock
) -> tuple[Butterflies, list[tuple[LossPoint, ...]]]:
    """Trains in rounds after which the better models go on, and returns their courses."""
    counts = [len(models.rates)]
    while counts[-1] > KEPT:
        counts.append(max(KEPT, counts[-1] // SIEVE))
    courses: list[tuple[LossPoint, ...]] = [() for _ in range(counts[0])]
    for k, _ in enumerate(counts):
        part = TRAINED / len(counts)
        course = _descend(task, models, clock.until((k + 1) * part, part))
        courses = [_joined(before, course.of_model(i)) for i, before in enumerate(courses)]
        if k + 1 < len(counts):
            order = _ranked(models.losses(task))[: counts[k + 1]]
            models, courses = models.chosen(order), [courses[i] for i in order]
    return models, courses


def _ranked(losses: Tensor) -> list[int]:
    """Returns the numbers of models, the best first, those that diverged last."""
    order: list[int] = torch.argsort(losses.nan_to_num(nan=torch.inf)).tolist()
    return order


def _joined(before: tuple[LossPoint, ...], after: tuple[LossPoint, ...]) -> tuple[LossPoint, ...]:
    step, seconds = (before[-1].step, before[-1].seconds) if before else (0, 0.0)
    return (*before, *(LossPoint(step + p.step, seconds + p.seconds, p.loss) for p in after))


def _descend(task: Task, models: Butterflies, budget: Budget) -> Course:
    """Trains until some model is recovered and more, or none gets any better."""
    enough = (0.01 * RECOVERED) ** 2 * task.wanted.numel()
    lowest: list[float] = []

    def is_done(losses: Tensor) -> bool:
        lowest.append(float(losses.nan_to_num(nan=torch.inf).min()))
        before = lowest[max(len(lowest) - STALE, 0)]
        is_stale = len(lowest) > FIRST and lowest[-1] > 0.999 * before
        return lowest[-1] < enough or is_stale

    return descend(
        lambda: models.losses(task),
        Adam(models.parameters, models.rates),
        budget,
        schedule=late,
        is_done=is_done,
    )


def _restarts(form: Form) -> int:
    """Returns how often every order is tried: fewer where there are many, or long ones."""
    choices, _, n = form.orders.shape
    return max(1, min(64, 1024 // n) // choices)


def thinned(form: Form, source: torch.Generator) -> Form:
    """Returns a form with as many of its orders as can be tried at its size."""
    choices, count, n = form.orders.shape
    most = max(1, MOST_ENTRIES // n**2)
    if count > 1:
        most = max(1, min(most, MOST_PRODUCTS // n**3))
    if choices <= most:
        return form
    drawn = torch.randperm(choices, generator=source)[:most]
    return replace(form, orders=form.orders[np.sort(drawn.numpy())])


def _refusal(target: Target) -> str:
    rows, n = target.matrix.shape
    if rows != n or not is_power_of_two(n):
        return f"it needs a square matrix with n = 2^k rows, got {rows} x {n}"
    if n > LARGEST:
        return f"it tries 8 permutations at once, which for n = {n} takes too long"
    return ""


BUTTERFLY = BASELINES.register(
    Baseline(
        "butterfly",
        "transform",
        fit,
        "factors on the support of the FFT after one of 8 permutations [Dao2019]",
        told="the butterfly support, n = 2^k",
        refusal=_refusal,
    )
)
