"""The sine."""

from __future__ import annotations

import torch

from gradient_baselines.activations.base import ACTIVATIONS, Activation

SIN = ACTIVATIONS.register(
    Activation("sin", "the sine of x in radians: waves about 0", torch.sin, "sin(x)")
)
