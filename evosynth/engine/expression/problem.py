"""What a proposal works with, and what proposals share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dsl.genome import Genes
from dsl.grammars.expression.genome import FIRST, INPUTS, PRIMITIVE, SECOND, back
from dsl.grammars.expression.values import steps_of, values
from dsl.scalars import SCALARS
from evosynth.engine.expression.recall import Recall
from evosynth.engine.expression.solving import Fit

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Problem:
    """What a proposal works with.

    Attributes:
        fit: The formula and its residual.
        x: (inputs, rows).
        y: (rows,).
        capacity: Most genes of a genome.
        rng: Source of randomness.
        recall: What was computed before of the same numbers.
    """

    fit: Fit
    x: Array
    y: Array
    capacity: int
    rng: np.random.Generator
    recall: Recall

    @property
    def genes(self) -> Genes:
        """The formula's genome."""
        return self.fit.genes

    def values(self) -> dict[int, Array]:
        """Returns the inputs and live values by slot."""
        return values(steps_of(self.genes, len(self.x)), self.x)

    def value_to_work_on(self) -> tuple[int, Array] | None:
        """Draws a slot: an input twice as often as a value."""
        known = self.values()
        slots = [slot for slot in known if np.isfinite(known[slot]).all() and np.ptp(known[slot])]
        if not slots:
            return None
        odds = np.array([2.0 * len(slots) if slot < len(self.x) else 1.0 for slot in slots])
        slot = int(self.rng.choice(slots, p=odds / odds.sum()))
        return slot, known[slot]

    def address(self, slot: int, position: int) -> int:
        """Returns the address of a slot for the gene at a position."""
        inputs = len(self.x)
        return slot if slot < inputs else back(position - (slot - inputs))


Proposal = Callable[[Problem], Genes | None]


def appended(problem: Problem, row: Genes) -> Genes | None:
    """Returns the genome with one more gene, if there is room."""
    if len(problem.genes) >= problem.capacity:
        return None
    return np.concatenate([problem.genes, row[None]])


def position_of(name: str) -> int:
    """Returns the primitive field of a scalar primitive."""
    return SCALARS.index(name)


def compacted(genes: Genes, inputs: int) -> Genes:
    """Returns a genome without the genes that no term needs: (length, 12) int16."""
    steps = steps_of(genes, inputs)
    places = {step.position: k for k, step in enumerate(steps)}
    rows = []
    for k, step in enumerate(steps):
        row = genes[step.position].copy()
        row[PRIMITIVE] %= len(SCALARS) + 2
        row[FIRST] = _moved(step.left, k, places, inputs)
        if step.right >= 0:
            row[SECOND] = _moved(step.right, k, places, inputs) + 1
        rows.append(row)
    return np.stack(rows) if rows else genes[:0]


def _moved(slot: int, here: int, places: dict[int, int], inputs: int) -> int:
    if slot < inputs:
        return slot
    position = places.get(slot - inputs)
    return 0 if position is None else INPUTS + here - position - 1
