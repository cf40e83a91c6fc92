"""Forests of blocks: each found once, costs that only fall, and splits without circles."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from forests import (
    SPEC,
    TARGETS,
    begun,
    copies,
    forest_bits,
    lopsided,
    scrambled,
    searched,
    side_by_side,
)
from hypothesis import given
from hypothesis import strategies as st
from random_programs import gene, sum_gene

from dsl.grammars.factor.build import build_program
from dsl.grammars.factor.decode import Decoding, decode
from dsl.grammars.factor.equivalence import fingerprint
from dsl.grammars.factor.known_blocks import tilted
from dsl.grammars.factor.remainder import prices_for, remainder_cost
from dsl.targets import Target, make_target
from evosynth.engine import blocks as module
from evosynth.engine.assembly import assemble
from evosynth.engine.blocks import SPLITS, Forest, Grower, Part, Split, cheapest, pruned, uses
from evosynth.engine.turn import run_turn, turn_size

EACH = pytest.mark.parametrize("name", TARGETS)
COMPLEX = prices_for(is_complex=True)
NO_GENES = np.zeros((0, 6), np.int16)


def grower(forest: Forest) -> Grower:
    return Grower(forest, COMPLEX, SPEC)


def part_cost(forest: Forest, part: Part) -> int:
    return forest.cost_of(Split((), 0, 0, (part,)))


def unsplit(matrix: npt.NDArray[Any]) -> Decoding:
    """Returns what no genes make of a matrix."""
    return decode(NO_GENES, matrix, is_complex=True)


# The beginning


CONNECTED = [name for name in TARGETS if name != "copies"]


@pytest.mark.parametrize("name", CONNECTED)
def test_a_forest_begins_with_the_target(name: str) -> None:
    target = TARGETS[name]
    forest = begun(target)
    assert forest.is_connected
    (block,) = forest.blocks
    prices = prices_for(target.domain == "complex")
    assert np.abs(block.matrix - target.matrix).max() <= 1e-12
    assert forest.costs == (block.dense,) == (remainder_cost(block.matrix, prices),)
    assert forest.addition == prices.addition
    assert (block.splits, block.effort, block.is_ambiguous) == ((), 0, False)
    assert cheapest(forest, 0) is None
    assert list(uses(forest)) == []
    assert forest.reachable() == [0]
    assert len(forest.known(0).fingerprints) == 0


# Searched forests


@EACH
def test_costs_never_rise(name: str) -> None:
    for before, after in pairwise(searched(name)):
        assert len(after.blocks) >= len(before.blocks)
        for k, cost in enumerate(before.costs):
            assert after.costs[k] <= cost
            assert np.array_equal(after.blocks[k].matrix, before.blocks[k].matrix)
        assert (after.version > before.version) == (after.costs != before.costs)
    last = searched(name)[-1]
    assert last.costs[0] < last.blocks[0].dense
    assert all(cost <= block.dense for cost, block in zip(last.costs, last.blocks, strict=True))


@EACH
def test_costs_are_those_of_the_cheapest_splits(name: str) -> None:
    for forest in searched(name):
        for index, block in enumerate(forest.blocks):
            costs = [forest.cost_of(split) for split in block.splits]
            assert costs == sorted(costs)
            assert forest.costs[index] == min([block.dense, *costs])
            chosen = cheapest(forest, index)
            assert chosen is (block.splits[0] if costs and costs[0] <= block.dense else None)


@EACH
def test_no_split_refers_to_its_own_block(name: str) -> None:
    forest = searched(name)[-1]
    for index, block in enumerate(forest.blocks):
        for split in block.splits:
            assert index not in {part.block for part in split.parts}
        assert len({split.key for split in block.splits}) == len(block.splits)
        inner = list(uses(forest, index))
        assert index not in inner, "round a circle the costs would have to fall"


@EACH
def test_parts_are_equivalent_to_their_blocks(name: str) -> None:
    """Steps are taken back: what is left is the block's matrix plus what parts are made of."""
    forest = searched(name)[-1]
    for block in forest.blocks:
        for split in block.splits:
            for part in split.parts:
                known = forest.blocks[part.block].matrix
                image = part.equivalence.image(known)
                assert image.shape == (len(part.rows), len(part.columns))
                assert min(image.shape) >= 2


@EACH
def test_equivalent_blocks_are_found_once(name: str) -> None:
    forest = searched(name)[-1]
    again = grower(forest)
    rng = np.random.default_rng(0)
    units = (1, 1j, -1, -1j) if np.iscomplexobj(forest.blocks[0].matrix) else (1.0, -1.0)
    for index in range(0, len(forest.blocks), 3):
        known = forest.blocks[index].matrix
        number, equivalence = again.find(scrambled(known, rng, units))
        assert number == index
        assert again.find(scrambled(known.T, rng, units))[0] == index
        assert equivalence.image(known).shape == known.shape
    assert len(again.blocks) == len(forest.blocks)


@EACH
def test_an_epoch_is_spent_on_one_block(name: str) -> None:
    for before, after in pairwise((begun(TARGETS[name]), *searched(name))):
        old = [block.effort for block in before.blocks]
        old += [0] * (len(after.blocks) - len(old))
        changes = [
            (block, block.effort - effort)
            for block, effort in zip(after.blocks, old, strict=True)
            if block.effort != effort
        ]
        ((block, effort),) = changes
        assert effort == turn_size(SPEC, max(block.matrix.shape))


@EACH
def test_an_epoch_changes_no_forest(name: str) -> None:
    forest = searched(name)[5]
    for block in forest.blocks:
        block.matrix.setflags(write=False)
    before = forest_bits(forest)
    run_turn(TARGETS[name].domain, SPEC, forest, 6, 0)
    assert forest_bits(forest) == before


# Copies


def test_copies_are_one_block_whatever_their_order_units_and_orientation() -> None:
    forest = begun(copies())
    assert len(forest.blocks) == 2
    assert not forest.is_connected
    (split,) = forest.blocks[0].splits
    assert [part.block for part in split.parts] == [1] * 4
    flags = {
        (part.equivalence.is_transposed, part.equivalence.is_conjugated) for part in split.parts
    }
    assert flags == {(False, False), (True, False), (False, True), (True, True)}
    for part in split.parts:
        own = forest.blocks[0].matrix[np.ix_(part.rows, part.columns)]
        assert np.abs(part.equivalence.image(forest.blocks[1].matrix) - own).max() <= 1e-12


def test_a_target_that_falls_apart_is_searched_in_its_components() -> None:
    """What is learnt of one copy is known of all; transposes take more or fewer additions."""
    start, forest = begun(copies()), searched("copies")[-1]
    split = forest.blocks[0].splits[0]
    assert [part.block for part in split.parts] == [1] * 4
    assert forest.blocks[0].effort == 0 < forest.blocks[1].effort
    rows, columns = forest.blocks[1].matrix.shape
    tilt, cost = 2 * (rows - columns), forest.costs[1]
    assert abs(tilt) == 2 * 2
    assert cost < start.costs[1] == forest.blocks[1].dense
    for part in split.parts:
        expected = cost + tilt if part.equivalence.is_transposed else cost
        assert part_cost(forest, part) == expected
    assert forest.costs[0] == forest.cost_of(split) == 4 * cost + 2 * tilt
    assert build_program(assemble(forest, True), "complex").count.operations <= forest.costs[0]


@pytest.mark.parametrize("shape", [(3, 5), (5, 3), (4, 4)])
def test_a_transposed_program_takes_the_difference_of_additions(shape: tuple[int, int]) -> None:
    """A dense block of general constants needs no better example."""
    rng = np.random.default_rng(1)
    part = rng.normal(size=shape) + 1j * rng.normal(size=shape)
    first, second = (scrambled(p, rng) for p in (part, part.T))
    forest = begun(Target("two", sum(shape), side_by_side(first, second), "complex"))
    (split,) = forest.blocks[0].splits
    assert [part.block for part in split.parts] == [1, 1]
    one, two = (part_cost(forest, part) for part in split.parts)
    assert (one, two) == (remainder_cost(first, COMPLEX), remainder_cost(second, COMPLEX))
    assert two - one == 2 * (shape[0] - shape[1])
    assert forest.costs[0] == one + two


# What is known of blocks


def test_known_blocks_leave_out_the_block_itself_and_its_like() -> None:
    forest = searched("dft12")[-1]
    for index in range(0, len(forest.blocks), 4):
        known = forest.known(index)
        assert np.all(np.diff(known.fingerprints) > 0)
        own = forest.blocks[index].fingerprint
        assert not np.any(np.abs(known.fingerprints / own - 1) <= 1e-8)
        for number, block in enumerate(forest.blocks):
            cost = known.cost(block.matrix, 10**6)
            if abs(block.fingerprint - own) <= 1e-9 * own:
                assert cost == 10**6
            elif not block.is_ambiguous:
                assert cost <= forest.costs[number]


def test_known_blocks_include_transposes_at_their_cost() -> None:
    forest = begun(make_target("dft", 8))
    made = grower(forest)
    number = made.add(lopsided())
    known = made.finish().known(0)
    cost = made.finish().costs[number]
    assert known.cost(lopsided(), 10**6) == cost
    assert known.cost(lopsided().T, 10**6) == cost + 2 * (3 - 5)
    assert known.cost(lopsided().conj(), 10**6) == cost


def test_ambiguous_fingerprints_are_not_used() -> None:
    """Two that differ in signs only: one fingerprint, but not equivalent."""
    hadamard = np.array(make_target("wht", 4).matrix)
    other = hadamard.copy()
    other[3, 3] *= -1
    assert fingerprint(hadamard) == pytest.approx(fingerprint(other), rel=1e-14)
    made = grower(begun(make_target("dft", 8)))
    first, _ = made.find(hadamard)
    assert tilted(fingerprint(hadamard), (4, 4)) in made.finish().known(0).fingerprints
    second, _ = made.find(other)
    assert first != second
    forest = made.finish()
    assert [forest.blocks[k].is_ambiguous for k in (0, first, second)] == [False, True, True]
    known = forest.known(0)
    assert known.cost(hadamard, 10**6) == known.cost(other, 10**6) == 10**6
    assert grower(forest).find(hadamard)[0] == first
    assert grower(forest).find(other)[0] == second
    made = grower(forest)
    third, _ = made.find(np.array(make_target("wht", 2).matrix))
    assert not made.finish().blocks[third].is_ambiguous


def test_small_and_free_components_are_no_blocks() -> None:
    matrix = side_by_side(np.array([[2.0, 3.0]]), np.array([[5.0]]), np.array([[1.0], [2.0]]))
    forest = begun(Target("small", 4, matrix.astype(complex), "complex"))
    assert len(forest.blocks) == 1
    (split,) = forest.blocks[0].splits
    assert (split.parts, split.operations) == ((), forest.costs[0])
    assert (forest.costs[0], forest.is_connected) == (forest.blocks[0].dense, False)


# Forgetting


@EACH
def test_a_pruned_forest_computes_the_same(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    forest, domain = searched(name)[-1], TARGETS[name].domain
    monkeypatch.setattr(module, "REMEMBERED", 1)
    made = Grower(forest, prices_for(domain == "complex"), SPEC)
    useless = made.add(np.random.default_rng(0).normal(size=(3, 3)).astype(complex))
    grown = made.finish()
    after = pruned(grown)
    assert len(after.blocks) <= useless
    assert len(after.costs) == len(after.blocks)
    assert sorted(after.reachable()) == list(range(len(after.reachable())))
    known = {
        block.matrix.tobytes(): cost for block, cost in zip(grown.blocks, grown.costs, strict=True)
    }
    for block, cost in zip(after.blocks, after.costs, strict=True):
        assert known[block.matrix.tobytes()] == cost
        for split in block.splits:
            for p in split.parts:
                image = p.equivalence.image(after.blocks[p.block].matrix)
                assert image.shape == (len(p.rows), len(p.columns))
    assert after.costs[0] == forest.costs[0]
    one, other = (assemble(f, domain == "complex") for f in (forest, after))
    assert one.steps == other.steps
    assert np.array_equal(one.remainder, other.remainder)


def test_blocks_may_be_kept_apart() -> None:
    """The ablation: every part is a block of its own."""
    apart = replace(SPEC, shares_blocks=False)
    forest = begun(copies(), apart)
    (split,) = forest.blocks[0].splits
    assert [part.block for part in split.parts] == [1, 2, 3, 4]
    assert forest.costs[0] == begun(copies()).costs[0]


# Splits


def part(block: int, forest: Forest, is_transposed: bool = False) -> Part:
    _, equivalence = grower(forest).find(forest.blocks[block].matrix)
    equivalence = replace(equivalence, is_transposed=is_transposed)
    rows, columns = (tuple(range(size)) for size in forest.blocks[block].matrix.shape)
    return Part(block, rows, columns, equivalence)


def with_splits(dense: list[int], splits: list[tuple[int, int, list[int]]]) -> Forest:
    """Returns blocks of given costs with splits (of block, operations, blocks of the parts)."""
    made = grower(begun(make_target("dft", 4)))
    for size in range(3, 3 + len(dense) - 1):
        made.add(np.random.default_rng(size).normal(size=(size, size)).astype(complex))
    forest = replace(made.finish(), costs=tuple(dense))
    rich = list(forest.blocks)
    for index, operations, parts in splits:
        found = Split((), 0, operations, tuple(part(k, forest) for k in parts))
        rich[index] = replace(rich[index], splits=(*rich[index].splits, found))
    return grower(replace(forest, blocks=tuple(rich))).finish()


def test_costs_pass_on_from_block_to_block() -> None:
    forest = with_splits([100, 50, 30], [(0, 10, [1, 1]), (1, 5, [2]), (2, 4, [])])
    assert forest.costs == (28, 9, 4)
    assert list(uses(forest)) == [1, 2, 1, 2]
    assert forest.reachable() == [0, 1, 2]


def test_costs_settle_in_circles() -> None:
    forest = with_splits([100, 50, 40], [(0, 3, [1]), (1, 2, [2]), (2, 1, [1]), (2, 1, [0])])
    assert forest.costs == (45, 42, 40)
    assert list(uses(forest)) == [1, 2]
    forest = with_splits([100, 50, 40], [(0, 3, [1]), (1, 2, [2]), (2, 1, [1]), (1, 9, [])])
    assert forest.costs == (12, 9, 10)
    assert list(uses(forest)) == [1]
    assert list(uses(forest, 2)) == [1]


@given(st.data())
def test_random_circles_settle_and_are_left(data: st.DataObject) -> None:
    count = data.draw(st.integers(1, 4))
    numbers = st.integers(0, count - 1)
    dense = data.draw(st.lists(st.integers(1, 40), min_size=count, max_size=count))
    raw = data.draw(
        st.lists(st.tuples(numbers, st.integers(1, 20), st.lists(numbers, max_size=2)), max_size=10)
    )
    splits = [(k, operations, parts) for k, operations, parts in raw if k not in parts]
    forest = with_splits(dense, splits)
    for index in range(count):
        own = [
            operations + sum(forest.costs[p] for p in parts)
            for k, operations, parts in splits
            if k == index
        ]
        assert forest.costs[index] == min([dense[index], *own])
        assert index not in list(uses(forest, index))


def test_a_split_that_is_the_block_itself_is_not_kept() -> None:
    """A genome may make a block of its own transpose; that is no progress."""
    forest = begun(Target("lopsided", 5, lopsided(), "complex"))
    made = grower(forest)
    made.split(0, unsplit(lopsided()))
    scaled = decode(np.array([gene("scale", "pair", i=0, choice=3)]), lopsided(), is_complex=True)
    made.split(0, scaled)
    after = made.finish()
    assert all(0 not in split.key[1] for split in after.blocks[0].splits)
    assert cheapest(after, 0) is None or after.blocks[0].splits


def test_splits_of_one_key_are_kept_once() -> None:
    forest = begun(make_target("dft", 8))
    made = grower(forest)
    genes = np.array([gene("butterfly", "matching")])
    for _ in range(3):
        made.split(0, decode(genes, forest.blocks[0].matrix, is_complex=True))
    after = made.finish()
    assert len(after.blocks[0].splits) == 1
    assert after.version == forest.version + 1
    assert grower(after).finish().version == after.version


def test_only_the_cheapest_splits_are_kept() -> None:
    splits = [(0, operations, []) for operations in (90, 70, 80, 60, 65, 99)]
    forest = with_splits([100], splits)
    assert [split.operations for split in forest.blocks[0].splits] == [60, 65, 70, 80]
    assert len(forest.blocks[0].splits) == SPLITS == module.SPLITS


def test_a_split_counts_its_sums_and_what_they_feed() -> None:
    rows = np.array([[3.0, 5, 7], [-3, -5, -7], [3, 5, 7]]).astype(complex)
    forest = begun(Target("equal", 3, rows, "complex"))
    decoding = decode(np.array([sum_gene(side=1, choice=2)]), rows, is_complex=True)
    made = grower(forest)
    made.split(0, decoding)
    after = made.finish()
    assert after.costs[0] == decoding.operations == 2 * 2 + 3 * 2
