"""One epoch of one island that searches for the program of a matrix."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from dsl.genome import FIELDS, pack
from dsl.straightline import Domain
from evosynth.engine import breeding_kernel
from evosynth.engine.blocks import Forest
from evosynth.engine.epoch_call import Epoch, Span
from evosynth.engine.means import Means
from evosynth.engine.pausing import between_turns
from evosynth.engine.plain_data import from_text, to_text
from evosynth.engine.spec import Spec
from evosynth.engine.turn import evaluator_for, run_turn


@dataclass(frozen=True, slots=True)
class FactorSetting:
    """What is the same for all islands.

    Attributes:
        spec: What decides the bits of the result.
        domain: The kind of the data.
    """

    spec: Spec
    domain: Domain


def advance(setting: str, state: str, span: Span) -> Epoch:
    """Returns an island's forest after an epoch."""
    known = _setting(setting)
    spec, forest, made = known.spec, from_text(state, Forest), 0
    improvements = []
    for k in range(spec.turns):
        between_turns()
        shorter = replace(spec, turn=min(spec.turn, span.evaluations - made))
        turn = span.epoch * spec.turns + k
        before = forest.costs[0]
        forest, spent = run_turn(known.domain, shorter, forest, turn, span.island, span.means)
        made += spent
        if forest.costs[0] < before:
            improvements.append((made, forest.costs[0]))
        if made >= span.evaluations:
            break
    return Epoch(to_text(forest, Forest), made, tuple(improvements))


def warm_up(means: Means) -> None:
    """Loads, or compiles, the evaluators of real and of complex matrices, and what breeds."""
    breeding_kernel.load()
    nothing = pack([np.zeros((0, len(FIELDS)))], 1)
    for matrix in (np.eye(2), np.eye(2, dtype=complex)):
        evaluator_for(matrix, "complex", means).evaluate(nothing)


@lru_cache(maxsize=8)
def _setting(text: str) -> FactorSetting:
    return from_text(text, FactorSetting)
