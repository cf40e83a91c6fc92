"""A line with waves on it, whose frequency is learnt [Ziyin2020]."""

from __future__ import annotations

import torch
from torch import Tensor

from gradient_baselines.activations.base import ACTIVATIONS, Activation


def snake(x: Tensor, a: Tensor) -> Tensor:
    """Returns x + sin(a x)^2 / a; a cosine of the double angle is its own backward pass."""
    return x + (1 - torch.cos((2 * a) * x)) / (2 * a)


# [Ziyin2020] advise to start at about 0.5 for plain tasks and at 5 to 50 for periodic ones.
SNAKE = ACTIVATIONS.register(
    Activation(
        "snake",
        "x + sin(a x)^2 / a with a learnt for each neuron",
        snake,
        "x + sin(a*x)**2/a",
        counted="x - cos(x)",
        is_shifted=True,
        parameter=(0.5, 5.0, 20.0),
    )
)
