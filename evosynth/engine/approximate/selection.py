"""NSGA-II [Deb2002]: who survives, and who has offspring."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from deap import base, tools

Objectives = npt.NDArray[np.float64]

# Objectives whose logarithms agree to so many digits are the same point of the front.
DIGITS = 9
SMALLEST = 1e-300


class Both(base.Fitness):  # type: ignore[misc]  # DEAP is not annotated
    """Cost and loss, both minimised."""

    weights = (-1.0, -1.0)


class Candidate:
    """A genome as DEAP's selection sees it: its row and its fitness."""

    __slots__ = ("fitness", "row")

    def __init__(self, row: int, values: tuple[float, float]) -> None:
        self.row = row
        self.fitness = Both(values)


def survivors(objectives: Objectives, size: int) -> npt.NDArray[np.intp]:
    """Returns the rows that survive, those of the first fronts and least crowded first.

    Of genomes with equal objectives one survives as long as there are others.

    Args:
        objectives: (population, 2) cost and loss, finite.
        size: How many survive at most.
    """
    sizes = np.round(np.log(np.maximum(objectives, SMALLEST)), DIGITS)
    _, rows = np.unique(sizes, axis=0, return_index=True)
    pool = [Candidate(int(row), tuple(objectives[row].tolist())) for row in np.sort(rows)]
    chosen = tools.selNSGA2(pool, min(size, len(pool)), nd="log")
    taken = np.array([candidate.row for candidate in chosen], np.intp)
    if len(taken) < size:
        rest = np.setdiff1d(np.arange(len(objectives)), taken)
        taken = np.concatenate([taken, rest[: size - len(taken)]])
    return taken


def parents(objectives: Objectives, rng: np.random.Generator) -> npt.NDArray[np.intp]:
    """Returns as many rows as there are, each the winner of a tournament of two.

    Who stands first wins: survivors come in order of their fronts, so nobody stands before
    who dominates him.

    Args:
        objectives: (population, 2) cost and loss, as `survivors` orders them.
        rng: Decides who meets whom.
    """
    return rng.integers(len(objectives), size=(2, len(objectives))).min(axis=0)


def nondominated(objectives: Objectives) -> npt.NDArray[np.intp]:
    """Returns the rows that no other beats, by rising cost; one of those that are equal."""
    order = np.lexsort((objectives[:, 1], objectives[:, 0]))
    kept, lowest = [], np.inf
    for row in order:
        if objectives[row, 1] < lowest:
            kept.append(row)
            lowest = objectives[row, 1]
    return np.array(kept, np.intp)
