"""Whether a strategy keeps its promises."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

from dsl.genome import Genomes
from dsl.targets import make_target
from evosynth.conformance.steps import expect, expect_text, run_steps
from evosynth.engine.spec import Population, Purpose, Spec, gene_space, no_population
from evosynth.engine.task import Task
from evosynth.engine.turn import evaluator_for
from evosynth.strategies import Strategy
from fitness.scores import Scores

# Population and turn: of runs, and sizes that do not divide each other.
SIZES = ((20, 40), (7, 7), (1, 3))
TURNS = 3


def check_strategy(strategy: Strategy) -> tuple[str, ...]:
    """Checks a strategy on a small matrix.

    Returns:
        What was checked.

    Raises:
        EnvironmentMismatchError: Something is wrong; the message says what.
    """
    steps: dict[str, Callable[[], object]] = {
        "name": lambda: expect_text(strategy.name, strategy.summary)
    }
    for size, turn in SIZES:
        what = f"a population of {size}, {turn} evaluations a turn"
        steps[what] = partial(_check_turns, strategy, size, turn)
    return run_steps(f"strategy '{strategy.name}'", steps)


class _Counter:
    """Scores genomes and counts them."""

    def __init__(self) -> None:
        self.count = 0
        self.target = make_target("dft", 6)
        self.space = gene_space(self.target.matrix.shape)

    def __call__(self, genomes: Genomes) -> Scores:
        expect(self.space.is_valid(genomes.genes), "it evaluates genes outside their space")
        self.count += len(genomes)
        return evaluator_for(self.target.matrix, self.target.domain).evaluate(genomes)


def _check_turns(strategy: Strategy, size: int, turn: int) -> None:
    spec = Spec(strategy.name, 5, 1, size, 8, turn, restart=10**6, migration=10)
    population = no_population(spec.capacity)
    for number in range(TURNS):
        _freeze(population)
        found = _advanced(strategy, population, spec, number)
        again = _advanced(strategy, population, spec, number)
        expect(0 < len(found.genomes) <= size, f"{len(found.genomes)} genomes for {size}")
        same = all(
            np.array_equal(x, y) for x, y in zip(_arrays(found), _arrays(again), strict=True)
        )
        expect(same, "the same random numbers do not give the same population")
        population = found
    counter = _Counter()
    scores = counter(population.genomes)
    expect(
        np.array_equal(population.operations, scores.operations),
        "operations are not those of the genomes beside them",
    )


def _advanced(strategy: Strategy, population: Population, spec: Spec, number: int) -> Population:
    counter = _Counter()
    rng = spec.generator(Purpose.TURN, number, 0)
    found = strategy.advance(population, Task(spec, counter.space, counter, rng))
    expect(counter.count == spec.turn, f"{counter.count} evaluations in a turn of {spec.turn}")
    return found


def _arrays(population: Population) -> tuple[np.ndarray, ...]:
    genomes = population.genomes
    return genomes.genes, genomes.lengths, population.errors, population.operations


def _freeze(population: Population) -> None:
    """Makes a population's arrays read-only: whoever writes to them fails."""
    for array in _arrays(population):
        array.setflags(write=False)
