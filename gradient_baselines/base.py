"""What a baseline is: a rival that fits a target by gradient descent."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from dsl.accuracy import EXACT
from dsl.registry import Registry
from dsl.samples import SampledTarget
from dsl.targets import Target

AnyTarget = Target | SampledTarget


@dataclass(frozen=True, slots=True)
class Budget:
    """How long a rival may train.

    A budget of steps alone gives the same bits each time; one of seconds depends on the
    machine.

    Attributes:
        seconds: Of wall-clock time.
        steps: Of gradient descent, of every model.
    """

    seconds: float = math.inf
    steps: int | None = None

    def __post_init__(self) -> None:
        if self.steps is None and not math.isfinite(self.seconds):
            raise ValueError("expected a budget of seconds or of steps, got neither")
        if not self.seconds > 0 or (self.steps is not None and self.steps < 1):
            raise ValueError(f"expected a budget above 0, got {self}")

    def share(self, part: float) -> Budget:
        """Returns a part of it, at least one step."""
        steps = None if self.steps is None else max(1, round(self.steps * part))
        return Budget(self.seconds * part, steps)


@dataclass(frozen=True, slots=True)
class Model:
    """One trained model, after pruning: all figures are of what is left.

    Errors of a transform are the largest relative error of an output (`dsl.accuracy`), of
    a function root mean square errors over the standard deviation of y: what programs are
    measured by. They are infinite where the training diverged.

    Attributes:
        setting: What it was trained with, such as "L1 1e-3".
        error: Within the range that it was trained on: of a function on validation rows
            where there are any, of a transform on unseen vectors.
        error_outside: Beyond that range: of a function on test rows, where there are any, of
            a transform on vectors ten times as long.
        parameters: Real numbers that were trained.
        non_zeros: Of these, not zero after pruning.
        operations: Real operations of one evaluation, by the rule of `dsl.cost`.
    """

    setting: str
    error: float
    error_outside: float
    parameters: int
    non_zeros: int
    operations: int


def best_of(models: Iterable[Model]) -> Model:
    """Returns the model of the least error in range; of exact ones the one of the least cost."""
    return min(models, key=lambda model: (max(model.error, EXACT), model.operations))


def best_position(models: Sequence[Model]) -> int:
    """Returns where the best of models is."""
    return models.index(best_of(models))


@dataclass(frozen=True, slots=True)
class LossPoint:
    """Where a training stood.

    Attributes:
        step: Steps taken.
        seconds: Wall-clock time since the start.
        loss: Of the model that came out best, as it was trained.
    """

    step: int
    seconds: float
    loss: float


@dataclass(frozen=True, slots=True)
class Fit:
    """What a baseline reached.

    Attributes:
        models: All that it trained to the end, in the order of their settings.
        seconds: Wall-clock time of it all.
        losses: The course of the best model's training.
    """

    models: tuple[Model, ...]
    seconds: float
    losses: tuple[LossPoint, ...]

    @property
    def best(self) -> Model:
        """The best of the models."""
        return best_of(self.models)

    @property
    def front(self) -> list[Model]:
        """The models that no other beats in error and operations, the cheapest first."""
        chosen: list[Model] = []
        for model in sorted(self.models, key=lambda m: (m.operations, m.error)):
            if math.isfinite(model.error) and (not chosen or model.error < chosen[-1].error):
                chosen.append(model)
        return chosen


@dataclass(frozen=True, slots=True)
class Baseline:
    """A way to fit a target by gradient descent.

    Attributes:
        name: What the command line calls it.
        kind: What it fits.
        fit: (target, seed, budget) -> what it reached; the target is of its kind.
        summary: One line for people.
        told: What it knows of the target beforehand, for people; "" for nothing.
        refusal: Says why it cannot fit a target of its kind; "" if it can.
    """

    name: str
    kind: Literal["transform", "function"]
    fit: Callable[[Any, int, Budget], Fit]
    summary: str
    told: str = ""
    refusal: Callable[[Any], str] = lambda target: ""

    def is_for(self, target: AnyTarget) -> bool:
        """Tells whether a target is of the kind that it fits."""
        return isinstance(target, Target) == (self.kind == "transform")

    def why_not(self, target: AnyTarget) -> str:
        """Says why it cannot fit a target; "" if it can."""
        return self.refusal(target) if self.is_for(target) else f"it fits a {self.kind}"


BASELINES: Registry[Baseline] = Registry("baseline")
