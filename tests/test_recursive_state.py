"""Searches for algorithms as text: they go on with the same bits, and damage is found out."""

from __future__ import annotations

import base64
import copy
import functools
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from epochs import advanced, damaged, edits, text_of
from hypothesis import given, settings
from recursive_rules import DCT2, DCT4, RADIX2, RADIX3, SPLIT_RADIX, WHT

from dsl.algorithm_formats.json_format import rule_data
from dsl.errors import DataError, EvosynthError
from dsl.grammars.recursive.recursive_target import RecursiveTarget
from dsl.grammars.recursive.rule import Rule
from evosynth.engine.epoch_call import means_text, read_epoch, run_epoch
from evosynth.engine.means import ONE_THREAD, Means
from evosynth.engine.plain_data import from_text, to_text
from evosynth.engine.recursive import cheapening, cheapening_state, finding, finding_state
from evosynth.engine.recursive.finding import Subject
from evosynth.engine.recursive.recursive_breeding import RecursiveBreeding
from evosynth.engine.recursive.recursive_epoch import (
    Cheapened,
    Idle,
    IslandState,
    Sought,
    island_options,
)
from evosynth.engine.spec import Purpose, Spec

# What an epoch works with.
ALONE = means_text(ONE_THREAD)
SPEC = Spec("evolve", 1, 2, 60, 16, turn=1_000, restart=4_000, migration=1, turns=3)
DFT = Subject("dft", 2)
# What a search is about, and the rules that it has found: of the DCT-II with and without those
# of the DCT-IV, which they call.
STARTS: dict[str, tuple[str, dict[Subject, Rule]]] = {
    "finding": ("dft", {}),
    "cheapening": ("dft", {DFT: RADIX2}),
    "finding what is called": ("dct2", {Subject("dct2", 2, ("dct4",)): DCT2}),
    "cheapening both": (
        "dct2",
        {Subject("dct2", 2, ("dct4",)): DCT2, Subject("dct4", 2, ("dct2",), ("dct2",)): DCT4},
    ),
}
each_start = pytest.mark.parametrize("name", STARTS)
CLOCK = "seconds", "found_at"


def new(name: str, spec: Spec = SPEC) -> RecursiveBreeding:
    return RecursiveBreeding(RecursiveTarget(STARTS.get(name, (name, {}))[0]), spec)


def begun(name: str) -> RecursiveBreeding:
    breeding = new(name)
    for subject, rule in STARTS[name][1].items():
        breeding.book = breeding.book.with_rules(subject, [rule])
    breeding.algorithm = breeding.book.algorithm()
    breeding.begin()
    return breeding


@functools.cache
def saved(name: str, epochs: int = 4) -> str:
    """Returns a search after some epochs."""
    breeding = begun(name)
    advanced(breeding, SPEC, 0, epochs)
    return text_of(breeding)


def restored(name: str, data: Any) -> RecursiveBreeding:
    breeding = new(name)
    breeding.restore(data)
    return breeding


def work(breeding: RecursiveBreeding, island: int = 0) -> Any:
    return from_text(breeding.state(island), IslandState).work


def taken_in(breeding: RecursiveBreeding, island: int, after: Any, evaluations: int = 1) -> bool:
    return breeding.take_in(island, to_text(IslandState(after), IslandState), evaluations)


# Going on


@each_start
def test_a_restored_search_goes_on_with_the_same_bits(name: str) -> None:
    unbroken = begun(name)
    made = advanced(unbroken, SPEC, 0, 4)
    broken = restored(name, json.loads(saved(name)))
    assert text_of(broken, *CLOCK) == text_of(unbroken, *CLOCK)
    for search in (unbroken, broken):
        advanced(search, SPEC, 4, 2, made)
    assert text_of(broken, *CLOCK) == text_of(unbroken, *CLOCK)
    assert text_of(broken, *CLOCK) != text_of(restored(name, json.loads(saved(name))), *CLOCK)
    assert broken.standing == unbroken.standing
    assert [broken.record(k) for k in range(2)] == [unbroken.record(k) for k in range(2)]


def test_a_whole_search_may_break_after_every_epoch() -> None:
    """From nothing to a cheaper algorithm: rules are found, then made cheaper."""
    spec = replace(SPEC, population=300, turns=2)
    unbroken = RecursiveBreeding(RecursiveTarget("wht"), spec)
    unbroken.begin()
    broken: RecursiveBreeding | None = None
    made, kinds = 0, []
    for epoch in range(30):
        text = json.dumps((broken or unbroken).saved())
        broken = RecursiveBreeding(RecursiveTarget("wht"), spec)
        broken.restore(json.loads(text))
        kinds.append(type(work(broken)))
        advanced(broken, spec, epoch, 1, made)
        made = advanced(unbroken, spec, epoch, 1, made)
        assert text_of(broken, *CLOCK) == text_of(unbroken, *CLOCK)
        if kinds.count(Cheapened) == 2:
            break
    assert kinds == sorted(kinds, key=[Sought, Cheapened].index)
    assert kinds[-1] is Cheapened
    assert broken is not None
    assert broken.best is not None
    assert broken.found_after == unbroken.found_after


@each_start
def test_text_of_islands_is_read_as_it_was_written(name: str) -> None:
    breeding = restored(name, json.loads(saved(name)))
    for island in range(SPEC.islands):
        text = breeding.state(island)
        assert to_text(from_text(text, IslandState), IslandState) == text
        assert "\n" not in text
    assert isinstance(work(breeding), Sought if "finding" in name else Cheapened)


def test_islands_are_packed_and_unpacked_whole() -> None:
    subject = Subject("dft", 2)
    for number in range(2):
        options = island_options(new("finding")._options, subject, number)
        island = finding.start_island(subject, options)
        for turn in range(3):
            rng = SPEC.generator(Purpose.TURN, turn, number)
            island, _, _ = finding.advance(island, subject, options, 400, rng)
            again = finding_state.unpacked(finding_state.packed(island))
            for field in ("genomes", "lengths", "fitness", "results"):
                one, other = getattr(island, field), getattr(again, field)
                assert np.array_equal(one, other)
                assert one.dtype == other.dtype
            for one, other in zip(island.hints, again.hints, strict=True):
                count = one[0, 0]  # what comes after it is left over from other genomes
                assert np.array_equal(one[: count + 1], other[: count + 1])
            island = again


def test_rules_are_packed_once_each() -> None:
    task = cheapening.CheapeningTask("dft", (32, 64, 16))
    state = cheapening.begin(task, RADIX2)
    assert len(cheapening_state.packed(state).candidates) == 1
    state = cheapening.advance(task, state, 60, np.random.default_rng(0))
    packed = cheapening_state.packed(state)
    assert (
        1
        < len(packed.candidates)
        == len({id(member) for member in state.population} | {0})
        - (any(member is state.start for member in state.population))
    )
    assert cheapening_state.unpacked(packed) == state


@each_start
def test_an_epoch_depends_on_its_arguments_alone(name: str) -> None:
    breeding = restored(name, json.loads(saved(name)))
    task = breeding.setting(), breeding.state(0)
    found = {
        run_epoch(*task, 4, 0, SPEC.epoch, means_text(Means(threads))) for threads in (1, 2, 1)
    }
    assert len(found) == 1
    assert run_epoch(*task, 5, 0, SPEC.epoch, ALONE) not in found


@each_start
@pytest.mark.parametrize("evaluations", [1, 11, 1_007])
def test_an_epoch_makes_no_more_evaluations_than_it_may(name: str, evaluations: int) -> None:
    breeding = restored(name, json.loads(saved(name)))
    for island in range(2):
        task = breeding.setting(), breeding.state(island)
        _, made, _ = read_epoch(run_epoch(*task, 4, island, evaluations, ALONE))
        turns = SPEC.turns * (SPEC.turn // (1 if "finding" in name else 100))
        assert min(evaluations, turns // 4) <= made <= evaluations


def test_an_epoch_ends_with_a_rule() -> None:
    spec = replace(SPEC, population=300, turns=10)
    breeding = RecursiveBreeding(RecursiveTarget("wht"), spec)
    breeding.begin()
    for epoch in range(9):
        task = breeding.setting(), breeding.state(0)
        state, made, _ = read_epoch(run_epoch(*task, epoch, 0, spec.epoch, ALONE))
        found = from_text(state, IslandState).work
        assert isinstance(found, Sought)
        assert found.made == made
        breeding.take_in(0, state, made)
        if found.rule is not None:
            break
    assert made < spec.epoch
    assert found.island.filled == 0
    assert breeding.best is not None


def test_all_islands_make_the_same_rule_cheaper() -> None:
    """One after the other in turn, an epoch each."""
    breeding = begun("cheapening both")
    seen = []
    for epoch in range(4):
        both = [work(breeding, island) for island in range(2)]
        seen.append({(each.family, each.index) for each in both})
        advanced(breeding, SPEC, epoch, 1)
    assert seen == [{("dct2", 0)}, {("dct4", 0)}] * 2


def test_nothing_to_do_takes_all_evaluations() -> None:
    breeding = begun("cheapening")
    breeding._chains.states.clear()
    state, made, _ = read_epoch(run_epoch(breeding.setting(), breeding.state(0), 0, 0, 77, ALONE))
    assert (from_text(state, IslandState).work, made) == (Idle(), 77)
    assert not breeding.take_in(0, state, 77)


def test_seconds_of_search_survive() -> None:
    breeding = begun("finding")
    assert breeding.saved()["seconds"] == 0
    breeding.setting()
    data = json.loads(text_of(breeding)) | {"seconds": 1_000.0, "found_at": 5.5}
    again = restored("finding", data)
    assert again.found_at == 5.5
    assert again.saved()["seconds"] == 1_000  # it has not gone on yet
    again.setting()
    assert again.saved()["seconds"] >= 1_000
    again.found_after = None
    taken_in(again, 0, replace(work(again), rule=RADIX2, made=10))
    assert again.found_at is not None
    assert again.found_at >= 1_000


# Results that come late


def test_a_rule_for_a_subject_that_is_done_is_left_out() -> None:
    breeding = begun("finding")
    late = replace(work(breeding, 1), rule=SPLIT_RADIX, made=1)
    assert taken_in(breeding, 0, replace(work(breeding), rule=RADIX2, made=1_000))
    first = breeding.best
    assert first is not None
    assert not taken_in(breeding, 0, replace(work(breeding), made=200_000))
    before = text_of(breeding, *CLOCK, "improved_at")
    assert isinstance(work(breeding), Cheapened)
    assert not taken_in(breeding, 1, late, 201_001)
    assert breeding.best is first
    assert text_of(breeding, *CLOCK, "improved_at") == before


def test_a_rule_for_the_subject_before_is_left_out() -> None:
    breeding = new("dct2")
    breeding.begin()
    late = replace(work(breeding, 1), rule=DCT2, made=1)
    for made, rule in ((1_000, DCT2), (200_000, None)):
        taken_in(breeding, 0, replace(work(breeding), rule=rule, made=made))
    assert work(breeding).subject.family == "dct4"
    before = text_of(breeding, *CLOCK, "improved_at")
    taken_in(breeding, 1, late)
    assert text_of(breeding, *CLOCK, "improved_at") == before


def test_a_wrong_rule_is_not_taken_in() -> None:
    breeding = begun("finding")
    assert not taken_in(breeding, 0, replace(work(breeding), rule=WHT, made=10))
    assert breeding.book.rules == {}
    assert breeding.best is None


def test_of_two_cheaper_rules_the_cheapest_stays() -> None:
    """Whichever comes first; the other rules begin anew with it."""
    for first in range(2):
        breeding = begun("cheapening")
        each = work(breeding)
        task = breeding._chains.tasks["dft", 0]
        start = cheapening_state.unpacked(each.chain)
        cost = task.cost(SPLIT_RADIX)
        assert cost is not None
        best = cheapening.Candidate(SPLIT_RADIX, cost)
        chains = [replace(start, best=best, cheapest=cost), start]
        dearer = replace(each, chain=cheapening_state.packed(chains[1 - first]))
        cheaper = replace(each, chain=cheapening_state.packed(chains[first]))
        told = [taken_in(breeding, 0, cheaper), taken_in(breeding, 1, dearer)]
        assert told == [first == 0, first == 1]
        assert breeding.best is not None
        assert breeding.best.rules == {"dft": (SPLIT_RADIX,)}


def test_other_rules_begin_anew_with_a_cheaper_one() -> None:
    breeding = begun("cheapening both")
    advanced(breeding, SPEC, 0, 2)
    chains = breeding._chains
    assert breeding.algorithm is not None
    rules = dict(breeding.algorithm.rules)
    (longer,) = rules["dct4"]
    chains.renew(breeding.algorithm, ("dct2", 0))
    assert all(state.evaluations == 0 for state in chains.states["dct4", 0])
    assert all(state.start.rule == longer for state in chains.states["dct4", 0])
    assert chains.tasks["dct4", 0].others["dct2"] == rules["dct2"]


# Damage


def array(values: Any, kind: str) -> list[Any]:
    """Returns an array as plain data."""
    stored = np.asarray(values, kind)
    return [stored.dtype.str, list(stored.shape), "C", base64.b64encode(stored.tobytes()).decode()]


def with_array(data: Any, key: str, value: float, place: int = 0) -> None:
    """Changes an entry of an array of the first island."""
    island = data["islands"][0]
    outer, _, inner = key.partition(".")
    holder, k = (island[outer], int(inner)) if inner else (island, outer)
    kind, shape, _, content = holder[k]
    values = np.frombuffer(base64.b64decode(content), kind).copy()
    values[place] = value
    holder[k] = array(values.reshape(shape), kind)


FINDING: dict[str, Callable[[Any], Any]] = {
    "no islands": lambda d: d.pop("islands"),
    "one island": lambda d: d["islands"].pop(),
    "no subject": lambda d: d.update(subject=None),
    "another subject": lambda d: d["subject"].update(family="dct2"),
    "another radix": lambda d: d["subject"].update(radix=3),
    "more calls": lambda d: d["subject"].update(calls=["dft"]),
    "given up": lambda d: d.update(given_up=[d["subject"]]),
    "operation": lambda d: with_array(d, "genomes.2", 99),
    "negative operation": lambda d: with_array(d, "genomes.2", -1),
    "later operand": lambda d: with_array(d, "genomes.2", 1, 1),
    "negative operand": lambda d: with_array(d, "genomes.2", -1, 1),
    "length": lambda d: with_array(d, "genomes.1", 17),
    "hint": lambda d: with_array(d, "hints.2", 99),
    "hinted operand": lambda d: with_array(d, "hints.2", 17, 1),
    "hints": lambda d: with_array(d, "hints.1", 13),
    "capacity of hints": lambda d: d["islands"][0]["hints"].__setitem__(0, 13),
    "capacity": lambda d: d["islands"][0]["genomes"].__setitem__(0, 17),
    "fitness": lambda d: with_array(d, "fitness", np.nan),
    "negative fitness": lambda d: with_array(d, "fitness", -1),
    "result": lambda d: with_array(d, "results", 17),
    "negative result": lambda d: with_array(d, "results", -1),
    "filled": lambda d: d["islands"][0].update(filled=61),
    "spent": lambda d: d["islands"][0].update(spent=-1),
    "islands swapped": lambda d: d["islands"].reverse(),
    "algorithm": lambda d: d.update(algorithm={"dft": [rule_data(WHT)]}),
    "algorithm of another": lambda d: d.update(algorithm={"wht": [rule_data(WHT)]}),
    "empty algorithm": lambda d: d.update(algorithm={"dft": []}),
    "no algorithm": lambda d: d.update(book=[[["dft", 2], [rule_data(RADIX2)]]]),
    "wrong rule": lambda d: d.update(book=[[["dft", 2], [rule_data(WHT)]]]),
    "no transform": lambda d: d.update(book=[[["nothing", 2], [rule_data(WHT)]]]),
    "seconds": lambda d: d.update(seconds="inf"),
    "found at": lambda d: d.update(found_at="nan"),
    "turns": lambda d: d.update(turns=-1),
}
CHEAPENING: dict[str, Callable[[Any], Any]] = {
    "one island": lambda d: d["chains"][0]["islands"].pop(),
    "another rule": lambda d: d["chains"][0].update(index=1),
    "a rule from the end": lambda d: d["chains"][0].update(index=-1),
    "another family": lambda d: d["chains"][0].update(family="dft"),
    "no sizes": lambda d: d["chains"][0].update(sizes=[]),
    "other sizes": lambda d: d["chains"][0].update(sizes=[8, 16, 4]),
    "size": lambda d: d["chains"][0].update(sizes=[1 << 30, 64, 16]),
    "impossible size": lambda d: d["chains"][0].update(sizes=[33, 64, 16]),
    "no rules": lambda d: d["chains"][0]["islands"][0].update(candidates=[]),
    "few rules": lambda d: d["chains"][0]["islands"][0]["population"].pop(),
    "number": lambda d: d["chains"][0]["islands"][0]["population"].__setitem__(7, 99),
    "best": lambda d: d["chains"][0]["islands"][0].update(best=-1),
    "cost": lambda d: d["chains"][0]["islands"][0]["candidates"][0].update(cost=[1, 2, 3]),
    "costs": lambda d: d["chains"][0]["islands"][0]["candidates"][0].update(cost=[1]),
    "cheapest": lambda d: d["chains"][0]["islands"][0].update(cheapest=[]),
    "stalled": lambda d: d["chains"][0]["islands"][0].update(stalled=-1),
    "wrong rule": lambda d: d["chains"][0]["islands"][0]["candidates"][0].update(
        rule=rule_data(DCT4)
    ),
    "rule of nothing": lambda d: d["chains"][0]["islands"][0]["candidates"][0].update(
        rule={"steps": [], "output": 7, "inputs": ["1"]}
    ),
    "subject": lambda d: d.update(subject={"family": "dct2", "radix": 2} | EMPTY),
    "no algorithm": lambda d: d.update(algorithm=None),
    "half an algorithm": lambda d: d["algorithm"].pop(),
}
EMPTY = {"calls": ["dct4"], "equal_length": []}


@pytest.mark.parametrize("name", FINDING)
def test_damage_to_those_who_seek_is_found_out(name: str) -> None:
    data = json.loads(saved("finding", 1))
    restored("finding", copy.deepcopy(data))
    FINDING[name](data)
    with pytest.raises(DataError):
        restored("finding", data)


@pytest.mark.parametrize("name", CHEAPENING)
def test_damage_to_rules_is_found_out(name: str) -> None:
    data = json.loads(saved("cheapening both"))
    CHEAPENING[name](data)
    with pytest.raises(DataError):
        restored("cheapening both", data)


def test_another_targets_search_is_refused() -> None:
    for name, other in (("finding", "finding what is called"), ("cheapening", "cheapening both")):
        for one, two in ((name, other), (other, name)):
            with pytest.raises(DataError):
                restored(one, json.loads(saved(two)))


def test_rules_of_large_sizes_are_refused() -> None:
    """They would be looked at at sizes that take for ever."""
    text = json.dumps(rule_data(RADIX3)).replace('"3"', '"1021"')
    data = json.loads(saved("finding", 1)) | {"book": [[["dft", 2], [json.loads(text)]]]}
    with pytest.raises(DataError):
        restored("finding", data)
    for fraction in ("1e9", "1e999999999", "1/0", "٣", "9" * 40):
        rule = rule_data(RADIX2) | {"inputs": [fraction]}
        with pytest.raises(DataError):
            restored("finding", data | {"book": [[["dft", 2], [rule]]]})


@each_start
@settings(max_examples=12)
@given(changes=edits)
def test_random_damage_never_does_harm(name: str, changes: list[tuple[list[int], Any]]) -> None:
    """It is refused, or the search goes on with what it says."""
    data = damaged(json.loads(saved(name)), changes)
    try:
        breeding = restored(name, data)
        advanced(breeding, SPEC, 4, 1)
        breeding.saved()
    except EvosynthError:
        return
    assert breeding.standing is None or breeding.standing.error >= 0
