"""What run folders and program files say of an approximation, beside its matrix."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from dsl.covariance import Covariance, make_covariance
from dsl.errors import DataError, EvosynthError
from dsl.registry import brief
from dsl.targets import Target
from dsl.targets.approximate_target import ApproximateTarget, Approximation
from evosynth.approximating import check_approximation
from evosynth.engine.plain_data import from_plain, to_plain


@dataclass(frozen=True, slots=True)
class ApproximationRecord:
    """An approximation as plain data.

    Attributes:
        approximation: How near.
        covariance: (n, n) of the inputs where they came from a file.
    """

    approximation: Approximation
    covariance: npt.NDArray[np.generic] | None


@dataclass(frozen=True, slots=True)
class ApproximateRecord:
    """What a file says of an approximate program, beside operations and error.

    Attributes:
        target: What it approximates, and how nearly.
        cost: By the cost that the run minimised.
        loss: By its objective.
    """

    target: ApproximateTarget
    cost: float
    loss: float


def approximation_data(target: ApproximateTarget) -> Any:
    """Returns an approximation as plain data."""
    covariance = target.covariance
    is_file = covariance is not None and covariance.name.endswith(".npy")
    matrix = covariance.matrix if covariance is not None and is_file else None
    return to_plain(ApproximationRecord(target.approximation, matrix), ApproximationRecord)


def read_approximation(data: Any, target: Target) -> ApproximateTarget:
    """Returns the approximation of a matrix that plain data describe.

    Raises:
        DataError: They describe none.
    """
    record = from_plain(data, ApproximationRecord)
    approximation, name = record.approximation, record.approximation.covariance
    try:
        check_approximation(approximation)
        covariance = None
        if record.covariance is not None:
            if not name.endswith(".npy"):
                raise DataError(f"expected no entries of covariance {brief(name)}")
            covariance = Covariance(name, record.covariance)
        elif name:
            if name.endswith(".npy"):
                raise DataError("expected the covariance itself")
            covariance = make_covariance(name, target.n)
        if covariance is not None and covariance.n != target.n:
            raise DataError(f"expected a covariance of {target.n} inputs, got {covariance.n}")
    except EvosynthError as error:
        raise DataError(f"not a valid approximation: {error}"[:200]) from error
    return ApproximateTarget(target, approximation, covariance)


def read_approximate_record(data: dict[str, Any], target: Target) -> ApproximateRecord | None:
    """Returns what a program file says of an approximation; None if the program is exact.

    Raises:
        DataError: It is not valid.
    """
    given = data["target"].get("approximation")
    if given is None:
        return None
    approximate = read_approximation(given, target)
    try:
        cost, loss = (float(data["claims"][name]) for name in ("cost", "loss"))
    except (LookupError, TypeError, ValueError, OverflowError) as error:
        raise DataError(f"not valid claims: {error!r}"[:200]) from error
    if not all(math.isfinite(value) and value >= 0 for value in (cost, loss)):
        raise DataError("expected a finite cost and loss of at least 0")
    return ApproximateRecord(approximate, cost, loss)
