"""Multi-layer networks, one rival for each activation function."""

from __future__ import annotations

from functools import partial

from dsl.samples import SampledTarget
from gradient_baselines.activations import (
    GELU,
    LEAKY_RELU,
    RELU,
    SIGMOID,
    SNAKE,
    SOFTPLUS,
    SWISH,
    TANH,
    X_SIN2,
    Activation,
)
from gradient_baselines.base import BASELINES, Baseline, Budget, Fit
from gradient_baselines.functions.scales import standard
from gradient_baselines.functions.sweeps import Plan, Setting, Sweep, learn
from gradient_baselines.networks import Network
from gradient_baselines.training import Adam

# Tried with a slow sine, exp, sines and snake-like: layers of 64 x 64, 128 x 128, 32 x 32
# and 32 x 32 x 32; 64, 256 and 1,024 rows of a step; decays 0 and 0.01.
HIDDEN = (32, 32, 32)
RATES = (1e-3, 3e-3, 1e-2)
DECAY = 1e-2


def fit(activation: Activation, target: SampledTarget, seed: int, budget: Budget) -> Fit:
    """Trains networks with an activation function by AdamW."""
    return learn(target, seed, budget, plan(activation, target))


def plan(activation: Activation, target: SampledTarget) -> Plan:
    """Returns what is trained for a target."""
    sizes = (len(target.inputs), *HIDDEN, len(target.outputs))
    return Plan(standard(target.train), [network_sweep(Network(sizes, activation))])


def network_sweep(network: Network) -> Sweep:
    """Returns the settings of a network: the first value of its activation's parameter."""
    form = " x ".join(map(str, network.sizes[1:-1]))
    values = network.activation.parameter
    settings = [Setting(f"{form}, a {a:g}", partial(network.initial, parameter=a)) for a in values]
    return Sweep(
        settings or [Setting(form, network.initial)],
        network.values,
        lambda arrays, scales: network.operations(scales.folded(arrays, network.affine)),
        RATES,
        trained=network.affine + (len(network.sizes) - 2) * bool(values),
        prunable=network.affine,
        restarts=1 if values else 2,
        finalists=1 if values else 2,
        optimizer=partial(Adam, decay=DECAY),
    )


def _baseline(activation: Activation) -> Baseline:
    summary = f"multi-layer network with {activation.name} between its layers"
    return Baseline(activation.name, "function", partial(fit, activation), summary)


NETWORKS = [
    BASELINES.register(_baseline(activation))
    for activation in (
        RELU,
        LEAKY_RELU,
        TANH,
        SIGMOID,
        SOFTPLUS,
        SWISH,
        GELU,
        SNAKE,
        X_SIN2,
    )
]
