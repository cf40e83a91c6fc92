"""The `recursive` grammar's search: find a rule that is right, then make it cheap.

A search has subjects: the transform, and every transform that the rules found so far call.
Islands work on the first subject without a rule, all of them in turn; with a rule for
each, the algorithm is complete, and islands make its rules cheaper, one after the other.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np

from dsl.errors import DataError
from dsl.grammars.recursive.algorithm import Algorithm
from dsl.grammars.recursive.recursive_target import RecursiveTarget
from dsl.grammars.recursive.rule import Rule
from dsl.grammars.recursive.rule_values import is_correct
from evosynth.engine.breeding import Standing
from evosynth.engine.epoch_call import prepare
from evosynth.engine.plain_data import from_plain, from_text, to_plain, to_text
from evosynth.engine.recursive import cheapening_state, finding, finding_state
from evosynth.engine.recursive.chains import Chains, Key
from evosynth.engine.recursive.cheapening import CheapeningOptions
from evosynth.engine.recursive.finding import FindingIsland, FindingOptions, Subject
from evosynth.engine.recursive.lean import is_lean, leaner
from evosynth.engine.recursive.recursive_epoch import (
    Cheapened,
    Idle,
    IslandState,
    RecursiveSetting,
    Seeking,
    Sought,
    island_options,
)
from evosynth.engine.recursive.recursive_state import (
    KeyedChains,
    RecursiveState,
    algorithm_of,
    check_book,
    check_chains,
    check_place,
    check_seeking,
)
from evosynth.engine.recursive.rule_book import MOST_RULES, RuleBook, algorithm_cost, compared
from evosynth.engine.spec import Spec

# After the first rule of a subject, others are sought for as long again as that took, and
# at least so many evaluations, at most so many.
LONGER, LONGEST = 20_000, 50_000
# Where every rule calls so much that its cost would grow faster than n lg n, that is longer.
MUCH_LONGER = 5
# A further radix for which no rule is found in so many evaluations is left out.
MOST_EVALUATIONS = 1_500_000


class RecursiveBreeding:
    """Islands that search for an algorithm for every size.

    Args:
        target: What it must compute.
        spec: What decides the bits of the result.
        options: How rules are found.
        cheapening_options: How rules are made cheaper.

    Attributes:
        book: Rules that were found.
        algorithm: The best algorithm so far.
        found_at: Seconds of search until the first one.
        found_after: Evaluations until the first one.
    """

    interval = 1

    def __init__(
        self,
        target: RecursiveTarget,
        spec: Spec,
        options: FindingOptions | None = None,
        cheapening_options: CheapeningOptions | None = None,
    ) -> None:
        self.book = RuleBook(target.name, target.radices, target.calls, target.compared_size)
        self.algorithm: Algorithm | None = None
        self.found_at: float | None = None
        self.found_after: int | None = None
        self.improved_at = 0
        self._spec = spec
        self._options = options or options_for(spec)
        self._islands: list[FindingIsland] = []
        self._subject: Subject | None = None
        self._given_up: list[Subject] = []
        self._spent = self._needed = 0
        self._chains = Chains(spec.islands, cheapening_options or CheapeningOptions())
        self._is_unwritten = False
        self._seconds, self._started = 0.0, -1.0

    @property
    def best(self) -> Algorithm | None:
        """The best algorithm so far."""
        return self.algorithm

    @property
    def standing(self) -> Standing | None:
        """Operations at the size that is compared; before that, how near a rule is."""
        if self.algorithm is not None:
            size = compared(self.algorithm, self.book.sizes)[0]
            count = self.algorithm.operations(size).operations
            text = f"{count:,} operations at n = {size}"
            if self._subject is not None:
                text += f"; seeking {_text(self._subject)}"
            return Standing(0.0, count, text)
        nearest = min((island.best for island in self._islands), default=np.inf)
        if not np.isfinite(nearest) or self._subject is None:
            return None
        return Standing(nearest + 1e-9, 0, f"seeking {_text(self._subject)}, {nearest:.0f} from it")

    def warm_up(self) -> None:
        """Compiles what is not compiled yet."""
        prepare("recursive")

    def begin(self) -> None:
        """Makes the islands."""
        self._next_subject()

    def setting(self) -> str:
        """Returns what an epoch needs to know beside the island."""
        if self._started < 0:  # or goes on
            self._started = time.monotonic() - self._seconds
        work: Any = Idle()
        if self._subject is not None:
            work = Seeking(self._subject, self._options)
        elif (key := self._chains.key) is not None:
            work = self._chains.tasks[key]
        return "recursive\n" + to_text(RecursiveSetting(self._spec, work), RecursiveSetting)

    def state(self, island: int) -> str:
        """Returns an island as text."""
        work: Any = Idle()
        if self._subject is not None:
            work = Sought(self._subject, finding_state.packed(self._islands[island]))
        elif (key := self._chains.key) is not None:
            chain = cheapening_state.packed(self._chains.states[key][island])
            work = Cheapened(*key, chain)
        return to_text(IslandState(work), IslandState)

    def take_in(self, island: int, state: str, evaluations: int) -> bool:
        """Takes in what an island has found; says whether the algorithm improved."""
        work, before = from_text(state, IslandState).work, self.algorithm
        if isinstance(work, Sought):
            self._take_sought(island, work)
            self.improved_at = evaluations  # who seeks is not stale
        elif isinstance(work, Cheapened):
            self._take_cheapened(island, work)
        is_better = self.algorithm is not before
        if is_better:
            self.improved_at = evaluations
            if self.found_after is None:
                self.found_at = self._elapsed()
                self.found_after = evaluations
        self._is_unwritten = is_better
        return is_better

    def saved(self) -> dict[str, Any]:
        """Returns everything that `restore` needs, as plain data."""
        chains = self._chains
        state = RecursiveState(
            self.book.rules,
            None if self.algorithm is None else dict(self.algorithm.rules),
            tuple(self._given_up),
            self._subject,
            tuple(map(finding_state.packed, self._islands)),
            self._spent,
            self._needed,
            tuple(
                KeyedChains(*key, chains.tasks[key].sizes, tuple(map(cheapening_state.packed, own)))
                for key, own in chains.states.items()
            ),
            chains.turns,
            self.found_at,
            self.found_after,
            self.improved_at,
            self._elapsed(),
        )
        data: dict[str, Any] = to_plain(state, RecursiveState)
        return data

    def restore(self, data: dict[str, Any]) -> None:
        """Makes the rules and the islands as they were saved.

        Raises:
            DataError: The data are damaged, or another search's.
        """
        state = from_plain(data, RecursiveState)
        check_book(state)
        book = self.book
        self.book = RuleBook(book.name, book.radices, book.calls, book.size, state.book)
        self.algorithm = algorithm_of(state, book.name)
        if self.algorithm is None and self.book.algorithm() is not None:
            raise DataError("expected the algorithm of the rules that were found")
        check_seeking(state, self.book.subjects(), self._options, self._spec.islands)
        self._subject, self._given_up = state.subject, list(state.given_up)
        self._islands = [finding_state.unpacked(island) for island in state.islands]
        self._spent, self._needed = state.spent, state.needed
        self._restore_chains(state)
        self.found_at, self.found_after = state.found_at, state.found_after
        self.improved_at = state.improved_at
        self._seconds, self._started = state.seconds, -1.0

    def migrate(self) -> None:
        """Nothing: islands are apart, and what is found is shared after every epoch."""

    def write(self, goal: int | None, rng: np.random.Generator) -> bool:
        """Says whether the algorithm is new since the last epoch."""
        return self._is_unwritten

    def is_goal_met(self, goal: int) -> bool:
        """Says whether the algorithm has as few operations at the size that is compared."""
        size = self.book.size
        if self.algorithm is None or not self.algorithm.has_size(size):
            return False
        return self.algorithm.operations(size).operations <= goal

    def settle(self, *, is_interrupted: bool = False) -> None:
        """Nothing is left to write."""

    def refine(self, rng: np.random.Generator, pause: Callable[[], None]) -> None:
        """Nothing: scales of single sizes are sought when the result is made."""

    def record(self, island: int) -> dict[str, object]:
        """Returns what the log says of an island."""
        seeking = None if self._subject is None else _text(self._subject)
        standing = self.standing
        operations = standing.operations if standing and standing.error == 0 else None
        near = self._islands[island].best if self._subject is not None else 0.0
        return {
            "best": operations,
            "seeking": seeking,
            "distance": near if np.isfinite(near) else None,
        }

    def _elapsed(self) -> float:
        """Returns seconds of search so far."""
        return self._seconds if self._started < 0 else time.monotonic() - self._started

    def _next_subject(self) -> None:
        """Turns to the first subject without rules, or to making rules cheaper."""
        self._spent = self._needed = 0
        for subject in self.book.subjects():
            if not self.book.known(subject) and subject not in self._given_up:
                break
        else:
            assert self.algorithm is not None
            self._subject, self._islands = None, []
            self._chains.begin(self.algorithm)
            return
        self._subject = subject
        self._islands = [
            finding.start_island(subject, island_options(self._options, subject, island))
            for island in range(self._spec.islands)
        ]

    def _take_sought(self, island: int, work: Sought) -> None:
        """Takes in what an island has sought."""
        subject = work.subject
        if subject != self._subject:
            return  # an earlier island of this epoch was the last that it needed
        self._islands[island] = finding_state.unpacked(work.island)
        self._spent += work.made
        if work.rule is not None and is_correct(work.rule, subject.family):
            self._needed = self._needed or self._spent
            found = leaner(work.rule, subject.family)
            self.book = self.book.with_rules(subject, [*self.book.known(subject), found])
            self._offer(self.book.algorithm())
        rules = self.book.known(subject)
        longer = min(max(self._needed, LONGER), LONGEST)
        longer *= 1 if any(map(is_lean, rules)) else MUCH_LONGER
        is_enough = rules and self._spent >= self._needed + longer
        if is_enough or len(rules) == MOST_RULES:
            self._next_subject()
        elif not rules and self.algorithm is not None and self._spent >= MOST_EVALUATIONS:
            self._given_up.append(subject)
            self._next_subject()

    def _take_cheapened(self, island: int, work: Cheapened) -> None:
        """Takes in what an island has made cheaper."""
        key = work.family, work.index
        if key not in self._chains.states:
            return
        rule = self._chains.take_in(key, island, cheapening_state.unpacked(work.chain))
        if rule is not None and self._offer(self._with_rule(key, rule)):
            assert self.algorithm is not None
            self._chains.renew(self.algorithm, key)

    def _with_rule(self, key: Key, rule: Rule) -> Algorithm:
        """Returns the algorithm with another rule in the place of one."""
        assert self.algorithm is not None
        name, index = key
        rules = dict(self.algorithm.rules)
        rules[name] = (*rules[name][:index], rule, *rules[name][index + 1 :])
        return Algorithm(self.algorithm.name, rules)

    def _offer(self, algorithm: Algorithm | None) -> bool:
        """Takes an algorithm if it is better than the best so far; says whether it is."""
        if algorithm is None:
            return False
        sizes = self.book.sizes
        best = None if self.algorithm is None else algorithm_cost(self.algorithm, sizes)
        if best is not None and algorithm_cost(algorithm, sizes) >= best:
            return False
        self.algorithm = algorithm
        return True

    def _restore_chains(self, state: RecursiveState) -> None:
        chains = self._chains
        chains.tasks, chains.states, chains.turns = {}, {}, state.turns
        for saved in state.chains:
            key = saved.family, saved.index
            algorithm = check_place(saved, self.algorithm)
            if chains.task(algorithm, key).cost(algorithm.rules[key[0]][key[1]]) is None:
                raise DataError("a rule cannot do the sizes that count")
            chains.tasks[key] = chains.task(algorithm, key, saved.sizes)
            check_chains(saved, chains.tasks[key], self._spec.islands)
            chains.states[key] = [cheapening_state.unpacked(chain) for chain in saved.islands]


def options_for(spec: Spec) -> FindingOptions:
    """Returns how a strategy finds rules."""
    population = 1 if spec.strategy == "hill-climb" else spec.population
    return FindingOptions(
        is_blind=spec.strategy == "random",
        population=population,
        capacity=spec.capacity,
        restart=spec.restart,
    )


def _text(subject: Subject) -> str:
    return f"a rule for '{subject.family}', radix {subject.radix}"
