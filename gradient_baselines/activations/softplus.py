"""A smooth rectified linear unit."""

from __future__ import annotations

import math

from torch import Tensor
from torch.nn import functional

from gradient_baselines.activations.base import ACTIVATIONS, Activation


def softplus(x: Tensor) -> Tensor:
    """Returns log(1 + exp(x)); beyond 40 that is x to the last bit."""
    return functional.softplus(x, threshold=40.0)


SOFTPLUS = ACTIVATIONS.register(
    Activation(
        "softplus",
        "0 far below, x far above, smooth between",
        softplus,
        "log(1 + exp(x))",
        gain=math.sqrt(2),
    )
)
