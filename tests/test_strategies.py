"""Strategies: every registered one keeps the contract of `evosynth.strategies.base`."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import evosynth.strategies
from dsl.errors import UsageError
from dsl.genome import Genomes, pack
from dsl.targets import make_target
from evosynth.engine.epoch import evaluator_for
from evosynth.engine.spec import Purpose, Spec, State, empty_state, gene_space
from evosynth.engine.task import Task
from evosynth.strategies import STRATEGIES, Strategy
from fitness.evaluators import Scores
from fitness.objectives import WORST

TARGET = make_target("dft", 6)
# Population and epoch of a run, then sizes that do not divide each other.
SIZES = [(100, 200), (20, 50), (30, 20), (7, 7), (1, 3)]

each_strategy = pytest.mark.parametrize("strategy", STRATEGIES, ids=lambda s: s.name)


class Counter:
    """An evaluator that counts the genomes that it scores, and checks them."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self, genomes: Genomes) -> Scores:
        assert_valid(genomes)
        self.count += len(genomes)
        return evaluator_for(TARGET).evaluate(genomes)


def make_spec(population: int = 20, epoch: int = 40, restart: int = 10**6) -> Spec:
    return Spec(
        strategy="evolve",
        seed=5,
        islands=1,
        population=population,
        capacity=8,
        epoch=epoch,
        restart=restart,
        migration=10,
    )


def advance(
    strategy: Strategy, state: State, spec: Spec, epoch: int = 0, counter: Counter | None = None
) -> State:
    rng = spec.generator(Purpose.EPOCH, epoch, 0)
    return strategy.advance(state, Task(spec, gene_space(TARGET), counter or Counter(), rng))


def frozen(state: State) -> State:
    """Makes a state's arrays read-only: whoever writes to them fails."""
    for array in (state.genomes.genes, state.genomes.lengths, state.errors, state.operations):
        array.setflags(write=False)
    return state


def bits(state: State) -> tuple[bytes, ...]:
    arrays = (state.genomes.genes, state.genomes.lengths, state.errors, state.operations)
    return (*(array.tobytes() for array in arrays), str(state.stale).encode())


def assert_valid(genomes: Genomes) -> None:
    assert gene_space(TARGET).is_valid(genomes.genes)
    beyond = np.arange(genomes.capacity) >= genomes.lengths[:, None]
    assert not genomes.genes[beyond].any()


def assert_consistent(state: State, spec: Spec) -> None:
    """The scores in a state are those of its genomes."""
    assert 0 < len(state.genomes) <= spec.population
    assert state.genomes.capacity == spec.capacity
    assert state.errors.shape == state.operations.shape == (len(state.genomes),)
    assert state.errors.dtype == state.operations.dtype == np.float64
    assert np.isfinite(state.errors).all()
    assert np.isfinite(state.operations).all()
    assert_valid(state.genomes)
    scores = evaluator_for(TARGET).evaluate(state.genomes)
    assert np.array_equal(state.operations, scores.operations)
    assert np.array_equal(state.errors, np.where(scores.errors <= 1e-12, 0, scores.errors))


def test_every_file_of_the_folder_is_in_the_table_of_contents() -> None:
    folder = Path(evosynth.strategies.__file__).parent
    members = {path.stem for path in folder.glob("*.py")} - {"__init__", "base"}
    assert len(members) == len(STRATEGIES.names())
    for name in members:
        assert f"evosynth.strategies.{name}" in sys.modules, f"{name} is not imported"


@each_strategy
def test_strategy_says_what_it_is(strategy: Strategy) -> None:
    assert strategy.summary
    assert "\n" not in strategy.summary
    assert STRATEGIES.get(strategy.name) is strategy


@each_strategy
@pytest.mark.parametrize(("population", "epoch"), SIZES)
def test_advance_spends_exactly_one_epoch(strategy: Strategy, population: int, epoch: int) -> None:
    spec, state = make_spec(population, epoch), empty_state(make_spec())
    for number in range(4):
        counter = Counter()
        state = advance(strategy, state, spec, number, counter)
        assert counter.count == epoch, f"epoch {number}"


@each_strategy
@pytest.mark.parametrize(("population", "epoch"), SIZES)
def test_state_is_consistent(strategy: Strategy, population: int, epoch: int) -> None:
    spec, state = make_spec(population, epoch), empty_state(make_spec())
    for number in range(3):
        state = advance(strategy, state, spec, number)
        assert_consistent(state, spec)


@each_strategy
def test_best_never_gets_worse_without_a_restart(strategy: Strategy) -> None:
    spec, state = make_spec(), empty_state(make_spec())
    best = [np.inf]
    for number in range(30):
        state = advance(strategy, state, spec, number)
        best.append(float(state.ranks().min()))
        assert best[-1] <= best[-2]
    dense = 156
    assert best[-1] < dense, "thirty epochs find something"


@each_strategy
def test_advance_is_pure(strategy: Strategy) -> None:
    spec = make_spec()
    state = frozen(advance(strategy, empty_state(spec), spec))
    before = bits(state)
    after = bits(advance(strategy, state, spec, 1))
    assert bits(advance(strategy, state, spec, 1)) == after
    assert bits(state) == before
    assert bits(advance(strategy, state, spec, 2)) != after, "the generator does not matter"


@pytest.mark.parametrize("name", ["evolve", "hill-climb"])
def test_stale_counts_the_evaluations_without_improvement(name: str) -> None:
    spec, state = make_spec(), empty_state(make_spec())
    stale = 0
    has_waited = False
    for number in range(40):
        best = state.ranks().min(initial=np.inf)
        state = advance(STRATEGIES.get(name), state, spec, number)
        if state.ranks().min() < best:
            assert state.stale < spec.epoch
        else:
            assert state.stale == stale + spec.epoch
            has_waited = True
        stale = state.stale
    assert has_waited


@pytest.mark.parametrize("name", ["evolve", "hill-climb"])
def test_a_stale_island_starts_anew(name: str) -> None:
    strategy, spec = STRATEGIES.get(name), make_spec(restart=400)
    state = advance(strategy, empty_state(spec), spec)
    assert bits(advance(strategy, replace(state, stale=399), spec, 1)) != bits(
        advance(strategy, replace(state, stale=400), spec, 1)
    )
    restarted = advance(strategy, replace(state, stale=400), spec, 1)
    anew = advance(strategy, empty_state(spec), spec, 1)
    assert bits(restarted) == bits(anew), "nothing of the old population is left"


def test_random_search_remembers_the_best_of_all_that_it_drew() -> None:
    spec = make_spec(population=10, epoch=30)
    drawn: list[float] = []

    class Recorder(Counter):
        def __call__(self, genomes: Genomes) -> Scores:
            scores = super().__call__(genomes)
            drawn.extend(scores.operations.tolist())
            return scores

    state = empty_state(spec)
    for number in range(4):
        state = advance(STRATEGIES.get("random"), state, spec, number, Recorder())
    assert len(drawn) == 120
    assert sorted(state.operations) == sorted(drawn)[:10]


@each_strategy
def test_no_place_of_the_population_gets_worse(strategy: Strategy) -> None:
    """A newcomer takes the place of one that is not better, whatever the strategy."""
    spec = make_spec(population=20, epoch=20)
    state = advance(strategy, empty_state(spec), spec)
    for number in range(1, 15):
        after = advance(strategy, state, spec, number)
        assert (after.ranks() <= state.ranks()).all()
        state = after


@pytest.mark.parametrize("error", [1.1e-12, 1e-6, 1.0, WORST])
@pytest.mark.parametrize("operations", [0.0, 1e9, WORST])
def test_rank_puts_every_error_behind_every_exact_genome(error: float, operations: float) -> None:
    errors, counts = np.array([0.0, 0.0, error]), np.array([5.0, 1e9, operations])
    exact, dear, wrong = State(pack([[]] * 3, 1), errors, counts).ranks().tolist()
    assert exact < dear < wrong


def test_unknown_strategy_is_refused_with_a_suggestion() -> None:
    with pytest.raises(UsageError) as caught:
        STRATEGIES.get("evolv")
    assert "did you mean 'evolve'?" in caught.value.hint
