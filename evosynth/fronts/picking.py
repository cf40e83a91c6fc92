"""Which program of a front is meant: KEY=VALUE, first, last or #NUMBER."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from dsl.errors import UsageError
from dsl.registry import brief
from fitness.objectives import ERROR, OBJECTIVES, Objective

if TYPE_CHECKING:
    from evosynth.fronts.points import FrontPoint
    from evosynth.fronts.programs import Front

BUDGETS = ("cost", "operations")
SHORT = {"gain": "coding-gain"}


def picked(front: Front, choice: str) -> FrontPoint:
    """Returns the program of a front that is meant.

    Args:
        front: The front.
        choice: "cost=24" or "operations=24" for the best that costs no more; an objective
            such as "error=1e-3", "gain=8.2" or "snr=60" for the cheapest that is as good;
            "first" for the cheapest, "last" for the dearest, "#3" for the third.

    Raises:
        UsageError: It is none of these, or there is no such program.
    """
    if not front.points:
        raise UsageError("the front has no program yet", "let the run go on: evosynth resume")
    key, sign, value = choice.partition("=")
    if not sign:
        return _by_place(front, choice)
    if key in BUDGETS:
        return _within_budget(front, key, _number(choice, value))
    name = SHORT.get(key, key)
    if name not in OBJECTIVES or OBJECTIVES.get(name).of_matrices is None:
        raise _unknown(choice)
    return _good_enough(front, OBJECTIVES.get(name), _number(choice, value))


def _by_place(front: Front, choice: str) -> FrontPoint:
    if choice in ("first", "last"):
        return front.points[0 if choice == "first" else -1]
    digits = choice.removeprefix("#")
    if not (digits.isascii() and digits.isdigit() and len(digits) < 10):
        raise _unknown(choice)
    if not 1 <= int(digits) <= len(front):
        raise UsageError(
            f"expected a program from #1 to #{len(front)}, got {brief(choice)}",
            "`evosynth front` lists them",
        )
    return front.points[int(digits) - 1]


def _within_budget(front: Front, key: str, most: float) -> FrontPoint:
    within = [point for point in front if getattr(point, key) <= most]
    if not within:
        values = [getattr(point, key) for point in front]
        raise UsageError(
            f"no program of the front has {key} of at most {most:g}: they have {_range(values)}",
            f"give at least {min(values):g}",
        )
    return min(within, key=lambda point: (point.loss, point.cost))


def _good_enough(front: Front, objective: Objective, figure: float) -> FrontPoint:
    """Returns the cheapest program with at most a loss, given as people see it."""
    losses = _losses(front, objective)
    most = objective.loss_of(figure)
    for point, loss in zip(front, losses, strict=True):
        if loss <= most * (1 + 1e-9):  # a figure that was read off the table
            return point
    figures = [objective.figure(loss) for loss in losses]
    side, best = ("least", max(figures)) if objective.is_decibel else ("most", min(figures))
    raise UsageError(
        f"no program of the front has {objective.name} of at {side} {figure:g}: "
        f"they have {_range(figures)}",
        f"the best has {best:.4g}; a run with another tolerance may find better ones",
    )


def _losses(front: Front, objective: Objective) -> Sequence[float]:
    """Returns the programs' losses by an objective: those that are claimed, or computed."""
    if objective.name == ERROR.name:
        return [point.error for point in front]
    if objective.name == front.objective.name:
        return [point.loss for point in front]
    if front.target is None or objective.of_matrices is None:
        raise UsageError(
            f"formulas have no {objective.name}", "pick by error, operations or number"
        )
    matrices = np.stack([point.program.matrix() for point in front])
    return [float(loss) for loss in objective.of_matrices(matrices, front.target, front.covariance)]


def _number(choice: str, value: str) -> float:
    try:
        number = float(value)
    except ValueError:
        number = math.nan
    if math.isnan(number):
        raise UsageError(f"expected a number in {brief(choice)}", "such as error=1e-3")
    return number


def _range(values: Sequence[float]) -> str:
    low, high = min(values), max(values)
    return f"{low:.4g}" if low == high else f"{low:.4g} to {high:.4g}"


def _unknown(choice: str) -> UsageError:
    names = [objective.name for objective in OBJECTIVES if objective.of_matrices is not None]
    return UsageError(
        f"expected a choice among the programs of a front, got {brief(choice)}",
        f"cost=24, operations=24, first, last, #3, or at least as good as error=1e-3; of "
        f"{', '.join([*names, *SHORT])}",
    )
