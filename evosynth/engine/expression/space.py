"""Random genes of the `expression` grammar."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from dsl.genome import Genes
from dsl.grammars.expression.genome import (
    CONSTANT,
    CONSTANTS,
    FIELDS,
    FIRST,
    INPUTS,
    PRIMITIVE,
    SECOND,
    USE,
    with_constants,
)
from dsl.scalars import SCALARS

# How often an operand is an input, how often the second one is a constant, how often a value
# is a term, and how often the constants are those that do nothing.
INPUT_ODDS, CONSTANT_ODDS, TERM_ODDS, PLAIN_ODDS = 0.5, 0.3, 0.5, 0.6
# Operands lie this many genes back on average.
REACH = 2.0
# What a reference and a constant are drawn like, beside the scalar primitives.
REFERENCE_ODDS, LONE_CONSTANT_ODDS = 1.0, 0.3


@dataclass(frozen=True, slots=True)
class FormulaSpace:
    """The genes that make sense for samples.

    Attributes:
        inputs: Number of inputs.
    """

    inputs: int

    def draw(self, count: int, rng: np.random.Generator) -> Genes:
        """Draws genes: (count, 12) int16."""
        genes = np.zeros((count, len(FIELDS)), np.int16)
        odds = _odds(SCALARS.edition)
        genes[:, PRIMITIVE] = np.searchsorted(odds, rng.random(count) * odds[-1], side="right")
        genes[:, FIRST] = self._addresses(count, rng)
        second = self._addresses(count, rng) + 1
        genes[:, SECOND] = np.where(rng.random(count) < CONSTANT_ODDS, CONSTANT, second)
        genes[:, USE] = rng.random(count) < TERM_ODDS
        scales = np.where(rng.random(count) < PLAIN_ODDS, 1.0, _numbers(count, rng))
        shifts = np.where(rng.random(count) < PLAIN_ODDS, 0.0, _numbers(count, rng))
        return with_constants(genes, np.column_stack([scales, shifts]))

    def tweaked(self, shares: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
        """Returns which fields change together: the four of a constant are one number."""
        first = np.arange(len(FIELDS))
        group = np.where(first < CONSTANTS, first, CONSTANTS + (first - CONSTANTS) // 4)
        groups = CONSTANTS + (len(FIELDS) - CONSTANTS) // 4
        return np.asarray(group == (shares * groups).astype(np.int64)[:, None])

    def _addresses(self, count: int, rng: np.random.Generator) -> npt.NDArray[np.int64]:
        back = INPUTS + np.minimum(rng.geometric(1 / REACH, count) - 1, INPUTS)
        inputs = rng.integers(0, self.inputs, count)
        return np.where(rng.random(count) < INPUT_ODDS, inputs, back)


@lru_cache(maxsize=1)
def _odds(edition: int) -> npt.NDArray[np.float64]:
    return np.cumsum([*[1.0] * len(SCALARS), REFERENCE_ODDS, LONE_CONSTANT_ODDS])


def _numbers(count: int, rng: np.random.Generator) -> npt.NDArray[np.float64]:
    """Draws constants: small whole numbers, and numbers of all sizes."""
    whole = rng.integers(-5, 11, count).astype(np.float64)
    broad = rng.normal(size=count) * 10 ** rng.uniform(-1, 1, count)
    return np.where(rng.random(count) < 0.5, whole, broad)
