"""Activation functions of networks, one file each."""

from gradient_baselines.activations.base import ACTIVATIONS, Activation
from gradient_baselines.activations.gelu import GELU
from gradient_baselines.activations.leaky_relu import LEAKY_RELU
from gradient_baselines.activations.relu import RELU
from gradient_baselines.activations.sigmoid import SIGMOID
from gradient_baselines.activations.sin import SIN
from gradient_baselines.activations.snake import SNAKE
from gradient_baselines.activations.softplus import SOFTPLUS
from gradient_baselines.activations.swish import SWISH
from gradient_baselines.activations.tanh import TANH
from gradient_baselines.activations.x_sin2 import X_SIN2

__all__ = [
    "ACTIVATIONS",
    "GELU",
    "LEAKY_RELU",
    "RELU",
    "SIGMOID",
    "SIN",
    "SNAKE",
    "SOFTPLUS",
    "SWISH",
    "TANH",
    "X_SIN2",
    "Activation",
]
