"""Epochs are pure, runs repeat bit for bit, and a search stops when it should."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from forests import arrays_of, begun, forest_bits
from hypothesis import given
from hypothesis import strategies as st

import evosynth as es
from dsl.formats import json_format
from dsl.genome import Genomes
from dsl.grammars.factor.known_blocks import KnownBlocks
from dsl.targets import Target, make_target
from evosynth.engine import turn as turn_module
from evosynth.engine.archive import Archive
from evosynth.engine.blocks import Forest
from evosynth.engine.driver import Limits, Search
from evosynth.engine.factor_breeding import FactorBreeding
from evosynth.engine.means import Means
from evosynth.engine.migration import migrate
from evosynth.engine.population import score
from evosynth.engine.spec import Population, Purpose, Spec
from evosynth.engine.task import Task
from evosynth.engine.turn import WORTH_THREADS, evaluator_for, run_turn, turn_size
from evosynth.strategies import STRATEGIES
from fitness.evaluators import Evaluator, Scores

each_strategy = pytest.mark.parametrize("strategy", STRATEGIES.names())


def make_spec(strategy: str = "evolve", seed: int = 1, islands: int = 2) -> Spec:
    return Spec(
        strategy=strategy,
        seed=seed,
        islands=islands,
        population=100,
        capacity=16,
        turn=200,
        restart=4_000,
        migration=2,
    )


def run_epochs(target: Target, spec: Spec, count: int, threads: int = 1) -> Forest:
    forest = begun(target, spec)
    for epoch in range(count):
        forest, _ = run_turn(target.domain, spec, forest, epoch, 0, Means(threads))
    return forest


# Epochs


@each_strategy
def test_epoch_is_pure(strategy: str) -> None:
    target, spec = make_target("dft", 7), make_spec(strategy)
    forest = run_epochs(target, spec, 2)
    for block in forest.blocks:
        for array in (block.matrix, *arrays_of(block.population)):
            array.setflags(write=False)
    before = forest_bits(forest)
    after, made = run_turn(target.domain, spec, forest, 2, 0)
    assert made == spec.turn
    assert forest_bits(run_turn(target.domain, spec, forest, 2, 0)[0]) == forest_bits(after)
    other = run_turn("complex", spec, forest, 2, 0)[0]
    assert forest_bits(other) == forest_bits(after)
    assert forest_bits(forest) == before


@each_strategy
@pytest.mark.parametrize("target", [("dft", 13), ("dct2", 12)], ids=lambda t: t[0])
def test_epoch_does_not_depend_on_threads(strategy: str, target: tuple[str, int]) -> None:
    """Of a width that more than one thread is used for."""
    assert target[1] >= WORTH_THREADS
    spec = make_spec(strategy)
    forests = {threads: begun(make_target(*target), spec) for threads in (1, 2, 5)}
    for epoch in range(3):
        for threads, forest in forests.items():
            forests[threads], _ = run_turn(
                make_target(*target).domain, spec, forest, epoch, 0, Means(threads)
            )
        assert len({forest_bits(forest) for forest in forests.values()}) == 1


@each_strategy
def test_every_address_has_its_own_stream(strategy: str) -> None:
    target, spec = make_target("dft", 4), make_spec(strategy)
    forest = run_epochs(target, spec, 1)
    addresses = [(epoch, island) for epoch in range(4) for island in range(4)]
    seeds = {
        forest_bits(run_turn(target.domain, spec, forest, *address)[0]) for address in addresses
    }
    assert len(seeds) == len(addresses)
    other = make_spec(strategy, seed=2)
    assert forest_bits(run_turn(target.domain, other, forest, 1, 0)[0]) not in seeds


@pytest.mark.parametrize(
    ("turn", "width", "size"),
    [(200, 4, 200), (200, 16, 200), (200, 32, 50), (200, 64, 20), (7, 64, 1), (1, 500, 1)],
)
def test_turns_of_wider_blocks_are_shorter(turn: int, width: int, size: int) -> None:
    assert turn_size(replace(make_spec(), turn=turn), width) == size


def test_the_population_of_a_block_is_scored_at_present_costs() -> None:
    """Whatever block an epoch is spent on, its scores are those of the costs it began with."""
    target, spec = make_target("dft", 12), make_spec()
    forest = begun(target, spec)
    rescored = 0
    for epoch in range(16):
        before = forest
        forest, _ = run_turn(target.domain, spec, before, epoch, 0)
        (index,) = (
            k
            for k, block in enumerate(forest.blocks)
            if block.effort != (before.blocks[k].effort if k < len(before.blocks) else 0)
        )
        block = forest.blocks[index]
        assert block.version == before.version
        scores = evaluator_for(block.matrix, target.domain).evaluate(
            block.population.genomes, before.known(index)
        )
        assert np.array_equal(scores.operations, block.population.operations)
        old = before.blocks[index]
        rescored += len(old.population.genomes) > 0 and old.version != before.version
    assert rescored > 2


@given(st.sets(st.tuples(*[st.integers(0, 2**31)] * 3), min_size=2, max_size=8))
def test_streams_of_different_addresses_differ(addresses: set[tuple[int, int, int]]) -> None:
    draws = {
        tuple(make_spec(seed=seed).generator(Purpose.TURN, epoch, island).integers(0, 2**62, 4))
        for seed, epoch, island in addresses
    }
    assert len(draws) == len(addresses)


# Runs

SCRIPT = """
import json, sys
import evosynth as es
from dsl.formats import json_format

target, n, strategy, workers, folder = sys.argv[1:]
result = es.run(target, n=int(n), seed=3, evaluations=2000, strategy=strategy,
                workers=int(workers), out=folder)
print(json_format.write(result.best))
"""


def run_here(target: str, n: int, strategy: str, workers: int, out: Path) -> tuple[str, str]:
    """Returns the best program and the log of a run."""
    result = es.run(
        target, n=n, seed=3, evaluations=2000, strategy=strategy, workers=workers, out=out
    )
    assert result.folder
    return json_format.write(result.best), (result.folder / "log.jsonl").read_text()


@pytest.mark.parametrize(
    ("target", "n", "strategy"),
    [("dft", 12, "evolve"), ("dft", 4, "hill-climb"), ("dft", 5, "random")],
)
def test_same_seed_same_bits_whatever_the_workers(
    target: str, n: int, strategy: str, tmp_path: Path
) -> None:
    results = {run_here(target, n, strategy, workers, tmp_path) for workers in (1, 2)}
    assert len(results) == 1
    program, log = results.pop()
    assert '"instructions"' in program
    assert len(log.splitlines()) == 1 + 2 + 1  # the head, an epoch of two islands, the end


@pytest.mark.parametrize(("target", "n", "strategy"), [("dft", 8, "evolve")])
def test_same_seed_same_bits_in_another_process(
    target: str, n: int, strategy: str, tmp_path: Path
) -> None:
    here = run_here(target, n, strategy, 1, tmp_path / "here")
    there = tmp_path / "there"
    process = subprocess.run(
        [sys.executable, "-c", SCRIPT, target, str(n), strategy, "2", str(there)],
        env=os.environ | {"PYTHONHASHSEED": "12345"},
        capture_output=True,
        text=True,
        check=True,
    )
    (folder,) = there.iterdir()
    assert (process.stdout.strip(), (folder / "log.jsonl").read_text()) == (
        here[0].strip(),
        here[1],
    )


@pytest.mark.parametrize("target", [("dft", 12), ("dct2", 12)], ids=str)
def test_same_seed_same_forests_whatever_the_threads(target: tuple[str, int]) -> None:
    """Costs, splits and the assembled program, with migration on the way."""
    found = []
    for threads in (1, 2):
        spec = make_spec(islands=3)
        forests = [begun(make_target(*target), spec)] * 3
        for epoch in range(6):
            for island in range(3):
                forests[island], _ = run_turn(
                    make_target(*target).domain,
                    spec,
                    forests[island],
                    epoch,
                    island,
                    Means(threads),
                )
            if epoch % 2:
                forests = migrate(forests, spec, target[0] == "dft")
        found.append(tuple(map(forest_bits, forests)))
    assert found[0] == found[1]
    assert len(set(found[0])) == 3, "islands differ"


def test_another_seed_is_another_run(tmp_path: Path) -> None:
    logs = {str(es.run("dft", n=8, seed=seed, evaluations=600).logbook) for seed in (0, 1, 2)}
    assert len(logs) == 3


def test_a_drawn_seed_repeats_the_run() -> None:
    first = es.run("dft", n=8, evaluations=800)
    again = es.run("dft", n=8, evaluations=800, seed=first.seed)
    assert json_format.write(again.best) == json_format.write(first.best)
    assert list(again.logbook) == list(first.logbook)


# Limits


def search(limits: Limits, *, target: tuple[str, int] = ("wht", 4), **spec: Any) -> Search:
    chosen = make_spec(**spec)
    return Search(FactorBreeding(make_target(*target), chosen), chosen, limits)


def test_stops_by_goal() -> None:
    run = search(Limits(evaluations=60_000, goal=24), target=("wht", 8))
    assert run.run() == "goal"
    assert run.breeding.archive.best
    assert run.breeding.archive.best.count.operations == 24
    assert run.evaluations < 60_000


def test_a_goal_is_reached_at_once_by_the_matrix_product() -> None:
    run = search(Limits(goal=1_000_000))
    assert run.run() == "goal"
    assert run.evaluations == 400


@pytest.mark.parametrize("limit", [200, 400, 1_000])
def test_stops_by_evaluations(limit: int) -> None:
    run = search(Limits(evaluations=limit))
    assert run.run() == "evaluations"
    assert run.evaluations == limit


@pytest.mark.parametrize("limit", [1, 150, 250, 999])
@pytest.mark.parametrize("target", [("wht", 4), ("wht", 32)], ids=str)
def test_evaluates_exactly_as_many_as_asked(
    target: tuple[str, int], limit: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where blocks are so wide that epochs are shorter."""
    monkeypatch.setattr(Archive, "settle", lambda *_: None)  # takes longer than the search
    run = search(Limits(evaluations=limit), target=target)
    assert run.run() == "evaluations"
    assert run.evaluations == limit


def test_stops_by_time() -> None:
    run = search(Limits(seconds=1e-9))
    assert run.run() == "time"
    assert run.evaluations == 200
    assert run.seconds > 0


def test_stops_by_patience() -> None:
    run = search(Limits(evaluations=100_000, patience=1_000))
    assert run.run() == "patience"
    assert run.evaluations - run.breeding.archive.improved_at == 1_000
    assert run.breeding.archive.improved_at > 0


def test_the_limit_that_comes_first_wins() -> None:
    assert search(Limits(evaluations=400, seconds=1e6, patience=10_000, goal=1)).run() == (
        "evaluations"
    )
    assert search(Limits(evaluations=10_000, patience=600, goal=1)).run() == "patience"


@each_strategy
def test_evaluations_are_counted_truly(strategy: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is reported are the new genomes; others are scored again as costs have changed."""
    seen: list[int] = []
    again: list[int] = []

    class Counting:
        def __init__(self, inner: Evaluator) -> None:
            self.decode = inner.decode
            self._inner = inner

        def evaluate(self, genomes: Genomes, known: KnownBlocks) -> Scores:
            seen.append(len(genomes))
            return self._inner.evaluate(genomes, known)

    def score_again(genomes: Genomes, task: Task) -> Population:
        again.append(len(genomes))
        return score(genomes, task)

    monkeypatch.setattr(
        turn_module, "evaluator_for", lambda *arguments: Counting(evaluator_for(*arguments))
    )
    monkeypatch.setattr(turn_module, "score", score_again)
    result = es.run("dft", n=6, seed=0, evaluations=2_050, strategy=strategy)
    assert result.evaluations == sum(seen) - sum(again) == 2_050
    assert sum(again) < result.evaluations / 2


# Reports


def test_report_comes_after_every_epoch_of_every_island() -> None:
    snapshots: list[Any] = []
    run = search(Limits(evaluations=1_600), target=("dft", 8), islands=3)
    run.run(snapshots.append)
    assert [s.evaluations for s in snapshots] == [200 * k for k in range(1, 9)]
    assert [(s.record["epoch"], s.record["island"]) for s in snapshots] == [
        divmod(k, 3) for k in range(8)
    ]
    plain = [
        {key: value for key, value in s.record.items() if not isinstance(value, dict)}
        for s in snapshots
    ]
    assert plain == list(run.logbook), "DEAP keeps statistics in chapters"
    assert run.logbook.chapters["operations"].select("min") == [
        s.record["operations"]["min"] for s in snapshots
    ]
    assert all(earlier.seconds <= later.seconds for earlier, later in pairwise(snapshots))
    operations = [s.operations or 10**9 for s in snapshots]
    assert operations == sorted(operations, reverse=True)
    assert [s.record["best"] for s in snapshots] == operations
    programs = [s.best.count.operations if s.best else 10**9 for s in snapshots]
    assert programs == sorted(programs, reverse=True)
    assert [s.has_better_program for s in snapshots] == [
        after < before for before, after in pairwise([10**9, *programs])
    ]
    assert snapshots[0].is_improved
    for before, after in pairwise(snapshots):
        if (after.operations or 0) < (before.operations or 0):
            assert after.is_improved or after.has_better_program
    for snapshot in snapshots:
        assert json.loads(json.dumps(snapshot.record)) == snapshot.record


@pytest.mark.parametrize(
    ("target", "n", "strategy", "seed"),
    [("dft", 5, "random", 6), ("dct2", 4, "random", 5), ("dft", 8, "evolve", 1)],
)
def test_a_goal_that_was_reached_is_the_reason_to_stop(
    target: str, n: int, strategy: str, seed: int
) -> None:
    """Also when the program that reaches it is written at the very end."""
    arguments: dict[str, Any] = {"seed": seed, "strategy": strategy, "evaluations": 400}
    found = es.run(target, n, **arguments).claims.operations
    result = es.run(target, n, **arguments, goal=found)
    assert result.claims.operations <= found
    assert result.stopped_by == "goal"


@pytest.mark.parametrize("islands", [1, 3])
def test_islands_exchange_at_the_stated_epochs(
    islands: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[int] = []
    run = search(Limits(evaluations=200 * 7 * islands), islands=islands)

    def note(forests: list[Forest], spec: Spec, is_complex: bool) -> list[Forest]:
        calls.append(run.evaluations // (200 * islands))
        return forests

    monkeypatch.setattr("evosynth.engine.factor_breeding.migrate", note)
    run.run()
    assert calls == [2, 4, 6]


def test_the_log_tells_improvements_within_epochs() -> None:
    """In order of evaluations, ever cheaper, between the matrix product and the best."""
    result = es.run("dft", n=12, seed=1, evaluations=8_000, out=None)
    records = list(result.logbook)
    told = [tuple(pair) for record in records for pair in record.get("improvements", [])]
    assert len(told) > 1
    assert told == sorted(told)
    counts = [operations for _, operations in told]
    assert counts == sorted(set(counts), reverse=True)
    assert counts[0] < result.dense
    assert counts[-1] == records[-1]["best"] or counts[-1] > result.claims.operations
    for record in records:
        made = [at for at, _ in record.get("improvements", [])]
        assert all(record["evaluations"] - 2_000 < at <= record["evaluations"] for at in made)
