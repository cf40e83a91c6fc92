"""The archive: keeps the program with the fewest operations in exported code."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from deap import tools

from dsl.genome import pack
from dsl.targets import Target, make_target
from evosynth.engine import archive as archive_module
from evosynth.engine.archive import HALL, SETTLED, Archive, make_statistics
from evosynth.engine.epoch import evaluator_for, run_epoch
from evosynth.engine.individual import Individual, individuals, population_of
from evosynth.engine.spec import Spec, State, empty_state
from fitness.objectives import program_error

TARGETS = [("dft", 5), ("dft", 8), ("wht", 8), ("dct2", 8)]
SPEC = Spec(
    strategy="evolve",
    seed=4,
    islands=1,
    population=60,
    capacity=16,
    epoch=120,
    restart=600,
    migration=10,
)


def states_of(target: Target, epochs: int, island: int = 0) -> list[State]:
    state, states = empty_state(SPEC), []
    for epoch in range(epochs):
        state = run_epoch(target, SPEC, state, epoch, island)
        states.append(state)
    return states


def make_archive(target: Target) -> Archive:
    return Archive(target, evaluator_for(target))


@pytest.mark.parametrize("name", TARGETS, ids=str)
def test_keeps_the_program_with_the_fewest_exported_operations(name: tuple[str, int]) -> None:
    target = make_target(*name)
    archive = make_archive(target)
    counts: list[int] = []
    leaders: list[int] = []
    for number, state in enumerate(states_of(target, 3)):
        archive.update(state, 120 * number)
        leaders.append(archive.program_of(archive.hall[0]).count.operations)
        before = archive.best
        assert archive.offer_leader() == (archive.best is not before)
        if archive.best:
            counts.append(archive.best.count.operations)
            assert archive.operations == min(counts[-1], archive.hall[0].operations)
    assert counts == sorted(counts, reverse=True), "the best got worse"
    assert counts[-1] == min(leaders)
    archive.settle()
    assert archive.best
    hall = [archive.program_of(member) for member in archive.hall[:SETTLED] if member.error == 0]
    assert archive.best.count.operations == min([*counts, *(p.count.operations for p in hall)])
    assert program_error(archive.best, target) <= 1e-12
    assert archive.best.name == target.identifier


@pytest.mark.parametrize("name", TARGETS, ids=str)
def test_exported_count_is_never_above_the_evaluators(name: tuple[str, int]) -> None:
    target = make_target(*name)
    archive = make_archive(target)
    for number, state in enumerate(states_of(target, 6)):
        archive.update(state, 120 * number)
    assert archive.hall
    for member in archive.hall:
        assert archive.program_of(member).count.operations <= member.operations


def test_improvement_is_dated() -> None:
    target = make_target("dft", 5)
    archive = make_archive(target)
    early, *_, late = states_of(target, 10)
    assert late.operations.min() < early.operations.min()
    assert archive.operations is None
    assert archive.update(early, 120)
    assert archive.improved_at == 120
    assert archive.operations == early.operations.min()
    assert not archive.update(early, 240), "the same state again is no news"
    assert archive.improved_at == 120
    assert archive.update(late, 360)
    assert archive.improved_at == 360
    assert not archive.update(early, 480), "an older state does not take the best away"
    assert archive.improved_at == 360
    assert archive.operations == late.operations.min()


def test_hall_is_that_of_all_states_together() -> None:
    """Whatever is skipped on the way, the hall holds the best genomes that ever were."""
    target = make_target("dft", 7)
    archive = make_archive(target)
    plain = tools.HallOfFame(HALL)
    for number, state in enumerate(states_of(target, 3)):
        archive.update(state, 120 * number)
        plain.update(individuals_of(state, np.argsort(state.ranks(), kind="stable")[:HALL]))
    assert [member.rank for member in archive.hall] == [member.rank for member in plain]
    assert len({member.rank for member in plain}) > 1


def test_a_state_without_a_new_leader_still_fills_the_hall() -> None:
    archive = make_archive(make_target("dft", 6))
    for island, operations in enumerate(([10, 20, 21, 22, 23, 24, 25, 26], [12, 13, 30])):
        genomes = pack([[(island, k, 0, 0, 0, 0)] for k in range(len(operations))], 1)
        costs = np.array(operations, np.float64)
        assert archive.update(State(genomes, np.zeros(len(costs)), costs), 120) == (island == 0)
    assert [m.operations for m in archive.hall] == [10, 12, 13, 20, 21, 22, 23, 24]


def test_settle_finds_a_tied_genome_with_simpler_code(monkeypatch: pytest.MonkeyPatch) -> None:
    target = make_target("wht", 4)
    archive = make_archive(target)
    state = states_of(target, 1)[0]
    order = np.argsort(state.ranks(), kind="stable")
    best, worse = (archive.program_of(m) for m in individuals_of(state, order[[0, -1]]))
    assert worse.count.operations > best.count.operations
    tied = State(
        pack([[(0, 0, 0, k, 0, 0)] for k in range(2)], SPEC.capacity), np.zeros(2), np.ones(2)
    )
    archive.update(tied, 120)
    leader = archive.hall[0]
    programs = {leader[0][3]: worse, 1 - leader[0][3]: best}
    monkeypatch.setattr(Archive, "program_of", lambda self, member: programs[member[0][3]])
    assert archive.offer_leader()
    assert archive.best is worse
    assert not archive.offer_leader(), "the same genome again is no news"
    archive.settle()
    assert archive.best is best


def individuals_of(state: State, where: np.ndarray) -> list[Individual]:
    return individuals(state.genomes.take(where), state.errors[where], state.operations[where])


def test_inexact_genomes_never_lead() -> None:
    target = make_target("dft", 5)
    archive = make_archive(target)
    state = states_of(target, 1)[0]
    archive.update(replace(state, errors=np.full(60, 0.5)), 120)
    assert not archive.offer_leader()
    archive.settle()
    assert archive.operations is None
    assert archive.best is None
    assert len(archive.front) == 0


def test_a_program_that_is_not_exact_is_not_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    """An evaluator that says "exact" is checked against the exported code."""
    target = make_target("dft", 5)
    archive = make_archive(target)
    monkeypatch.setattr(archive_module, "program_error", lambda program, target: 1e-6)
    archive.update(states_of(target, 1)[0], 120)
    assert not archive.offer_leader()
    archive.settle()
    assert archive.best is None


def test_hall_and_front_are_sorted_and_distinct() -> None:
    target = make_target("dft", 8)
    archive = make_archive(target)
    for number, state in enumerate(states_of(target, 6)):
        archive.update(state, 120 * number)
    fitness = [(member.error, member.operations) for member in archive.hall]
    assert len(archive.hall) == HALL
    assert fitness == sorted(fitness)
    assert len({tuple(member) for member in archive.hall}) == HALL


def test_front_holds_programs_that_were_written_and_are_exact() -> None:
    target = make_target("dft", 8)
    archive = make_archive(target)
    for number, state in enumerate(states_of(target, 6)):
        archive.update(state, 120 * number)
        archive.offer_leader()
    archive.settle()
    assert archive.best
    assert archive.front[0].operations == archive.best.count.operations
    for member in archive.front:
        program = archive.program_of(member)
        assert program_error(program, target) <= 1e-12
        assert (member.error, member.operations) == (0, program.count.operations)


def test_individuals_round_trip() -> None:
    state = states_of(make_target("dft", 5), 1)[0]
    members = individuals(state.genomes, state.errors, state.operations)
    packed = population_of(members, SPEC.capacity)
    assert np.array_equal(packed.genes, state.genomes.genes)
    assert np.array_equal(packed.lengths, state.genomes.lengths)
    assert [m.operations for m in members] == state.operations.tolist()
    assert [m.error for m in members] == state.errors.tolist()
    assert members[0].genes().tolist() == state.genomes[0].tolist()
    empty = Individual(state.genomes[0][:0], 0.0, 1.0)
    assert empty.genes().shape == (0, 6)


def test_fitness_prefers_less_error_then_fewer_operations() -> None:
    genes = pack([[]], 1)[0]
    exact, dear, wrong = (Individual(genes, e, o) for e, o in ((0, 50), (0, 60), (0.1, 10)))
    assert exact.fitness > dear.fitness > wrong.fitness


def test_statistics_are_plain_numbers() -> None:
    record = make_statistics().compile([(60.0, 3), (40.0, 1), (80.0, 8)])
    assert record == {
        "operations": {"min": 40.0, "median": 60.0, "max": 80.0},
        "length": {"min": 1.0, "median": 3.0, "max": 8.0},
    }
