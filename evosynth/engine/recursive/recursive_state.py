"""A search for algorithms as plain data, and whether such data make sense."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from dsl.errors import DataError, EvosynthError
from dsl.grammars.recursive.algorithm import Algorithm
from dsl.grammars.recursive.rule import Rule
from evosynth.engine.recursive.cheapening import CheapeningTask
from evosynth.engine.recursive.cheapening_state import ChainState, check_chain
from evosynth.engine.recursive.finding import FindingOptions, Subject
from evosynth.engine.recursive.finding_state import FindingState, check_finding
from evosynth.engine.recursive.recursive_epoch import island_options
from evosynth.engine.recursive.rule_book import MOST_RULES
from evosynth.engine.recursive.rule_check import LARGEST_DIVISOR, check_rule

# Transforms that rules may call beside the one that is sought, with some to spare.
MOST_FAMILIES = 16
# Sizes that count are at most so many times the smallest that a rule can do.
LARGEST_SIZE = 7 * LARGEST_DIVISOR


@dataclass(frozen=True, slots=True)
class KeyedChains:
    """Searches for a cheaper rule.

    Attributes:
        family: What the rule computes.
        index: Which of the family's rules it is.
        sizes: Those that count.
        islands: Where each island stands.
    """

    family: str
    index: int
    sizes: tuple[int, ...]
    islands: tuple[ChainState, ...]


@dataclass(frozen=True, slots=True)
class RecursiveState:
    """All that a search knows.

    Attributes:
        book: Rules that were found, by family and radix.
        algorithm: Rules of the best algorithm.
        given_up: Subjects without a rule.
        subject: For which a rule is sought.
        islands: Which seek it.
        spent: Evaluations for the present subject, until its islands found ...
        needed: ... the first rule.
        chains: Rules that are made cheaper.
        turns: Epochs that single islands spent on that.
        found_at: Seconds of search until the first algorithm.
        found_after: Evaluations until then.
        improved_at: Evaluations when the algorithm last improved.
        seconds: Of search so far.
    """

    book: dict[tuple[str, int], tuple[Rule, ...]]
    algorithm: dict[str, tuple[Rule, ...]] | None
    given_up: tuple[Subject, ...]
    subject: Subject | None
    islands: tuple[FindingState, ...]
    spent: int
    needed: int
    chains: tuple[KeyedChains, ...]
    turns: int
    found_at: float | None
    found_after: int | None
    improved_at: int
    seconds: float


def check_book(state: RecursiveState) -> None:
    """Checks numbers, and that all rules are right.

    Raises:
        DataError: Something does not fit.
    """
    numbers = (state.spent, state.needed, state.turns, state.found_after or 0, state.improved_at)
    seconds = (state.found_at or 0.0, state.seconds)
    if min(numbers) < 0 or not all(math.isfinite(s) and s >= 0 for s in seconds):
        raise DataError("expected evaluations and seconds from 0 on")
    if max(len(state.book), len(state.given_up), len(state.algorithm or ())) > MOST_FAMILIES:
        raise DataError(f"expected rules of at most {MOST_FAMILIES} transforms")
    for (name, _), rules in state.book.items():
        _check_rules(name, rules)
    for name, rules in (state.algorithm or {}).items():
        _check_rules(name, rules)


def algorithm_of(state: RecursiveState, name: str) -> Algorithm | None:
    """Returns the algorithm for a transform.

    Raises:
        DataError: The rules make none.
    """
    if state.algorithm is None:
        return None
    try:
        algorithm = Algorithm(name, state.algorithm)
    except (EvosynthError, ValueError) as error:
        raise DataError(f"algorithm: {error}"[:200]) from error
    if not algorithm.sizes:
        raise DataError("the algorithm can do no size")
    return algorithm


def check_seeking(
    state: RecursiveState, subjects: Iterable[Subject], options: FindingOptions, islands: int
) -> None:
    """Checks the islands that seek a rule.

    Args:
        state: A search.
        subjects: Those that it may have.
        options: How rules are found.
        islands: How many there are.

    Raises:
        DataError: Something does not fit.
    """
    subject = state.subject
    if state.algorithm is None and (subject is None or state.given_up):
        raise DataError("expected a subject, or an algorithm")
    if (subject is None and state.islands) or (subject is not None and state.chains):
        raise DataError("expected either islands that seek rules, or rules to make cheaper")
    if subject is None:
        return
    if subject not in tuple(subjects):
        raise DataError("expected a subject of the search")
    if len(state.islands) != islands:
        raise DataError(f"expected {islands} islands, got {len(state.islands)}")
    for number, island in enumerate(state.islands):
        check_finding(island, subject, island_options(options, subject, number))


def check_chains(saved: KeyedChains, task: CheapeningTask, islands: int) -> None:
    """Checks the searches for a cheaper rule.

    Args:
        saved: They.
        task: What is made cheaper.
        islands: How many there are.

    Raises:
        DataError: Something does not fit.
    """
    if len(saved.islands) != islands:
        raise DataError(f"expected {islands} islands, got {len(saved.islands)}")
    for chain in saved.islands:
        check_chain(chain, task)


def check_place(saved: KeyedChains, algorithm: Algorithm | None) -> Algorithm:
    """Checks that a rule is one of an algorithm's, and its sizes; returns the algorithm.

    Raises:
        DataError: It is not.
    """
    rules = algorithm.rules.get(saved.family, ()) if algorithm else ()
    if algorithm is None or not 0 <= saved.index < len(rules):
        raise DataError("expected rules of the algorithm")
    if not saved.sizes or not all(0 < n <= LARGEST_SIZE for n in saved.sizes):
        raise DataError(f"expected sizes up to {LARGEST_SIZE}")
    return algorithm


def _check_rules(name: str, rules: tuple[Rule, ...]) -> None:
    if len(rules) > MOST_RULES:
        raise DataError(f"expected at most {MOST_RULES} rules of a transform")
    for rule in rules:
        check_rule(rule, name)
