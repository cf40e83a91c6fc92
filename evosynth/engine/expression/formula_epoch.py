"""One epoch of one island that searches for formulas: of each output, a population."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from dsl.genome import Genomes
from dsl.grammars.expression.genome import FIELDS
from dsl.scalars import SCALARS
from evosynth.engine.epoch_call import Epoch, Span
from evosynth.engine.expression.island import Rows, run_turn, score
from evosynth.engine.expression.recall import Recall
from evosynth.engine.means import Means
from evosynth.engine.pausing import between_turns
from evosynth.engine.plain_data import from_text, to_text
from evosynth.engine.spec import Population, Spec

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class FormulaSetting:
    """What is the same for all islands, but for the rows.

    Attributes:
        spec: What decides the bits of the result.
        is_exact: Outputs whose formula is exact, and which can wait.
    """

    spec: Spec
    is_exact: tuple[bool, ...]


@dataclass(frozen=True, slots=True, eq=False)
class FormulaRows:
    """The samples that a search sees.

    Attributes:
        x: (inputs, rows) the inputs, then what exact formulas lend.
        y: (outputs, rows).
        exact: Of each output, up to which error a formula is exact.
    """

    x: Array
    y: Array
    exact: tuple[float, ...]

    def by_output(self, means: Means) -> tuple[Rows, ...]:
        """Returns what each output is fitted on.

        Raises:
            ValueError: A number is not finite.
        """
        return tuple(
            Rows.of(self.x, np.ascontiguousarray(row), means, exact)
            for row, exact in zip(self.y, self.exact, strict=True)
        )


@dataclass(frozen=True, slots=True)
class FormulaIsland:
    """An island.

    Attributes:
        populations: By output.
        efforts: Evaluations spent on each.
    """

    populations: tuple[Population, ...]
    efforts: tuple[int, ...]

    def after(self, output: int, population: Population, made: int) -> FormulaIsland:
        """Returns the island after a turn of one output."""
        populations, efforts = list(self.populations), list(self.efforts)
        populations[output] = population
        efforts[output] += made
        return FormulaIsland(tuple(populations), tuple(efforts))


def setting_text(setting: FormulaSetting, rows: str) -> str:
    """Returns the text that `advance` takes; `rows`, which change seldom, is text already."""
    return f"{to_text(setting, FormulaSetting)}\n{rows}"


def advance(setting: str, state: str, span: Span) -> Epoch:
    """Returns an island after an epoch."""
    head, samples = setting.split("\n", 1)
    known, island = from_text(head, FormulaSetting), from_text(state, FormulaIsland)
    rows, recall = _fitted_rows(samples, span.means, SCALARS.edition)
    spec, made = known.spec, 0
    # What an earlier epoch took for exact and the setting does not is so by chance.
    by_chance = [_has_exact(population) for population in island.populations]
    for k in range(spec.turns):
        between_turns()
        is_closed = [
            is_exact or (_has_exact(population) and not is_chance)
            for is_exact, population, is_chance in zip(
                known.is_exact, island.populations, by_chance, strict=True
            )
        ]
        output = _next_output(island.efforts, is_closed, span.island)
        shorter = replace(spec, turn=min(spec.turn, span.evaluations - made))
        turn, before = span.epoch * spec.turns + k, island.populations[output]
        after, spent = run_turn(rows[output], shorter, before, turn, span.island, recall)
        island = island.after(output, after, spent)
        made += spent
        if made >= span.evaluations:
            break
    return Epoch(to_text(island, FormulaIsland), made)


def warm_up(means: Means) -> None:
    """Loads, or compiles, the evaluator."""
    x = np.arange(4.0)[None]
    genes = np.zeros((1, 1, len(FIELDS)), np.int16)
    score(Rows.of(x, x[0], means), Genomes(genes, np.ones(1, np.int16)))


def _next_output(efforts: Sequence[int], is_closed: Sequence[bool], island: int) -> int:
    """Returns an output that is not exact yet, on which least effort was spent.

    Of several, islands begin with different ones.
    """
    count = len(efforts)
    return min(range(count), key=lambda k: (is_closed[k], efforts[k], (k - island) % count))


def _has_exact(population: Population) -> bool:
    return bool((population.errors == 0).any())


@lru_cache(maxsize=4)
def _fitted_rows(samples: str, means: Means, edition: int) -> tuple[tuple[Rows, ...], Recall]:
    """Returns what outputs are fitted on, with what was computed of it so far.

    The primitives are those of an edition: those of now.
    """
    return from_text(samples, FormulaRows).by_output(means), Recall()
