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
from evosynth.engine.spec import Population, Purpose, Spec, gene_space, no_population
from evosynth.engine.task import Task
from evosynth.engine.turn import evaluator_for
from evosynth.strategies import STRATEGIES, Strategy, evolve
from fitness.evaluators import Scores
from fitness.objectives import WORST

TARGET = make_target("dft", 6)
SPACE = gene_space(TARGET.matrix.shape)
# Population and turn of a run, then sizes that do not divide each other.
SIZES = [(100, 200), (20, 50), (30, 20), (7, 7), (1, 3)]

each_strategy = pytest.mark.parametrize("strategy", STRATEGIES, ids=lambda s: s.name)


class Counter:
    """An evaluator that counts the genomes that it scores, and checks them."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self, genomes: Genomes) -> Scores:
        assert_valid(genomes)
        self.count += len(genomes)
        return evaluator_for(TARGET.matrix, TARGET.domain).evaluate(genomes)


def make_spec(population: int = 20, turn: int = 40, restart: int = 10**6) -> Spec:
    return Spec(
        strategy="evolve",
        seed=5,
        islands=1,
        population=population,
        capacity=8,
        turn=turn,
        restart=restart,
        migration=10,
    )


def advance(
    strategy: Strategy,
    population: Population,
    spec: Spec,
    turn: int = 0,
    counter: Counter | None = None,
) -> Population:
    rng = spec.generator(Purpose.TURN, turn, 0)
    return strategy.advance(population, Task(spec, SPACE, counter or Counter(), rng))


def arrays_of(population: Population) -> tuple[np.ndarray, ...]:
    genomes = population.genomes
    return genomes.genes, genomes.lengths, population.errors, population.operations


def frozen(population: Population) -> Population:
    """Makes a population's arrays read-only: whoever writes to them fails."""
    for array in arrays_of(population):
        array.setflags(write=False)
    return population


def bits(population: Population) -> tuple[bytes, ...]:
    arrays = (array.tobytes() for array in arrays_of(population))
    return (*arrays, str(population.stale).encode())


def assert_valid(genomes: Genomes) -> None:
    assert SPACE.is_valid(genomes.genes)
    beyond = np.arange(genomes.capacity) >= genomes.lengths[:, None]
    assert not genomes.genes[beyond].any()


def assert_consistent(population: Population, spec: Spec) -> None:
    """The scores in a population are those of its genomes."""
    assert 0 < len(population.genomes) <= spec.population
    assert population.genomes.capacity == spec.capacity
    assert population.errors.shape == population.operations.shape == (len(population.genomes),)
    assert population.errors.dtype == population.operations.dtype == np.float64
    assert np.isfinite(population.errors).all()
    assert np.isfinite(population.operations).all()
    assert_valid(population.genomes)
    scores = evaluator_for(TARGET.matrix, TARGET.domain).evaluate(population.genomes)
    assert np.array_equal(population.operations, scores.operations)
    assert np.array_equal(population.errors, np.where(scores.errors <= 1e-12, 0, scores.errors))


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
@pytest.mark.parametrize(("size", "turn"), SIZES)
def test_advance_spends_exactly_one_epoch(strategy: Strategy, size: int, turn: int) -> None:
    spec, population = make_spec(size, turn), no_population(8)
    for number in range(4):
        counter = Counter()
        population = advance(strategy, population, spec, number, counter)
        assert counter.count == turn, f"turn {number}"


@each_strategy
@pytest.mark.parametrize(("size", "turn"), SIZES)
def test_population_is_consistent(strategy: Strategy, size: int, turn: int) -> None:
    spec, population = make_spec(size, turn), no_population(8)
    for number in range(3):
        population = advance(strategy, population, spec, number)
        assert_consistent(population, spec)


@each_strategy
def test_best_never_gets_worse_without_a_restart(strategy: Strategy) -> None:
    spec, population = make_spec(), no_population(8)
    best = [np.inf]
    for number in range(30):
        population = advance(strategy, population, spec, number)
        best.append(float(population.ranks().min()))
        assert best[-1] <= best[-2]
    dense = 156
    assert best[-1] < dense, "thirty epochs find something"


@each_strategy
def test_advance_is_pure(strategy: Strategy) -> None:
    spec = make_spec()
    population = frozen(advance(strategy, no_population(spec.capacity), spec))
    before = bits(population)
    after = bits(advance(strategy, population, spec, 1))
    assert bits(advance(strategy, population, spec, 1)) == after
    assert bits(population) == before
    assert bits(advance(strategy, population, spec, 2)) != after, "the generator does not matter"


@pytest.mark.parametrize("name", ["evolve", "hill-climb"])
def test_stale_counts_the_evaluations_without_improvement(name: str) -> None:
    spec, population = make_spec(), no_population(8)
    stale = 0
    has_waited = False
    for number in range(40):
        best = population.ranks().min(initial=np.inf)
        population = advance(STRATEGIES.get(name), population, spec, number)
        if population.ranks().min() < best:
            assert population.stale < spec.turn
        else:
            assert population.stale == stale + spec.turn
            has_waited = True
        stale = population.stale
    assert has_waited


@pytest.mark.parametrize("name", ["evolve", "hill-climb"])
def test_a_stale_island_starts_anew(name: str) -> None:
    strategy, spec = STRATEGIES.get(name), make_spec(restart=400)
    population = advance(strategy, no_population(spec.capacity), spec)
    assert bits(advance(strategy, replace(population, stale=399), spec, 1)) != bits(
        advance(strategy, replace(population, stale=400), spec, 1)
    )
    restarted = advance(strategy, replace(population, stale=400), spec, 1)
    anew = advance(strategy, no_population(spec.capacity), spec, 1)
    assert bits(restarted) == bits(anew), "nothing of the old population is left"


def test_random_search_remembers_the_best_of_all_that_it_drew() -> None:
    spec = make_spec(population=10, turn=30)
    drawn: list[float] = []

    class Recorder(Counter):
        def __call__(self, genomes: Genomes) -> Scores:
            scores = super().__call__(genomes)
            drawn.extend(scores.operations.tolist())
            return scores

    population = no_population(spec.capacity)
    for number in range(4):
        population = advance(STRATEGIES.get("random"), population, spec, number, Recorder())
    assert len(drawn) == 120
    assert sorted(population.operations) == sorted(drawn)[:10]


@each_strategy
def test_no_place_of_the_population_gets_worse(strategy: Strategy) -> None:
    """A newcomer takes the place of one that is not better, whatever the strategy."""
    spec = make_spec(population=20, turn=20)
    population = advance(strategy, no_population(spec.capacity), spec)
    for number in range(1, 15):
        after = advance(strategy, population, spec, number)
        assert (after.ranks() <= population.ranks()).all()
        population = after


def replaced_plainly(
    ranks: list[float], arriving: list[float], rivals: list[list[int]]
) -> dict[int, int]:
    """The definition: which child has which place at the end."""
    source = {}
    for child, (rank, members) in enumerate(zip(arriving, rivals, strict=True)):
        worst = max(members, key=ranks.__getitem__)
        if rank <= ranks[worst]:
            ranks[worst], source[worst] = rank, child
    return source


@pytest.mark.parametrize("size", [1, 2, 3, 10, 200])
@pytest.mark.parametrize("levels", [1, 3, 10**6])
@pytest.mark.parametrize("seed", range(5))
def test_children_replace_the_worst_of_their_rivals_in_turn(
    size: int, levels: int, seed: int
) -> None:
    """Few levels make many ties; later children meet those that took a place before."""
    rng = np.random.default_rng(seed)
    count = int(rng.integers(1, size + 1))

    def scored(count: int, first: int) -> Population:
        genes = np.zeros((count, 1, 6), np.int16)
        genes[:, 0, 0] = first + np.arange(count)  # tells who is who
        errors = np.where(rng.random(count) < 0.3, 0.5, 0.0)
        operations = rng.integers(0, levels, count).astype(float)
        return Population(Genomes(genes, np.ones(count, np.int16)), errors, operations, 7)

    population, children = scored(size, 0), scored(count, size)
    rivals = np.random.default_rng(seed).integers(0, size, (count, evolve.RIVALS)).tolist()
    source = replaced_plainly(population.ranks().tolist(), children.ranks().tolist(), rivals)
    found = evolve._replace_worse(frozen(population), children, np.random.default_rng(seed))
    names = [size + source[place] if place in source else place for place in range(size)]
    assert found.genomes.genes[:, 0, 0].tolist() == names
    both = np.concatenate([population.ranks(), children.ranks()])
    assert found.ranks().tolist() == both[names].tolist()
    assert found.stale == 7


@pytest.mark.parametrize("error", [1.1e-12, 1e-6, 1.0, WORST])
@pytest.mark.parametrize("operations", [0.0, 1e9, WORST])
def test_rank_puts_every_error_behind_every_exact_genome(error: float, operations: float) -> None:
    errors, counts = np.array([0.0, 0.0, error]), np.array([5.0, 1e9, operations])
    exact, dear, wrong = Population(pack([[]] * 3, 1), errors, counts).ranks().tolist()
    assert exact < dear < wrong


def test_unknown_strategy_is_refused_with_a_suggestion() -> None:
    with pytest.raises(UsageError) as caught:
        STRATEGIES.get("evolv")
    assert "did you mean 'evolve'?" in caught.value.hint
