"""How often and how fast butterflies recover a transform, as [Dao2019] measure it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from dsl.targets import Target
from gradient_baselines.base import Budget
from gradient_baselines.training import Adam, Course, descend, generator, one_thread
from gradient_baselines.transforms.butterfly_blocks import CHOICES
from gradient_baselines.transforms.butterfly_models import (
    RATES,
    RECOVERED,
    Form,
    forms,
    late,
    starts,
)
from gradient_baselines.transforms.factor_product import Task


@dataclass(frozen=True, slots=True)
class Recovery:
    """What became of one training, as [Dao2019] measure it.

    Attributes:
        choice: The index in `CHOICES` of its permutation.
        rate: Of Adam.
        error: Root mean square of the differences of the entries, of the matrix with rows of
            norm 1, at the end.
        steps: After which the error was at most `RECOVERED`; None if it never was.
        seconds: Likewise, in the batch of all trainings.
    """

    choice: int
    rate: float
    error: float
    steps: int | None
    seconds: float | None


def train_butterflies(
    target: Target,
    restarts: int,
    seed: int,
    budget: Budget,
    *,
    choices: Sequence[int] = range(len(CHOICES)),
    rates: tuple[float, float] = RATES,
) -> list[Recovery]:
    """Trains one butterfly from many starts, all to the end of the budget or recovery.

    Args:
        target: With n a power of two.
        restarts: Of every permutation.
        seed: Decides the starts and the rates.
        budget: Of the whole batch.
        choices: The permutations: indices in `CHOICES`.
        rates: Range of Adam's rates, log-uniform.
    """
    task = Task.of(target)
    form = forms(task)[0]
    chosen = Form(form.name, form.orders[list(choices)], form.is_complex)
    models = starts(chosen, restarts, rates, generator(seed))
    limit = RECOVERED**2 * task.wanted.numel()
    with one_thread():
        course = descend(
            lambda: models.losses(task),
            Adam(models.parameters, models.rates),
            budget,
            schedule=late,
            is_done=lambda losses: bool((losses <= limit).all()),
        )
    return [
        _recovery(course, index, choices[models.choices[index]], float(models.rates[index]), task)
        for index in range(len(models.rates))
    ]


def _recovery(course: Course, index: int, choice: int, rate: float, task: Task) -> Recovery:
    points = [
        (p.step, p.seconds, math.sqrt(p.loss / task.wanted.numel())) for p in course.of_model(index)
    ]
    first = next((point for point in points if point[2] <= RECOVERED), (None, None, 0.0))
    return Recovery(choice, rate, points[-1][2], first[0], first[1])
