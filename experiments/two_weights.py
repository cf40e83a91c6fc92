"""Two weights for one predictor: y = 2 x1 is fitted by a x1 + b x2, with x2 equal or nearly so."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from gradient_baselines.base import Budget
from gradient_baselines.training import Momentum, descend

Numbers = npt.NDArray[np.float64]

PENALTIES = ("none", "L2", "L1")
STRENGTHS = tuple(10.0 ** (k / 2) for k in range(-8, 1))
# The strength that pictures and words are about.
SHOWN = 10**-0.5
PREDICTORS = {"equal": 0.0, "nearly equal": 0.05}
SOUGHT = (2.0, 0.0)
STARTS, RADIUS, CENTRE = 12, 2.5, (1.0, 1.0)
ROWS, RATE = 200, 0.1
# Of a path, the first steps and about as many of the others are kept.
MOMENTS = 300
# A smaller weight is as good as none.
NEGLIGIBLE = 0.01


@dataclass(frozen=True, slots=True)
class Case:
    """What is trained from every start.

    Attributes:
        predictors: "equal" or "nearly equal".
        penalty: "none", "L2" or "L1".
        strength: Factor of the penalty.
    """

    predictors: str
    penalty: str
    strength: float


@dataclass(frozen=True, slots=True)
class Paths:
    """How weights went.

    Attributes:
        case: What was trained.
        points: (moments, starts, 2) weights a and b; the last ones are where they ended.
    """

    case: Case
    points: Numbers

    @property
    def ends(self) -> Numbers:
        """Where they ended: (starts, 2)."""
        return self.points[-1]

    @property
    def spread(self) -> float:
        """How far apart ends lie along the valley: the range of a - b."""
        return float(np.ptp(self.ends[:, 0] - self.ends[:, 1]))

    @property
    def share_split(self) -> float:
        """How many ends use both weights, as a share."""
        return float(np.mean((np.abs(self.ends) > NEGLIGIBLE).all(axis=1)))


def covariance(predictors: str, seed: int) -> Numbers:
    """Returns the mean products of two predictors, drawn: (2, 2)."""
    rng = np.random.default_rng([seed, 1])
    first, difference = rng.standard_normal((2, ROWS))
    first /= np.sqrt(np.mean(first**2))
    x = np.stack([first, first + PREDICTORS[predictors] * difference])
    return np.asarray(x @ x.T / ROWS)


def penalised_loss(weights: Tensor, products: Tensor, l2: Tensor, l1: Tensor) -> Tensor:
    """Returns mean square errors and penalties: (models, 2) -> (models,).

    Args:
        weights: a and b.
        products: (models, 2, 2) mean products of the predictors.
        l2: (models,) factors of a^2 + b^2.
        l1: (models,) factors of |a| + |b|.
    """
    wrong = weights - torch.tensor(SOUGHT, dtype=torch.float64)
    error = torch.einsum("mi,mij,mj->m", wrong, products, wrong)
    return error + l2 * weights.square().sum(1) + l1 * weights.abs().sum(1)


def starts() -> Numbers:
    """Returns the weights that descent starts from: (starts, 2), on a circle."""
    angles = 2 * np.pi * (np.arange(STARTS) + 0.5) / STARTS
    return CENTRE + RADIUS * np.stack([np.cos(angles), np.sin(angles)], axis=1)


def descended(cases: Sequence[Case], seed: int, steps: int) -> list[Paths]:
    """Returns the paths of gradient descent from all starts in all cases."""
    weights = torch.tensor(np.tile(starts(), (len(cases), 1)))
    per_case = [covariance(case.predictors, seed) for case in cases]
    products = torch.tensor(np.repeat(per_case, STARTS, axis=0))
    l2, l1 = (_strengths(cases, penalty) for penalty in ("L2", "L1"))
    rates = torch.full((len(weights),), RATE, dtype=torch.float64)
    seen, done = [weights.clone()], 0

    def after_step(factor: float) -> None:
        nonlocal done
        done += 1
        if done <= MOMENTS or done % max(1, steps // MOMENTS) == 0 or done == steps:
            seen.append(weights.clone())

    descend(
        lambda: penalised_loss(weights, products, l2, l1),
        Momentum([weights], rates),
        Budget(steps=steps),
        after_step=after_step,
    )
    points = torch.stack(seen).detach().numpy().reshape(-1, len(cases), STARTS, 2)
    return [Paths(case, points[:, k]) for k, case in enumerate(cases)]


def _strengths(cases: Sequence[Case], penalty: str) -> Tensor:
    each = [case.strength * (case.penalty == penalty) for case in cases]
    return torch.tensor(np.repeat(each, STARTS), dtype=torch.float64)


def chosen(paths: Sequence[Paths], predictors: str, penalty: str, strength: float) -> Paths:
    """Returns the paths of a case."""
    return next(each for each in paths if each.case == Case(predictors, penalty, strength))
