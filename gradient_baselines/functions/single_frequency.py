"""One sine of which only the frequency is trained: the plainest way to find it by descent."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from dsl.samples import SampledTarget
from gradient_baselines.activations import SIN
from gradient_baselines.base import BASELINES, Baseline, Budget, Fit
from gradient_baselines.functions.scales import size_only
from gradient_baselines.functions.sweeps import Plan, Setting, Sweep, learn
from gradient_baselines.training import Momentum

RESTARTS = 64
RATES = (1e-3, 1e-2, 1e-1)
# Radians per root mean square of x that frequencies start with: from, to, and all between
# are alike on a logarithmic scale.
SLOWEST, FASTEST = 0.1, 1e4


def fit(target: SampledTarget, seed: int, budget: Budget) -> Fit:
    """Trains the frequency w of sin(w x) from many starts."""
    scales = size_only(target.train)

    def values(parameters: Sequence[Tensor], x: Tensor) -> Tensor:
        return torch.sin(x * parameters[0])

    sweep = Sweep(
        [Setting(f"{RESTARTS} restarts", initial)],
        values,
        lambda arrays, scales: SIN.operations + int(arrays[0][0, 0] / scales.x_size[0] != 1),
        RATES,
        trained=1,
        prunable=0,
        restarts=RESTARTS,
        finalists=8,
        optimizer=Momentum,
    )
    return learn(target, seed, budget, Plan(scales, [sweep]))


def initial(source: torch.Generator) -> list[Tensor]:
    """Returns a frequency (1, 1, 1)."""
    part = torch.rand(1, 1, 1, generator=source, dtype=torch.float64)
    return [SLOWEST * (FASTEST / SLOWEST) ** part]


def refusal(target: SampledTarget) -> str:
    """Says why a target cannot be fitted; "" if it can."""
    counts = len(target.inputs), len(target.outputs)
    return "" if counts == (1, 1) else "it fits one output of one input"


SINGLE_FREQUENCY = BASELINES.register(
    Baseline(
        "single-frequency",
        "function",
        fit,
        f"sin(w x) with w trained by plain SGD from {RESTARTS} starts",
        refusal=refusal,
    )
)
