"""Multi-layer networks, many at once: affine maps with an activation function between them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from dsl.cost import dense_count
from gradient_baselines.activations import Activation

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Network:
    """The form of a network.

    Its parameters are weights (models, inputs, outputs) and biases (models, 1, outputs) of
    each layer in turn, then the parameters (models, 1, neurons) of the activation function
    of each hidden layer, where it has one.

    Attributes:
        sizes: Numbers of inputs, of the neurons of each hidden layer, and of outputs.
        activation: Of the hidden layers.
    """

    sizes: tuple[int, ...]
    activation: Activation

    @property
    def affine(self) -> int:
        """How many of the parameters are weights and biases: the first ones."""
        return 2 * (len(self.sizes) - 1)

    def initial(self, source: torch.Generator, parameter: float = 1.0) -> list[Tensor]:
        """Returns random parameters of one model [Glorot2010, He2015].

        Args:
            source: Of random numbers.
            parameter: Of the activation function, where it has one.
        """
        parameters = []
        for inputs, outputs in zip(self.sizes, self.sizes[1:], strict=False):
            weights = torch.randn(1, inputs, outputs, generator=source, dtype=torch.float64)
            # Biases spread the neurons over the range of the inputs, which are about 1.
            biases = 2 * torch.rand(1, 1, outputs, generator=source, dtype=torch.float64) - 1
            gain = self.activation.gain
            parameters += [gain * weights / inputs**0.5, gain * biases]
        parameters[-1].zero_()
        if self.activation.parameter:
            parameters += [
                torch.full((1, 1, neurons), parameter, dtype=torch.float64)
                for neurons in self.sizes[1:-1]
            ]
        return parameters

    def values(self, parameters: Sequence[Tensor], x: Tensor) -> Tensor:
        """Returns the outputs of all models: (rows, inputs) -> (models, rows, outputs)."""
        last = self.affine - 2
        hidden = x.expand(len(parameters[0]), *x.shape)
        for k in range(0, last, 2):
            hidden = torch.baddbmm(parameters[k + 1], hidden, parameters[k])
            hidden = self._activated(parameters, k // 2, hidden)
        return torch.baddbmm(parameters[last + 1], hidden, parameters[last])

    def _activated(self, parameters: Sequence[Tensor], layer: int, x: Tensor) -> Tensor:
        own = [parameters[self.affine + layer]] if self.activation.parameter else []
        return self.activation.function(x, *own)

    def operations(self, arrays: Sequence[Array]) -> int:
        """Returns the real operations of one evaluation of one model, without its zeros.

        Args:
            arrays: Its parameters without their first axis.
        """
        weights, biases = self._settled(arrays)
        count = 0
        for k, (matrix, bias) in enumerate(zip(weights, biases, strict=True)):
            count += dense_count(matrix.T, is_complex=False).operations
            is_biased = (bias[0] != 0) | (k > 0 and self.activation.is_shifted)
            count += int(np.count_nonzero(is_biased & (matrix != 0).any(axis=0)))
        neurons = sum(int((matrix != 0).any(axis=1).sum()) for matrix in weights[1:])
        return count + neurons * self.activation.operations

    def _settled(self, arrays: Sequence[Array]) -> tuple[list[Array], list[Array]]:
        """Returns weights and biases without neurons that are constant or that nothing reads."""
        weights = [np.array(a) for a in arrays[: self.affine : 2]]
        biases = [np.array(a) for a in arrays[1 : self.affine : 2]]
        for k in range(len(weights) - 1):
            own = [torch.from_numpy(np.array(a)) for a in arrays]
            constants = self._activated(own, k, torch.from_numpy(biases[k])).numpy()
            is_constant = ~(weights[k] != 0).any(axis=0)
            biases[k + 1] += np.where(is_constant, constants, 0.0) @ weights[k + 1]
            weights[k + 1][is_constant] = 0.0
        for k in range(len(weights) - 1, 0, -1):
            weights[k - 1][:, ~(weights[k] != 0).any(axis=1)] = 0.0
        return weights, biases
