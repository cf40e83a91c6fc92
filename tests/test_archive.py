"""The archive: keeps the program with the fewest operations in exported code."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace
from functools import lru_cache
from typing import Any

import numpy as np
import pytest
from deap import tools
from forests import TARGETS, begun, epochs_of, searched

from dsl.program import Program
from dsl.targets import Target, make_target
from evosynth.engine import archive as archive_module
from evosynth.engine.archive import HALL, Archive, make_statistics
from evosynth.engine.assembly import assemble
from evosynth.engine.blocks import Forest
from evosynth.engine.individual import Individual, Solution, individuals, population_of
from evosynth.engine.spec import Spec
from fitness.objectives import program_error

NAMES = [("dft", 5), ("dft", 8), ("wht", 8), ("dct2", 8)]
EACH = pytest.mark.parametrize("name", NAMES, ids=str)
SPEC = Spec(
    strategy="evolve",
    seed=4,
    islands=1,
    population=60,
    capacity=16,
    turn=120,
    restart=600,
    migration=10,
)


@lru_cache(maxsize=16)
def forests_of(name: tuple[str, int], epochs: int = 10) -> tuple[Forest, ...]:
    return tuple(epochs_of(make_target(*name), epochs, spec=SPEC))


def filled(target: Target, forests: tuple[Forest, ...]) -> Archive:
    archive = Archive(target)
    for number, forest in enumerate(forests):
        archive.update(forest, 120 * number)
    for forest in forests:
        archive.collect(forest)
    return archive


def rng() -> np.random.Generator:
    return np.random.default_rng(0)


def finish(archive: Archive) -> None:
    archive.settle()
    archive.refine(rng(), lambda: None)


@pytest.fixture
def unrefined(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leaves programs as they are written: refinement takes longer than a search."""
    monkeypatch.setattr(archive_module, "refine", lambda program, **_: program)


@EACH
@pytest.mark.usefixtures("unrefined")
def test_keeps_the_program_with_the_fewest_exported_operations(name: tuple[str, int]) -> None:
    target = make_target(*name)
    archive = Archive(target)
    counts: list[int] = []
    for number, forest in enumerate(forests_of(name)):
        archive.update(forest, 120 * number)
        before = archive.best
        assert archive.offer_leader() == (archive.best is not before)
        assert archive.best
        counts.append(archive.best.count.operations)
        assert archive.operations == min(counts[-1], archive.hall[0].operations)
    assert counts == sorted(counts, reverse=True), "the best got worse"
    finish(archive)
    assert archive.best
    assert archive.best.count.operations <= min(counts[-1], *(s.operations for s in archive.hall))
    assert archive.best.is_exact
    assert program_error(archive.best, target) <= 1e-12
    assert archive.best.name == target.identifier


@EACH
@pytest.mark.usefixtures("unrefined")
def test_exported_count_is_never_above_the_solutions(name: tuple[str, int]) -> None:
    target = make_target(*name)
    archive = filled(target, forests_of(name))
    assert archive.hall
    for solution in archive.hall:
        alone = Archive(target)
        alone.hall.update([solution])
        assert alone.offer_leader()
        assert alone.best
        assert alone.best.count.operations <= solution.operations


def test_programs_are_refined_at_the_end() -> None:
    """Where outputs may be scaled, products at the end are saved: 8 of them at most."""
    target = make_target("dct2", 8, scaling="free")
    found = []
    for _ in range(2):
        archive = Archive(target)
        archive.update(searched("dct2-8")[-1], 0)
        assert archive.offer_leader()
        before = archive.best
        finish(archive)
        assert before
        assert archive.best
        assert archive.best.count.operations < before.count.operations
        assert program_error(archive.best, target) <= 1e-12
        found.append(archive.best)
    assert found[0] == found[1]


def test_improvement_is_dated() -> None:
    archive = Archive(make_target("dft", 5))
    early, *_, late = forests_of(("dft", 5))
    assert late.costs[0] < early.costs[0]
    assert archive.operations is None
    assert archive.update(early, 120)
    assert archive.improved_at == 120
    assert archive.operations == early.costs[0]
    assert not archive.update(early, 240), "the same forest again is no news"
    assert archive.improved_at == 120
    assert archive.update(late, 360)
    assert archive.improved_at == 360
    assert not archive.update(early, 480), "an older forest does not take the best away"
    assert archive.improved_at == 360
    assert archive.operations == late.costs[0]


def test_a_forest_that_knows_nothing_gives_the_matrix() -> None:
    target = make_target("dft", 6)
    archive = Archive(target)
    assert archive.update(begun(target), 1)
    assert [solution.operations for solution in archive.hall] == [begun(target).costs[0]]
    assert archive.offer_leader()
    assert archive.best
    assert np.abs(archive.best.matrix() - target.matrix).max() <= 1e-12


@EACH
def test_hall_is_that_of_all_forests_together(name: tuple[str, int]) -> None:
    """Whatever is skipped on the way, the hall holds the cheapest solutions that ever were."""
    target, forests = make_target(*name), forests_of(name)
    archive = filled(target, forests)
    plain = tools.HallOfFame(HALL)
    for forest in forests:
        decodings = [
            assemble(forest, target.domain == "complex", split=split)
            for split in forest.blocks[0].splits
        ]
        plain.update([Solution(decoding, decoding.operations) for decoding in decodings])
    assert archive.hall[0].operations == plain[0].operations
    missed = set(map(key, plain)) - set(map(key, archive.hall))
    assert len(archive.hall) == len(plain)
    assert all(operations >= plain[-1].operations for operations, _ in missed)


def key(solution: Solution) -> tuple[int, tuple[Any, ...]]:
    return solution.operations, tuple(solution)


@pytest.mark.usefixtures("unrefined")
def test_settle_finds_a_tied_solution_with_simpler_code(monkeypatch: pytest.MonkeyPatch) -> None:
    name = ("dft", 8)
    target = make_target(*name)
    archive = filled(target, forests_of(name))
    leader, other = archive.hall[:2]
    made: dict[int, Program] = {}
    build = archive_module.build_program
    for solution in (leader, other):
        made[id(solution.decoding)] = build(solution.decoding, target.domain, target.identifier)
    first, second = (made[id(solution.decoding)] for solution in (leader, other))
    dear, cheap = sorted((first, second), key=lambda p: -p.count.operations)
    if dear.count.operations == cheap.count.operations:
        dear = build(assemble(begun(target), True), target.domain, target.identifier)
    swapped = {id(leader.decoding): dear, id(other.decoding): cheap}
    monkeypatch.setattr(
        archive_module, "build_program", lambda decoding, *_: swapped.get(id(decoding), dear)
    )
    assert archive.offer_leader()
    assert archive.best is dear
    assert not archive.offer_leader(), "the same solution again is no news"
    finish(archive)
    assert archive.best
    assert archive.best.count.operations == cheap.count.operations


def test_a_program_that_is_not_exact_is_not_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A decoder that says "exact" is checked against the exported code."""
    archive = filled(make_target("dft", 5), forests_of(("dft", 5)))
    monkeypatch.setattr(archive_module, "program_error", lambda program, target: 1e-6)
    assert not archive.offer_leader()
    finish(archive)
    assert archive.best is None
    assert len(archive.front) == 0


def test_a_wrong_refinement_is_not_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    target = make_target("dft", 5)
    archive = filled(target, forests_of(("dft", 5)))
    wrong = Program("factor", "complex", 5, (), tuple(range(5)))
    monkeypatch.setattr(archive_module, "refine", lambda program, **_: wrong)
    finish(archive)
    assert archive.best
    assert program_error(archive.best, target) <= 1e-12


def test_hall_is_sorted_and_distinct() -> None:
    archive = filled(make_target("dft", 9), forests_of(("dft", 9)))
    operations = [solution.operations for solution in archive.hall]
    assert len(archive.hall) == HALL
    assert operations == sorted(operations)
    assert len({tuple(solution) for solution in archive.hall}) == HALL


@pytest.mark.usefixtures("unrefined")
def test_front_holds_programs_that_were_written_and_are_exact() -> None:
    target = make_target("dft", 8)
    archive = Archive(target)
    for number, forest in enumerate(forests_of(("dft", 8))):
        archive.update(forest, 120 * number)
        archive.offer_leader()
    finish(archive)
    assert archive.best
    assert archive.front[0].operations == archive.best.count.operations
    for solution in archive.front:
        assert solution.program
        assert program_error(solution.program, target) <= 1e-12
        assert solution.fitness.values == (0, solution.program.count.operations)


def test_blocks_that_are_used_more_than_once_are_told() -> None:
    forest = searched("copies")[-1]
    archive = Archive(TARGETS["copies"])
    archive.update(forest, 0)
    archive.offer_leader()
    rows, columns = forest.blocks[1].matrix.shape
    found = [(r.rows, r.columns, r.operations, r.times) for r in archive.references]
    assert found[0] == (rows, columns, forest.costs[1], 4)
    assert all(times > 1 for *_, times in found)


def test_solutions_are_compared_by_their_steps() -> None:
    forest = forests_of(("dft", 8))[-1]
    decoding = assemble(forest, True)
    one, other = Solution(decoding, 56), Solution(replace(decoding, prefix=1), 60)
    assert one == other
    assert one.fitness > other.fitness
    copied = deepcopy(other)
    assert copied is not other
    assert copied.decoding is other.decoding
    assert (copied.operations, copied.fitness) == (60, other.fitness)


# Genomes as DEAP sees them


def test_individuals_round_trip() -> None:
    population = forests_of(("dft", 5))[0].blocks[0].population
    members = individuals(population.genomes, population.errors, population.operations)
    packed = population_of(members, SPEC.capacity)
    assert np.array_equal(packed.genes, population.genomes.genes)
    assert np.array_equal(packed.lengths, population.genomes.lengths)
    assert [m.operations for m in members] == population.operations.tolist()
    assert [m.error for m in members] == population.errors.tolist()
    assert [m.rank for m in members] == population.ranks().tolist()
    assert members[0].genes().tolist() == population.genomes[0].tolist()
    empty = Individual(population.genomes[0][:0], 0.0, 1.0)
    assert empty.genes().shape == (0, 6)


def test_fitness_prefers_less_error_then_fewer_operations() -> None:
    genes = forests_of(("dft", 5))[0].blocks[0].population.genomes[0]
    exact, dear, wrong = (Individual(genes, e, o) for e, o in ((0, 50), (0, 60), (0.1, 10)))
    assert exact.fitness > dear.fitness > wrong.fitness


def test_statistics_are_plain_numbers() -> None:
    record = make_statistics().compile([(60.0, 3), (40.0, 1), (80.0, 8)])
    assert record == {
        "operations": {"min": 40.0, "median": 60.0, "max": 80.0},
        "length": {"min": 1.0, "median": 3.0, "max": 8.0},
    }
