"""What a run would do, without doing it: everything is checked, its speed is measured."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dsl.targets import Target, memory_limit, search_memory
from dsl.targets.approximate_target import ApproximateTarget
from evosynth.block_library import BlockLibrary, read_library
from evosynth.cases import AnyTarget, Case, case_of
from evosynth.engine.driver import Limits, Search, Snapshot
from evosynth.engine.spec import Spec
from evosynth.evaluator_choice import Choice, choose_evaluator
from evosynth.request import Request
from evosynth.run_file import options_text
from evosynth.runs import RunFolder
from evosynth.runs.files import check_can_be_made
from evosynth.settings import Settings, population_memory
from evosynth.workplace import Workplace

# A search is tried for so long, and given up if no epoch is done after so many seconds.
TRIED_SECONDS, MOST_SECONDS = 2.0, 20.0


@dataclass(frozen=True, slots=True)
class Plan:
    """A run that can begin.

    Attributes:
        target: What would be computed.
        spec: What would decide the bits of the result.
        limits: When it would end.
        folder: That would be made.
        library: Where solved blocks would be kept, as it was asked.
        executor: Where islands would work.
        threads: Cores that they would use.
        evaluator: What would score genomes, and why.
        population_bytes: That the genomes of all islands take, about.
        thread_bytes: That each thread takes beside them, about; 0 where that is little.
        memory_limit: In bytes, of both together.
        rate: Evaluations per second of a short search; None if none was done in time.
        options: What the folder's `run.toml` would hold; None if there would be none.
    """

    target: AnyTarget
    spec: Spec
    limits: Limits
    folder: Path
    library: str
    executor: str
    threads: int
    evaluator: str
    population_bytes: int
    thread_bytes: int
    memory_limit: int
    rate: float | None
    options: str | None

    @property
    def memory(self) -> int:
        """Bytes that it takes beside Python and its packages, about."""
        return self.population_bytes + self.threads * self.thread_bytes

    def to_dict(self) -> dict[str, Any]:
        """Returns it as plain data."""
        limits = self.limits
        return {
            "target": self.target.title,
            "input": self.target.domain,
            "seed": self.spec.seed,
            "strategy": self.spec.strategy,
            "islands": self.spec.islands,
            "population": self.spec.population,
            "library": self.library,
            "executor": self.executor,
            "workers": self.threads,
            "evaluator": self.evaluator,
            "evaluations": limits.evaluations,
            "time": limits.seconds,
            "patience": limits.patience,
            "goal": limits.goal,
            "memory_bytes": self.memory,
            "memory_limit_bytes": self.memory_limit,
            "evaluations_per_second": self.rate,
            "run": str(self.folder),
            "options": self.options,
        }


def plan(
    target: AnyTarget,
    settings: Settings,
    workplace: Workplace,
    request: Request,
    out: Path,
    pause: Callable[[], None] = lambda: None,
) -> Plan:
    """Checks all that a run needs, and searches for two seconds to see how fast it is.

    Nothing is written. The first search on a machine compiles for minutes before.

    Args:
        target: What would be computed.
        settings: What is asked of the search, with a seed.
        workplace: Where it would work.
        request: From which the target was made.
        out: Where the run folder would be made.
        pause: Called now and then; may raise.

    Raises:
        EvosynthError: As `prepare` and `execute` would.
    """
    case = case_of(target)
    spec, limits = settings.spec(case), settings.limits(case)
    shared = settings.library_folder(case)
    case.check()
    folder = RunFolder.to_be_made(out, f"{target.identifier}-seed{spec.seed}")
    library = None
    if shared is not None:
        check_can_be_made(shared)
        library = read_library(shared, target.domain)
    choice = choose_evaluator(workplace, case, spec, pause)
    executor = workplace.executor if isinstance(workplace.executor, str) else "your own"
    return Plan(
        target,
        spec,
        limits,
        folder,
        settings.library,
        executor,
        workplace.threads(case),
        choice.told,
        population_memory(spec.population, spec.islands, spec.capacity),
        _thread_memory(target),
        memory_limit(),
        _rate(case, spec, limits, workplace, choice, library, pause),
        options_text(request, settings, workplace, spec, limits),
    )


def _thread_memory(target: AnyTarget) -> int:
    """Returns the bytes of the arrays that each thread keeps of a matrix."""
    exact = target.target if isinstance(target, ApproximateTarget) else target
    return search_memory(*exact.matrix.shape) if isinstance(exact, Target) else 0


class _Enough(BaseException):  # like KeyboardInterrupt, none of a task's errors
    """A search was tried for long enough."""


def _rate(
    case: Case,
    spec: Spec,
    limits: Limits,
    workplace: Workplace,
    choice: Choice,
    library: BlockLibrary | None,
    pause: Callable[[], None],
) -> float | None:
    """Returns how many evaluations a second a search does: it is begun, and given up.

    Scoring random genomes alone would say up to 200 times too many, where constants are
    solved.
    """
    breeding = case.breeding(spec, choice.here, library)
    executor = workplace.make_executor(case, spec.islands, is_accelerated=choice.is_accelerated)
    search = Search(breeding, spec, limits, executor, choice.means)

    def report(snapshot: Snapshot) -> None:
        if snapshot.seconds >= TRIED_SECONDS:
            raise _Enough

    def check() -> None:
        pause()
        if time.monotonic() - search.started > MOST_SECONDS:
            raise _Enough

    try:
        search.run(report, check)
    except _Enough:
        pass
    finally:
        executor.close(kill=True)
    return search.evaluations / search.seconds if search.evaluations else None
