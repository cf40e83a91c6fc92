"""Random genomes to time evaluators on: as many at once as a search would score."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from dsl.genome import Genomes
from dsl.grammars.expression.genome import tapes
from dsl.samples import SampledTarget
from dsl.targets.base import Target
from evosynth.engine.expression.island import Rows
from evosynth.engine.expression.space import FormulaSpace
from evosynth.engine.means import Means
from evosynth.engine.spec import Spec, gene_space
from evosynth.engine.turn import evaluator_for, turn_size
from evosynth.engine.variation import Space, random_genomes

# Genomes that a search scores have up to about so many genes of a matrix, 3 to 4 on average; of
# formulas up to this share of the capacity.
GENES = 8
SHARE_OF_CAPACITY = 0.5
SEED = 0


@dataclass(frozen=True, slots=True)
class Trial:
    """How evaluators are timed on a target.

    Attributes:
        most: Genomes that a search scores at once.
        scoring: (means, count) -> what scores so many random genomes when it is called.
    """

    most: int
    scoring: Callable[[Means, int], Callable[[], object]]


def factor_trial(target: Target, spec: Spec) -> Trial:
    """Returns a trial on a matrix."""
    matrix = target.matrix
    space = gene_space(matrix.shape)

    def scoring(means: Means, count: int) -> Callable[[], object]:
        evaluator, genomes = (
            evaluator_for(matrix, target.domain, means),
            _drawn(count, spec, space, GENES),
        )
        return lambda: evaluator.evaluate(genomes)

    return Trial(min(spec.population, turn_size(spec, max(matrix.shape))), scoring)


def formula_trial(target: SampledTarget, spec: Spec, rows: int) -> Trial:
    """Returns a trial on the first output of samples, of which a search sees some rows."""
    x, y = np.array(target.train.x[:rows].T, order="C"), np.array(target.train.y[:rows, 0])
    space = FormulaSpace(len(x))

    def scoring(means: Means, count: int) -> Callable[[], object]:
        evaluator = Rows.of(x, y, means).evaluator
        longest = max(1, round(SHARE_OF_CAPACITY * spec.capacity))
        tape = tapes(_drawn(count, spec, space, longest), len(x))
        return lambda: evaluator.evaluate(tape)

    return Trial(spec.turn, scoring)


def _drawn(count: int, spec: Spec, space: Space, longest: int) -> Genomes:
    longest = min(longest, spec.capacity)
    return random_genomes(count, spec.capacity, longest, space, np.random.default_rng(SEED))
