"""One epoch of one island that searches for approximate programs of a matrix."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from dsl.costs import COSTS, make_cost
from dsl.covariance import Covariance
from dsl.program import Program
from dsl.straightline import Domain
from dsl.targets.approximate_target import ApproximateTarget, Approximation
from dsl.targets.base import Packing, Target
from dsl.targets.scaling import Scaling
from evosynth.engine.approximate.island import (
    COLONY,
    ApproximateIsland,
    Losses,
    bred,
    choose,
)
from evosynth.engine.approximate.skeleton import Skeleton
from evosynth.engine.epoch_call import Epoch, Span
from evosynth.engine.means import Means
from evosynth.engine.plain_data import from_text, to_text
from evosynth.engine.spec import Purpose, Spec
from fitness.objectives import OBJECTIVES

# Evaluations that are spent on one skeleton at a time.
STAY = 4_000


@dataclass(frozen=True, slots=True)
class ApproximateSetting:
    """What is the same for all islands.

    Attributes:
        spec: What decides the bits of the result.
        name: Of the target.
        matrix: (m, n) of the target.
        domain: The kind of the data.
        packing: Of the target.
        scaling: Which factors of outputs are admitted.
        approximation: How near programs have to come.
        covariance: (n, n) of the inputs, where the objective weighs them.
        skeletons: Programs whose constants are chosen.
    """

    spec: Spec
    name: str
    matrix: npt.NDArray[np.generic]
    domain: Domain
    packing: Packing
    scaling: Scaling
    approximation: Approximation
    covariance: npt.NDArray[np.generic] | None
    skeletons: tuple[Program, ...]

    @classmethod
    def of(
        cls, target: ApproximateTarget, spec: Spec, skeletons: Sequence[Program]
    ) -> ApproximateSetting:
        """Returns the setting of a search."""
        exact, covariance = target.target, target.covariance
        return cls(
            spec,
            exact.name,
            exact.matrix,
            exact.domain,
            exact.packing,
            exact.scaling,
            target.approximation,
            None if covariance is None else covariance.matrix,
            tuple(skeletons),
        )

    @property
    def target(self) -> ApproximateTarget:
        """What programs approximate."""
        matrix: npt.NDArray[Any] = self.matrix
        exact = Target(
            self.name,
            matrix.shape[1],
            matrix,
            self.domain,
            packing=self.packing,
            scaling=self.scaling,
        )
        given, name = self.covariance, self.approximation.covariance
        covariance = None if given is None else Covariance(name, given)
        return ApproximateTarget(exact, self.approximation, covariance)


def advance(setting: str, state: str, span: Span) -> Epoch:
    """Returns an island after an epoch."""
    spec, skeletons, losses = _prepared(setting, (OBJECTIVES.edition, COSTS.edition))
    island = from_text(state, ApproximateIsland)
    rng, made = spec.generator(Purpose.APPROXIMATE, span.epoch, span.island), 0
    colonies = list(island.colonies)
    while made < span.evaluations:
        k = choose(colonies, span.island, rng)
        share = min(STAY, span.evaluations - made)
        colonies[k], spent = bred(skeletons[k], colonies[k], losses, rng, COLONY, share)
        made += spent
    return Epoch(to_text(ApproximateIsland(tuple(colonies)), ApproximateIsland), made)


def warm_up(means: Means) -> None:
    """Does nothing: there is nothing to compile."""


@lru_cache(maxsize=2)
def _prepared(text: str, editions: tuple[int, int]) -> tuple[Spec, tuple[Skeleton, ...], Losses]:
    """Returns what a setting means with the objectives and costs of now."""
    setting = from_text(text, ApproximateSetting)
    target = setting.target
    return setting.spec, skeletons_of(setting.skeletons, target), losses_of(target)


def skeletons_of(programs: Sequence[Program], target: ApproximateTarget) -> tuple[Skeleton, ...]:
    """Returns the skeletons of programs, with choices priced by the target's cost."""
    approximation = target.approximation
    cost = make_cost(approximation.cost, approximation.word_length)
    return tuple(Skeleton.of(program, cost) for program in programs)


def losses_of(target: ApproximateTarget) -> Losses:
    """Returns what a target's objective says of matrices, (P, m, n)."""
    of_matrices = OBJECTIVES.get(target.approximation.objective).of_matrices
    assert of_matrices is not None, "checked where the target is made"
    return lambda matrices: of_matrices(matrices, target.target, target.covariance)
