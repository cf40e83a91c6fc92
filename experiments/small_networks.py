"""Small networks, many at once, as experiments train them: same shape, own data, own rates."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from gradient_baselines.activations import ACTIVATIONS
from gradient_baselines.base import Budget
from gradient_baselines.training import Adam, Course, constant, cosine, descend

Array = npt.NDArray[np.float64]
Loss = Callable[[Tensor, Tensor], Tensor]


@dataclass(frozen=True, slots=True)
class Networks:
    """Fully connected networks of one shape; the last layer is linear.

    Attributes:
        weights: (models, inputs, outputs) float64 of every layer.
        biases: (models, 1, outputs) float64 of every layer.
        activation: Between the layers: a name of `gradient_baselines.activations` of one
            without a parameter.
    """

    weights: tuple[Tensor, ...]
    biases: tuple[Tensor, ...]
    activation: str

    @property
    def parameters(self) -> list[Tensor]:
        """All that is trained."""
        return [*self.weights, *self.biases]

    def __call__(self, x: Tensor) -> Tensor:
        """Returns the values at places: (models, rows, inputs) -> (models, rows, outputs)."""
        return self.layers(x)[-1]

    def layers(self, x: Tensor) -> list[Tensor]:
        """Returns what the activations get, layer by layer, and the output last."""
        function = ACTIVATIONS.get(self.activation).function
        values = [torch.baddbmm(self.biases[0], x, self.weights[0])]
        for weight, bias in zip(self.weights[1:], self.biases[1:], strict=True):
            values.append(torch.baddbmm(bias, function(values[-1]), weight))
        return values

    def part(self, models: slice) -> Networks:
        """Returns a copy of some of the networks."""
        weights = tuple(each.detach()[models].clone() for each in self.weights)
        biases = tuple(each.detach()[models].clone() for each in self.biases)
        return Networks(weights, biases, self.activation)

    def arrays(self, model: int) -> tuple[list[Array], list[Array]]:
        """Returns the weights, (inputs, outputs), and the biases, (outputs,), of one network."""
        weights = [each[model].detach().numpy() for each in self.weights]
        return weights, [each[model, 0].detach().numpy() for each in self.biases]

    def dead_share(self, x: Tensor) -> Tensor:
        """Returns the share of hidden units that are positive nowhere at (models, rows, inputs)."""
        dead = [(values <= 0).all(dim=1) for values in self.layers(x)[:-1]]
        return torch.cat(dead, dim=1).double().mean(dim=1)


def drawn(sizes: Sequence[int], models: int, activation: str, rng: torch.Generator) -> Networks:
    """Returns networks with first weights and biases as PyTorch draws them.

    Both are uniform within one over the square root of the layer's inputs.

    Args:
        sizes: Of the layers, input and output included.
        models: How many.
        activation: Between the layers.
        rng: The source of the numbers.
    """

    def uniform(inputs: int, *shape: int) -> Tensor:
        numbers = torch.rand(models, *shape, generator=rng, dtype=torch.float64)
        return (2 * numbers - 1) / math.sqrt(inputs)

    pairs = list(itertools.pairwise(sizes))
    weights = tuple(uniform(i, i, o) for i, o in pairs)
    return Networks(weights, tuple(uniform(i, 1, o) for i, o in pairs), activation)


def mean_square(computed: Tensor, wanted: Tensor) -> Tensor:
    """Returns the mean square error of every model: (models, rows, outputs) -> (models,)."""
    return (computed - wanted).square().mean(dim=(1, 2))


@dataclass(frozen=True, slots=True)
class Lesson:
    """What networks are trained on, and how.

    Attributes:
        x: (models, rows, inputs) float64.
        y: (models, rows, outputs) float64.
        rates: (models,) of Adam.
        steps: To take.
        is_annealed: The rates fall to zero.
        loss: Of every model.
    """

    x: Tensor
    y: Tensor
    rates: Tensor
    steps: int
    is_annealed: bool = True
    loss: Loss = mean_square


def taught(
    networks: Networks,
    lesson: Lesson,
    snapshot_steps: Collection[int] = (),
    look: Callable[[int, Networks], None] | None = None,
) -> Course:
    """Trains networks in place, by Adam on all rows in every step.

    Args:
        networks: To train.
        lesson: What on.
        snapshot_steps: After which numbers of steps to look, 0 for the start.
        look: Gets the number of steps and the networks as they are then.
    """
    done = 0

    def look_now() -> None:
        if look is not None and done in snapshot_steps:
            look(done, networks.part(slice(None)))

    def after_step(factor: float) -> None:
        nonlocal done
        done += 1
        look_now()

    look_now()
    return descend(
        lambda: lesson.loss(networks(lesson.x), lesson.y),
        Adam(networks.parameters, lesson.rates),
        Budget(steps=lesson.steps),
        schedule=cosine if lesson.is_annealed else constant,
        after_step=after_step,
    )
