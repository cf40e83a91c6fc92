"""The rectified linear unit."""

from __future__ import annotations

import math

import torch

from gradient_baselines.activations.base import ACTIVATIONS, Activation

RELU = ACTIVATIONS.register(
    Activation(
        "relu",
        "0 below 0, x above: two straight halves",
        torch.relu,
        "Max(x, 0)",
        gain=math.sqrt(2),
    )
)
