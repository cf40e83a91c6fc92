"""One epoch of one island, as a pure function."""

from __future__ import annotations

from functools import lru_cache

from dsl.targets.base import Target
from evosynth.engine.spec import Purpose, Spec, State, gene_space
from evosynth.engine.task import Task
from evosynth.strategies import STRATEGIES
from fitness.evaluators import EVALUATORS, Evaluator


def run_epoch(
    target: Target, spec: Spec, state: State, epoch: int, island: int, threads: int = 1
) -> State:
    """Returns an island's state after `spec.epoch` more evaluations.

    The result depends on the arguments alone, and not on `threads`.
    """
    task = Task(
        spec,
        gene_space(target),
        evaluator_for(target, threads).evaluate,
        spec.generator(Purpose.EPOCH, epoch, island),
    )
    return STRATEGIES.get(spec.strategy).advance(state, task)


def evaluator_for(target: Target, threads: int = 1) -> Evaluator:
    """Returns an evaluator for a target, made once per process."""
    return _evaluator(_Keyed(target, target.digest), threads)


class _Keyed:
    """A target that is equal to every other of the same digest."""

    def __init__(self, target: Target, digest: str) -> None:
        self.target = target
        self._digest = digest

    def __hash__(self) -> int:
        return hash(self._digest)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Keyed) and other._digest == self._digest


@lru_cache(maxsize=8)
def _evaluator(key: _Keyed, threads: int) -> Evaluator:
    return EVALUATORS.get("numba").make(key.target, threads)
