"""A number times its logistic function."""

from __future__ import annotations

import math

from torch.nn import functional

from gradient_baselines.activations.base import ACTIVATIONS, Activation

SWISH = ACTIVATIONS.register(
    Activation(
        "swish",
        "x times its logistic function: a smooth relu that dips below 0",
        functional.silu,
        "x/(1 + exp(-x))",
        gain=math.sqrt(2),
        counted="x*(1 + tanh(x))",
    )
)
