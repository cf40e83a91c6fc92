"""The rectified linear unit with a slope below 0."""

from __future__ import annotations

import math

from torch.nn import functional

from gradient_baselines.activations.base import ACTIVATIONS, Activation

LEAKY_RELU = ACTIVATIONS.register(
    Activation(
        "leaky-relu",
        "x / 100 below 0, x above: no half is flat",
        functional.leaky_relu,
        "Max(x, 0.01*x)",
        gain=math.sqrt(2),
    )
)
