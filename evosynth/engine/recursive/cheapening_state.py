"""Rules that are made cheaper as plain data: each rule once."""

from __future__ import annotations

from dataclasses import dataclass

from dsl.errors import DataError
from dsl.grammars.recursive.rule import Rule
from evosynth.engine.recursive.cheapening import Candidate, CheapeningState, CheapeningTask
from evosynth.engine.recursive.rule_check import check_rule


@dataclass(frozen=True, slots=True)
class CandidateState:
    """A rule and what it costs.

    Attributes:
        rule: The rule.
        cost: Operations at the sizes that count.
    """

    rule: Rule
    cost: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class ChainState:
    """Where a search for a cheaper rule stands; candidates by number.

    Attributes:
        candidates: Each once.
        start: The one that it began with.
        population: Of correct rules.
        best: The cheapest so far.
        cheapest: The least cost since the search last began anew.
        evaluations: Children made so far.
        improved_at: Evaluations when the best last improved.
        stalled: Children since the least cost became less.
    """

    candidates: tuple[CandidateState, ...]
    start: int
    population: tuple[int, ...]
    best: int
    cheapest: tuple[int, ...]
    evaluations: int
    improved_at: int
    stalled: int


def packed(state: CheapeningState) -> ChainState:
    """Returns a search as plain data have it."""
    members = (state.start, state.best, *state.population)
    places: dict[int, int] = {}
    for member in members:
        places.setdefault(id(member), len(places))
    each_once = {id(member): member for member in members}.values()
    return ChainState(
        tuple(CandidateState(member.rule, member.cost) for member in each_once),
        places[id(state.start)],
        tuple(places[id(member)] for member in state.population),
        places[id(state.best)],
        state.cheapest,
        state.evaluations,
        state.improved_at,
        state.stalled,
    )


def unpacked(state: ChainState) -> CheapeningState:
    """Returns a search as it goes on."""
    members = [Candidate(each.rule, each.cost) for each in state.candidates]
    return CheapeningState(
        members[state.start],
        tuple(members[place] for place in state.population),
        members[state.best],
        state.cheapest,
        state.evaluations,
        state.improved_at,
        state.stalled,
    )


def check_chain(state: ChainState, task: CheapeningTask) -> None:
    """Checks that a search can go on: its rules are right, the best is as cheap as it says.

    Raises:
        DataError: It cannot.
    """
    count, most = len(state.candidates), task.options.population
    if len(state.population) != most or not 0 < count <= most + 2:
        raise DataError(f"expected {most} rules")
    if not all(0 <= k < count for k in (state.start, state.best, *state.population)):
        raise DataError(f"expected numbers of {count} rules")
    costs = [state.cheapest, *(each.cost for each in state.candidates)]
    if not all(len(cost) == len(task.sizes) and min(cost) >= 0 for cost in costs):
        raise DataError(f"expected operations at {len(task.sizes)} sizes")
    if min(state.evaluations, state.improved_at, state.stalled) < 0:
        raise DataError("expected evaluations from 0 on")
    for each in state.candidates:
        check_rule(each.rule, task.family)
    for place in (state.start, state.best):
        if task.cost(state.candidates[place].rule) != state.candidates[place].cost:
            raise DataError("a rule costs other than it is said to")
