"""Defaults of a run, and how they depend on the size of the problem."""

from __future__ import annotations

import math
import operator
import os
import secrets
from dataclasses import dataclass, replace
from pathlib import Path

from dsl.errors import UsageError
from dsl.samples import SampledTarget
from dsl.targets import CAPACITY, Target, memory_limit, search_memory
from evosynth.block_library import user_folder
from evosynth.engine.driver import Limits
from evosynth.engine.spec import Spec
from evosynth.strategies import STRATEGIES

# Time to search of a run that was given no limit: up to n = 64 it ends within a minute.
DEFAULT_SECONDS = 45.0
# Evaluations without improvement after which such a run ends, too.
DEFAULT_PATIENCE = 60_000
# Formulas have up to this many genes; once one is exact, a run goes on for so many
# evaluations in search of a cheaper one.
FORMULA_CAPACITY = 32
EXACT_PATIENCE = 4_000
MOST_ISLANDS = 1_000
OWN_LIBRARY, NO_LIBRARY, USER_LIBRARY = "run", "none", "user"
BEST_KNOWN = "best-known"


@dataclass(frozen=True, slots=True)
class Settings:
    """What a user may ask of a run; None leaves the choice to the defaults.

    Attributes:
        seed: Decides every random choice; drawn and shown if not given.
        evaluations: Most genomes to evaluate.
        seconds: Most wall-clock seconds to search.
        patience: Most evaluations without improvement.
        goal: Operations at which to stop: a number, or "best-known".
        workers: Threads that evaluate; the result does not depend on it.
        strategy: Name of the strategy.
        islands: Number of islands.
        library: Where solved blocks are kept: "run" for the run's own, "none", "user" for the
            user's, or the path of a folder.
    """

    seed: int | None = None
    evaluations: int | None = None
    seconds: float | None = None
    patience: int | None = None
    goal: int | str | None = None
    workers: int | None = None
    strategy: str = "evolve"
    islands: int = 2
    library: str = "run"

    def __post_init__(self) -> None:
        for name in ("seed", "evaluations", "patience", "workers", "islands"):
            value = getattr(self, name)
            if value is not None:
                object.__setattr__(self, name, _whole(name, value))
        for name in ("evaluations", "seconds", "patience", "workers", "islands"):
            value = getattr(self, name)
            if value is not None and not value > 0:  # nan neither
                raise UsageError(f"expected {name} above 0, got {value}")
        if self.islands > MOST_ISLANDS:
            raise UsageError(f"expected at most {MOST_ISLANDS} islands, got {self.islands}")
        if self.seed is not None and self.seed < 0:
            raise UsageError(f"expected a seed of at least 0, got {self.seed}")
        STRATEGIES.get(self.strategy)
        if not self.library:
            raise UsageError("expected a library, got nothing", "give run, none, user or a folder")

    def with_seed(self) -> Settings:
        """Returns the settings with a seed: the given one, or one that is drawn."""
        return replace(self, seed=draw_seed() if self.seed is None else self.seed)

    def spec(self, target: Target | SampledTarget) -> Spec:
        """Returns what decides the bits of the run."""
        if isinstance(target, SampledTarget):
            return Spec(
                strategy=self.strategy,
                seed=draw_seed() if self.seed is None else self.seed,
                islands=self.islands,
                population=100,
                capacity=FORMULA_CAPACITY,
                epoch=250,
                restart=6_000,
                migration=5,
            )
        return Spec(
            strategy=self.strategy,
            seed=draw_seed() if self.seed is None else self.seed,
            islands=self.islands,
            population=100,
            capacity=CAPACITY,
            epoch=200,
            restart=4_000,
            migration=10,
            shares_blocks=self.library != NO_LIBRARY,
        )

    def limits(self, target: Target | SampledTarget) -> Limits:
        """Returns when to stop; without any limit a run ends by patience or by time."""
        goal = self._goal(target)
        seconds = None if self.seconds == math.inf else self.seconds
        is_formula = isinstance(target, SampledTarget)
        # Where the user says how patient to be, that is it.
        exact = EXACT_PATIENCE if is_formula and not goal and self.patience is None else None
        if (self.evaluations, self.seconds, self.patience) != (None, None, None):
            return Limits(self.evaluations, seconds, self.patience, goal, exact)
        patience = None if goal or is_formula else DEFAULT_PATIENCE
        return Limits(None, DEFAULT_SECONDS, patience, goal, exact)

    def threads(self, target: Target | SampledTarget) -> int:
        """Returns the number of evaluating threads: as many as cores, if memory allows."""
        if self.workers:
            return self.workers
        if isinstance(target, SampledTarget):
            return _cores()
        return max(1, min(_cores(), memory_limit() // search_memory(*target.matrix.shape)))

    def library_folder(self, target: Target | SampledTarget) -> Path | None:
        """Returns the folder of the library that runs share; None if there is none."""
        if isinstance(target, SampledTarget) and self.library != OWN_LIBRARY:
            raise UsageError("formulas have no library of blocks", "leave the library out")
        if self.library in (OWN_LIBRARY, NO_LIBRARY):
            return None
        return user_folder() if self.library == USER_LIBRARY else Path(self.library)

    def _goal(self, target: Target | SampledTarget) -> int | None:
        if self.goal is None:
            return None
        if self.goal == BEST_KNOWN:
            if isinstance(target, SampledTarget) or target.best_known is None:
                raise UsageError(
                    f"no operation count is known for {target.title}",
                    "give --goal a number of operations",
                )
            return target.best_known.operations
        try:
            goal = int(self.goal)
        except ValueError as error:
            raise UsageError(
                f"expected a goal in operations or '{BEST_KNOWN}', got {self.goal!r}"
            ) from error
        if goal < 1:
            raise UsageError(f"expected a goal of at least 1 operation, got {goal}")
        return goal


def draw_seed() -> int:
    """Returns a seed short enough to type."""
    return secrets.randbelow(1_000_000)


def _cores() -> int:
    """Returns how many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):  # not on macOS and Windows
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _whole(name: str, value: object) -> int:
    """Returns a whole number of any kind as an int.

    Raises:
        UsageError: It is something else.
    """
    try:
        if isinstance(value, bool):
            raise TypeError
        return operator.index(value)  # type: ignore[arg-type]  # any object is tried
    except TypeError:
        raise UsageError(f"expected a whole number for {name}, got {value!r}") from None
