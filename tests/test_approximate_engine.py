"""Approximations: what constants may become, what genomes compute and cost, who survives."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import evosynth as es
from dsl.costs import COSTS, make_cost
from dsl.errors import DataError
from dsl.grammars.factor.from_code import program_from_code
from dsl.program import Instruction, Program
from dsl.targets import make_target
from dsl.targets.approximate_target import ApproximateTarget, Approximation
from evosynth.approximating import approximate_target
from evosynth.engine.approximate.approximate_breeding import ApproximateBreeding
from evosynth.engine.approximate.approximate_epoch import losses_of, skeletons_of
from evosynth.engine.approximate.bases import bases
from evosynth.engine.approximate.choices import choices_of
from evosynth.engine.approximate.island import Colony, bred, choose, front_of, no_colony, scored
from evosynth.engine.approximate.lifting import lifted, rotations
from evosynth.engine.approximate.points import best_of, front, point_of
from evosynth.engine.approximate.selection import nondominated, parents, survivors
from evosynth.engine.approximate.skeleton import Skeleton
from evosynth.engine.approximate.state import check_colonies
from evosynth.engine.approximate.variation import beginners, children
from evosynth.engine.driver import Limits, Search
from evosynth.engine.factor_breeding import FactorBreeding
from evosynth.engine.spec import Spec
from evosynth.refinement.flow import flow_of

DISCOVERED = Path(__file__).parents[1] / "experiments" / "discovered"
COST = make_cost("shift-add", 8)
SPEC = Spec("evolve", 3, 2, 40, 12, 100, 4_000, 1, True, 2)


def program(name: str) -> Program:
    found = es.load(DISCOVERED / f"{name}.json")
    assert isinstance(found, Program)
    return program_from_code(found.plain_code, found.name)


def dct(tolerance: float = 0.01, **others: object) -> ApproximateTarget:
    asked = {"objective": "frobenius", "cost": "shift-add", "word_length": 8} | others
    return approximate_target(make_target("dct2", 8), tolerance, **asked)  # type: ignore[arg-type]


# Choices


def test_a_constant_may_be_dropped_one_a_power_of_two_or_rounded() -> None:
    choices = choices_of([0.4142135], COST, is_complex=False)
    values = choices.values[0, : choices.sizes[0]]
    assert values[0] == 0
    assert {1.0, 0.5, 0.25, 0.375, 106 / 256} <= set(values.tolist())
    assert values[choices.nearest[0]] == 106 / 256
    assert values[choices.unit[0]] == 1
    assert values[choices.single[0]] == 0.5
    assert len(set(values.tolist())) == len(values)


def test_without_a_word_length_a_constant_may_stay_as_it_is() -> None:
    choices = choices_of([0.4142135], make_cost("flops"), is_complex=False)
    assert choices.values[0, choices.nearest[0]] == 0.4142135


def test_units_are_kept_or_dropped() -> None:
    for constant in (1, -1):
        choices = choices_of([constant], COST, is_complex=False)
        assert choices.values[0, : choices.sizes[0]].tolist() == [0, constant]
    assert choices_of([-1j], COST, is_complex=True).values[0, :2].tolist() == [0, -1j]


def test_complex_constants_are_rounded_part_by_part() -> None:
    constant = np.exp(-1j * np.pi / 8)
    choices = choices_of([constant], COST, is_complex=True)
    values = choices.values[0, : choices.sizes[0]]
    assert abs(values[choices.nearest[0]] - constant) < 1e-2
    assert any(v.imag == 0 and v.real for v in values)
    assert any(v.real == 0 and v.imag for v in values)


def test_products_by_one_constant_up_to_a_free_factor_have_one_key() -> None:
    choices = choices_of([0.7 + 0.2j, 0.2 - 0.7j, 0.7 - 0.2j], make_cost("flops"), is_complex=True)
    keys = [choices.keys[k, choices.nearest[k]] for k in range(3)]
    assert keys[0] == keys[1] != keys[2]


# Skeletons


@pytest.mark.parametrize("name", ["dct2-8-41", "dft-8-56", "dft-7-84"])
@pytest.mark.parametrize("cost", COSTS.names())
def test_genomes_compute_and_cost_what_their_programs_do(name: str, cost: str) -> None:
    found = program(name)
    skeleton = Skeleton.of(found, make_cost(cost))
    rng = np.random.default_rng(5)
    genes = np.concatenate(
        [
            beginners(skeleton, 6, rng),
            (rng.random((6, skeleton.size)) * skeleton.choices.sizes).astype(np.int16),
        ]
    )
    matrices, costs = skeleton.matrices(genes), skeleton.costs(genes)
    for genome, matrix, at_most in zip(genes, matrices, costs, strict=True):
        written = skeleton.program(genome, "written")
        size = max(np.abs(matrix).max(), 1.0)
        assert np.abs(written.matrix() - matrix).max() < 1e-12 * size
        assert make_cost(cost).of_code(written.code).cost <= at_most + 1e-9


def test_the_nearest_choices_are_the_program() -> None:
    found = program("dft-8-56")
    skeleton = Skeleton.of(found, make_cost("flops"))
    nearest = skeleton.choices.nearest[None].astype(np.int16)
    assert np.allclose(skeleton.matrices(nearest)[0], np.fft.fft(np.eye(8)), atol=1e-13)
    assert skeleton.costs(nearest)[0] == 56
    assert skeleton.program(nearest[0], "same").count.operations == 56


def test_edges_that_lead_nowhere_cost_nothing() -> None:
    skeleton = Skeleton.of(program("dct2-8-41"), make_cost("flops"))
    nothing = np.zeros((1, skeleton.size), np.int16)
    assert not skeleton.used(nothing).any()
    assert skeleton.costs(nothing)[0] == 0
    whole = skeleton.choices.nearest[None].astype(np.int16)
    without = whole.copy()
    output = skeleton.flow.nodes - 1
    without[0, [k for k, edge in enumerate(skeleton.flow.edges) if edge.target == output]] = 0
    assert skeleton.costs(without)[0] < skeleton.costs(whole)[0]


# Lifting


def test_rotations_become_three_lifting_steps() -> None:
    angle = 0.7
    cos, sin = np.cos(angle), np.sin(angle)
    turn = Instruction("rotation", (0, 1), (angle,))
    found = Program("factor", "real", 2, (turn,), (2, 3))
    flow = flow_of(found.plain_code)
    (found_again,) = rotations(flow)
    assert sorted([abs(found_again.cos), abs(found_again.sin)]) == pytest.approx([sin, cos])
    code = lifted(flow)
    assert code is not None
    assert np.allclose(code.matrix(), [[cos, sin], [-sin, cos]])
    scales = [operation for operation in code.operations if operation.kind == "scale"]
    assert len(scales) == len(code.operations) - len(scales) == 3
    rounded = code.with_constants(lambda c: round(8 * c.real) / 8)
    assert np.linalg.det(rounded.matrix()) == pytest.approx(1, abs=1e-15)


def test_programs_without_rotations_are_not_lifted() -> None:
    assert lifted(flow_of(program("dft-8-56").plain_code)) is None
    assert lifted(flow_of(program("wht-8-24").plain_code)) is None


# Selection and variation


def test_the_front_is_what_nobody_beats() -> None:
    points = np.array([[1, 5], [2, 5], [2, 4], [3, 4], [4, 1], [4, 1], [9, 2.0]])
    assert nondominated(points).tolist() == [0, 2, 4]
    assert set(survivors(points, 3).tolist()) == {0, 2, 4}
    assert len(survivors(points, 7)) == 7


def test_who_dominates_has_the_offspring() -> None:
    points = np.array([[1, 1], [2, 2.0]])
    drawn = [parents(points, np.random.default_rng(seed)) for seed in range(50)]
    share = np.mean(np.concatenate(drawn) == 0)
    assert 0.65 < share < 0.85


def test_variation_keeps_genomes_valid_and_follows_the_generator() -> None:
    skeleton = Skeleton.of(program("dct2-8-41"), COST)
    populations = []
    for _ in range(2):
        rng = np.random.default_rng(1)
        first = beginners(skeleton, 50, rng)
        second = children(skeleton, first, first[::-1], rng)
        for genes in (first, second):
            assert genes.dtype == np.int16
            assert ((genes >= 0) & (genes < skeleton.choices.sizes)).all()
        populations.append(second)
    assert (populations[0] == populations[1]).all()
    assert (populations[0] != first).any()


def area(colony: Colony) -> float:
    points = colony.objectives[nondominated(colony.objectives)]
    return sum(min(loss for cost, loss in points if cost <= k) for k in range(20, 60))


def test_evolution_beats_random_search() -> None:
    target = dct()
    (skeleton,) = skeletons_of([program("dct2-8-41")], target)
    losses, rng = losses_of(target), np.random.default_rng(0)
    evolved, made = bred(skeleton, no_colony(skeleton), losses, rng, 50, 2_000)
    drawn = scored(skeleton, beginners(skeleton, 2_000, rng), losses)
    assert made == 2_000
    assert area(evolved) < area(drawn)


def test_every_skeleton_is_taken_up_once_before_merit_counts() -> None:
    colonies = [
        Colony(np.zeros((0, 1), np.int16), np.zeros(0), np.zeros(0), k > 0) for k in (0, 1, 0)
    ]
    rng = np.random.default_rng(0)
    assert choose(colonies, 0, rng) == 0
    assert choose(colonies, 1, rng) == 2


def test_programs_on_the_whole_way_are_skeletons() -> None:
    target = make_target("dct2", 8)
    search = Search(FactorBreeding(target, SPEC), SPEC, Limits(evaluations=2_000))
    search.run()
    found = bases(search.breeding.archive, target)
    assert len(found) > 3
    assert len({p.count.operations for p in found}) > 2
    for each in found:
        assert np.allclose(each.matrix(), target.matrix, atol=1e-10)


# The whole search


def test_a_search_ends_with_a_front_within_reach_of_the_tolerance() -> None:
    target = dct(0.1)
    breeding = ApproximateBreeding(target, SPEC)
    search = Search(breeding, SPEC, Limits(evaluations=8_000))
    assert search.run() == "evaluations"
    points = breeding.points()
    best = best_of(points, target)
    assert best is not None
    assert best.loss <= 0.1
    assert best.program == breeding.best
    assert best.cost < max(point.cost for point in points)
    costs, losses = zip(*((p.cost, p.loss) for p in points), strict=True)
    assert list(costs) == sorted(set(costs))
    assert list(losses) == sorted(losses, reverse=True)
    for point in points:
        again = point_of(point.program, target)
        assert (again.cost, again.loss) == (point.cost, point.loss)


def test_a_search_that_goes_on_from_its_state_has_the_same_bits() -> None:
    target, limits = dct(), Limits(evaluations=6_000)
    whole = Search(ApproximateBreeding(target, SPEC), SPEC, limits)
    saved: list[str] = []
    whole.run(save=lambda: saved.append(json.dumps(whole.saved())))
    phases = ["approximate" in json.loads(text)["breeding"] for text in saved]
    for k in (0, phases.index(True), len(saved) - 2):
        other = Search(ApproximateBreeding(target, SPEC), SPEC, limits)
        other.restore(json.loads(saved[k]))
        other.run()
        found, wanted = (s.breeding.saved()["approximate"] for s in (other, whole))
        assert json.dumps(found) == json.dumps(wanted)
        programs = [[str(p.program) for p in s.breeding.points()] for s in (other, whole)]
        assert programs[0] == programs[1]


def test_an_interrupted_search_for_exact_programs_has_approximate_ones() -> None:
    breeding = ApproximateBreeding(dct(), SPEC)
    search = Search(breeding, SPEC, Limits(evaluations=400))
    search.run()
    assert len(breeding.points()) > 3


def test_damaged_colonies_are_refused() -> None:
    skeleton = Skeleton.of(program("dct2-8-41"), COST)
    good = scored(skeleton, beginners(skeleton, 3, np.random.default_rng(0)), losses_of(dct()))
    check_colonies([good], [skeleton])
    wrong = [
        Colony(good.genes[:2], good.costs, good.losses),
        Colony(good.genes + 99, good.costs, good.losses),
        Colony(good.genes, good.costs * np.nan, good.losses),
        Colony(good.genes, good.costs, -1 - good.losses),
        Colony(good.genes, good.costs, good.losses, -1),
    ]
    for colony in wrong:
        with pytest.raises(DataError):
            check_colonies([colony], [skeleton])
    with pytest.raises(DataError, match="expected 1 colonies"):
        check_colonies([], [skeleton])


def test_fronts_leave_out_what_is_beaten() -> None:
    target = dct()
    exact = point_of(program("dct2-8-41"), target)
    assert front([exact, exact]) == [exact]
    assert front_of([]) == []
    assert isinstance(target.approximation, Approximation)
