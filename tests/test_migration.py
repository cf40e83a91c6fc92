"""Migration: the best genomes and the solved blocks of each island go around the ring."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from deap import tools
from forests import (
    begun,
    epochs_of,
    forest_bits,
    lopsided,
    population_bits,
    scrambled,
    searched,
    side_by_side,
)
from hypothesis import given
from hypothesis import strategies as st

from dsl.genome import FIELDS, pack
from dsl.grammars.factor.build import build_program
from dsl.grammars.factor.remainder import prices_for
from dsl.targets import Target, make_target
from evosynth.engine.assembly import assemble
from evosynth.engine.blocks import Forest, Grower, uses
from evosynth.engine.individual import individuals
from evosynth.engine.migration import MIGRANTS, migrate, taught
from evosynth.engine.spec import Population, Spec

SPEC = Spec(
    strategy="evolve",
    seed=0,
    islands=3,
    population=5,
    capacity=4,
    turn=10,
    restart=100,
    migration=1,
)

Member = tuple[tuple[tuple[int, ...], ...], float, float]


def make_island(island: int, operations: list[float], errors: list[float]) -> Forest:
    """Every genome says where it comes from: genes of (island, position, ...)."""
    genomes = [[(island, k, 0, 0, 0, 0)] * (1 + k % 4) for k in range(len(operations))]
    population = Population(
        pack(genomes, SPEC.capacity),
        np.array(errors),
        np.array(operations),
        stale=10 * island,
    )
    return with_population(begun(make_target("wht", 2), SPEC), population)


def with_population(forest: Forest, population: Population) -> Forest:
    root = replace(forest.blocks[0], population=population)
    return replace(forest, blocks=(root, *forest.blocks[1:]))


def population_of(forest: Forest) -> Population:
    return forest.blocks[0].population


def moved(islands: list[Forest]) -> list[Population]:
    return [population_of(forest) for forest in migrate(islands, SPEC, False)]


def members(population: Population) -> list[Member]:
    return [
        (
            tuple(map(tuple, population.genomes[k].tolist())),
            float(population.errors[k]),
            float(population.operations[k]),
        )
        for k in range(len(population.genomes))
    ]


def best(population: Population, count: int) -> list[Member]:
    return sorted(members(population), key=lambda member: (member[1], member[2]))[:count]


# Genomes

numbers = st.integers(0, 30).map(float)
rings = st.lists(
    st.lists(st.tuples(numbers, st.sampled_from([0.0, 0.0, 0.0, 0.5])), min_size=5, max_size=5),
    min_size=2,
    max_size=5,
).map(
    lambda rows: [
        make_island(k, [o for o, _ in row], [e for _, e in row]) for k, row in enumerate(rows)
    ]
)


def test_the_best_move_on_and_replace_the_worst() -> None:
    islands = [
        make_island(0, [50, 10, 40, 20, 30], [0] * 5),
        make_island(1, [51, 11, 41, 21, 31], [0] * 5),
        make_island(2, [52, 12, 42, 22, 32], [0] * 5),
    ]
    assert MIGRANTS == 2
    for island, population in enumerate(moved(islands)):
        previous = (island - 1) % 3
        expected = [10 + island, 20 + island, 30 + island, 10 + previous, 20 + previous]
        assert sorted(population.operations) == sorted(expected)
        arrivals = [
            g[0][0] for g, _, o in members(population) if o in (10 + previous, 20 + previous)
        ]
        assert arrivals == [previous] * 2, "genome and score travel together"


@given(st.integers(0, 2**32 - 1))
def test_only_members_that_matter_meet_as_individuals(seed: int) -> None:
    """The same as DEAP's ring of all members, also where genomes and scores are equal."""
    rng = np.random.default_rng(seed)
    islands = []
    for _ in range(rng.integers(2, 5)):
        count, kinds = rng.integers(3, 12), rng.integers(1, 12)
        genomes = [[(0, 0, 0, 0, k // 3, 0)] * (k % 3) for k in rng.integers(0, kinds, count)]
        errors = np.where(rng.random(count) < 0.3, 0.5, 0.0)
        operations = rng.integers(0, 4, count).astype(float)
        population = Population(pack(genomes, SPEC.capacity), errors, operations)
        islands.append(with_population(begun(make_target("wht", 2), SPEC), population))
    whole = [individuals(p.genomes, p.errors, p.operations) for p in map(population_of, islands)]
    tools.migRing(whole, MIGRANTS, tools.selBest, replacement=tools.selWorst)
    expected = [[(tuple(m), m.error, float(m.operations)) for m in island] for island in whole]
    assert list(map(members, moved(islands))) == expected


def test_an_inexact_genome_is_worse_than_any_exact_one() -> None:
    cheap_but_wrong = make_island(0, [1, 2, 90, 91, 92], [0.5, 0.5, 0, 0, 0])
    other = make_island(1, [60, 61, 62, 63, 64], [0] * 5)
    after = moved([cheap_but_wrong, other])
    assert sorted(after[1].operations) == [60, 61, 62, 90, 91]
    assert not after[0].errors.any()


@given(rings)
def test_migration_keeps_what_islands_have(islands: list[Forest]) -> None:
    before = list(map(forest_bits, islands))
    after = moved(islands)
    assert list(map(forest_bits, islands)) == before, "the input has changed"
    assert list(map(members, moved(islands))) == list(map(members, after))
    old = list(map(population_of, islands))
    known = {member for population in old for member in members(population)}
    for k, population in enumerate(after):
        assert len(population.genomes) == 5
        assert population.genomes.capacity == SPEC.capacity
        assert population.genomes.genes.shape[2] == len(FIELDS)
        assert population.errors.dtype == population.operations.dtype == np.float64
        assert population.stale == old[k].stale
        assert set(members(population)) <= known
        ranks = [leaders[0][1:] for leaders in (best(old[k], 1), best(old[k - 1], 1))]
        assert best(population, 1)[0][1:] == min(ranks), "the best stay, and have arrived"


@pytest.mark.parametrize("count", [0, 1])
def test_nothing_happens_without_a_neighbour(count: int) -> None:
    islands = [make_island(0, [5, 4, 3, 2, 1], [0] * 5)][:count]
    assert migrate(islands, SPEC, False) == islands


@pytest.mark.parametrize("count", [0, MIGRANTS])
def test_populations_that_have_hardly_begun_keep_their_genomes(count: int) -> None:
    islands = [
        make_island(k, [5.0] * (count if k else 5), [0] * (count if k else 5)) for k in (0, 1)
    ]
    after = moved(islands)
    for forest, population in zip(islands, after, strict=True):
        assert population_bits(population) == population_bits(population_of(forest))


def test_arrivals_are_scored_again() -> None:
    """Their scores are those of what is known on the island that they come from."""
    islands = [make_island(k, [5, 4, 3, 2, 1], [0] * 5) for k in (0, 1)]
    for forest in migrate(islands, SPEC, False):
        assert forest.blocks[0].version != forest.version


# Solved blocks


def learnt_of(matrix: Any, epochs: int = 6) -> Forest:
    return epochs_of(Target("part", matrix.shape[1], matrix, "complex"), epochs)[-1]


def test_a_solved_block_is_taught_in_another_order() -> None:
    """The receiver has the block transposed, conjugated, permuted and times units."""
    rng = np.random.default_rng(4)
    sender = learnt_of(lopsided())
    matrix = scrambled(lopsided().conj().T, rng)
    receiver = begun(Target("other", 3, matrix, "complex"))
    assert receiver.costs[0] > sender.costs[0]
    after = taught(receiver, sender, SPEC, True)
    program = build_program(assemble(after, True), "complex")
    assert np.abs(program.execute(np.eye(3)).T - matrix).max() <= 1e-12
    assert program.count.operations <= sender.costs[0] + 2 * (3 - 5)
    assert after.costs[0] < receiver.costs[0]
    assert after.version > receiver.version


def test_a_block_within_the_receivers_target_is_found() -> None:
    """The sender's target is a component of the receiver's: it is solved there at once."""
    rng = np.random.default_rng(5)
    sender = learnt_of(lopsided())
    corner = np.array([[2.0, 3.0], [3.0, 7.0]])
    whole = side_by_side(corner, scrambled(lopsided(), rng))
    receiver = begun(Target("whole", 7, whole, "complex"))
    after = taught(receiver, sender, SPEC, True)
    saved = sender.blocks[0].dense - sender.costs[0]
    assert saved > 0
    assert receiver.costs[0] - after.costs[0] == saved
    program = build_program(assemble(after, True), "complex")
    assert np.abs(program.execute(np.eye(7)).T - whole).max() <= 1e-12


def test_what_is_dearer_is_not_taught() -> None:
    sender, receiver = searched("dft15")[2], searched("dft15")[-1]
    assert sender.costs[0] > receiver.costs[0]
    after = taught(receiver, sender, SPEC, True)
    assert after.costs[0] == receiver.costs[0]
    assert all(cost <= old for cost, old in zip(after.costs, receiver.costs, strict=False))


@pytest.mark.parametrize("name", ["dft12", "dft15"])
def test_the_best_program_arrives_with_all_its_blocks(name: str) -> None:
    sender = searched(name)[-1]
    receiver = replace(searched(name)[0])
    before = forest_bits(sender), forest_bits(receiver)
    after = taught(receiver, sender, SPEC, True)
    assert (forest_bits(sender), forest_bits(receiver)) == before
    program = build_program(assemble(after, True), "complex")
    assert program.count.operations <= sender.costs[0]
    grower = Grower(after, prices_for(is_complex=True), SPEC)
    for index in {0, *uses(sender)}:
        number, _ = grower.find(sender.blocks[index].matrix)
        assert number < len(after.blocks)
        # Transposes may count a little more until they are simplified.
        assert after.costs[number] <= receiver_cost(sender, index)


def receiver_cost(sender: Forest, index: int) -> int:
    return assemble(sender, True, index).operations


def test_blocks_go_around_the_ring() -> None:
    """A block that one island has solved is solved on the next, and only there."""
    target = Target("part", 5, lopsided(), "complex")
    islands = [epochs_of(target, 6)[-1], begun(target), begun(target)]
    dense = islands[1].costs[0]
    after = migrate(islands, SPEC, True)
    assert [forest.costs[0] for forest in after] == [islands[0].costs[0]] * 2 + [dense]
    again = migrate(after, SPEC, True)
    assert [forest.costs[0] for forest in again] == [islands[0].costs[0]] * 3
