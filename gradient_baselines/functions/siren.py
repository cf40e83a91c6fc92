"""A network of sines, fast ones from the start [Sitzmann2020]."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial

import numpy as np
import torch
from torch import Tensor

from dsl.samples import SampledTarget
from dsl.samples.sampled_target import Numbers
from gradient_baselines.activations import SIN
from gradient_baselines.base import BASELINES, Baseline, Budget, Fit
from gradient_baselines.functions.scales import Scales, unit_interval
from gradient_baselines.functions.sweeps import Plan, Setting, Sweep, learn
from gradient_baselines.networks import Network

# Tried with 1,500 steps on a slow sine, exp, sines and snake-like: layers of 64 x 64,
# 32 x 32 x 32, 32 x 32 and 128, rates 1e-3, 3e-3 and 1e-2 each. One layer was the best at
# sines, several at exp; none of the rates was the best everywhere.
FORMS = ((128,), (64, 64))
OMEGAS = (1.0, 10.0, 30.0, 100.0, 300.0)
RATES = (1e-3, 3e-3, 1e-2)


def fit(target: SampledTarget, seed: int, budget: Budget) -> Fit:
    """Trains networks of sines by Adam, for each factor omega_0 of their arguments."""
    return learn(target, seed, budget, plan(target))


def plan(target: SampledTarget) -> Plan:
    """Returns what is trained for a target."""
    ends = len(target.inputs), len(target.outputs)
    sweeps = [siren_sweep(Network((ends[0], *hidden, ends[1]), SIN)) for hidden in FORMS]
    return Plan(unit_interval(target.train), sweeps)


def siren_sweep(network: Network) -> Sweep:
    """Returns the sweep over omega_0 of a form of network."""
    form = " x ".join(map(str, network.sizes[1:-1]))
    return Sweep(
        [Setting(f"{form}, omega {each:g}", partial(initial, network, each)) for each in OMEGAS],
        lambda parameters, x: network.values(multiplied(parameters), x),
        partial(operations, network),
        RATES,
        trained=network.affine,
        prunable=network.affine,
    )


def initial(network: Network, omega: float, source: torch.Generator) -> list[Tensor]:
    """Returns parameters as the paper draws them, with omega as the last, not trained one."""
    parameters = []
    for layer, (inputs, outputs) in enumerate(zip(network.sizes, network.sizes[1:], strict=False)):
        limit = math.sqrt(6 / inputs) / omega if layer else 1 / inputs
        parameters.append(limit * _uniform(source, inputs, outputs))
        parameters.append(_uniform(source, 1, outputs) / math.sqrt(inputs))
    return [*parameters, torch.full((1, 1, 1), omega, dtype=torch.float64)]


def _uniform(source: torch.Generator, inputs: int, outputs: int) -> Tensor:
    return 2 * torch.rand(1, inputs, outputs, generator=source, dtype=torch.float64) - 1


def multiplied(parameters: Sequence[Tensor]) -> list[Tensor]:
    """Returns weights and biases of the same network without the factor omega."""
    *hidden, weights, bias, omega = parameters
    return [*(omega * each for each in hidden), weights, bias]


def operations(network: Network, arrays: Sequence[Numbers], scales: Scales) -> int:
    """Returns the operations of a model, with omega and all scales folded into its weights."""
    *hidden, weights, bias, omega = arrays
    plain = [*(np.asarray(omega * each) for each in hidden), weights, bias]
    return network.operations(scales.folded(plain, network.affine))


SIREN = BASELINES.register(
    Baseline("siren", "function", fit, "multi-layer network of sines with omega_0 swept")
)
