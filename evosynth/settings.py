"""Defaults of a run, and how they depend on the size of the problem."""

from __future__ import annotations

import math
import operator
import secrets
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from dsl.display import plural
from dsl.errors import UsageError
from dsl.targets import CAPACITY, memory_limit
from dsl.targets.memory import GIB
from evosynth.block_library import user_folder
from evosynth.engine.driver import Limits
from evosynth.engine.spec import FEWEST_GENOMES, MOST_GENOMES, Spec
from evosynth.runs.checkpoints import LARGEST_CHECKPOINT
from evosynth.strategies import STRATEGIES

# Time to search of a run that was given no limit: up to n = 64 it ends within a minute.
DEFAULT_SECONDS = 45.0
# Evaluations without improvement after which such a run ends, too.
DEFAULT_PATIENCE = 60_000
# Formulas have up to this many genes; once one is exact, a run goes on for so many
# evaluations in search of a cheaper one.
FORMULA_CAPACITY = 32
EXACT_PATIENCE = 4_000
# Rules of algorithms have up to this many steps while they are found.
RECURSIVE_POPULATION = 1_000
RECURSIVE_CAPACITY = 20
RECURSIVE_TURN = 2_000
RECURSIVE_RESTART = 25_000
# Rules without improvement once an algorithm is correct.
RECURSIVE_EXACT_PATIENCE = 4_000
MOST_ISLANDS = 1_000
# Bytes of a gene. A genome of full length is in memory so many times: of each island in the
# populations of its blocks and as text, and of the island that breeds.
GENE_BYTES = 12
ISLAND_COPIES, BREEDING_COPIES = 16, 12
# Of a checkpoint for each genome of an island, its share of the populations of blocks included.
STORED_BYTES = 900
OWN_LIBRARY, NO_LIBRARY, USER_LIBRARY = LIBRARIES = ("run", "none", "user")
BEST_KNOWN = "best-known"


@dataclass(frozen=True, slots=True)
class Defaults:
    """What a search does where the user says nothing: it depends on the kind of target.

    Attributes:
        population: Genomes of one island.
        capacity: Most genes of a genome.
        turn: Evaluations that an island spends on one thing at a time.
        turns: In an epoch, which an island spends without knowing of the others.
        restart: An island starts anew after this many evaluations without improvement.
        migration: Islands exchange genomes after every so many epochs.
        patience: Evaluations without improvement after which a run without limits ends.
        exact_patience: The same once the best genome is exact, of any run whose user does
            not say how patient to be.
        has_library: Runs may share a library of solved blocks.
    """

    population: int
    capacity: int
    turn: int
    turns: int
    restart: int
    migration: int
    patience: int | None = None
    exact_patience: int | None = None
    has_library: bool = False


OF_MATRICES = Defaults(
    100, CAPACITY, 200, 10, restart=4_000, migration=1, patience=DEFAULT_PATIENCE, has_library=True
)
OF_APPROXIMATIONS = Defaults(
    100, CAPACITY, 200, 25, restart=4_000, migration=1, patience=400_000, has_library=True
)
OF_FORMULAS = Defaults(
    100, FORMULA_CAPACITY, 250, 1, restart=6_000, migration=5, exact_patience=EXACT_PATIENCE
)
OF_ALGORITHMS = Defaults(
    RECURSIVE_POPULATION,
    RECURSIVE_CAPACITY,
    RECURSIVE_TURN,
    5,
    restart=RECURSIVE_RESTART,
    migration=1,
    exact_patience=RECURSIVE_EXACT_PATIENCE,
    has_library=True,
)


class Subject(Protocol):
    """What settings need to know of a target: `evosynth.cases` has one for every kind."""

    @property
    def title(self) -> str:
        """What people call the target."""
        ...

    @property
    def defaults(self) -> Defaults:
        """What a search for it does where the user says nothing."""
        ...

    @property
    def best_known(self) -> int | None:
        """The lowest operation count known to us."""
        ...


@dataclass(frozen=True, slots=True)
class Settings:
    """What a user may ask of a run; None leaves the choice to the defaults.

    Attributes:
        seed: Decides every random choice; drawn and shown if not given.
        evaluations: Most genomes to evaluate.
        seconds: Most wall-clock seconds to search.
        patience: Most evaluations without improvement.
        goal: Operations at which to stop: a number, or "best-known".
        strategy: Name of the strategy.
        islands: Number of islands.
        library: Where solved blocks are kept: "run" for the run's own, "none", "user" for the
            user's, or the path of a folder.
        population: Genomes of one island, and of each of its blocks. What an island does in a
            turn, and when it starts anew, grow with it.
    """

    seed: int | None = None
    evaluations: int | None = None
    seconds: float | None = None
    patience: int | None = None
    goal: int | str | None = None
    strategy: str = "evolve"
    islands: int = 2
    library: str = "run"
    population: int | None = None

    def __post_init__(self) -> None:
        for name in ("seed", "evaluations", "patience", "islands", "population"):
            value = getattr(self, name)
            if value is not None:
                object.__setattr__(self, name, whole(name, value))
        for name in ("evaluations", "seconds", "patience", "islands"):
            value = getattr(self, name)
            if value is not None and not value > 0:  # nan neither
                raise UsageError(f"expected {name} above 0, got {value}")
        if self.islands > MOST_ISLANDS:
            raise UsageError(f"expected at most {MOST_ISLANDS} islands, got {self.islands}")
        if self.population is not None:
            _check_population(self.population)
        if self.seed is not None and self.seed < 0:
            raise UsageError(f"expected a seed of at least 0, got {self.seed}")
        STRATEGIES.get(self.strategy)
        if not self.library:
            raise UsageError("expected a library, got nothing", "give run, none, user or a folder")

    def with_seed(self) -> Settings:
        """Returns the settings with a seed: the given one, or one that is drawn."""
        return replace(self, seed=draw_seed() if self.seed is None else self.seed)

    def spec(self, subject: Subject) -> Spec:
        """Returns what decides the bits of the run.

        Raises:
            UsageError: The population does not fit in memory.
        """
        defaults = scaled(subject.defaults, self.population)
        if self.population is not None:
            _check_memory(self.population, self.islands, defaults.capacity)
        return Spec(
            strategy=self.strategy,
            seed=draw_seed() if self.seed is None else self.seed,
            islands=self.islands,
            population=defaults.population,
            capacity=defaults.capacity,
            turn=defaults.turn,
            restart=defaults.restart,
            migration=defaults.migration,
            shares_blocks=self.library != NO_LIBRARY,
            turns=defaults.turns,
        )

    def limits(self, subject: Subject) -> Limits:
        """Returns when to stop; without any limit a run ends by patience or by time."""
        goal, defaults = self._goal(subject), scaled(subject.defaults, self.population)
        seconds = None if self.seconds == math.inf else self.seconds
        # Where the user says how patient to be, that is it.
        exact = None if goal or self.patience is not None else defaults.exact_patience
        if (self.evaluations, self.seconds, self.patience) != (None, None, None):
            return Limits(self.evaluations, seconds, self.patience, goal, exact)
        patience = None if goal else defaults.patience
        return Limits(None, DEFAULT_SECONDS, patience, goal, exact)

    def library_folder(self, subject: Subject) -> Path | None:
        """Returns the folder of the library that runs share; None if there is none."""
        if not subject.defaults.has_library and self.library != OWN_LIBRARY:
            raise UsageError(f"{subject.title} has no library of blocks", "leave the library out")
        if self.library in (OWN_LIBRARY, NO_LIBRARY):
            return None
        return user_folder() if self.library == USER_LIBRARY else Path(self.library)

    def _goal(self, subject: Subject) -> int | None:
        if self.goal is None:
            return None
        if self.goal == BEST_KNOWN:
            if subject.best_known is None:
                raise UsageError(
                    f"no operation count is known for {subject.title}",
                    "give --goal a number of operations",
                )
            return subject.best_known
        try:
            goal = int(self.goal)
        except ValueError as error:
            raise UsageError(
                f"expected a goal in operations or '{BEST_KNOWN}', got {self.goal!r}"
            ) from error
        if goal < 1:
            raise UsageError(f"expected a goal of at least 1 operation, got {goal}")
        return goal


def scaled(defaults: Defaults, population: int | None) -> Defaults:
    """Returns defaults of another population: as many generations of more genomes, or fewer.

    Runs of small populations are as patient as others. Epochs of large ones have fewer turns:
    a run can end, and goes on, where an epoch does.
    """
    if population is None or population == defaults.population:
        return defaults
    share = population / defaults.population

    def patience(evaluations: int | None) -> int | None:
        return None if evaluations is None else round(evaluations * max(share, 1))

    return replace(
        defaults,
        population=population,
        turn=max(1, round(defaults.turn * share)),
        turns=max(1, round(defaults.turns / max(share, 1))),
        restart=max(1, round(defaults.restart * share)),
        patience=patience(defaults.patience),
        exact_patience=patience(defaults.exact_patience),
    )


def _check_population(population: int) -> None:
    if not FEWEST_GENOMES <= population <= MOST_GENOMES:
        raise UsageError(
            f"expected a population of {FEWEST_GENOMES} to {MOST_GENOMES:,}, got {population:,}"
        )


def population_memory(population: int, islands: int, capacity: int) -> int:
    """Returns about how many bytes the genomes of all islands take."""
    copies = ISLAND_COPIES * islands + BREEDING_COPIES
    return population * copies * capacity * GENE_BYTES


def _check_memory(population: int, islands: int, capacity: int) -> None:
    needed, limit = population_memory(population, islands, capacity), memory_limit()
    what = f"a population of {population:,} on {plural(islands, 'island')}"
    if needed > limit:
        raise UsageError(
            f"{what} needs about {needed / GIB:,.2f} GiB, the limit is {limit / GIB:,.2f} GiB",
            "choose a smaller one or fewer islands; the limit is half of this machine's memory",
        )
    stored = population * islands * STORED_BYTES
    if stored > LARGEST_CHECKPOINT:
        raise UsageError(
            f"{what} makes checkpoints of about {stored / GIB:,.2f} GiB, the limit is "
            f"{LARGEST_CHECKPOINT / GIB:,.0f} GiB",
            "choose a smaller one or fewer islands",
        )


def draw_seed() -> int:
    """Returns a seed short enough to type."""
    return secrets.randbelow(1_000_000)


def whole(name: str, value: object) -> int:
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
