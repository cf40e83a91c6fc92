"""What an island of approximations knows, and how it spends an epoch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from evosynth.engine.approximate.selection import nondominated, parents, survivors
from evosynth.engine.approximate.skeleton import Genes, Skeleton
from evosynth.engine.approximate.variation import beginners, children
from evosynth.engine.pausing import between_turns
from fitness.gate import gate

Losses = Callable[[npt.NDArray[Any]], npt.NDArray[np.float64]]

# Genomes of one skeleton.
COLONY = 200
# How much more often a skeleton is taken up for each of its genomes on the front.
MERIT = 2.0


@dataclass(frozen=True, slots=True)
class Colony:
    """The genomes of one skeleton.

    Attributes:
        genes: (population, edges) int16; none before its first epoch.
        costs: (population,) float64.
        losses: (population,) float64.
        visits: How often it went on.
    """

    genes: Genes
    costs: npt.NDArray[np.float64]
    losses: npt.NDArray[np.float64]
    visits: int = 0

    @property
    def objectives(self) -> npt.NDArray[np.float64]:
        """Cost and loss: (population, 2)."""
        return np.stack([self.costs, self.losses], axis=1)

    def joined(self, other: Colony) -> Colony:
        """Returns both together."""
        return replace(
            self,
            genes=np.concatenate([self.genes, other.genes]),
            costs=np.concatenate([self.costs, other.costs]),
            losses=np.concatenate([self.losses, other.losses]),
        )

    def only(self, rows: npt.NDArray[np.intp]) -> Colony:
        """Returns the genomes of these rows."""
        return replace(
            self, genes=self.genes[rows], costs=self.costs[rows], losses=self.losses[rows]
        )


@dataclass(frozen=True, slots=True)
class ApproximateIsland:
    """An island: one colony for each skeleton."""

    colonies: tuple[Colony, ...]


def no_colony(skeleton: Skeleton) -> Colony:
    """Returns a colony that has not begun."""
    return Colony(np.zeros((0, skeleton.size), np.int16), np.zeros(0), np.zeros(0))


def scored(skeleton: Skeleton, genes: Genes, losses: Losses) -> Colony:
    """Returns genomes with their costs and losses, finite whatever they are."""
    with np.errstate(all="ignore"):
        found = losses(skeleton.matrices(genes))
    return Colony(genes, gate(skeleton.costs(genes)), gate(found))


def front_of(colonies: Sequence[Colony]) -> list[tuple[int, int]]:
    """Returns colony and row of the genomes that none of any colony beats, by rising cost."""
    places = [(k, row) for k, colony in enumerate(colonies) for row in range(len(colony.costs))]
    if not places:
        return []
    objectives = np.concatenate([colony.objectives for colony in colonies])
    return [places[k] for k in nondominated(objectives)]


def choose(colonies: Sequence[Colony], offset: int, rng: np.random.Generator) -> int:
    """Returns the colony that is to go on: each once, islands in different order; then by merit."""
    unseen = [k for k, colony in enumerate(colonies) if not colony.visits]
    if unseen:
        return unseen[offset % len(unseen)]
    weights = np.ones(len(colonies))
    for k, _ in front_of(colonies):
        weights[k] += MERIT
    return int(rng.choice(len(colonies), p=weights / weights.sum()))


def bred(
    skeleton: Skeleton,
    colony: Colony,
    losses: Losses,
    rng: np.random.Generator,
    size: int,
    evaluations: int,
) -> tuple[Colony, int]:
    """Returns a colony after generations of NSGA-II, and how many evaluations they took."""
    made = 0
    if not len(colony.genes):
        genes = beginners(skeleton, min(size, evaluations), rng)
        colony, made = replace(scored(skeleton, genes, losses), visits=colony.visits), len(genes)
        colony = colony.only(survivors(colony.objectives, size))
    while made < evaluations:
        between_turns()
        first, second = (colony.genes[parents(colony.objectives, rng)] for _ in range(2))
        genes = children(skeleton, first, second, rng)[: evaluations - made]
        made += len(genes)
        colony = colony.joined(scored(skeleton, genes, losses))
        colony = colony.only(survivors(colony.objectives, size))
    return replace(colony, visits=colony.visits + 1), made
