"""Share of a search's wall time that is spent outside the evaluator."""

from __future__ import annotations

import time
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

from dsl.genome import Genomes
from dsl.grammars.factor.known_blocks import KnownBlocks
from dsl.targets import make_target
from evosynth.cases import case_of
from evosynth.engine import turn as turns
from evosynth.engine.driver import Search
from evosynth.engine.factor_breeding import FactorBreeding
from evosynth.executors import ExecutorOptions
from evosynth.executors.serial import SerialExecutor
from evosynth.settings import Settings
from fitness.evaluators import Evaluator, Scores

CASES = (("dft", 8, 20_000), ("dft", 16, 20_000), ("dft", 32, 6_000), ("dft", 64, 1_600))


class Timed:
    """Evaluators that add up the time spent in them."""

    def __init__(self, make: Callable[..., Evaluator]) -> None:
        self.seconds = 0.0
        self._make = make

    def __call__(self, *arguments: Any) -> Any:
        """Returns an evaluator whose scoring is timed."""
        evaluator = self._make(*arguments)

        def evaluate(genomes: Genomes, known: KnownBlocks) -> Scores:
            start = time.perf_counter()
            scores = evaluator.evaluate(genomes, known)
            self.seconds += time.perf_counter() - start
            return scores

        return SimpleNamespace(evaluate=evaluate, decode=evaluator.decode)


def main() -> None:
    """Prints the table."""
    print("Search: share of wall time outside the evaluator, two threads")
    print(f"{'target':<8}{'evaluations':>12}{'seconds':>9}{'per second':>12}{'outside':>9}")
    original = turns.evaluator_for
    for name, n, evaluations in CASES:
        target = make_target(name, n)
        settings = Settings(seed=1, evaluations=evaluations)
        timed = Timed(original)
        turns.evaluator_for = timed  # type: ignore[assignment]
        spec = settings.spec(case_of(target))
        limits = settings.limits(case_of(target))
        executor = SerialExecutor(ExecutorOptions(2, spec.islands, is_parallel_inside=True))
        search = Search(FactorBreeding(target, spec), spec, limits, executor)
        try:
            start = time.perf_counter()
            search.run()
            wall = time.perf_counter() - start
        finally:
            turns.evaluator_for = original
        print(
            f"{name} {n:<4}{search.evaluations:>12,}{wall:>9.1f}"
            f"{search.evaluations / wall:>12,.0f}{1 - timed.seconds / wall:>9.0%}",
            flush=True,
        )
