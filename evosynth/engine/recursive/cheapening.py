"""A correct size-generic rule made cheaper: evolution by rewrites that keep its meaning."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from dsl.errors import UsageError
from dsl.grammars.recursive.algorithm import Algorithm
from dsl.grammars.recursive.rule import Rule
from dsl.grammars.recursive.rule_values import has_poles, is_correct
from dsl.rewrites import REWRITES, Rewrite, Setting
from dsl.rewrites.merge import normal_form

# Operations at the size that counts, then at those that break ties.
Cost = tuple[int, ...]
# The size that counts is the largest of its kind up to this one.
LARGEST_SIZE = 32


@dataclass(frozen=True, slots=True)
class CheapeningOptions:
    """How the search goes; the defaults are what works.

    Attributes:
        population: Rules kept.
        tournament: Of so many, the cheapest is the parent.
        replaced: Of so many, the dearest gives way to a child that is not dearer.
        more: A child has one mutation, and more with this chance each.
        blind: Share of mutations that may change the meaning.
        equal_sums: Share of equal sums among those that keep it.
        without: Rewrites that are left out.
        patience: Children without a cheaper one after which the search begins anew: rules
            that are dear at other sizes than the one that counts do not lead further.
        most_steps: Of a rule.
        largest_divisor: Of the sizes that a rule can do.
    """

    population: int = 50
    tournament: int = 2
    replaced: int = 3
    more: float = 0.7
    blind: float = 0.2
    equal_sums: float = 0.15
    without: frozenset[str] = frozenset()
    patience: int = 1000
    most_steps: int = 64
    largest_divisor: int = 8


@dataclass(frozen=True, slots=True)
class Candidate:
    """A correct rule and what it costs."""

    rule: Rule
    cost: Cost


@dataclass(frozen=True, slots=True)
class CheapeningState:
    """Where a search stands.

    Attributes:
        start: The rule that it began with.
        population: Correct rules.
        best: The cheapest so far.
        evaluations: Children made so far.
        improved_at: Evaluations when the best last improved.
        cheapest: The least cost since the search last began anew.
        stalled: Children since that last improved.
    """

    start: Candidate
    population: tuple[Candidate, ...]
    best: Candidate
    cheapest: Cost
    evaluations: int = 0
    improved_at: int = 0
    stalled: int = 0


@dataclass(frozen=True, slots=True)
class CheapeningTask:
    """What is made cheaper.

    Attributes:
        family: The transform that the rule computes.
        sizes: The size that counts, then those that break ties.
        others: Rules of the transforms that are called, and further ones of the family.
        options: How the search goes.
    """

    family: str
    sizes: tuple[int, ...]
    others: Mapping[str, tuple[Rule, ...]] = field(default_factory=dict)
    options: CheapeningOptions = CheapeningOptions()

    @property
    def setting(self) -> Setting:
        """What rewrites need to know."""
        rules = {name: rules[0] for name, rules in self.others.items() if rules}
        return Setting(self.family, {k: v for k, v in rules.items() if k != self.family})

    def cost(self, rule: Rule) -> Cost | None:
        """Returns the operations at the sizes; None for a rule that does not end or do one."""
        own = (rule, *self.others.get(self.family, ()))
        try:
            algorithm = Algorithm(self.family, {**self.others, self.family: own})
            return tuple(algorithm.operations(n).operations for n in self.sizes)
        except (UsageError, ValueError):
            return None


def sizes_that_count(rule: Rule) -> tuple[int, ...]:
    """Returns the size at which a rule's operations count, then two that break ties."""
    prime = next((p for p in (2, 3, 5, 7) if rule.divisor % p == 0), 2)
    size = rule.divisor
    while size * prime <= LARGEST_SIZE:
        size *= prime
    return (size, size * prime, *([size // prime] if size // prime >= rule.divisor else []))


def begin(task: CheapeningTask, rule: Rule) -> CheapeningState:
    """Returns copies of one rule.

    Raises:
        ValueError: It is not correct, or cannot do the sizes.
    """
    cost = task.cost(rule)
    if cost is None or not is_correct(rule, task.family):
        raise ValueError(f"expected a correct rule for '{task.family}' of sizes {task.sizes}")
    start = Candidate(rule, cost)
    return CheapeningState(start, (start,) * task.options.population, start, cost)


def advance(
    task: CheapeningTask, state: CheapeningState, evaluations: int, rng: np.random.Generator
) -> CheapeningState:
    """Lets the population breed for so many children."""
    known: dict[Rule, Cost | None] = {}
    for _ in range(evaluations):
        if state.stalled >= task.options.patience:
            population = (state.start,) * task.options.population
            state = replace(state, population=population, cheapest=state.start.cost, stalled=0)
        child = _child(task, state.population, known, rng)
        state = replace(state, evaluations=state.evaluations + 1, stalled=state.stalled + 1)
        if child is not None:
            state = _taken_in(task, state, child, rng)
    return state


def _taken_in(
    task: CheapeningTask, state: CheapeningState, child: Candidate, rng: np.random.Generator
) -> CheapeningState:
    """Returns the state with a child in the place of a rule that is not cheaper."""
    population = list(state.population)
    places = rng.integers(len(population), size=task.options.replaced).tolist()
    dearest = max(places, key=lambda place: population[place].cost)
    if child.cost <= population[dearest].cost:
        population[dearest] = child
    state = replace(state, population=tuple(population))
    if child.cost < state.cheapest:
        state = replace(state, cheapest=child.cost, stalled=0)
    if child.cost < state.best.cost:
        state = replace(state, best=child, improved_at=state.evaluations)
    return state


def _child(
    task: CheapeningTask,
    population: tuple[Candidate, ...],
    known: dict[Rule, Cost | None],
    rng: np.random.Generator,
) -> Candidate | None:
    """Returns a changed copy of a cheap rule; None if it is not correct."""
    options = task.options
    places = rng.integers(len(population), size=options.tournament).tolist()
    parent = min((population[place] for place in places), key=lambda found: found.cost)
    rule, keeps = normal_form(parent.rule), True
    for _ in range(int(rng.geometric(1 - options.more))):
        rewrite = _chosen(options, rng)
        changed = rewrite.apply(rule, task.setting, rng)
        if changed is None or not _is_usable(changed, options):
            continue
        rule, keeps = changed, keeps and rewrite.keeps_meaning
    if rule not in known:
        known[rule] = task.cost(rule) if is_correct(rule, task.family) else None
    cost = known[rule]
    return None if cost is None else Candidate(rule, cost)


def _is_usable(rule: Rule, options: CheapeningOptions) -> bool:
    is_small = len(rule.steps) <= options.most_steps and rule.divisor <= options.largest_divisor
    return is_small and not has_poles(rule)


def _chosen(options: CheapeningOptions, rng: np.random.Generator) -> Rewrite:
    """Returns a rewrite, blind or keeping the meaning, as often as the options say."""
    usable = [rewrite for rewrite in REWRITES if rewrite.name not in options.without]
    is_blind = rng.random() < options.blind
    usable = [r for r in usable if r.keeps_meaning is not is_blind] or usable
    is_sum = not is_blind and rng.random() < options.equal_sums
    usable = [r for r in usable if (r.name == "equal_sum") is is_sum] or usable
    return usable[int(rng.integers(len(usable)))]
