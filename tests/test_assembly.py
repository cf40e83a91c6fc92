"""From forests to decodings: splits within splits, in the target's own indices."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from forests import (
    SPEC,
    TARGETS,
    UNITS,
    begun,
    epochs_of,
    has_sums,
    lopsided,
    scrambled,
    searched,
    side_by_side,
)

from dsl.grammars.factor.build import build_program
from dsl.grammars.factor.decode import Decoding, PartialDecoding
from dsl.grammars.factor.remainder import prices_for, remainder_cost
from dsl.grammars.factor.steps import BlockStep, SumStep
from dsl.straightline import Domain
from dsl.targets import Target, make_target
from evosynth.engine.assembly import assemble, transferred
from evosynth.engine.blocks import Forest, Grower, Part, Split, cheapest

EACH = pytest.mark.parametrize("name", TARGETS)


def assert_computes(decoding: Decoding, matrix: Any, domain: Domain, cost: int) -> None:
    """Fails unless the decoding's program computes the matrix at no more than a cost."""
    program = build_program(decoding, domain)
    assert program.inputs == matrix.shape[1]
    computed = program.execute(np.eye(program.inputs)).T
    assert np.abs(computed - matrix).max() <= 1e-12 * np.abs(matrix).max()
    assert program.count.operations <= min(decoding.operations, cost)


@EACH
def test_every_split_of_every_block_is_assembled_at_its_cost(name: str) -> None:
    forest, domain = searched(name)[-1], TARGETS[name].domain
    for index, block in enumerate(forest.blocks):
        for split in (None, *block.splits):
            decoding = assemble(forest, domain == "complex", index, split)
            assert decoding.shape == block.matrix.shape
            cost = forest.cost_of(split) if split else forest.costs[index]
            assert decoding.operations <= cost or is_askew(forest, split or block.splits[0])
            assert_computes(decoding, block.matrix, domain, cost)


def is_askew(forest: Forest, split: Split) -> bool:
    """Says whether a split uses transposes: where blocks leave zeros, those count some more."""
    return any(
        part.equivalence.is_transposed
        or ((inner := cheapest(forest, part.block)) is not None and is_askew(forest, inner))
        for part in split.parts
    )


@EACH
def test_the_target_is_assembled_after_every_epoch(name: str) -> None:
    target = TARGETS[name]
    for forest in searched(name):
        decoding = assemble(forest, target.domain == "complex")
        assert_computes(decoding, target.matrix, target.domain, forest.costs[0])


@EACH
def test_stages_are_numbered_in_order(name: str) -> None:
    decoding = assemble(searched(name)[-1], TARGETS[name].domain == "complex")
    genes = [step.gene for step in decoding.steps]
    assert genes == sorted(genes)
    assert all(gene < decoding.prefix for gene in genes)
    program = build_program(decoding, TARGETS[name].domain)
    stages = [instruction.stage for instruction in program.instructions]
    assert stages == sorted(stages)


def test_a_forest_that_knows_nothing_is_the_matrix() -> None:
    target = make_target("dft", 6)
    decoding = assemble(begun(target), True)
    assert (decoding.steps, decoding.prefix) == ((), 0)
    assert np.array_equal(decoding.remainder, begun(target).blocks[0].matrix)
    assert decoding.operations == begun(target).costs[0]


def test_the_searches_use_what_is_tested_here() -> None:
    """Guards the tests above: sums, transposed and conjugated parts, units, nested splits."""
    decodings, parts, depth = [], [], 0
    for name, target in TARGETS.items():
        forest = searched(name)[-1]
        for index, block in enumerate(forest.blocks):
            for split in block.splits:
                decodings.append(assemble(forest, target.domain == "complex", index, split))
                parts.extend(split.parts)
                depth = max(depth, depth_of(forest, split))
    steps = [step for decoding in decodings for step in decoding.steps]
    sums = [step for step in steps if isinstance(step, SumStep)]
    assert {step.is_output_side for step in sums} == {False, True}
    assert {part.equivalence.is_transposed for part in parts} == {False, True}
    assert any(part.equivalence.row_units.any() for part in parts)
    assert depth >= 2
    assert any(
        isinstance(step, BlockStep) and step.primitive.name == "scale" and step.parameter in UNITS
        for step in steps
    )


def depth_of(forest: Forest, split: Split) -> int:
    inner = [s for part in split.parts if (s := cheapest(forest, part.block))]
    return 1 + max((depth_of(forest, s) for s in inner), default=0)


# Parts in every orientation


@pytest.fixture(scope="module")
def learnt() -> Forest:
    """Of a matrix that equals neither its transpose nor its conjugate, with sums."""
    forests = epochs_of(Target("lopsided", 5, lopsided(), "complex"), 25)
    return forests[-1]


def split_with_sums(forest: Forest) -> Split:
    found = [
        split for split in forest.blocks[0].splits if has_sums(assemble(forest, True, 0, split))
    ]
    assert found, "no split makes a shared sum"
    return found[0]


@pytest.mark.parametrize("conjugate", [False, True])
@pytest.mark.parametrize("transpose", [False, True])
def test_a_program_is_transferred_to_every_equivalent_matrix(
    learnt: Forest, transpose: bool, conjugate: bool
) -> None:
    rng = np.random.default_rng(1)
    own = assemble(learnt, True)
    for _ in range(4):
        matrix = scrambled(lopsided().T if transpose else lopsided(), rng)
        matrix = matrix.conj() if conjugate else matrix
        decoding = transferred(learnt, 0, matrix, True)
        assert decoding is not None
        assert decoding.shape == matrix.shape
        assert transpose or decoding.operations == own.operations
        tilt = 2 * (3 - 5) if transpose else 0
        assert_computes(decoding, matrix, "complex", learnt.costs[0] + tilt)


@pytest.mark.parametrize("conjugate", [False, True])
@pytest.mark.parametrize("transpose", [False, True])
def test_sums_are_placed_in_every_orientation(
    learnt: Forest, transpose: bool, conjugate: bool
) -> None:
    """The split with sums is made the only one, and used for a part that lies askew."""
    kept = assemble(learnt, True, 0, split_with_sums(learnt))
    rng = np.random.default_rng(2)
    matrix = scrambled(lopsided().T if transpose else lopsided(), rng)
    matrix = matrix.conj() if conjugate else matrix
    corner, prices = np.array([[2.0, 3.0], [3.0, 7.0]]), prices_for(is_complex=True)
    whole = side_by_side(corner, matrix)
    grower = Grower(begun(Target("lopsided", 5, lopsided(), "complex")), prices, SPEC)
    grower.split(0, kept)
    number, equivalence = grower.find(matrix)
    assert (number, equivalence.is_transposed, equivalence.is_conjugated) == (
        0,
        transpose,
        conjugate,
    )
    index = grower.add(whole)
    forest = grower.finish()
    rows, columns = (tuple(range(2, 2 + size)) for size in matrix.shape)
    part = Part(0, rows, columns, equivalence)
    split = Split((), 0, remainder_cost(corner, prices), (part,))
    decoding = assemble(forest, True, index, split)
    assert has_sums(decoding)
    assert_computes(decoding, whole, "complex", forest.cost_of(split))


@pytest.mark.parametrize("seed", range(4))
def test_units_within_a_conjugate_are_conjugated(learnt: Forest, seed: int) -> None:
    """A part that lies askew in a block, of which the conjugate transpose is wanted."""
    rng, prices = np.random.default_rng(seed), prices_for(is_complex=True)
    grower = Grower(begun(Target("lopsided", 5, lopsided(), "complex")), prices, SPEC)
    grower.split(0, assemble(learnt, True))
    outer = side_by_side(np.array([[2.0, 3.0], [3.0, 7.0]]), scrambled(lopsided(), rng))
    index = grower.add(outer)
    grower.split(index, PartialDecoding.start(outer, True).result(0))
    forest = grower.finish()
    (part,) = (p for p in forest.blocks[index].splits[0].parts if p.block == 0)
    assert (part.equivalence.row_units % 2).any() or (part.equivalence.column_units % 2).any()
    for matrix in (outer.conj(), outer.conj().T, outer.T):
        decoding = transferred(forest, index, scrambled(matrix, rng), True)
        assert decoding is not None
        cost = forest.costs[index] + (2 * (5 - 7) if len(matrix) == 7 else 0)
        assert build_program(decoding, "complex").count.operations <= cost
    plain = transferred(forest, index, outer.conj(), True)
    assert plain is not None
    assert_computes(plain, outer.conj(), "complex", forest.costs[index])


def test_what_is_not_equivalent_gets_nothing(learnt: Forest) -> None:
    matrix = lopsided()
    matrix[0, 0] = 5
    assert transferred(learnt, 0, matrix, True) is None
    assert transferred(learnt, 0, lopsided()[:2], True) is None


def test_a_transferred_program_does_not_depend_on_its_source() -> None:
    """It is a decoding of the new matrix alone, which another forest may take up."""
    source = searched("dft12")[-1]
    rng = np.random.default_rng(3)
    for index in range(0, len(source.blocks), 2):
        matrix = scrambled(source.blocks[index].matrix, rng)
        decoding = transferred(source, index, matrix, True)
        assert decoding is not None
        assert_computes(decoding, matrix, "complex", source.costs[index])


def test_independent_copies_are_computed_side_by_side() -> None:
    """Genes of the same number are one stage, in all copies."""
    forest = searched("copies")[-1]
    assert not forest.is_connected
    four, one = assemble(forest, True), assemble(forest, True, 1)
    assert has_sums(four) == has_sums(one)
    assert one.prefix <= four.prefix <= one.prefix + 1, "four copies have no more stages than one"
    assert_computes(four, TARGETS["copies"].matrix, "complex", forest.costs[0])
