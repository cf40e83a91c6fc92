"""The search for algorithms: the same bits however many threads, rules for all that is called."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
import pytest
from recursive_rules import DCT2, DCT4, IDFT, RADIX2, RADIX3, SPLIT_RADIX, WHT

import evosynth as es
from dsl.algorithm_formats import json_format
from dsl.errors import UsageError
from dsl.grammars.recursive.algorithm import Algorithm
from dsl.grammars.recursive.recursive_target import RecursiveTarget
from dsl.grammars.recursive.rule import Rule, Step
from dsl.targets import make_target
from evosynth.engine.driver import Limits, Search, Snapshot
from evosynth.engine.recursive.finding import Subject
from evosynth.engine.recursive.recursive_breeding import RecursiveBreeding
from evosynth.engine.recursive.rule_book import MOST_RULES, RuleBook, algorithm_cost
from evosynth.engine.spec import Spec
from evosynth.executors.base import ExecutorOptions
from evosynth.executors.serial import SerialExecutor

SPEC = Spec(
    strategy="evolve",
    seed=2,
    islands=2,
    population=300,
    capacity=20,
    turn=2_000,
    restart=4_000,
    migration=2,
)
LIMITS = Limits(evaluations=60_000, exact_patience=100)


def searched(
    name: str, threads: int = 1, limits: Limits = LIMITS
) -> tuple[RecursiveBreeding, Search, str]:
    breeding = RecursiveBreeding(RecursiveTarget(name), SPEC)
    executor = SerialExecutor(ExecutorOptions(threads, SPEC.islands, is_parallel_inside=False))
    search = Search(breeding, SPEC, limits, executor)
    reason = search.run()
    executor.close()
    return breeding, search, reason


@functools.cache
def found(name: str, threads: int) -> tuple[RecursiveBreeding, Search, str]:
    return searched(name, threads)


# Searches


@pytest.mark.parametrize(("name", "operations"), [("wht", 160), ("dft", 496)])
def test_a_search_finds_an_algorithm(name: str, operations: int) -> None:
    breeding, search, _ = found(name, 1)
    algorithm = breeding.best
    assert algorithm is not None
    assert breeding.found_after is not None
    assert 0 < breeding.found_after <= search.evaluations <= 60_000
    assert algorithm.operations(32).operations <= operations
    x = np.random.default_rng(0).normal(size=(2, 128))
    wanted = np.fft.fft(x) if name == "dft" else x @ make_target("wht", 128).matrix.T
    np.testing.assert_allclose(algorithm(x), wanted, atol=1e-10)
    assert breeding.standing is not None
    assert breeding.standing.error == 0
    assert breeding.standing.operations == algorithm.operations(32).operations
    assert breeding.is_goal_met(algorithm.operations(32).operations)
    assert not breeding.is_goal_met(algorithm.operations(32).operations - 1)


@pytest.mark.parametrize("name", ["wht", "dft"])
def test_threads_and_repetitions_change_no_bit(name: str) -> None:
    one, two = found(name, 1), found(name, 2)
    again = searched(name, 2)
    for other in (two, again):
        assert list(other[1].logbook) == list(one[1].logbook)
        assert (other[1].evaluations, other[2]) == (one[1].evaluations, one[2])
        assert other[0].best is not None
        assert one[0].best is not None
        assert json_format.write(other[0].best) == json_format.write(one[0].best)
        assert other[0].found_after == one[0].found_after


def test_other_seeds_go_other_ways() -> None:
    logs = []
    for seed in (1, 2):
        spec = Spec("evolve", seed, 1, 50, 20, 500, 4_000, 2)
        search = Search(
            RecursiveBreeding(RecursiveTarget("dht"), spec), spec, Limits(evaluations=3_000)
        )
        search.run()
        logs.append([line["distance"] for line in search.logbook])
    assert logs[0] != logs[1]


@pytest.mark.parametrize("evaluations", [1, 700, 4_100])
def test_a_budget_ends_it_to_the_evaluation(evaluations: int) -> None:
    breeding, search, reason = searched("dct2", limits=Limits(evaluations=evaluations))
    assert reason == "evaluations"
    assert breeding.best is None
    assert search.evaluations == evaluations
    assert breeding.standing is None or breeding.standing.error > 0


def test_an_interrupt_leaves_the_search_as_it_was() -> None:
    breeding = RecursiveBreeding(RecursiveTarget("dht"), SPEC)
    search = Search(breeding, SPEC, Limits(evaluations=100_000))

    def interrupt(snapshot: Snapshot) -> None:
        if search.evaluations > 5_000:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        search.run(interrupt)
    assert breeding.best is None
    assert breeding.standing is not None


def test_nothing_found_says_what_to_do() -> None:
    with pytest.raises(
        es.EvosynthError, match="no algorithm for n-point DFT, every size"
    ) as caught:
        es.run("dft", recursive=True, seed=1, islands=1, evaluations=100)
    assert "time" in str(getattr(caught.value, "hint", ""))


@pytest.mark.parametrize("strategy", ["evolve", "random", "hill-climb"])
def test_every_strategy_runs(strategy: str) -> None:
    spec = Spec(strategy, 1, 2, 40, 12, 400, 4_000, 2)
    search = Search(
        RecursiveBreeding(RecursiveTarget("dft"), spec), spec, Limits(evaluations=2_000)
    )
    assert search.run() == "evaluations"
    assert search.evaluations == 2_000


@pytest.mark.parametrize("name", ["polymul", "idft", "dct4", "dst2", "dht"])
@pytest.mark.parametrize("radices", [(2,), (3,), (2, 3)])
def test_every_family_and_radix_can_begin(name: str, radices: tuple[int, ...]) -> None:
    spec = Spec("evolve", 1, 2, 20, 12, 100, 4_000, 2)
    if name == "polymul" and 3 in radices:
        with pytest.raises(UsageError, match="'polymul' has no size 3"):
            RecursiveTarget(name, radices)
        return
    target = RecursiveTarget(name, radices)
    search = Search(RecursiveBreeding(target, spec), spec, Limits(evaluations=300))
    assert search.run() == "evaluations"


def test_a_family_without_sizes_of_a_radix_is_refused() -> None:
    with pytest.raises(UsageError, match="'wht' has no size 3"):
        RecursiveTarget("wht", (2, 3))


# Rules and subjects


def book(name: str, *radices: int, calls: tuple[str, ...] | None = None) -> RuleBook:
    return RuleBook(name, radices or (2,), calls, 32)


def names(made: RuleBook) -> list[str]:
    return [subject.family for subject in made.subjects()]


def test_subjects_are_what_rules_call() -> None:
    empty = book("dct2")
    (dct2,) = empty.subjects()
    assert dct2 == Subject("dct2", 2, ("dct4",), ())
    one = empty.with_rules(dct2, [DCT2])
    assert names(one) == ["dct2", "dct4"]
    assert one.algorithm() is None
    # The rule for `dct2` calls `dct4` on halves only, which may thus call back at full length.
    _, dct4 = one.subjects()
    assert dct4 == Subject("dct4", 2, ("dct2",), ("dct2",))
    both = one.with_rules(dct4, [DCT4])
    algorithm = both.algorithm()
    assert algorithm is not None
    assert set(algorithm.rules) == {"dct2", "dct4"}
    x = np.random.default_rng(0).normal(size=16)
    np.testing.assert_allclose(algorithm(x), make_target("dct2", 16).matrix @ x)


def test_calls_of_equal_length_never_lead_back() -> None:
    longer = Rule((Step("call", (0,), (), "dct4"),), 1)
    made = book("dct2", calls=("dct4", "dct2")).with_rules(Subject("dct2", 2), [longer])
    _, dct4 = made.subjects()
    assert dct4.calls == ("dct2",)
    assert dct4.equal_length == ()
    looped = made.with_rules(dct4, [DCT4])
    assert looped.algorithm() is None


def test_calls_that_are_named_replace_those_that_are_known() -> None:
    (subject,) = book("dht", calls=("dft", "wht")).subjects()
    assert subject == Subject("dht", 2, ("dft", "wht"), ("dft", "wht"))
    (subject,) = book("dct2", calls=()).subjects()
    assert subject.calls == ()


def test_radices_are_subjects_of_their_own() -> None:
    made = book("dft", 2, 3)
    two, three = made.subjects()
    assert (two.radix, three.radix) == (2, 3)
    only = made.with_rules(three, [RADIX3])
    assert only.known(two) == ()
    algorithm = only.algorithm()
    assert algorithm is not None
    assert algorithm.sizes[:3] == (1, 3, 9)
    mixed = only.with_rules(two, [RADIX2]).algorithm()
    assert mixed is not None
    assert mixed.has_size(12)


def test_the_cheapest_of_several_rules_is_chosen() -> None:
    (dft,) = book("dft").subjects()
    for rules in ([RADIX2, SPLIT_RADIX], [SPLIT_RADIX, RADIX2]):
        algorithm = book("dft").with_rules(dft, rules).algorithm()
        assert algorithm is not None
        assert algorithm.rules == {"dft": (SPLIT_RADIX,)}


def test_rules_are_kept_once_and_not_too_many() -> None:
    (dft,) = book("dft").subjects()
    assert book("dft").with_rules(dft, [RADIX2, RADIX2]).known(dft) == (RADIX2,)
    turned = [
        Rule((*RADIX2.steps, *[Step("negate", (8 + k,)) for k in range(2 * count)]), 8 + 2 * count)
        for count in range(MOST_RULES + 2)
    ]
    assert len(book("dft").with_rules(dft, turned).known(dft)) == MOST_RULES


def test_rules_of_transforms_that_are_not_called_are_left_out() -> None:
    made = book("idft")
    (idft,) = made.subjects()
    with_both = made.with_rules(idft, [IDFT]).with_rules(Subject("dft", 2), [SPLIT_RADIX])
    with_more = with_both.with_rules(Subject("wht", 2), [WHT])
    algorithm = with_more.algorithm()
    assert algorithm is not None
    assert set(algorithm.rules) == {"idft", "dft"}


@pytest.mark.parametrize(
    ("better", "worse"),
    [
        ({"dft": (SPLIT_RADIX,)}, {"dft": (RADIX2,)}),
        ({"dft": (RADIX2, RADIX3)}, {"dft": (SPLIT_RADIX,)}),  # more sizes
        (
            {"dft": (RADIX2,)},
            {"dft": (Rule((*RADIX2.steps, Step("negate", (8,)), Step("negate", (9,))), 10),)},
        ),
    ],
)
def test_what_algorithms_are_compared_by(better: Any, worse: Any) -> None:
    one, two = (algorithm_cost(Algorithm("dft", rules), (32, 64)) for rules in (better, worse))
    assert one < two
