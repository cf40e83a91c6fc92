"""Genomes per second of the evaluators, on the genomes of a solved run."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np

from dsl.genome import Genomes
from dsl.targets import Target, make_target
from evosynth.cases import case_of
from evosynth.engine.blocks import start_forest
from evosynth.engine.turn import run_turn
from evosynth.settings import Settings
from fitness.evaluators import EVALUATORS
from fitness.evaluators.numba_evaluator import NumbaEvaluator

SIZES = (8, 16, 32, 64)
EVALUATIONS = 2_400
ROUNDS = 5


def solved_population(target: Target) -> Genomes:
    """Returns an island's genomes for the target after a few epochs."""
    spec = Settings(seed=1).spec(case_of(target))
    forest = start_forest(target.matrix, target.domain == "complex", spec)
    for epoch in range(EVALUATIONS // spec.epoch):
        forest, _ = run_turn(target.domain, spec, forest, epoch, 0)
    return forest.blocks[0].population.genomes


def rate(evaluate: Callable[[Genomes], object], genomes: Genomes) -> float:
    """Returns genomes per second of processor time: the median of a few rounds."""
    seconds = []
    for _ in range(ROUNDS):
        start = time.process_time()
        evaluate(genomes)
        seconds.append(time.process_time() - start)
    return len(genomes) / float(np.median(seconds))


def main() -> None:
    """Prints the table."""
    print("Evaluators: genomes per second of one core, on the population of a solved run")
    print(
        f"{'target':<8}{'numba':>10}{'no reuse':>10}{'reference':>11}{'reuse x':>9}{'numba x':>9}"
    )
    for n in SIZES:
        target = make_target("dft", n)
        genomes = solved_population(target)
        fast = rate(NumbaEvaluator(target).evaluate, genomes)
        plain = rate(NumbaEvaluator(target, reuse=False).evaluate, genomes)
        slow_ones = genomes.take(np.arange(2 if n > 16 else 20))
        slow = rate(EVALUATORS.get("reference").make(target, 1).evaluate, slow_ones)
        print(
            f"dft {n:<4}{fast:>10,.0f}{plain:>10,.0f}{slow:>11,.1f}"
            f"{fast / plain:>9.1f}{fast / slow:>9,.0f}",
            flush=True,
        )
