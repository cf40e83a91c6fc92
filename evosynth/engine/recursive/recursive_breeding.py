"""The `recursive` grammar's search: find a rule that is right, then make it cheap.

A search has subjects: the transform, and every transform that the rules found so far call.
Islands work on the first subject without a rule, all of them in turn; with a rule for
each, the algorithm is complete, and islands make its rules cheaper, one after the other.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TypeAlias

import numpy as np

from dsl.grammars.recursive.algorithm import Algorithm
from dsl.grammars.recursive.families import family
from dsl.grammars.recursive.recursive_target import RecursiveTarget
from dsl.grammars.recursive.rule import Rule
from dsl.grammars.recursive.rule_values import is_correct
from evosynth.engine.breeding import Standing
from evosynth.engine.recursive import cheapening, finding
from evosynth.engine.recursive.cheapening import CheapeningOptions, CheapeningState, CheapeningTask
from evosynth.engine.recursive.finding import FindingIsland, FindingOptions, Subject
from evosynth.engine.recursive.lean import is_lean, leaner
from evosynth.engine.recursive.rule_book import MOST_RULES, RuleBook, algorithm_cost, compared
from evosynth.engine.spec import Purpose, Spec

# After the first rule of a subject, others are sought for as long again as that took, and
# at least so many evaluations, at most so many.
LONGER, LONGEST = 20_000, 50_000
# Where every rule calls so much that its cost would grow faster than n lg n, that is longer.
MUCH_LONGER = 5
# A further radix for which no rule is found in so many evaluations is left out.
MOST_EVALUATIONS = 1_500_000
# One rule made cheaper takes as long as finding evaluates so many genomes.
CHEAPENING_SHARE = 100
# Island 1 and every second one after it seek sums of three terms.
WIDE_ISLANDS = 2

Sought: TypeAlias = tuple[FindingIsland, int, Rule | None]


class RecursiveBreeding:
    """Islands that search for an algorithm for every size.

    Args:
        target: What it must compute.
        spec: What decides the bits of the result.
        threads: In which islands seek rules; the result does not depend on it.
        options: How rules are found.
        cheapening_options: How rules are made cheaper.

    Attributes:
        book: Rules that were found.
        algorithm: The best algorithm so far.
        found_at: Seconds until the first one.
        found_after: Evaluations until the first one.
    """

    interval = 1

    def __init__(
        self,
        target: RecursiveTarget,
        spec: Spec,
        threads: int = 1,
        options: FindingOptions | None = None,
        cheapening_options: CheapeningOptions | None = None,
    ) -> None:
        self.book = RuleBook(target.name, target.radices, target.calls, target.compared_size)
        self.algorithm: Algorithm | None = None
        self.found_at: float | None = None
        self.found_after: int | None = None
        self.improved_at = 0
        self._target = target
        self._spec = spec
        self._threads = min(threads, spec.islands)
        self._sought: dict[int, Sought] = {}
        self._options = options or options_for(spec)
        self._cheapening = cheapening_options or CheapeningOptions()
        self._islands: list[FindingIsland] = []
        self._subject: Subject | None = None
        self._given_up: set[Subject] = set()
        self._spent = self._needed = 0
        self._chains: dict[tuple[str, int], list[CheapeningState]] = {}
        self._tasks: dict[tuple[str, int], CheapeningTask] = {}
        self._turns = 0
        self._evaluations = 0
        self._is_new = self._is_unwritten = self._was_seeking = False
        self._started = 0.0

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
        subject = next(self.book.subjects())
        options = replace(self._options, population=2)
        island = finding.start_island(subject, options)
        finding.advance(island, subject, options, 4, np.random.default_rng(0))

    def begin(self) -> None:
        """Makes the islands."""
        self._started = time.monotonic()
        self._next_subject()

    def run_epoch(self, spec: Spec, epoch: int, island: int) -> int:
        """Lets an island seek a rule, or make one cheaper, for an epoch."""
        self._was_seeking = self._subject is not None
        if self._subject is None:
            return self._make_cheaper(spec, island, spec.generator(Purpose.EPOCH, epoch, island))
        if island not in self._sought:
            self._seek(self._subject, spec, epoch, range(island, spec.islands))
        return self._take_rule(self._subject, island)

    def take_in(self, island: int, evaluations: int) -> bool:
        """Takes in what an island has found; says whether the algorithm improved."""
        self._evaluations = evaluations
        is_better = self._is_new
        self._is_new = False
        if is_better or self._was_seeking:
            self.improved_at = evaluations
        if is_better and self.found_at is None:
            self.found_at = time.monotonic() - self._started
            self.found_after = evaluations
        self._is_unwritten = is_better
        return is_better

    def migrate(self) -> None:
        """Nothing: islands are apart, and what is found is shared at once."""

    def write(self, goal: int | None, rng: np.random.Generator) -> bool:
        """Says whether the algorithm is new since the last epoch."""
        return self._is_unwritten

    def is_goal_met(self, goal: int) -> bool:
        """Says whether the algorithm has as few operations at the size that is compared."""
        size = self.book.size
        if self.algorithm is None or not self.algorithm.has_size(size):
            return False
        return self.algorithm.operations(size).operations <= goal

    def settle(self) -> None:
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

    def _options_of(self, island: int) -> FindingOptions:
        assert self._subject is not None
        if not family(self._subject.family).is_linear:
            return self._options
        is_wide = island % WIDE_ISLANDS == WIDE_ISLANDS - 1 or self._subject.radix > 2
        return self._options.widened() if is_wide else self._options

    def _next_subject(self) -> None:
        """Turns to the first subject without rules, or to making rules cheaper."""
        for subject in self.book.subjects():
            if not self.book.known(subject) and subject not in self._given_up:
                break
        else:
            self._subject = None
            self._start_chains()
            return
        self._subject = subject
        self._sought = {}
        self._spent = self._needed = 0
        self._islands = [
            finding.start_island(subject, self._options_of(island))
            for island in range(self._spec.islands)
        ]

    def _seek(self, subject: Subject, spec: Spec, epoch: int, islands: Iterable[int]) -> None:
        """Lets several islands breed for an epoch at the same time."""

        def seek(island: int) -> Sought:
            options = self._options_of(island)
            share = finding.SLOWER if options.terms == 3 else 1
            rng = spec.generator(Purpose.EPOCH, epoch, island)
            evaluations = max(1, spec.epoch // share)
            return finding.advance(self._islands[island], subject, options, evaluations, rng)

        numbers = list(islands)
        with ThreadPoolExecutor(self._threads) as pool:
            self._sought = dict(zip(numbers, pool.map(seek, numbers), strict=True))

    def _take_rule(self, subject: Subject, island: int) -> int:
        """Takes in what an island has sought; returns the evaluations made."""
        self._islands[island], made, rule = self._sought.pop(island)
        self._spent += made
        if rule is not None and is_correct(rule, subject.family):
            self._needed = self._needed or self._spent
            found = leaner(rule, subject.family)
            self.book = self.book.with_rules(subject, [*self.book.known(subject), found])
            self._update()
        rules = self.book.known(subject)
        longer = min(max(self._needed, LONGER), LONGEST)
        longer *= 1 if any(map(is_lean, rules)) else MUCH_LONGER
        is_enough = rules and self._spent >= self._needed + longer
        if is_enough or len(rules) == MOST_RULES:
            self._next_subject()
        elif not rules and self.algorithm is not None and self._spent >= MOST_EVALUATIONS:
            self._given_up.add(subject)
            self._next_subject()
        return made

    def _update(self) -> None:
        """Makes the algorithm of the rules that there are."""
        algorithm = self.book.algorithm()
        if algorithm is None:
            return
        if self._is_better(algorithm):
            self.algorithm = algorithm
            self._is_new = True

    def _is_better(self, algorithm: Algorithm) -> bool:
        """Tells whether an algorithm is better than the best so far."""
        if self.algorithm is None:
            return True
        sizes = self.book.sizes
        return algorithm_cost(algorithm, sizes) < algorithm_cost(self.algorithm, sizes)

    def _start_chains(self) -> None:
        """Begins to make the algorithm's rules cheaper."""
        assert self.algorithm is not None
        self._chains, self._tasks = {}, {}
        for name, rules in self.algorithm.rules.items():
            for index, rule in enumerate(rules):
                task = self._task(name, index)
                if task.cost(rule) is None:
                    continue
                state = cheapening.begin(task, rule)
                self._tasks[name, index] = task
                self._chains[name, index] = [state] * self._spec.islands

    def _task(self, name: str, index: int) -> CheapeningTask:
        """Returns what has to be known to make one rule of the algorithm cheaper."""
        assert self.algorithm is not None
        others = dict(self.algorithm.rules)
        own = others[name]
        others[name] = own[:index] + own[index + 1 :]
        sizes = cheapening.sizes_that_count(own[index])
        return CheapeningTask(name, sizes, others, self._cheapening)

    def _make_cheaper(self, spec: Spec, island: int, rng: np.random.Generator) -> int:
        keys = list(self._chains)
        if not keys:
            return spec.epoch
        key = keys[self._turns // spec.islands % len(keys)]
        self._turns += 1
        before = self._chains[key][island]
        made = max(1, spec.epoch // CHEAPENING_SHARE)
        after = cheapening.advance(self._tasks[key], before, made, rng)
        self._chains[key][island] = after
        if after.best.cost < before.best.cost:
            self._replace_rule(key, after.best.rule)
        return made

    def _replace_rule(self, key: tuple[str, int], rule: Rule) -> None:
        """Takes a cheaper rule into the algorithm, if that makes it cheaper."""
        assert self.algorithm is not None
        name, index = key
        rules = dict(self.algorithm.rules)
        rules[name] = (*rules[name][:index], rule, *rules[name][index + 1 :])
        algorithm = Algorithm(self.algorithm.name, rules)
        if not self._is_better(algorithm):
            return
        self.algorithm = algorithm
        self._is_new = True
        for other in self._chains:
            if other != key:  # costs of other rules depend on this one
                self._tasks[other] = self._task(*other)
                start = cheapening.begin(self._tasks[other], rules[other[0]][other[1]])
                self._chains[other] = [start] * self._spec.islands


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
