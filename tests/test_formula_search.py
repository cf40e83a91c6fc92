"""The search for formulas: epochs are pure, runs repeat, and what is there is found."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

import evosynth as es
from dsl.errors import DataError
from dsl.formats import json_format
from dsl.genome import Genomes
from dsl.grammars.expression.genome import FIELDS
from dsl.samples import SampledTarget, from_arrays, make_sampled_target
from evosynth.engine.driver import Limits, Search, Snapshot
from evosynth.engine.expression.formula_breeding import FormulaBreeding
from evosynth.engine.expression.island import Rows, run_turn, score, survivors
from evosynth.engine.expression.recall import Recall
from evosynth.engine.expression.scoring import in_steps
from evosynth.engine.expression.space import FormulaSpace
from evosynth.engine.means import Means
from evosynth.engine.population import joined
from evosynth.engine.spec import Population, Spec, no_population
from evosynth.engine.variation import random_genomes
from fitness.objectives import WORST

each_strategy = pytest.mark.parametrize("strategy", ["evolve", "hill-climb", "random"])
Array = npt.NDArray[np.float64]


def make_spec(strategy: str = "evolve", **others: Any) -> Spec:
    spec = Spec(
        strategy=strategy,
        seed=1,
        islands=2,
        population=40,
        capacity=16,
        turn=100,
        restart=4_000,
        migration=2,
    )
    return replace(spec, **others)


def make_rows(threads: int = 1) -> Rows:
    rng = np.random.default_rng(0)
    x = rng.uniform(-5, 5, (2, 300))
    return Rows.of(x, np.sin(3.3 * x[0]) * x[1] + 0.5 * x[0], Means(threads))


def bits(population: Population) -> tuple[bytes | int, ...]:
    arrays = (
        population.genomes.genes,
        population.genomes.lengths,
        population.errors,
        population.operations,
    )
    return (*(array.tobytes() for array in arrays), population.stale)


def epochs(spec: Spec, count: int, threads: int = 1) -> Population:
    rows, population = make_rows(threads), no_population(spec.capacity, len(FIELDS))
    for epoch in range(count):
        population, _ = run_turn(rows, spec, population, epoch, 0, Recall())
    return population


def fitted(x: Array, y: Array, evaluations: int = 500, seed: int = 1, **others: Any) -> Any:
    return es.run(from_arrays(x, y, seed=0), seed=seed, evaluations=evaluations, **others)


def uniform(rows: int = 400, low: float = -5, high: float = 5) -> Array:
    return np.random.default_rng(0).uniform(low, high, rows)


# Epochs


@each_strategy
def test_an_epoch_is_pure(strategy: str) -> None:
    spec = make_spec(strategy)
    population, rows, recall = epochs(spec, 2), make_rows(), Recall()
    for array in (population.genomes.genes, population.errors, population.operations, rows.x):
        array.setflags(write=False)
    before = bits(population)
    after, made = run_turn(rows, spec, population, 2, 0, recall)
    assert made == spec.turn
    assert bits(population) == before
    assert bits(run_turn(rows, spec, population, 2, 0, recall)[0]) == bits(after)
    assert bits(run_turn(make_rows(), spec, population, 2, 0, Recall())[0]) == bits(after)


@each_strategy
def test_an_epoch_does_not_depend_on_threads(strategy: str) -> None:
    spec = make_spec(strategy)
    assert len({bits(epochs(spec, 2, threads)) for threads in (1, 2, 5)}) == 1


def test_every_address_has_its_own_stream() -> None:
    spec, rows = make_spec(), make_rows()
    population = epochs(spec, 1)
    addresses = [(epoch, island) for epoch in (1, 2) for island in (0, 1)]
    found = {bits(run_turn(rows, spec, population, *a, Recall())[0]) for a in addresses}
    assert len(found) == len(addresses)
    other = replace(spec, seed=2)
    assert bits(run_turn(rows, other, population, 1, 0, Recall())[0]) not in found


def test_a_stale_population_starts_anew() -> None:
    spec, rows = make_spec(restart=500), make_rows()
    population = replace(epochs(spec, 3), stale=500)
    anew, _ = run_turn(rows, spec, population, 7, 0, Recall())
    fresh, _ = run_turn(rows, spec, no_population(16, len(FIELDS)), 7, 0, Recall())
    assert bits(anew) == bits(fresh)
    assert fresh.stale == 0


def test_evaluations_without_improvement_are_counted() -> None:
    spec, rows = make_spec(), make_rows()
    population = no_population(spec.capacity, len(FIELDS))
    for epoch in range(6):
        after, made = run_turn(rows, spec, population, epoch, 0, Recall())
        old = min(zip(population.errors, population.operations, strict=True), default=None)
        new = min(zip(after.errors, after.operations, strict=True))
        is_better = old is None or new < old
        assert old is None or new <= old
        assert after.stale == (0 if is_better else population.stale + made)
        population = after


def test_scores_are_those_of_the_genomes() -> None:
    spec = make_spec()
    population = epochs(spec, 2)
    again = score(make_rows(), population.genomes)
    assert np.array_equal(again.errors, population.errors)
    assert np.array_equal(again.operations, population.operations)


def test_a_longer_genome_is_never_made() -> None:
    spec = make_spec(capacity=5)
    population = epochs(spec, 3)
    assert population.genomes.capacity == 5
    assert population.genomes.lengths.max() <= 5


# Survivors


def population_of(errors: list[float], operations: list[float]) -> Population:
    genes = np.zeros((len(errors), 4, len(FIELDS)), np.int16)
    genes[:, 0, 1] = np.arange(len(errors))
    lengths = np.ones(len(errors), np.int16)
    return Population(Genomes(genes, lengths), np.array(errors), np.array(operations), 7)


scores = st.lists(st.tuples(st.integers(0, 12), st.integers(0, 12)), max_size=60)


@given(scores, st.integers(1, 20))
def test_survivors_are_different_and_the_front_comes_first(
    pairs: list[tuple[int, int]], count: int
) -> None:
    errors = [WORST if e == 12 else e / 10 for e, _ in pairs]
    population = population_of(errors, [float(o) for _, o in pairs])
    found = survivors(population, count)
    kept = list(zip(found.errors.tolist(), found.operations.tolist(), strict=True))
    given_ = {p for p in zip(errors, population.operations.tolist(), strict=True) if p[0] < WORST}
    assert len(kept) == len(set(kept)) == min(count, len(given_))
    assert set(kept) <= given_
    assert found.stale == 7
    for place, number in enumerate(found.genomes.genes[:, 0, 1].tolist()):
        assert (errors[number], float(pairs[number][1])) == kept[place]

    def is_beaten(one: tuple[float, float]) -> bool:
        return any(o != one and o[0] <= one[0] and o[1] <= one[1] for o in given_)

    front = {p for p in given_ if not is_beaten(p)}
    assert front <= set(kept) if len(front) <= count else set(kept) <= front


def test_nothing_survives_of_nothing() -> None:
    assert len(survivors(population_of([], []), 5).genomes) == 0
    assert len(survivors(population_of([WORST], [0.0]), 5).genomes) == 0


def test_errors_come_in_steps() -> None:
    errors = np.array([0.0, 1e-11, 1e-10, 1.001e-10, 0.5, 0.5001, 0.6, np.inf, np.nan, 1e300])
    found = in_steps(errors, 1e-10)
    assert found[:3].tolist() == [0, 0, 0]
    assert found[3] > 0
    assert found[4] == found[5] < found[6]
    assert found[7] == found[8] == WORST
    assert np.all(found <= WORST)
    assert found[4] == pytest.approx(0.5, rel=0.012)


def test_operations_of_genomes_bound_those_of_programs() -> None:
    """What is shared or simplified can only be less."""
    found = fitted(uniform(), np.exp(-uniform()) + 2.0, 300)
    points = [(p.operations, p.error) for p in found.front]
    assert points == sorted(points, key=lambda p: (p[0], -p[1]))
    for point in found.front:
        assert point.program.count.operations == point.operations


# Runs repeat

SCRIPT = """
import sys
import evosynth as es
from dsl.formats import json_format

result = es.run("sines", count=2, samples=300, seed=3, evaluations=1200, workers=2,
                out=sys.argv[1])
print(json_format.write(result.best))
"""


def run_here(workers: int, out: Path) -> tuple[str, str]:
    """Returns the best program and the log of a run."""
    found = es.run(
        "sines", count=2, samples=300, seed=3, evaluations=1200, workers=workers, out=out
    )
    return json_format.write(found.best).strip(), (found.folder / "log.jsonl").read_text()


def test_same_seed_same_result(tmp_path: Path) -> None:
    """Whatever the workers, again, and in another process."""
    here = {run_here(workers, tmp_path / "here") for workers in (1, 2, 1)}
    assert len(here) == 1
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, tmp_path / "there"],
        env=os.environ | {"PYTHONHASHSEED": "12345"},
        capture_output=True,
        text=True,
        check=True,
    )
    (folder,) = (tmp_path / "there").iterdir()
    assert here == {(done.stdout.strip(), (folder / "log.jsonl").read_text())}


def test_another_seed_is_another_run() -> None:
    x = uniform(200)
    logs = {str(fitted(x, np.tan(x), 300, seed=seed).logbook) for seed in (0, 1, 2)}
    assert len(logs) == 3


@each_strategy
def test_every_strategy_finds_something(strategy: str) -> None:
    x = uniform(200)
    found = fitted(x, np.exp(-x), 250, strategy=strategy)
    assert found.evaluations == 250
    assert found.is_verified
    assert found.r2 > 0.99


# Limits


def search(limits: Limits, target: SampledTarget | None = None, **spec: Any) -> Search:
    chosen = make_spec(**spec)
    target = target or make_sampled_target("exp-neg", seed=0, samples=200)
    return Search(FormulaBreeding(target, chosen), chosen, limits)


@pytest.mark.parametrize("limit", [1, 19, 20, 100, 150, 333])
def test_evaluates_exactly_as_many_as_asked(limit: int) -> None:
    run = search(Limits(evaluations=limit))
    assert run.run() == "evaluations"
    assert run.evaluations == limit


def test_evaluates_exactly_as_many_as_asked_of_many_inputs() -> None:
    x = np.random.default_rng(0).normal(size=(60, 20))
    assert fitted(x, x[:, 3], 250).evaluations == 250


def test_stops_by_goal() -> None:
    found = es.run("exp-neg", samples=200, seed=1, goal=10)
    assert found.stopped_by == "goal"
    assert found.claims.operations <= 10
    assert found.is_verified


def test_stops_by_patience() -> None:
    run = search(Limits(evaluations=100_000, patience=700))
    assert run.run() == "patience"
    assert 700 <= run.evaluations - run.breeding.improved_at < 700 + 100


def test_stops_by_time() -> None:
    run = search(Limits(seconds=1e-9))
    assert run.run() == "time"
    assert run.evaluations == 100  # an epoch of one island


def test_what_is_exact_is_searched_for_a_while_only() -> None:
    run = search(Limits(evaluations=100_000, exact_patience=500))
    assert run.run() == "patience"
    assert run.breeding.standing
    assert run.breeding.standing.error == 0
    noisy = make_sampled_target("exp-neg", seed=0, samples=200, noise=0.1)
    assert search(Limits(evaluations=1_500, exact_patience=500), noisy).run() == "evaluations"


def test_report_comes_after_every_epoch_of_every_island() -> None:
    snapshots: list[Snapshot] = []
    run = search(Limits(evaluations=1_200), islands=3)
    run.run(snapshots.append)
    assert [(s.record["epoch"], s.record["island"]) for s in snapshots] == [
        divmod(k, 3) for k in range(12)
    ]
    assert [s.evaluations for s in snapshots] == [100 * k for k in range(1, 13)]
    standings = [(s.error, s.operations) for s in snapshots]
    assert standings == sorted(standings, reverse=True)
    for before, after in zip([None, *standings], standings, strict=False):
        snapshot = snapshots[standings.index(after)]
        assert before == after or snapshot.is_improved
    for snapshot in snapshots:
        assert json.loads(json.dumps(snapshot.record)) == snapshot.record


# What is there is found

KNOWN: dict[str, tuple[dict[str, Any], int]] = {
    "sine": ({"frequency": 31.37}, 500),
    "exp-neg": ({}, 500),
    "inverse": ({}, 2_000),
    "step": ({}, 500),
}


@pytest.mark.parametrize("name", KNOWN)
def test_known_functions_are_recovered(name: str) -> None:
    parameters, evaluations = KNOWN[name]
    for seed in (1, 2):
        found = es.run(name, samples=400, seed=seed, evaluations=evaluations, **parameters)
        assert found.is_verified, seed
        assert found.r2 > 1 - 1e-9


def clock_digits(*columns: int, rows: int = 1_500) -> SampledTarget:
    target = make_sampled_target("clock", seed=1, samples=rows)
    x = np.concatenate([target.train.x, target.test.x[:1_000] if target.test else []])
    y = np.concatenate([target.train.y, target.test.y[:1_000] if target.test else []])
    return from_arrays(x, y[:, list(columns)], seed=0, holdout="tail")


@pytest.mark.parametrize("column", [0, 2, 5], ids=["H1", "M1", "S2"])
def test_digits_of_the_clock_are_recovered(column: int) -> None:
    found = es.run(clock_digits(column), seed=1, evaluations=1_500)
    assert found.r2 > 1 - 1e-9


@pytest.mark.slow
def test_the_whole_clock_is_recovered() -> None:
    found = es.run("clock", seed=1, evaluations=12_000)
    assert found.is_verified
    x = np.array([[86_399.0], [-1.0], [3_600.0 * 13 + 60 * 5 + 9]])
    expected = [[2, 3, 5, 9, 5, 9], [2, 3, 5, 9, 5, 9], [1, 3, 0, 5, 0, 9]]
    assert np.allclose(found.predict(x), expected, rtol=0, atol=1e-9)


def test_evolution_beats_chance() -> None:
    """Of a sum of three terms, of which no single proposal makes more than one."""
    x = np.random.default_rng(0).uniform(-5, 5, (400, 2))
    y = np.exp(-x[:, 0]) + 2 * np.sin(3 * x[:, 1]) + x[:, 0] * x[:, 1]
    for seed in (1, 2):
        errors = [
            fitted(x, y, 3_000, seed, strategy=strategy).claims.test_error
            for strategy in ("evolve", "random")
        ]
        assert errors[0] < 0.5 * errors[1]


def test_the_front_trades_operations_for_error() -> None:
    x = uniform()
    found = fitted(x, x + 0.1 * np.sin(7.0 * x), 2_000)
    operations = [point.operations for point in found.front]
    errors = [point.error for point in found.front]
    assert operations == sorted(set(operations))
    assert errors == sorted(set(errors), reverse=True)
    assert operations[0] == 0
    assert errors[-1] < 1e-9
    for point in found.front:
        y = point.program.execute(found.target.train.x)
        difference = np.sqrt(np.mean((y - found.target.train.y) ** 2)) / found.target.train.y.std()
        assert difference == pytest.approx(point.error, rel=1e-3, abs=1e-9)


def test_noise_is_not_fitted() -> None:
    rng = np.random.default_rng(0)
    x = uniform(300)
    found = fitted(x, 2 * x + 1 + 0.5 * rng.normal(size=300), 1_000)
    assert found.claims.operations <= 4
    assert np.allclose(found.predict([[2.0], [50.0]])[:, 0], [5.0, 101.0], rtol=0.05)


# Several outputs


def test_exact_formulas_lend_their_values() -> None:
    """Digits of the same number share the remainder."""
    t = np.random.default_rng(0).integers(-(10**6), 10**6, 400).astype(float)
    inner = np.mod(t, 3_600)
    target = from_arrays(t, np.column_stack([inner, np.exp(-inner / 1000)]), seed=0)
    spec = make_spec(turn=200, migration=1)
    breeding = FormulaBreeding(target, spec)
    run = Search(breeding, spec, Limits(evaluations=6_000, exact_patience=400))
    run.run()
    assert breeding.standing
    assert breeding.standing.error == 0
    assert breeding.best
    names = [instruction.name for instruction in breeding.best.instructions]
    assert names.count("mod") == 1
    assert any(found.loans for found in breeding.fronts[1])


def test_every_output_gets_its_share() -> None:
    x = uniform(200)
    y = np.column_stack([x * 2, np.sin(3 * x), np.exp(x)])
    found = fitted(x, y, 1_500)
    assert found.r2 > 1 - 1e-9
    assert found.predict([[0.5]])[0] == pytest.approx([1.0, np.sin(1.5), np.exp(0.5)])
    assert {point.output for point in found.front} == {"y0", "y1", "y2"}


def test_a_budget_that_does_not_reach_every_output() -> None:
    """A formula for each, however poor, or one line that says what to do."""
    x = uniform(200)
    y = np.column_stack([x * k for k in range(1, 7)])
    try:
        found = fitted(x, y, 250)
    except DataError as error:
        assert error.hint, error
        return
    assert found.predict([[1.0]]).shape == (1, 6)


# Interrupts


@pytest.mark.parametrize("after", [1, 3])
def test_an_interrupt_keeps_what_was_found(after: int, tmp_path: Path) -> None:
    seen: list[Snapshot] = []

    def report(snapshot: Snapshot) -> None:
        seen.append(snapshot)
        if len(seen) == after:
            raise KeyboardInterrupt

    found = es.run("exp-neg", samples=200, seed=1, time=60, out=tmp_path, report=report)
    assert found.stopped_by == "interrupt"
    assert len(seen) == after
    assert found.evaluations == seen[-1].evaluations
    assert es.verify(found.folder).problems == []
    run = json.loads((found.folder / "run.json").read_text())
    assert run["result"] == found.to_dict()


def test_an_interrupt_before_every_output_has_a_formula() -> None:
    """Either nothing was found, or there is something for each output."""

    def report(snapshot: Snapshot) -> None:
        raise KeyboardInterrupt

    x = uniform(200)
    y = np.column_stack([x, 2 * x, np.sin(3 * x)])
    try:
        found = fitted(x, y, 2_000, report=report)
    except KeyboardInterrupt:
        return
    assert found.stopped_by == "interrupt"
    assert found.predict([[1.0]]).shape == (1, 3)


# Samples at the edge


@pytest.mark.parametrize("value", [0.1, 0.0, -3.0, 1e99, 1e-30])
def test_a_constant_series_is_a_constant(value: float) -> None:
    found = fitted(uniform(100), np.full(100, value), 250)
    assert found.claims.operations == 0
    assert found.predict([[1e3], [-7.0]])[:, 0] == pytest.approx([value] * 2)


@pytest.mark.parametrize("rows", [1, 2, 3])
def test_too_few_samples_are_refused(rows: int) -> None:
    with pytest.raises(DataError, match="at least 4 rows"):
        fitted(np.arange(float(rows)), np.arange(float(rows)))


@pytest.mark.parametrize("rows", [4, 5, 19])
def test_few_samples_are_all_fitted(rows: int) -> None:
    x = np.arange(float(rows))
    found = fitted(x, x * x - 1)
    assert found.claims.test_error is None
    assert found.predict([[30.0]])[0, 0] == pytest.approx(899.0)


def test_the_same_place_may_come_twice() -> None:
    x = np.repeat([1.0, 2.0, 3.0, 5.0], 25)
    found = fitted(x, x * x)
    assert found.predict([[5.0], [2.0]])[:, 0] == pytest.approx([25.0, 4.0])
    noise = np.random.default_rng(0).normal(size=100)
    found = fitted(x, x + 0.1 * noise)
    assert found.predict([[5.0]])[0, 0] == pytest.approx(5.0, abs=0.2)


def test_one_place_alone_has_a_mean() -> None:
    noise = np.random.default_rng(0).normal(3.0, 1.0, 60)
    found = fitted(np.ones(60), noise, 250)
    assert found.claims.operations == 0
    assert found.predict([[1.0]])[0, 0] == pytest.approx(3.0, abs=0.5)


def test_a_constant_column_is_no_obstacle() -> None:
    x = uniform(300, -100, 100)
    for constant in (0.0, 1.0, 1e9):
        found = fitted(np.column_stack([np.full(300, constant), x]), np.sin(3.1 * x))
        assert found.r2 > 1 - 1e-9, constant


SCALES: dict[str, tuple[float, float, float, float]] = {
    "tiny y": (0.0, 1.0, 0.0, 1e-12),
    "tinier y": (0.0, 1.0, 0.0, 1e-90),
    "tiny x": (0.0, 1e-12, 0.0, 1.0),
    "huge y": (0.0, 1.0, 0.0, 1e90),
    "huge x": (0.0, 1e90, 0.0, 1.0),
    "offset of y": (0.0, 1.0, 1e6, 1e-2),
    "offset of x": (1e6, 1.0, 0.0, 1.0),
    "large offset of x": (1e9, 1.0, 1e6, 1.0),
}


@pytest.mark.parametrize("name", SCALES)
def test_waves_are_found_at_any_scale(name: str) -> None:
    x_offset, x_scale, y_offset, y_scale = SCALES[name]
    u = uniform(400, -100, 100)
    wave = np.sin(0.7 * u)
    x = x_offset + x_scale * u
    found = fitted(x, y_offset + y_scale * wave, 1_000)
    guess = found.predict(x[:, None])[:, 0]
    rest = (guess - (y_offset + y_scale * wave)) / y_scale
    assert np.sqrt(np.mean(rest**2)) < 1e-5


GROWING: dict[str, Callable[[Array], Array]] = {
    "line": lambda x: np.minimum(x, 3.0),
    "exp": lambda x: np.exp(np.minimum(x, 3.0)),
}


@pytest.mark.parametrize("name", GROWING)
def test_formulas_that_overflow_on_unseen_rows_do_no_harm(name: str) -> None:
    x = np.concatenate([uniform(120, -2, 2), uniform(80, 300, 700)])
    target = from_arrays(x, GROWING[name](x), seed=0, holdout="tail")
    found = es.run(target, seed=1, evaluations=1_500)
    assert found.claims.error < 2
    json.dumps(found.to_dict(), allow_nan=False)


def test_random_genomes_of_samples_never_warn() -> None:
    """Neither when scored nor when they survive."""
    rng = np.random.default_rng(0)
    rows = make_rows()
    population = no_population(8, len(FIELDS))
    for _ in range(5):
        genomes = random_genomes(300, 8, 8, FormulaSpace(2), rng)
        population = survivors(joined(population, score(rows, genomes)), 50)
    assert 5 < len(population.genomes) <= 50
    assert np.isfinite(population.errors).all()


def test_a_second_interrupt_keeps_what_is_written(monkeypatch: pytest.MonkeyPatch) -> None:
    """Settling takes seconds: who interrupts again loses the choice among formulas, no more."""

    def interrupt(*_: object, is_interrupted: bool = False) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(FormulaBreeding, "settle", interrupt)
    calls: list[int] = []

    def report(snapshot: Snapshot) -> None:
        calls.append(snapshot.evaluations)
        if len(calls) == 3:
            raise KeyboardInterrupt

    result = es.run("sine", seed=1, evaluations=100_000, report=report)
    assert result.stopped_by == "interrupt"
    assert result.best.count.operations > 0


def test_an_amplitude_may_be_another_value() -> None:
    rng = np.random.default_rng(5)
    x = rng.uniform(-2, 2, (600, 2))
    y = x[:, 0] * np.sin(3 * x[:, 1]) + 2
    result = es.run(es.from_arrays(x, y, seed=1), seed=1, evaluations=6_000)
    assert result.r2 > 1 - 1e-9
