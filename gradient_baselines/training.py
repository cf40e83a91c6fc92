"""Gradient descent of many models at once, each with a rate of its own.

Parameters are real tensors whose first axis numbers the models; the losses of the models
are summed, so that none sees another's gradient. A sweep over settings and restarts costs
little more than one training: small tensors take the time of a call, whatever they hold.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor

from gradient_baselines.base import Budget, LossPoint

# Losses are recorded at steps that grow by this factor.
SPACING = 1.03


class Adam:
    """Adam, with decoupled weight decay if asked for [KingmaBa2015, LoshchilovHutter2019].

    PyTorch's own takes one rate for all models in a tensor.

    Args:
        parameters: (models, ...) float64 each; they are updated in place.
        rates: (models,) learning rates.
        decay: Decoupled weight decay: AdamW.
        betas: Of the running means of gradients and of their squares.
    """

    def __init__(
        self,
        parameters: Sequence[Tensor],
        rates: Tensor,
        *,
        decay: float = 0.0,
        betas: tuple[float, float] = (0.9, 0.999),
    ) -> None:
        self.parameters = list(parameters)
        self._rates = [_aligned(rates, p) for p in self.parameters]
        self._decay, self._betas = decay, betas
        self._means = [torch.zeros_like(p) for p in self.parameters]
        self._squares = [torch.zeros_like(p) for p in self.parameters]
        self._steps = 0

    def step(self, gradients: Sequence[Tensor], factor: float) -> None:
        """Takes a step of the rates times a factor."""
        self._steps += 1
        first, second = self._betas
        scale = factor * math.sqrt(1 - second**self._steps) / (1 - first**self._steps)
        tiny = 1e-8 * math.sqrt(1 - second**self._steps)
        moments = zip(self._rates, self._means, self._squares, strict=True)
        updates = zip(self.parameters, gradients, moments, strict=True)
        for parameter, gradient, (rate, mean, square) in updates:
            mean.mul_(first).add_(gradient, alpha=1 - first)
            square.mul_(second).addcmul_(gradient, gradient, value=1 - second)
            if self._decay:
                parameter.mul_(1 - factor * self._decay * rate)
            parameter.sub_(rate * scale * mean / (square.sqrt() + tiny))

    def gradient_sizes(self) -> list[Tensor]:
        """Returns the root mean square of each model's latest gradients: (models, 1, ...) each.

        A step is about the gradient over its size; steps of other kinds are scaled likewise.
        """
        unbiased = 1 - self._betas[1] ** max(self._steps, 1)
        return [
            _aligned((square.flatten(1).mean(dim=1) / unbiased).sqrt(), square)
            for square in self._squares
        ]


class Momentum:
    """Stochastic gradient descent with momentum.

    Args:
        parameters: (models, ...) float64 each; they are updated in place.
        rates: (models,) learning rates.
        momentum: Share of the last step that the next one keeps.
    """

    def __init__(self, parameters: Sequence[Tensor], rates: Tensor, momentum: float = 0.0) -> None:
        self.parameters = list(parameters)
        self._rates = [_aligned(rates, p) for p in self.parameters]
        self._momentum = momentum
        self._velocities = [torch.zeros_like(p) for p in self.parameters]

    def step(self, gradients: Sequence[Tensor], factor: float) -> None:
        """Takes a step of the rates times a factor."""
        parts = zip(self.parameters, gradients, self._rates, self._velocities, strict=True)
        for parameter, gradient, rate, velocity in parts:
            velocity.mul_(self._momentum).add_(gradient)
            parameter.sub_(factor * rate * velocity)


def _aligned(rates: Tensor, parameter: Tensor) -> Tensor:
    """Returns the rates with as many axes as a parameter."""
    return rates.reshape(-1, *[1] * (parameter.ndim - 1))


@dataclass(frozen=True, slots=True)
class Course:
    """How a training of several models went.

    Attributes:
        steps: Taken.
        seconds: Of wall-clock time.
        recorded: (step, seconds, (models,) losses) at growing distances; the last one is of
            the last step.
    """

    steps: int
    seconds: float
    recorded: tuple[tuple[int, float, Tensor], ...]

    def of_model(self, index: int) -> tuple[LossPoint, ...]:
        """Returns the course of one model."""
        return tuple(LossPoint(step, s, float(losses[index])) for step, s, losses in self.recorded)


def cosine(progress: float) -> float:
    """Returns the factor of the rates: from 1 down to 0 along half a cosine."""
    return 0.5 * (1 + math.cos(math.pi * min(progress, 1.0)))


def constant(progress: float) -> float:
    """Returns the factor 1."""
    return 1.0


def descend(
    losses: Callable[[], Tensor],
    optimizer: Adam | Momentum,
    budget: Budget,
    *,
    schedule: Callable[[float], float] = cosine,
    after_step: Callable[[float], None] | None = None,
    is_done: Callable[[Tensor], bool] | None = None,
) -> Course:
    """Trains models until the budget is used.

    Args:
        losses: The losses of the models: () -> (models,). A model whose loss is not finite
            disturbs no other.
        optimizer: Of the models' parameters.
        budget: Whichever of seconds and steps ends first.
        schedule: From the share of the budget that is used, 0 to 1, to a factor of the rates.
        after_step: Called after each step with the factor of its rates, such as for a
            proximal step.
        is_done: Of the losses, where they are recorded: whether to stop early.
    """
    started = time.perf_counter()
    recorded: list[tuple[int, float, Tensor]] = []
    following, step, elapsed = 1.0, 0, 0.0
    for parameter in optimizer.parameters:
        parameter.requires_grad_(True)
    while True:
        elapsed = time.perf_counter() - started
        progress = elapsed / budget.seconds
        if budget.steps is not None:
            progress = max(progress, step / budget.steps)
        current = losses()
        if step >= following - 1 or progress >= 1:
            recorded.append((step, elapsed, current.detach().clone()))
            following = max(following * SPACING, step + 2)
            if is_done is not None and is_done(recorded[-1][2]):
                break
        if progress >= 1:
            break
        gradients = torch.autograd.grad(current.sum(), optimizer.parameters)
        with torch.no_grad():
            factor = schedule(progress)
            optimizer.step(gradients, factor)
            if after_step is not None:
                after_step(factor)
        step += 1
    for parameter in optimizer.parameters:
        parameter.requires_grad_(False)
    return Course(step, elapsed, tuple(recorded))


@contextmanager
def one_thread() -> Iterator[None]:
    """Computes on one thread: small tensors gain nothing from more, and sums keep their order."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def generator(seed: int) -> torch.Generator:
    """Returns a source of random numbers of its own."""
    return torch.Generator().manual_seed(seed)
