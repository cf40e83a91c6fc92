"""A mean of sines of which only the frequencies are trained, by three optimisers."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import partial

import torch
from torch import Tensor

from dsl.cost import dense_count
from dsl.samples import SampledTarget
from dsl.samples.sampled_target import Numbers
from gradient_baselines.base import BASELINES, Baseline, Budget, Fit
from gradient_baselines.functions.scales import Scales, size_only
from gradient_baselines.functions.sweeps import Plan, Setting, Sweep, learn
from gradient_baselines.training import Adam, Momentum

WIDTHS = (1, 2, 8, 32)
# Sines of all restarts with one rate together, and fewest restarts.
SINES, LEAST_RESTARTS = 128, 4
# Radians per root mean square of an input that frequencies start with: from, to.
SLOWEST, FASTEST = 1.0, 100.0

Optimizer = Callable[[Sequence[Tensor], Tensor], Adam | Momentum]


def fit(
    optimizer: Optimizer,
    rates: Sequence[float],
    target: SampledTarget,
    seed: int,
    budget: Budget,
) -> Fit:
    """Trains frequencies, for each number of sines."""
    scales = size_only(target.train)
    sweeps = [sinenet_sweep(width, optimizer, rates, target, scales) for width in WIDTHS]
    return learn(target, seed, budget, Plan(scales, sweeps))


def sinenet_sweep(
    width: int,
    optimizer: Optimizer,
    rates: Sequence[float],
    target: SampledTarget,
    scales: Scales,
) -> Sweep:
    """Returns the sweep of a number of sines: frequencies (models, inputs, outputs * width)."""
    inputs, outputs = len(target.inputs), len(target.outputs)

    def values(parameters: Sequence[Tensor], x: Tensor) -> Tensor:
        scaled = math.pi * parameters[0]
        sines = torch.sin(x * scaled if inputs == 1 else x @ scaled)
        return sines.reshape(*sines.shape[:2], outputs, width).mean(dim=3)

    return Sweep(
        [Setting(f"width {width}", partial(initial, inputs, outputs * width))],
        values,
        partial(operations, outputs),
        rates,
        trained=1,
        prunable=1,
        restarts=max(LEAST_RESTARTS, min(32, SINES // width)),
        finalists=4,
        optimizer=optimizer,
    )


def initial(inputs: int, count: int, source: torch.Generator) -> list[Tensor]:
    """Returns normal frequencies, whose spread is drawn for each model."""
    part = torch.rand(1, generator=source, dtype=torch.float64)
    spread = SLOWEST * (FASTEST / SLOWEST) ** part / math.pi
    return [spread * torch.randn(1, inputs, count, generator=source, dtype=torch.float64)]


def operations(outputs: int, arrays: Sequence[Numbers], scales: Scales) -> int:
    """Returns the operations of a model; a mean of several takes a product with 1 / width."""
    frequencies = arrays[0] * math.pi / scales.x_size[:, None]
    is_present = (frequencies != 0).any(axis=0).reshape(outputs, -1)
    count = dense_count(frequencies.T, is_complex=False).operations
    count += 10 * int(is_present.sum())
    count += int((is_present.sum(axis=1) - 1).clip(min=0).sum())
    return count + (int(is_present.any(axis=1).sum()) if is_present.shape[1] > 1 else 0)


def _plain(parameters: Sequence[Tensor], rates: Tensor) -> Momentum:
    """Returns SGD; a mean divides gradients by the width, which the rate makes up for."""
    return Momentum(parameters, rates * parameters[0].shape[2])


def _baseline(name: str, title: str, optimizer: Optimizer, rates: Sequence[float]) -> Baseline:
    summary = f"mean of sines, only their frequencies trained, by {title}"
    return BASELINES.register(Baseline(name, "function", partial(fit, optimizer, rates), summary))


SINENETS = [
    _baseline("sinenet-sgd", "plain SGD", _plain, (1e-2, 1e-1, 1.0)),
    _baseline("sinenet-adam", "Adam", Adam, (1e-3, 1e-2, 1e-1)),
    _baseline("sinenet-adamw", "AdamW", partial(Adam, decay=1e-2), (1e-3, 1e-2, 1e-1)),
]
