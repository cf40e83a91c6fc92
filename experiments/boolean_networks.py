"""Small networks that learn tables of bits: how often, how fast, and what they cost."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from experiments.base import Row, Setup
from experiments.boolean_rows import Table
from experiments.small_networks import Lesson, Networks, drawn, taught
from gradient_baselines.activations import ACTIVATIONS
from gradient_baselines.training import generator

TRIED = ("relu", "tanh")
SEEDS, CHECKS = 20, 60


def trained(table: Table, hidden: int, activation: str, setup: Setup) -> list[Row]:
    """Trains networks of one width, for several rates from all seeds; a row for each rate."""
    rates = (0.03,) if setup.is_quick else (0.003, 0.01, 0.03, 0.1)
    steps = 1_500 if setup.is_quick else 30_000
    count = len(rates) * SEEDS
    inputs = table.x.shape[1]
    networks = drawn((inputs, hidden, 1), count, activation, generator(setup.seed))
    lesson = Lesson(
        torch.tensor(table.x).expand(count, -1, -1),
        torch.tensor(table.y)[None, :, None].expand(count, -1, -1),
        torch.tensor(np.repeat(rates, SEEDS)),
        steps,
        loss=cross_entropy,
    )
    checks = np.unique(np.linspace(0, steps, CHECKS + 1).round().astype(int)).tolist()
    right: list[Any] = []

    def look(step: int, seen: Networks) -> None:
        right.append((((seen(lesson.x) > 0) == (lesson.y > 0.5)).all(dim=(1, 2))).numpy())

    taught(networks, lesson, checks, look)
    is_right = np.array(right).reshape(len(checks), len(rates), SEEDS)
    fixed = {
        "task": table.name,
        "activation": activation,
        "hidden": hidden,
        "parameters": (inputs + 2) * hidden + 1,
        "operations": network_operations(inputs, hidden, activation),
    }
    return [
        fixed | {"rate": rate} | _rate_row(is_right[:, k], checks) for k, rate in enumerate(rates)
    ]


def cross_entropy(logits: Tensor, wanted: Tensor) -> Tensor:
    """Returns the cross entropy of every model: (models, rows, 1) -> (models,)."""
    each = functional.binary_cross_entropy_with_logits(logits, wanted, reduction="none")
    return each.mean(dim=(1, 2))


def network_operations(inputs: int, hidden: int, activation: str) -> int:
    """Returns the operations of a network with one hidden layer and a threshold."""
    per_unit = 2 * inputs + ACTIVATIONS.get(activation).operations + 2
    return hidden * per_unit + 1


def _rate_row(is_right: Any, checks: Sequence[int]) -> Row:
    """Returns how many seeds, (checks, seeds), end with all rows right, and from when on."""
    steps = steps_until_right(is_right, checks)
    return {
        "seeds": is_right.shape[1],
        "successes": len(steps),
        "success_rate": len(steps) / is_right.shape[1],
        "median_steps": float(np.median(steps)) if steps else "",
    }


def steps_until_right(is_right: Any, checks: Sequence[int]) -> list[int]:
    """Returns for each seed that ends right the check from which on it is: (checks, seeds)."""
    stays = np.logical_and.accumulate(is_right[::-1])[::-1]
    return [checks[int(np.argmax(column))] for column in stays.T if column[-1]]


def best_rates(rows: Sequence[Row], task: str) -> list[Row]:
    """Returns for each activation and width the row of the rate with most successes."""
    groups: dict[tuple[str, int], list[Row]] = {}
    for row in rows:
        if row["task"] == task:
            groups.setdefault((row["activation"], row["hidden"]), []).append(row)
    return [max(group, key=lambda row: row["successes"]) for group in groups.values()]
