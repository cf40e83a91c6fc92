"""Sinusoids whose frequencies are trained, plus a line [GashlerAshmore2014, GodfreyGashler2017].

They start at the harmonics of the training range, with small random amplitudes, since the
samples need not be evenly spaced; a penalty on amplitudes favours few of them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial

import torch
from torch import Tensor

from dsl.cost import dense_count
from dsl.samples import SampledTarget
from dsl.samples.sampled_target import Numbers
from gradient_baselines.activations import SIN
from gradient_baselines.base import BASELINES, Baseline, Budget, Fit
from gradient_baselines.functions.scales import Scales, unit_interval
from gradient_baselines.functions.sweeps import Plan, Setting, Sweep, learn
from gradient_baselines.networks import Network

# A sine and a cosine of each. Tried with 1,500 steps on a slow sine, exp, sines and
# snake-like: 16 and 64 harmonics, rates 3e-3, 1e-2 and 3e-2; no choice is the best
# everywhere, and 3e-3 alone does not continue snake-like beyond the range.
HARMONICS = (16, 64)
PENALTIES = (0.0, 1e-4, 1e-3, 1e-2)
RATES = (3e-3, 1e-2, 3e-2)


def fit(target: SampledTarget, seed: int, budget: Budget) -> Fit:
    """Trains sinusoids and a line by Adam, for each weight of the penalty on amplitudes."""
    ends = len(target.inputs), len(target.outputs)
    sweeps = [fourier_sweep(Network((ends[0], 2 * n, ends[1]), SIN)) for n in HARMONICS]
    return learn(target, seed, budget, Plan(unit_interval(target.train), sweeps))


def fourier_sweep(network: Network) -> Sweep:
    """Returns the sweep over penalties of a number of harmonics."""
    name = f"{network.sizes[1] // 2} harmonics"
    return Sweep(
        [Setting(f"{name}, L1 {each:g}", partial(initial, network, each)) for each in PENALTIES],
        lambda parameters, x: network.values(parameters, x) + x @ parameters[4],
        partial(operations, network),
        RATES,
        trained=5,
        prunable=5,
        penalty=lambda parameters: (parameters[5] * parameters[2].abs()).sum(dim=(1, 2)),
    )


def initial(network: Network, penalty: float, source: torch.Generator) -> list[Tensor]:
    """Returns frequencies, phases, amplitudes, bias, slopes, and the penalty, not trained."""
    inputs, neurons, outputs = network.sizes
    harmonics = _harmonics(inputs, neurons // 2, source)
    phases = torch.cat([torch.zeros(neurons // 2), torch.full((neurons // 2,), math.pi / 2)])
    amplitudes = torch.randn(1, neurons, outputs, generator=source, dtype=torch.float64)
    return [
        math.pi * torch.cat([harmonics, harmonics], dim=1)[None],
        phases.to(torch.float64)[None, None],
        0.1 / math.sqrt(neurons) * amplitudes,
        torch.zeros(1, 1, outputs, dtype=torch.float64),
        torch.zeros(1, inputs, outputs, dtype=torch.float64),
        torch.full((1, 1, 1), penalty, dtype=torch.float64),
    ]


def _harmonics(inputs: int, count: int, source: torch.Generator) -> Tensor:
    """Returns whole numbers (inputs, count): 1, 2, 3 ... of one input, else random vectors."""
    if inputs == 1:
        return torch.arange(1, count + 1, dtype=torch.float64)[None]
    spread = count ** (1 / inputs)
    drawn = torch.randn(inputs, count, generator=source, dtype=torch.float64)
    return (spread * drawn).round()


def operations(network: Network, arrays: Sequence[Numbers], scales: Scales) -> int:
    """Returns the operations of a model, with all scales folded into its weights."""
    slopes = arrays[4]
    count = network.operations(scales.folded(arrays[:4], network.affine))
    count += dense_count(slopes.T / scales.x_size, is_complex=False).operations
    return count + int((slopes != 0).any(axis=0).sum())


FOURIER = BASELINES.register(
    Baseline("fourier", "function", fit, "sinusoids with trained frequencies, and a line")
)
