"""The logistic function."""

from __future__ import annotations

import torch

from gradient_baselines.activations.base import ACTIVATIONS, Activation

SIGMOID = ACTIVATIONS.register(
    Activation(
        "sigmoid",
        "logistic function: from 0 to 1, flat at both ends",
        torch.sigmoid,
        "1/(1 + exp(-x))",
        gain=4.0,
        counted="tanh(x)",
        is_shifted=True,
    )
)
