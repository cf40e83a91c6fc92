"""The hyperbolic tangent."""

from __future__ import annotations

import torch

from gradient_baselines.activations.base import ACTIVATIONS, Activation

TANH = ACTIVATIONS.register(
    Activation(
        "tanh",
        "hyperbolic tangent: from -1 to 1, flat at both ends",
        torch.tanh,
        "tanh(x)",
        gain=5 / 3,
    )
)
