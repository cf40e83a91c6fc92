"""A line with waves on it [Ziyin2020]."""

from __future__ import annotations

import torch
from torch import Tensor

from gradient_baselines.activations.base import ACTIVATIONS, Activation


def x_sin2(x: Tensor) -> Tensor:
    """Returns x + sin(x)^2; the square is written by a cosine, which takes one product less."""
    return x + 0.5 - 0.5 * torch.cos(2 * x)


X_SIN2 = ACTIVATIONS.register(
    Activation(
        "x+sin2",
        "x + sin(x)^2: a rising line with waves on it",
        x_sin2,
        "x + sin(x)**2",
        counted="x - cos(x)",
        is_shifted=True,
    )
)
