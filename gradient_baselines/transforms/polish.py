"""L-BFGS of many models at once: down to the bottom of the valley that a training ended in."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from gradient_baselines.base import Budget
from gradient_baselines.transforms.phases import Clock

Losses = Callable[[Sequence[Tensor]], Tensor]

# Pairs of steps and changes of the gradient that are kept.
HISTORY = 12
# Of the decrease that the slope promises, a step must bring this part.
DECREASE = 1e-4
SHORTER, SHORTEST = 0.3, 1e-9
# The loss of rows of norm 1 at which no more can be gained, and iterations without gain.
NOTHING = 1e-30
PATIENCE = 40


def polished(parameters: Sequence[Tensor], losses: Losses, budget: Budget) -> list[Tensor]:
    """Returns parameters of less loss, by L-BFGS [LiuNocedal1989].

    Every model has its own history and its own step length, shortened until the loss
    decreases; each iteration computes the losses of all models once.

    Args:
        parameters: (models, ...) each; they are left as they are.
        losses: Of such parameters: (models,).
        budget: Its steps are iterations.
    """
    flat = torch.cat([p.detach().flatten(1) for p in parameters], dim=1)

    def evaluate(x: Tensor) -> tuple[Tensor, Tensor]:
        x = x.detach().requires_grad_(True)
        values = losses(_unflattened(x, parameters))
        (gradient,) = torch.autograd.grad(values.sum(), x)
        return values.detach(), gradient

    return _unflattened(_minimised(flat, evaluate, budget), parameters)


def _unflattened(flat: Tensor, like: Sequence[Tensor]) -> list[Tensor]:
    parts = torch.split(flat, [p[0].numel() for p in like], dim=1)
    return [part.reshape(p.shape) for part, p in zip(parts, like, strict=True)]


def _minimised(
    x: Tensor, evaluate: Callable[[Tensor], tuple[Tensor, Tensor]], budget: Budget
) -> Tensor:
    clock = Clock.of(budget)
    value, gradient = evaluate(x)
    history = _History.of(x)
    direction, length = _downhill(gradient)
    gained = iteration = 0
    while not clock.is_over() and (budget.steps is None or iteration < budget.steps):
        slope = _dot(gradient, direction)
        trial = x + length * direction
        new_value, new_gradient = evaluate(trial)
        is_lower = new_value <= value + DECREASE * (length * slope)[:, 0]
        is_gain = is_lower & (new_value < 0.999 * value) & (value > NOTHING)
        gained = iteration if bool(is_gain.any()) else gained
        iteration += 1
        if iteration - gained > PATIENCE:
            break
        history.add(trial - x, new_gradient - gradient, is_lower)
        better = is_lower[:, None]
        x = torch.where(better, trial, x)
        gradient = torch.where(better, new_gradient, gradient)
        value = torch.where(is_lower, new_value, value)
        history.forget(length[:, 0] * SHORTER < SHORTEST)
        renewed, first = history.direction(gradient)
        is_stuck = ~better & (length * SHORTER < SHORTEST)
        length = torch.where(better | is_stuck, first, length * SHORTER)
        direction = torch.where(better | is_stuck, renewed, direction)
    return x


def _downhill(gradient: Tensor) -> tuple[Tensor, Tensor]:
    """Returns the steepest descent, and lengths (models, 1) that make for steps of up to 0.1."""
    return -gradient, (0.1 / gradient.norm(dim=1, keepdim=True).clamp_min(1e-300)).clamp_max(1.0)


def _dot(a: Tensor, b: Tensor) -> Tensor:
    return (a * b).sum(dim=1, keepdim=True)


@dataclass(slots=True)
class _History:
    """The last steps of models, each in a ring of its own.

    Attributes:
        steps: (HISTORY, models, parameters).
        changes: Of the gradients, likewise.
        weights: (HISTORY, models, 1) one over their products; 0 where there is no step.
        newest: (models,) where the last one is.
    """

    steps: Tensor
    changes: Tensor
    weights: Tensor
    newest: Tensor

    @classmethod
    def of(cls, x: Tensor) -> _History:
        """Returns an empty history."""
        empty = torch.zeros(HISTORY, *x.shape, dtype=x.dtype)
        none = torch.zeros(HISTORY, len(x), 1, dtype=x.dtype)
        return cls(empty, empty.clone(), none, torch.zeros(len(x), dtype=torch.long))

    def add(self, step: Tensor, change: Tensor, is_taken: Tensor) -> None:
        """Keeps steps along which the loss curves upwards."""
        products = _dot(step, change)
        curves = products[:, 0] > 1e-14 * (step.norm(dim=1) * change.norm(dim=1))
        (models,) = torch.nonzero(is_taken & curves, as_tuple=True)
        self.newest[models] = (self.newest[models] + 1) % HISTORY
        slots = self.newest[models]
        self.steps[slots, models] = step[models]
        self.changes[slots, models] = change[models]
        self.weights[slots, models] = 1 / products[models]

    def forget(self, models: Tensor) -> None:
        """Empties the history of some models."""
        self.weights[:, models] = 0

    def direction(self, gradient: Tensor) -> tuple[Tensor, Tensor]:
        """Returns quasi-Newton directions and their first lengths, (models, 1)."""
        every = torch.arange(len(gradient))
        slots = [(self.newest - k) % HISTORY for k in range(HISTORY)]
        result, parts = gradient, []
        for slot in slots:
            part = self.weights[slot, every] * _dot(self.steps[slot, every], result)
            parts.append(part)
            result = result - part * self.changes[slot, every]
        weight = self.weights[slots[0], every]
        size = _dot(self.changes[slots[0], every], self.changes[slots[0], every])
        is_known = weight > 0
        result = result * torch.where(is_known, 1 / (weight * size).clamp_min(1e-300), 1.0)
        for slot, part in zip(reversed(slots), reversed(parts), strict=True):
            other = self.weights[slot, every] * _dot(self.changes[slot, every], result)
            result = result + (part - other) * self.steps[slot, every]
        steepest, short = _downhill(gradient)
        is_good = is_known & (_dot(result, gradient) > 0)
        return torch.where(is_good, -result, steepest), torch.where(is_good, 1.0, short)
