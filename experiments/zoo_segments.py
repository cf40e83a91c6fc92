"""How the straight pieces of a network of rectifiers move while it is trained."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from experiments.base import Setup
from experiments.line_segments import kinks
from experiments.small_networks import Lesson, Networks, drawn, taught
from experiments.zoo_functions import CURVES, SIZES, Curve, Numbers
from gradient_baselines.training import generator

WATCHED = tuple(curve for curve in CURVES if curve.name in ("exp(x)", "sin(x), -5 to 5"))
MOMENTS, RATE, ROWS = 60, 0.01, 201


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A network during its training.

    Attributes:
        step: Steps taken.
        kinks: Where its slope changes, in units of x.
        values: At `places` of the curve.
        error: Within the training range, over the standard deviation of the values.
    """

    step: int
    kinks: Numbers
    values: Numbers
    error: float


def places(curve: Curve) -> Numbers:
    """Returns where snapshots are looked at: the training range."""
    return np.linspace(*curve.train, ROWS)


def watched(setup: Setup) -> dict[str, list[Snapshot]]:
    """Trains a network on each watched curve; returns snapshots at growing distances."""
    steps = 2_000 if setup.is_quick else 20_000
    moments = {0, *np.geomspace(1, steps, MOMENTS).round().astype(int).tolist()}
    y = [curve.values(places(curve)) for curve in WATCHED]
    x = np.stack([curve.scaled(places(curve)) for curve in WATCHED])
    lesson = Lesson(
        torch.tensor(x)[:, :, None],
        torch.tensor(np.stack([(each - each.mean()) / each.std() for each in y]))[:, :, None],
        torch.full((len(WATCHED),), RATE, dtype=torch.float64),
        steps,
    )
    seen: dict[str, list[Snapshot]] = {curve.name: [] for curve in WATCHED}

    def look(step: int, networks: Networks) -> None:
        outputs = networks(lesson.x)[:, :, 0].numpy()
        for k, curve in enumerate(WATCHED):
            bends = kinks(*networks.arrays(k), (-1.0, 1.0))
            low, high = curve.train
            error = float(np.sqrt(np.mean((outputs[k] - lesson.y[k, :, 0].numpy()) ** 2)))
            values = y[k].mean() + y[k].std() * outputs[k]
            bends = (low + high + (high - low) * bends) / 2
            seen[curve.name].append(Snapshot(step, bends, values, error))

    networks = drawn(SIZES, len(WATCHED), "relu", generator(setup.seed))
    taught(networks, lesson, moments, look)
    return seen
