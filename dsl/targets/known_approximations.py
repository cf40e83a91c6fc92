"""Published approximations of transforms, for comparison."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True, slots=True, eq=False)
class KnownApproximation:
    """A matrix near a transform, up to a factor for each output.

    Attributes:
        name: What people call it.
        source: Who published it.
        targets: Names of the transforms that it is near to.
        n: Their size.
        matrix: (n, n) float64, read-only.
        additions: Of its published algorithm.
        shifts: Of the same.
        gain: Published transform coding gain in dB.
        mean_square_error: Published, of outputs whose rows have norm 1.
    """

    name: str
    source: str
    targets: tuple[str, ...]
    n: int
    matrix: npt.NDArray[np.float64]
    additions: int
    shifts: int
    gain: float
    mean_square_error: float


def known_approximations(target: str, n: int) -> list[KnownApproximation]:
    """Returns what was published of a transform of a size; often nothing."""
    return [each for each in all_approximations() if target in each.targets and each.n == n]


@cache
def all_approximations() -> tuple[KnownApproximation, ...]:
    """Returns every published approximation that we know."""
    text = Path(__file__).with_name("known_approximations.json").read_text(encoding="utf-8")
    found = []
    for entry in json.loads(text)["approximations"]:
        matrix = np.array(entry.pop("rows"), np.float64)
        matrix.setflags(write=False)
        targets = tuple(entry.pop("targets"))
        found.append(KnownApproximation(matrix=matrix, targets=targets, **entry))
    return tuple(found)
