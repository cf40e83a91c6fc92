"""Networks that are trained on one function after the other: do they freeze?

Each network learns function A, then B, then A and B again. After each phase its error is
compared with that of a fresh network that is trained for as many steps on this phase's
function alone.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt
import torch

from experiments.base import Row, Setup
from experiments.small_networks import Lesson, Networks, drawn, taught
from experiments.zoo_functions import SIZES, unit_step
from gradient_baselines.training import generator

Numbers = npt.NDArray[np.float64]
Function = Callable[[Numbers], Numbers]

HALF_WIDTH, ROWS, GAP, PHASES = 5.0, 201, 0.1, 4
RATES = (0.003, 0.03)
ACTIVATIONS = ("relu", "leaky-relu")


def near_pole(place: float) -> Function:
    """Returns 1 / (x - place), with places nearer than a gap moved to its edge."""

    def values(x: Numbers) -> Numbers:
        distance = x - place
        side = np.where(distance < 0, -1.0, 1.0)
        return side / np.maximum(np.abs(distance), GAP)

    return values


SEQUENCES: dict[str, tuple[Function, Function]] = {
    "exp(x), exp(-x)": (np.exp, lambda x: np.exp(-x)),
    "1/x, 1/(x - 2)": (near_pole(0.0), near_pole(2.0)),
    "step at 0, at 2": (unit_step, lambda x: unit_step(x - 2)),
}


def frozen_and_fresh(activation: str, setup: Setup) -> list[Row]:
    """Returns a row for every sequence, rate, seed and phase."""
    seeds = 5 if setup.is_quick else 20
    settings = [(name, r, k) for name in SEQUENCES for r in RATES for k in range(seeds)]
    rng = generator(setup.seed)
    networks = drawn(SIZES, len(settings), activation, rng)
    rows: list[Row] = []
    for phase in range(PHASES):
        lesson = _lesson(settings, phase, 1_000 if setup.is_quick else 10_000)
        taught(networks, lesson)
        fresh = drawn(SIZES, len(settings), activation, rng)
        taught(fresh, lesson)
        used, new = _measured(networks, lesson), _measured(fresh, lesson)
        for index, (name, rate, seed) in enumerate(settings):
            rows.append(
                {
                    "activation": activation,
                    "functions": name,
                    "rate": rate,
                    "seed": seed,
                    "phase": phase + 1,
                    "error": used[index][0],
                    "error_fresh": new[index][0],
                    "dead_share": used[index][1],
                    "dead_share_fresh": new[index][1],
                }
            )
    return rows


def _lesson(settings: list[tuple[str, float, int]], phase: int, steps: int) -> Lesson:
    """Returns a phase: values are in units of the first function's standard deviation."""
    x = np.linspace(-HALF_WIDTH, HALF_WIDTH, ROWS)
    y = [SEQUENCES[name][phase % 2](x) / SEQUENCES[name][0](x).std() for name, *_ in settings]
    places = torch.tensor(x / HALF_WIDTH)[None, :, None].expand(len(settings), -1, -1)
    rates = torch.tensor([rate for _, rate, _ in settings], dtype=torch.float64)
    return Lesson(places, torch.tensor(np.stack(y))[:, :, None], rates, steps, is_annealed=False)


def _measured(networks: Networks, lesson: Lesson) -> list[tuple[float, float]]:
    """Returns error and share of dead units of every network."""
    wrong = (networks(lesson.x) - lesson.y).square().mean((1, 2)).sqrt()
    errors = wrong / lesson.y.std(dim=(1, 2), correction=0)
    return list(zip(errors.tolist(), networks.dead_share(lesson.x).tolist(), strict=True))


def at_best_rate(rows: Sequence[Row], functions: str, activation: str) -> list[Row]:
    """Returns the rows of two functions and an activation, at the best rate of fresh networks."""
    chosen = [r for r in rows if (r["functions"], r["activation"]) == (functions, activation)]

    def fresh_error(rate: float) -> float:
        return float(np.median([r["error_fresh"] for r in chosen if r["rate"] == rate]))

    best = min({r["rate"] for r in chosen}, key=fresh_error)
    return [r for r in chosen if r["rate"] == best]
