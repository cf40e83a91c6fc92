"""Rules are made cheaper: split radix from radix 2, in a fixed number of children."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from dsl.grammars.recursive.algorithm import Algorithm
from dsl.grammars.recursive.rule import Rule, Step
from dsl.grammars.recursive.rule_values import is_correct
from dsl.rewrites import REWRITES
from evosynth.engine.recursive.cheapening import (
    CheapeningOptions,
    CheapeningState,
    CheapeningTask,
    advance,
    begin,
    sizes_that_count,
)
from tests.test_rewrites import COSINE, COSINE_FOUR, FREQUENCY, RADIX2, SPLIT_RADIX, THIRDS, WALSH

SIZES = (32, 64, 16)
SPLIT_RADIX_COST = (456, 1160, 168)
CHILDREN = 120
TASK = CheapeningTask("dft", SIZES)


def bred(task: CheapeningTask, start: Rule, seed: int, children: int) -> CheapeningState:
    return advance(task, begin(task, start), children, np.random.default_rng(seed))


# The cost


@pytest.mark.parametrize("rule", [RADIX2, FREQUENCY, SPLIT_RADIX], ids=["2", "f", "split"])
def test_cost_is_that_of_the_programs(rule: Rule) -> None:
    cost = TASK.cost(rule)
    programs = tuple(Algorithm("dft", {"dft": (rule,)}).program(n) for n in SIZES)
    assert cost == tuple(program.count.operations for program in programs)


@pytest.mark.parametrize("rule", [RADIX2, SPLIT_RADIX], ids=["2", "split"])
def test_cost_of_rewritten_rules_is_that_of_their_programs(rule: Rule) -> None:
    """Programs may share a little more: what calls compute of the same values."""
    state = bred(TASK, rule, 3, 60)
    for candidate in set(state.population):
        program = Algorithm("dft", {"dft": (candidate.rule,)}).program(16)
        assert program.count.operations <= candidate.cost[2] <= 1.02 * program.count.operations


def test_costs_of_known_algorithms() -> None:
    assert TASK.cost(RADIX2) == (496, 1296, 176)
    assert TASK.cost(SPLIT_RADIX) == SPLIT_RADIX_COST


def test_cost_of_what_does_not_end() -> None:
    idle = Rule((Step("call", (0,), family="dft"),), 1)
    assert is_correct(idle, "dft")
    assert TASK.cost(idle) is None


def test_cost_with_rules_of_other_transforms() -> None:
    assert is_correct(COSINE_FOUR, "dct4")
    task = CheapeningTask("dct2", (16,), {"dct4": (COSINE_FOUR,)})
    cost = task.cost(COSINE)
    assert cost is not None
    algorithm = Algorithm("dct2", {"dct2": (COSINE,), "dct4": (COSINE_FOUR,)})
    assert cost == (algorithm.operations(16).operations,)
    assert task.setting.others == {"dct4": COSINE_FOUR}
    assert CheapeningTask("dct2", (16,)).cost(COSINE) is None


@pytest.mark.parametrize(
    ("rule", "sizes"), [(RADIX2, (32, 64, 16)), (SPLIT_RADIX, (32, 64, 16)), (THIRDS, (27, 81, 9))]
)
def test_sizes_that_count(rule: Rule, sizes: tuple[int, ...]) -> None:
    assert sizes_that_count(rule) == sizes


# The search


@pytest.mark.parametrize("seed", [4, 22])
def test_split_radix_from_radix_two(seed: int) -> None:
    state = bred(TASK, RADIX2, seed, CHILDREN)
    assert state.best.cost == SPLIT_RADIX_COST
    assert 0 < state.improved_at <= state.evaluations == CHILDREN
    assert is_correct(state.best.rule, "dft")
    algorithm = Algorithm("dft", {"dft": (state.best.rule,)})
    for n in (16, 128, 512):
        data = np.random.default_rng(n).standard_normal(n)
        assert np.allclose(algorithm.execute(data), np.fft.fft(data), atol=1e-10)


def test_decimation_in_frequency_gets_cheaper_too() -> None:
    assert bred(TASK, FREQUENCY, 6, 140).best.cost == SPLIT_RADIX_COST


@pytest.mark.parametrize(("rule", "family", "sizes"), [(WALSH, "wht", SIZES)])
def test_what_is_best_stays(rule: Rule, family: str, sizes: tuple[int, ...]) -> None:
    task = CheapeningTask(family, sizes)
    state = bred(task, rule, 0, 60)
    assert state.best.cost == task.cost(rule) == (160, 384, 64)


def test_all_that_is_kept_is_correct() -> None:
    state = bred(TASK, RADIX2, 2, 100)
    assert len(state.population) == CheapeningOptions().population
    assert len({candidate.rule for candidate in state.population}) > 5
    for candidate in set(state.population):
        assert is_correct(candidate.rule, "dft")
        assert TASK.cost(candidate.rule) == candidate.cost


def test_one_seed_gives_one_search() -> None:
    one, two, other = (bred(TASK, RADIX2, seed, 60) for seed in (4, 4, 5))
    assert one == two != other


def test_a_search_that_stalls_begins_anew() -> None:
    """Rules of Walsh functions do not get cheaper."""
    task = CheapeningTask("wht", SIZES, options=CheapeningOptions(patience=40))
    start = begin(task, WALSH)
    rng = np.random.default_rng(0)
    state = advance(task, start, 40, rng)
    assert state.stalled == 40
    assert state.population != start.population
    state = advance(task, state, 1, rng)
    assert (state.stalled, state.evaluations) == (1, 41)
    assert sum(a is not b for a, b in zip(state.population, start.population, strict=True)) <= 1


def test_what_was_best_outlives_a_new_beginning() -> None:
    task = replace(TASK, options=CheapeningOptions(patience=5))
    rng = np.random.default_rng(0)
    cheap = begin(TASK, SPLIT_RADIX).best
    state = replace(begin(task, RADIX2), best=cheap, stalled=5)
    state = advance(task, state, 3, rng)
    assert state.best == cheap
    assert state.cheapest == (496, 1296, 176)


def test_epochs_do_not_matter() -> None:
    rng = np.random.default_rng(6)
    state = begin(TASK, RADIX2)
    for children in (1, 20, 39):
        state = advance(TASK, state, children, rng)
    assert state == bred(TASK, RADIX2, 6, 60)


@pytest.mark.parametrize(
    "options",
    [
        CheapeningOptions(without=frozenset({"inline"})),
        CheapeningOptions(without=frozenset({"distribute"})),
        CheapeningOptions(blind=1.0),
    ],
    ids=["no inline", "no distribute", "blind only"],
)
def test_what_split_radix_needs(options: CheapeningOptions) -> None:
    state = bred(replace(TASK, options=options), RADIX2, 9, 100)
    assert state.best.cost == (496, 1296, 176)


def test_all_but_one_may_be_left_out() -> None:
    names = {rewrite.name for rewrite in REWRITES if rewrite.keeps_meaning} - {"inline"}
    options = CheapeningOptions(without=frozenset(names), blind=0.0)
    assert bred(replace(TASK, options=options), RADIX2, 0, 20).best.cost <= (496, 1296, 176)


def test_a_wrong_rule_is_refused() -> None:
    wrong = Rule((*RADIX2.steps[:-1], Step("interleave", (6, 7), (2,))), 8)
    with pytest.raises(ValueError, match="expected a correct rule for 'dft'"):
        begin(TASK, wrong)
