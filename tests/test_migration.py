"""Migration: the best of each island go around the ring."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dsl.genome import FIELDS, pack
from evosynth.engine.migration import MIGRANTS, migrate
from evosynth.engine.spec import Spec, State

SPEC = Spec(
    strategy="evolve",
    seed=0,
    islands=3,
    population=5,
    capacity=4,
    epoch=10,
    restart=100,
    migration=1,
)

Member = tuple[tuple[tuple[int, ...], ...], float, float]


def make_island(island: int, operations: list[float], errors: list[float]) -> State:
    """Every genome says where it comes from: genes of (island, position, ...)."""
    genomes = [[(island, k, 0, 0, 0, 0)] * (1 + k % 4) for k in range(len(operations))]
    return State(
        pack(genomes, SPEC.capacity),
        np.array(errors),
        np.array(operations),
        stale=10 * island,
    )


def members(state: State) -> list[Member]:
    return [
        (
            tuple(map(tuple, state.genomes[k].tolist())),
            float(state.errors[k]),
            float(state.operations[k]),
        )
        for k in range(len(state.genomes))
    ]


def best(state: State, count: int) -> list[Member]:
    return sorted(members(state), key=lambda member: (member[1], member[2]))[:count]


numbers = st.integers(0, 30).map(float)
islands = st.lists(
    st.lists(st.tuples(numbers, st.sampled_from([0.0, 0.0, 0.0, 0.5])), min_size=5, max_size=5),
    min_size=2,
    max_size=5,
).map(
    lambda rows: [
        make_island(k, [o for o, _ in row], [e for _, e in row]) for k, row in enumerate(rows)
    ]
)


def test_the_best_move_on_and_replace_the_worst() -> None:
    states = [
        make_island(0, [50, 10, 40, 20, 30], [0] * 5),
        make_island(1, [51, 11, 41, 21, 31], [0] * 5),
        make_island(2, [52, 12, 42, 22, 32], [0] * 5),
    ]
    after = migrate(states, SPEC)
    assert MIGRANTS == 2
    for island, state in enumerate(after):
        previous = (island - 1) % 3
        expected = [10 + island, 20 + island, 30 + island, 10 + previous, 20 + previous]
        assert sorted(state.operations) == sorted(expected)
        arrivals = [g[0][0] for g, _, o in members(state) if o in (10 + previous, 20 + previous)]
        assert arrivals == [previous] * 2, "genome and score travel together"


def test_an_inexact_genome_is_worse_than_any_exact_one() -> None:
    cheap_but_wrong = make_island(0, [1, 2, 90, 91, 92], [0.5, 0.5, 0, 0, 0])
    other = make_island(1, [60, 61, 62, 63, 64], [0] * 5)
    after = migrate([cheap_but_wrong, other], SPEC)
    assert sorted(after[1].operations) == [60, 61, 62, 90, 91]
    assert not after[0].errors.any()


@given(islands)
def test_migration_keeps_what_islands_have(states: list[State]) -> None:
    before = [members(state) for state in states]
    after = migrate(states, SPEC)
    assert [members(state) for state in states] == before, "the input has changed"
    assert [members(state) for state in migrate(states, SPEC)] == [members(s) for s in after]
    known = {member for island in before for member in island}
    for k, state in enumerate(after):
        assert len(state.genomes) == 5
        assert state.genomes.capacity == SPEC.capacity
        assert state.genomes.genes.shape[2] == len(FIELDS)
        assert state.errors.dtype == state.operations.dtype == np.float64
        assert state.stale == states[k].stale
        assert set(members(state)) <= known
        ranks = [members_of[0][1:] for members_of in (best(states[k], 1), best(states[k - 1], 1))]
        assert best(state, 1)[0][1:] == min(ranks), "the best stay, and have arrived"


@pytest.mark.parametrize("count", [0, 1])
def test_nothing_happens_without_a_neighbour(count: int) -> None:
    states = [make_island(0, [5, 4, 3, 2, 1], [0] * 5)][:count]
    after = migrate(states, SPEC)
    assert [members(state) for state in after] == [members(state) for state in states]
