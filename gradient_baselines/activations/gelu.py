"""A number times the Gaussian distribution function [HendrycksGimpel2016]."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from gradient_baselines.activations.base import ACTIVATIONS, Activation


def gelu(x: Tensor) -> Tensor:
    """Returns x times the probability that a standard normal number is below x."""
    return x * (0.5 + 0.5 * torch.erf(math.sqrt(0.5) * x))


GELU = ACTIVATIONS.register(
    Activation(
        "gelu",
        "x times the Gaussian distribution function: a smooth relu that dips below 0",
        gelu,
        f"x*(0.5 + 0.5*erf({math.sqrt(0.5)!r}*x))",
        gain=math.sqrt(2),
        counted="x*(1 + erf(x))",
    )
)
