"""Measurements of rivals that learn the DFT by gradient descent, and of the search for it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

import evosynth
from dsl.accuracy import EXACT
from dsl.targets import Target, make_target
from experiments.base import Row
from gradient_baselines.base import BASELINES, Budget, Fit
from gradient_baselines.counting import product_operations
from gradient_baselines.training import generator
from gradient_baselines.transforms.butterfly_blocks import CHOICES
from gradient_baselines.transforms.butterfly_recovery import train_butterflies
from gradient_baselines.transforms.factor_product import Task
from gradient_baselines.transforms.near_fft import NOISES, train, true_factors
from gradient_baselines.transforms.phases import Clock

RIVALS = ("dense", "deep-linear", "low-rank", "l1", "butterfly")
SEARCH = "evosynth"


@dataclass(frozen=True, slots=True)
class Plan:
    """How much is measured.

    Attributes:
        seconds: For every rival and for the search, by size.
        noise_seconds: For each batch of trainings that start near the FFT, by size.
        recovery_seconds: For each batch of butterflies, by size.
        restarts: Of every permutation of butterflies, and of every noise.
    """

    seconds: dict[int, float]
    noise_seconds: dict[int, float]
    recovery_seconds: dict[int, float]
    restarts: int


QUICK = Plan(
    {4: 3.0, 8: 7.0, 16: 20.0},
    {4: 5.0, 8: 12.0, 16: 30.0},
    {8: 3.0, 16: 4.0, 32: 6.0, 64: 12.0},
    4,
)
FULL = Plan(
    {4: 20.0, 8: 60.0, 16: 120.0, 32: 240.0},
    {4: 20.0, 8: 60.0, 16: 180.0, 32: 360.0},
    {8: 20.0, 16: 30.0, 32: 60.0, 64: 120.0, 128: 240.0},
    8,
)


def fft_operations(n: int) -> int:
    """Returns the operations of the radix-2 FFT by our rule."""
    factors = true_factors(make_target("dft", n).matrix)
    assert factors is not None
    return product_operations(factors, True)


def fft_entries(n: int) -> int:
    """Returns the entries that are not zero in the factors of the FFT: 2 n log n."""
    return 2 * n * int(math.log2(n))


def fitted(n: int, name: str, seed: int, seconds: float) -> Fit:
    """Returns what a rival makes of the DFT."""
    return BASELINES.get(name).fit(make_target("dft", n), seed, Budget(seconds))


def rival_row(n: int, name: str, fit: Fit) -> Row:
    """Returns the best model of a rival as a row."""
    best = fit.best
    return {
        "n": n,
        "method": name,
        "setting": best.setting,
        "told": BASELINES.get(name).told,
        "error": best.error,
        "real_non_zeros": best.non_zeros,
        "operations": best.operations,
        "seconds": round(fit.seconds, 2),
    }


def search_row(n: int, seed: int, seconds: float) -> Row:
    """Returns the best program of the search as a row: it ends at the best known count."""
    result = evosynth.run("dft", n, seed=seed, time=seconds, workers=1, goal="best-known")
    return {
        "n": n,
        "method": SEARCH,
        "setting": f"{result.evaluations} evaluations",
        "told": "",
        "error": result.claims.error,
        "real_non_zeros": None,
        "operations": result.claims.operations,
        "seconds": round(result.seconds, 2),
    }


# Columns of a table of fronts.
FRONT = ("n", "method", "setting", "error", "operations")


def front_rows(n: int, name: str, fit: Fit) -> list[Row]:
    """Returns the models of a rival that no other one beats in error and operations."""
    return [
        {
            "n": n,
            "method": name,
            "setting": model.setting,
            "error": model.error,
            "operations": model.operations,
        }
        for model in fit.front
    ]


def noise_rows(n: int, restarts: int, seed: int, seconds: float) -> list[Row]:
    """Returns what becomes of trainings that start at the FFT with noise: one row each."""
    found, _ = train(make_target("dft", n), NOISES, restarts, seed, Clock.of(Budget(seconds)))
    rows = []
    for each in found:
        noise = float(each.setting.split(",")[0].removeprefix("noise "))
        is_exact = each.model.error <= EXACT
        rows.append(
            {
                "n": n,
                "noise": noise,
                "error": each.model.error,
                "entries": each.entries,
                "operations": each.model.operations,
                "is_exact": is_exact,
                "is_back": is_exact and each.entries <= fft_entries(n),
            }
        )
    return rows


def recovery_rows(n: int, restarts: int, seed: int, seconds: float) -> list[Row]:
    """Returns what becomes of butterflies of all permutations: one row each."""
    found = train_butterflies(make_target("dft", n), restarts, seed, Budget(seconds))
    return [
        {
            "n": n,
            "permutation": "".join(map(str, CHOICES[each.choice])),
            "is_even_odd": bool(CHOICES[each.choice][0]),
            "rate": each.rate,
            "rmse": each.error,
            "is_recovered": each.steps is not None,
            "steps": each.steps,
            "seconds": each.seconds,
        }
        for each in found
    ]


def cliff_rows(n: int, directions: int, seed: int) -> list[Row]:
    """Returns the loss around the factors of the FFT: along random directions of all entries.

    The distance is the standard deviation of the real and imaginary part of every entry's
    change; the loss is the squared distance from the matrix over the matrix's own square.
    """
    target: Target = make_target("dft", n)
    task, factors = Task.of(target), true_factors(target.matrix)
    assert factors is not None
    source = generator(seed)
    size = (1 / task.scale) ** (1 / len(factors))
    exact = [task.parameter(torch.from_numpy(factor)) for factor in factors]
    noise = [
        torch.randn(directions, *e.shape, generator=source, dtype=torch.float64) for e in exact
    ]
    rows = []
    for distance in distances():
        moved = [size * (e + distance * z) for e, z in zip(exact, noise, strict=True)]
        losses = (task.losses(moved) / float(task.wanted.abs().square().sum())).tolist()
        lengths = sum(task.sizes(p).sum(dim=(1, 2)) for p in moved) / size
        rows.append(
            {
                "n": n,
                "distance": distance,
                "loss": float(np.median(losses)),
                "least_loss": min(losses),
                "largest_loss": max(losses),
                "l1_norm": float(lengths.mean()) / fft_entries(n),
            }
        )
    return rows


def distances() -> list[float]:
    """Returns how far from the FFT the loss is measured."""
    return [0.0, *np.geomspace(1e-3, 2.0, 45).tolist()]


def share(rows: Sequence[Row], key: str) -> float:
    """Returns the share of rows in which something is true."""
    return sum(bool(row[key]) for row in rows) / max(len(rows), 1)
