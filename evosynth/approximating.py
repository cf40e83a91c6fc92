"""From what a user asks for to an approximate target."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

from dsl.costs import COSTS, make_cost
from dsl.covariance import make_covariance
from dsl.errors import UsageError
from dsl.registry import brief
from dsl.targets import Target
from dsl.targets.approximate_target import ApproximateTarget, Approximation
from fitness.objectives import OBJECTIVES, WORST, Objective

# Of objectives that are errors, of signal-to-noise ratios in dB, and how many dB of the
# target's own figure may be lost, where the user says nothing.
ERROR, RATIO, LOST = 1e-3, 60.0, 0.1
# A tolerance within 5 % of the loss of a program without operations (0.22 dB) asks for nothing.
NEARLY = 0.95


def approximate_target(
    target: Target,
    tolerance: float | None = None,
    objective: str | None = None,
    cost: str | None = None,
    covariance: str | None = None,
    word_length: int | None = None,
) -> ApproximateTarget:
    """Returns a target that programs may approximate.

    Args:
        target: The matrix.
        tolerance: The most loss of the best program, or the least figure of an objective in
            dB; by default 0.001, 60 dB, or 0.1 dB less than the target has.
        objective: What is lost; by default the largest relative error of an output.
        cost: What is counted; by default real operations.
        covariance: Of the inputs, for objectives that weigh them.
        word_length: Bits of constants, for costs that know them.

    Raises:
        UsageError: These do not go together.
        DataError: A file of a covariance cannot be used.
        StorageError: It cannot be read.
    """
    chosen = _objective(objective or "error")
    if covariance is not None and not chosen.covariance:
        takers = ", ".join(each.name for each in OBJECTIVES if each.covariance)
        raise UsageError(
            f"objective '{chosen.name}' takes no covariance", f"objectives that take one: {takers}"
        )
    counted = make_cost(cost or "flops", word_length)
    text = covariance or chosen.covariance
    asked = Approximation(
        ERROR if tolerance is None else _number(tolerance),
        chosen.name,
        counted.name,
        text,
        counted.word_length,
    )
    moments = make_covariance(text, target.n) if text else None
    found = ApproximateTarget(target, asked, moments)
    usual = _usual_tolerance(chosen, _own_loss(chosen, found))
    if tolerance is None:
        found = replace(found, approximation=replace(asked, tolerance=usual))
    check_approximation(found.approximation)
    if tolerance is not None:
        _check_it_asks_for_something(found, chosen, usual)
    return found


def _check_it_asks_for_something(
    target: ApproximateTarget, objective: Objective, usual: float
) -> None:
    """Checks that a tolerance is not met by a program that computes nothing.

    Raises:
        UsageError: It is, or nearly so: the user has another unit in mind.
    """
    tolerance = target.approximation.tolerance
    nothing = objective.loss_of_nothing(target.target, target.covariance)
    if objective.loss_of(tolerance) < NEARLY * nothing:
        return
    unit = " dB" if objective.is_decibel else ""
    raise UsageError(
        f"expected a tolerance that not every program meets, got {tolerance:g}{unit}: "
        f"one that computes nothing has {objective.name} {objective.shown(nothing)}",
        f"{objective.name} is {objective.direction}: such as {usual:.4g}",
    )


def check_approximation(approximation: Approximation) -> None:
    """Checks that all parts exist and go together.

    Raises:
        UsageError: They do not.
    """
    objective = _objective(approximation.objective)
    if approximation.cost not in COSTS:
        COSTS.get(approximation.cost)
    make_cost(approximation.cost, approximation.word_length)
    tolerance = approximation.tolerance
    if objective.is_decibel and not 0 < objective.loss_of(tolerance) < WORST:
        raise UsageError(f"expected a tolerance in dB, got {tolerance:g}", "such as 60")
    if not math.isfinite(tolerance) or (tolerance <= 0 and not objective.is_decibel):
        raise UsageError(
            f"expected a tolerance above 0, got {tolerance}",
            "leave --tolerance and --front out for exact programs",
        )


def _objective(name: str) -> Objective:
    known = [each.name for each in OBJECTIVES if each.of_matrices is not None]
    objective = OBJECTIVES.get(name, known)
    if objective.of_matrices is None:
        raise UsageError(
            f"objective '{name}' says nothing of errors", f"choose of: {', '.join(known)}"
        )
    return objective


def _number(value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        raise UsageError(f"expected a number for the tolerance, got {brief(value)}") from None


def _own_loss(objective: Objective, target: ApproximateTarget) -> float:
    """Returns the loss of the target itself.

    Raises:
        UsageError: It has none.
    """
    assert objective.of_matrices is not None, "checked when it was chosen"
    matrix = target.target.matrix[None]
    own = float(objective.of_matrices(matrix, target.target, target.covariance)[0])
    if own >= WORST:
        raise UsageError(
            f"{target.target.title} has no {objective.name} itself",
            "a coding gain needs a square matrix with an inverse, a ratio inputs with power",
        )
    return own


def _usual_tolerance(objective: Objective, own: float) -> float:
    if not objective.is_decibel:
        return ERROR
    figure = objective.figure(own)
    return RATIO if figure > 2 * RATIO else figure - LOST
