"""Where a generation of `evolve` spends its time, for populations of many sizes.

Once with the compiled evaluator, one thread, and once with an evaluator that costs nothing:
what is left then bounds how many genomes a second a search can breed, however fast it scores.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from typing import Any
from unittest.mock import patch

import numpy as np

from benchmarks.evaluator import solved_population
from dsl.genome import Genomes
from dsl.targets import Target, make_target
from evosynth.cases import case_of
from evosynth.engine import turn as turns
from evosynth.engine.blocks import Forest, start_forest
from evosynth.engine.migration import migrate
from evosynth.engine.plain_data import from_text, to_text
from evosynth.engine.population import score
from evosynth.engine.spec import Population, Purpose, Spec, gene_space
from evosynth.engine.task import Evaluate, Task
from evosynth.engine.variation import mutate
from evosynth.settings import Settings
from evosynth.strategies import EVOLVE, base, evolve
from fitness.evaluators import Scores
from fitness.evaluators.numba_evaluator import NumbaEvaluator

TARGET = make_target("dft", 16)
SPACE = gene_space(TARGET.matrix.shape)
POPULATIONS = (100, 1_000, 4_096, 100_000)
# Genomes bred for each line with the compiled evaluator, and with one that costs nothing.
SCORED, BRED = 20_000, 1_000_000
MOST_GENERATIONS = 200
# Turns of one epoch, of two generations each.
TURNS, GENERATIONS = 10, 2
ROUNDS = 5

# What is timed: its name in the table, where it is, and what it is called there.
Part = tuple[str, Any, str]
HARVEST: tuple[Part, ...] = (("splits", turns, "_harvested"),)
PARTS: tuple[Part, ...] = (
    ("vary", evolve, "_breed"),
    ("evaluate", evolve, "score"),
    ("kernel", NumbaEvaluator, "_run"),
    ("replace", evolve, "_replace_worse"),
    ("gate", base, "_problem"),
)


@dataclass(frozen=True, slots=True)
class Costs:
    """Microseconds per genome.

    Attributes:
        vary: Selection, crossover and mutation.
        replace: Who takes whose place.
        gate: Checks of the new population.
        rest: What belongs to no part.
        order: What evaluation does outside the compiled kernel.
        kernel: The compiled kernel.
        whole: All of a generation.
    """

    vary: float
    replace: float
    gate: float
    rest: float
    order: float
    kernel: float
    whole: float

    @property
    def share(self) -> float:
        """Of variation and selection in the whole."""
        return (self.vary + self.replace) / self.whole


@contextmanager
def timed(parts: tuple[Part, ...]) -> Iterator[dict[str, float]]:
    """Adds up the seconds of each part while the context lasts."""
    seconds: dict[str, float] = defaultdict(float)

    def watched(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **options: Any) -> Any:
            start = time.perf_counter()
            try:
                return function(*arguments, **options)
            finally:
                seconds[name] += time.perf_counter() - start

        return call

    with ExitStack() as stack:
        for name, place, attribute in parts:
            call = watched(name, getattr(place, attribute))
            stack.enter_context(patch.object(place, attribute, call))
        yield seconds


def costs(population: Population, spec: Spec, evaluate: Evaluate, generations: int) -> Costs:
    """Returns the medians over generations, but for the first."""
    rows = []
    for number in range(-1, generations):
        task = Task(spec, SPACE, evaluate, spec.generator(Purpose.TURN, number + 1, 0))
        with timed(PARTS) as seconds:
            start = time.perf_counter()
            population = EVOLVE.advance(population, task)
            whole = time.perf_counter() - start
        order = seconds["evaluate"] - seconds["kernel"]
        parts = [seconds[name] for name in ("vary", "replace", "gate")]
        rest = whole - sum(parts) - seconds["evaluate"]
        rows.append([*parts, rest, order, seconds["kernel"], whole])
    return Costs(*(np.median(rows[1:], axis=0) / spec.population * 1e6).tolist())


def epoch(population: Population, spec: Spec, target: Target) -> list[float]:
    """Returns microseconds per genome that an epoch adds: splits, text, migration."""
    is_complex = target.domain == "complex"
    begun = start_forest(target.matrix, is_complex, spec)
    forest = replace(begun, blocks=(replace(begun.blocks[0], population=population),))
    turn_count = max(1, SCORED // spec.turn)
    made, seconds = 0, 0.0
    for number in range(turn_count):
        with timed(HARVEST) as parts:
            forest, spent = turns.run_turn(target.domain, spec, forest, number, 0)
        made, seconds = made + spent, seconds + parts["splits"]
    text = to_text(forest, Forest)
    whole = [
        median_seconds(lambda: to_text(forest, Forest)),
        median_seconds(lambda: from_text(text, Forest)),
        median_seconds(lambda: migrate([forest, forest], spec, is_complex)) / 2,
    ]
    return [1e6 * seconds / made, *(1e6 * each / spec.epoch for each in whole)]


def median_seconds(call: Callable[[], object]) -> float:
    """Returns the median of a few calls."""
    seconds = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        call()
        seconds.append(time.perf_counter() - start)
    return float(np.median(seconds))


def grown_population(size: int, solved: Genomes, spec: Spec, evaluate: Evaluate) -> Population:
    """Returns mutants of a solved run's genomes, for any size of population."""
    rng = np.random.default_rng(1)
    parents = solved.take(rng.integers(0, len(solved), size))
    return score(mutate(parents, SPACE, rng), Task(spec, SPACE, evaluate, rng))


def free_scores(population: Population) -> Evaluate:
    """Returns an evaluator that costs nothing: it gives out the scores of a population."""
    count = len(population.genomes)
    drawn = np.random.default_rng(2).permutation(count)
    operations = population.operations.astype(np.int64)[drawn]
    scores = Scores(operations, population.errors[drawn], np.zeros(count, np.int64))
    return lambda genomes: scores


def line(size: int, name: str, found: Costs) -> str:
    """Returns a line of the first table."""
    parts = (found.vary, found.replace, found.gate, found.rest, found.order, found.kernel)
    return (
        f"{size:>10,} {name:<9}"
        + "".join(f"{part:>9.3f}" for part in parts)
        + f"{found.whole:>9.2f}{found.share:>8.1%}{1e6 / found.whole:>13,.0f}"
    )


def main() -> None:
    """Prints the tables."""
    settings = Settings(seed=1).spec(case_of(TARGET))
    evaluator = NumbaEvaluator(TARGET)
    solved = solved_population(TARGET)
    print("A generation of evolve, DFT 16: microseconds per genome, medians, one thread")
    heads = ("vary", "replace", "gate", "rest", "order", "kernel", "whole")
    print(
        f"{'population':>10} {'evaluator':<9}"
        + "".join(f"{head:>9}" for head in heads)
        + f"{'share':>8}{'a second':>13}"
    )
    added = []
    for size in POPULATIONS:
        spec = replace(settings, population=size, turn=size, restart=10**12)
        start = grown_population(size, solved, spec, evaluator.evaluate)
        generations = min(MOST_GENERATIONS, max(2, SCORED // size))
        print(line(size, "numba", costs(start, spec, evaluator.evaluate, generations)), flush=True)
        generations = min(MOST_GENERATIONS, max(5, BRED // size))
        print(line(size, "free", costs(start, spec, free_scores(start), generations)), flush=True)
        longer = replace(spec, turn=GENERATIONS * size, turns=TURNS)
        added.append((size, epoch(start, longer, TARGET)))
    print("\nAn epoch of 20 generations adds, in microseconds per genome")
    print(f"{'population':>10}{'splits':>9}{'to text':>9}{'from text':>11}{'migration':>11}")
    for size, (harvest, write, read, exchange) in added:
        print(f"{size:>10,}{harvest:>9.3f}{write:>9.3f}{read:>11.3f}{exchange:>11.3f}")


if __name__ == "__main__":
    main()
