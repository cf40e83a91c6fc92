"""Genes whose constants are solved from what a formula leaves, as a stage's are from the remainder.

A proposal takes a formula and its residual and returns a longer (or changed) genome, whose
constants are starting points for Levenberg-Marquardt. Which proposal is made, and on which
value, is drawn: evolution chooses the structure, the residual supplies the numbers.
"""

from __future__ import annotations

import numpy as np

from dsl.genome import Genes
from evosynth.engine.expression.jump_proposals import edge, fold
from evosynth.engine.expression.problem import Problem, Proposal
from evosynth.engine.expression.term_proposals import (
    bend,
    combination,
    drop,
    line,
    plain,
    polished,
    tie,
)
from evosynth.engine.expression.wave_proposals import (
    carried,
    chorus,
    merge,
    one_more_in_the_sum,
    retune,
    wave,
    waves_of,
)

# How often each is made.
PROPOSALS: dict[Proposal, float] = {
    wave: 4,
    carried: 1,
    chorus: 3,
    retune: 4,
    one_more_in_the_sum: 1,
    merge: 1,
    fold: 1,
    edge: 1,
    bend: 2,
    polished: 2,
    line: 2,
    combination: 2,
    drop: 1,
    plain: 1,
    tie: 1,
}

# What sums of waves need is made more often from formulas that have some.
WAVY, WAVY_FACTOR = (wave, chorus, retune, one_more_in_the_sum, merge), 3.0

# What is tried first of all, before anything is known.
OPENINGS = (line, wave, combination, fold, edge, chorus)


def propose(problem: Problem) -> Genes | None:
    """Makes a proposal of a random kind; None where it does not apply."""
    is_wavy = len(waves_of(problem)) > 1
    odds = np.array(
        [
            WAVY_FACTOR * odds if is_wavy and kind in WAVY else odds
            for kind, odds in PROPOSALS.items()
        ]
    )
    drawn = int(problem.rng.choice(len(odds), p=odds / odds.sum()))
    made = list(PROPOSALS)[drawn](problem)
    return made if made is not None and 0 < len(made) <= problem.capacity else None
