"""The decoder that defines what genomes mean: patterns, remainders, stages, programs."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import sympy
from hypothesis import given
from hypothesis import strategies as st
from random_programs import (
    DFT8_GENES,
    DFT16_GENES,
    TARGET_SAMPLES,
    gene,
    sample_genomes,
    size_of,
    sum_gene,
    sums_gene,
    target_name,
)

from dsl.cost import count_code
from dsl.derive import derive
from dsl.errors import DataError
from dsl.exact_number import Exact
from dsl.genome import CHOICE, FIELDS, FROM_ROW, ONE, PRIMITIVE, GeneSpace, Genomes, most_sums, pack
from dsl.grammars.factor.build import build_program
from dsl.grammars.factor.decode import Decoding, decode
from dsl.grammars.factor.remainder import (
    components,
    distinct,
    prices_for,
    remainder_cost,
    snap,
    turn,
    zero_threshold,
)
from dsl.grammars.factor.shared_sums import make_pair_sum
from dsl.grammars.factor.steps import (
    BlockStep,
    SumStep,
    empty_rows_fed,
    step_cost,
)
from dsl.patterns import PATTERNS, Pattern
from dsl.primitives import PRIMITIVES
from dsl.real_code import to_real
from dsl.straightline import UNITS
from dsl.targets import Target, make_target
from evosynth.engine.spec import gene_space

EACH_TARGET = pytest.mark.parametrize("target", TARGET_SAMPLES, ids=target_name)
LAST = 12


def decoded(target: Target, *genes: Any) -> Decoding:
    is_complex = target.domain == "complex"
    return decode(np.array(genes).reshape(-1, 6), target.matrix, is_complex=is_complex)


# Patterns


@pytest.mark.parametrize("pattern", PATTERNS, ids=lambda pattern: pattern.name)
@pytest.mark.parametrize("width", [1, 2, 3, 4, 5, 8, 9])
def test_every_pattern_places_blocks_inside(pattern: Pattern, width: int) -> None:
    assert pattern.summary
    assert 0 <= pattern.parameters <= 2
    for i in range(width):
        for j in range(width):
            singles = pattern.places(width, 1, i, j)
            assert singles == ([(k,) for k in range(width)] if pattern.is_stage else [(i,)])
            places = pattern.places(width, 2, i, j)
            assert len(set(places)) == len(places)
            for a, b in places:
                assert a != b
                assert 0 <= min(a, b) <= max(a, b) < width


PLACES = [
    ("stride", 8, 0, 0, [(0, 1), (2, 3), (4, 5), (6, 7)]),
    ("stride", 8, 1, 0, [(0, 2), (1, 3), (4, 6), (5, 7)]),
    ("stride", 8, 3, 0, [(0, 4), (1, 5), (2, 6), (3, 7)]),
    ("stride", 5, 1, 0, [(0, 2), (1, 3)]),
    ("everywhere", 8, 1, 0, [(0, 2), (1, 3), (4, 6), (5, 7)]),
    ("mirror", 8, 7, 0, [(0, 7), (1, 6), (2, 5), (3, 4)]),
    ("mirror", 8, 3, 0, [(0, 3), (1, 2), (4, 7), (5, 6)]),
    ("mirror", 5, 4, 0, [(0, 4), (1, 3)]),
    ("conjugate", 8, 7, 0, [(1, 7), (2, 6), (3, 5)]),
    ("conjugate", 8, 3, 0, [(1, 3), (5, 7)]),
    ("conjugate", 5, 4, 0, [(1, 4), (2, 3)]),
    ("pair", 5, 3, 1, [(3, 1)]),
    ("pair", 5, 2, 2, []),
    ("matching", 3, 0, 0, [(0, 1), (0, 2), (1, 2)]),
]


@pytest.mark.parametrize(("name", "width", "i", "j", "places"), PLACES)
def test_places(name: str, width: int, i: int, j: int, places: list[tuple[int, int]]) -> None:
    assert PATTERNS.get(name).places(width, 2, i, j) == places


def test_patterns_say_how_far_they_reach() -> None:
    """Pairs that are listed lie among the target's own values; sums have no order."""
    reaches = {pattern.name: pattern.reach for pattern in PATTERNS}
    assert reaches.pop("matching") == "all"
    assert reaches.pop("pair") == "one"
    assert set(reaches.values()) == {"listed"}


@pytest.mark.parametrize("pattern", PATTERNS, ids=lambda pattern: pattern.name)
def test_ordered_places_are_both_ways_round(pattern: Pattern) -> None:
    pairs = pattern.places(6, 2, 3, 1)
    ordered = pattern.places(6, 2, 3, 1, is_ordered=True)
    assert ordered[::2] == pairs
    assert ordered[1::2] == [pair[::-1] for pair in pairs]
    assert pattern.places(6, 1, 3, 1, is_ordered=True) == pattern.places(6, 1, 3, 1)


# Genomes


def test_pack_keeps_genomes() -> None:
    genomes = pack([DFT8_GENES, [], DFT16_GENES.tolist()], 8)
    assert len(genomes) == 3
    assert genomes.capacity == 8
    assert genomes.lengths.tolist() == [4, 0, 6]
    assert np.array_equal(genomes[0], DFT8_GENES)
    assert genomes[1].shape == (0, 6)
    assert not genomes.genes[0, 4:].any()
    assert [genomes[k].tolist() for k in range(len(genomes))] == [
        DFT8_GENES.tolist(),
        [],
        DFT16_GENES.tolist(),
    ]
    assert genomes.take([2, 0]).joined(genomes.take([1])).lengths.tolist() == [6, 4, 0]


@pytest.mark.parametrize("bad", [[[-1] * 6], [[2**15] * 6], [[0] * 6] * 3])
def test_pack_refuses_bad_genomes(bad: list[list[int]]) -> None:
    with pytest.raises(DataError, match="expected"):
        pack([bad], 2)


@pytest.mark.parametrize(
    ("shape", "lengths"),
    [((2, 3), [1, 1]), ((2, 3, 6), [1]), ((2, 3, 6), [1, 4])],
)
def test_genomes_check_themselves(shape: tuple[int, ...], lengths: list[int]) -> None:
    with pytest.raises(ValueError, match=r"lengths|genes"):
        Genomes(np.zeros(shape, np.int16), np.array(lengths, np.int16))


def test_bounds() -> None:
    space = GeneSpace(5, 7, (1.0,) * 4, (1.0,) * 6)
    assert space.bounds.tolist() == [4, 6, 2, 7, 7, 2 + 7]
    assert len(space.bounds) == len(FIELDS)
    assert space.is_valid(space.bounds - 1)
    assert not space.is_valid(space.bounds)
    assert not space.is_valid(np.array([0, 0, -1, 0, 0, 0]))


# Remainders


def test_snap_clears_parts() -> None:
    assert snap(np.array([1e-12, -0.5]), 1e-10).tolist() == [0, -0.5]
    cleared = snap(np.array([1 + 1e-12j, 1e-12 - 2j, 1e-12 + 1e-12j]), 1e-10)
    assert cleared.tolist() == [1, -2j, 0]
    assert zero_threshold(np.array([[3.0, -4j]])) == 4e-10


@given(st.sampled_from([1, 2, 3 + 0.5j, 0.2 + 4j, 1 + 1j]), st.integers(0, 3))
def test_one_representative_of_all_turns(value: complex, unit: int) -> None:
    turned = value * UNITS[unit]
    quarter, half, same = (turn(np.array([turned]), turns)[0] for turns in (4, 2, 1))
    assert quarter == value
    assert half in (turned, -turned)
    assert half.imag > 0 or (half.imag == 0 and half.real > 0)
    assert same == turned


def test_distinct_constants() -> None:
    row = np.array([0, 2, -2, 2j, 1, 2 * (1 + 1e-13), 3 + 1j, -1 + 3j, 3 - 1j])
    assert distinct(row) == [2, 1, 3 + 1j, 1 + 3j]
    assert distinct(np.zeros(3)) == []


def test_cost_of_a_remainder() -> None:
    real, complex_ = prices_for(is_complex=False), prices_for(is_complex=True)
    # 2 sums; the products 2 a, 2 b and 3 a, or 2 (a + b) and 3 a
    shared_by_rows = np.array([[2.0, 2.0], [3.0, 1.0]])
    assert remainder_cost(shared_by_rows, real) == 2 + 2
    assert remainder_cost(shared_by_rows, complex_) == 4 + 4
    assert remainder_cost(shared_by_rows.T, real) == 2 + 2
    assert [part.by_rows for part in components(shared_by_rows, real)] == [True]
    assert [part.by_rows for part in components(shared_by_rows.T, real)] == [False]
    assert remainder_cost(np.zeros((2, 3)), real) == 0
    assert remainder_cost(np.eye(3), complex_) == 0
    assert remainder_cost(np.array([[1 + 1j, 2j]]), complex_) == 2 + 2 + 2


def test_each_component_shares_its_constants_the_better_way() -> None:
    real = prices_for(is_complex=False)
    block = np.array([[2.0, 2.0], [3.0, 1.0]])
    whole = np.zeros((5, 5))
    whole[np.ix_([4, 1], [0, 3])] = block
    whole[np.ix_([0, 3], [4, 1])] = block.T
    found = [(p.rows, p.columns, p.operations, p.by_rows) for p in components(whole, real)]
    assert found == [((0, 3), (1, 4), 4, False), ((1, 4), (0, 3), 4, True)]
    assert remainder_cost(whole, real) == 4 + 4


def test_components_of_a_path_are_one() -> None:
    """Rows and columns that are joined through many others belong together."""
    real = prices_for(is_complex=False)
    path = np.eye(6) + np.eye(6, k=1)
    (part,) = components(path, real)
    assert (part.rows, part.columns) == (tuple(range(6)), tuple(range(6)))
    path[2, 3] = 0
    assert [part.rows for part in components(path, real)] == [(0, 1, 2), (3, 4, 5)]
    assert components(np.zeros((3, 2)), real) == []


# Decodings


KNOWN: list[tuple[str, int, list[Any], int]] = [
    ("wht", 2, [gene("butterfly", "pair", j=1, choice=1)], 2),
    ("wht", 8, [gene("butterfly", "matching")] * 3, 24),
    ("wht", 8, [gene("butterfly", "stride", i=i) for i in (0, 1, 3)], 24),
    ("wht", 8, [gene("butterfly", "matching", side=1)] * 3, 24),
    ("dft", 4, [gene("butterfly", "stride", i=1), gene("butterfly", "matching")], 16),
    ("dft", 8, DFT8_GENES.tolist(), 56),
    ("dft", 16, DFT16_GENES.tolist(), 168),
]


@pytest.mark.parametrize(("name", "n", "genes", "operations"), KNOWN)
def test_known_genomes(name: str, n: int, genes: list[Any], operations: int) -> None:
    assert decoded(make_target(name, n), *genes).operations == operations


def test_empty_genome_is_the_sparse_matrix_product() -> None:
    target = make_target("wht", 4)
    decoding = decoded(target)
    assert (decoding.steps, decoding.prefix, decoding.operations) == ((), 0, 12)
    assert np.array_equal(decoding.remainder, target.matrix)


def test_genes_that_do_not_pay_are_left_out() -> None:
    target = make_target("wht", 8)
    useful = [gene("butterfly", "matching")] * 2
    harmful = [gene("shear", "pair", i=k, j=k + 1, choice=1) for k in range(2)]
    decoding = decoded(target, *useful, *harmful)
    assert (decoding.prefix, decoding.operations) == (2, 24)
    assert {step.gene for step in decoding.steps} == {0, 1}


def test_of_equally_cheap_prefixes_the_shortest_counts() -> None:
    """The last stage of butterflies costs as much as the sparse remainder that it replaces."""
    decoding = decoded(make_target("wht", 8), *[gene("butterfly", "matching")] * 3)
    assert (decoding.prefix, decoding.operations) == (2, 24)


def test_a_pair_of_equal_indices_does_nothing() -> None:
    decoding = decoded(make_target("wht", 4), gene("butterfly", "pair", i=2, j=2))
    assert decoding.prefix == 0


def test_indices_and_rows_are_taken_modulo_the_width() -> None:
    target = make_target("dft", 4)
    for choice in range(2, 10):
        genes = [gene("butterfly", "pair", i=i, j=i + 2, choice=choice) for i in range(2)]
        wrapped = [[*g[:3], g[3] + 4, g[4] + 8, choice + 4 * (choice > 1)] for g in genes]
        assert_same_decoding(decoded(target, *genes), decoded(target, *wrapped))


def test_a_choice_of_one_is_no_angle() -> None:
    target = make_target("dct2", 4)
    voted = decoded(target, gene("rotation", "mirror", i=3, choice=0))
    assert_same_decoding(voted, decoded(target, gene("rotation", "mirror", i=3, choice=1)))


def test_a_row_gives_the_parameter() -> None:
    matrix = np.array([[1.0, 2], [3, 6], [5, 10], [1, 3], [2, 6], [5, 15], [7, 0]])
    target = Target("mine", 2, matrix, "real")
    for row, parameter in enumerate([2, 2, 2, 3, 3, 3]):
        (step,) = decoded(target, gene("shear", "pair", j=1, choice=FROM_ROW + row)).steps
        assert step.parameter == parameter
    assert decoded(target, gene("shear", "pair", j=1, choice=FROM_ROW + 6)).steps == ()


def test_most_rows_give_the_parameter() -> None:
    matrix = np.array([[1.0, 2], [3, 9], [5, 15], [1, 3], [0, 6], [7, 0]])
    (step,) = decoded(Target("mine", 2, matrix, "real"), gene("shear", "pair", j=1)).steps
    assert step.parameter == 3


# Gains


def matrix_target(rows: Any) -> Target:
    matrix = np.array(rows)
    domain: Any = "complex" if np.iscomplexobj(matrix) else "real"
    return Target("mine", matrix.shape[1], matrix, domain)


def test_a_stage_gains_by_zeros_or_by_products() -> None:
    """(1 + r, 1 - r) becomes (1, r): no zero more, but a product less in every row."""
    target = matrix_target([[1 + r, 1 - r] for r in (0.3, 0.4, 0.6, 0.7)])
    assert decoded(target, gene("butterfly", "matching", j=0, choice=ONE)).steps == ()
    decoding = decoded(target, gene("butterfly", "matching", j=1, choice=ONE))
    assert [step.place for step in blocks_of(decoding)] == [(0, 1)]
    assert decoded(target).operations == 4 + 8
    assert decoding.operations == 2 + 4 + 4
    three = matrix_target([[1 + r, 1 - r] for r in (0.3, 0.4)])
    assert decoded(three, gene("butterfly", "matching", j=1, choice=ONE)).prefix == 0


def test_an_asymmetric_block_goes_where_it_fills_nothing() -> None:
    assert [derive(block).is_ordered for block in PRIMITIVES] == [
        block.name == "shear" for block in PRIMITIVES
    ]
    rows = np.array([[1.0, 3], [1, 3], [1, 3], [0, 5]])
    for matrix, place in ((rows, (0, 1)), (rows[:, ::-1], (1, 0))):
        for pattern in ("matching", "mirror"):
            (step,) = blocks_of(decoded(matrix_target(matrix), gene("shear", pattern, i=1)))
            assert (step.place, step.parameter) == (place, 3)
    for i, j in ((0, 1), (1, 0)):
        pair = decoded(matrix_target(rows[:3]), gene("shear", "pair", i=i, j=j))
        assert [step.place for step in blocks_of(pair)] == [(i, j)], "as the gene says"


def blocks_of(decoding: Decoding) -> list[BlockStep]:
    return [step for step in decoding.steps if isinstance(step, BlockStep)]


# Shared sums


def only_sum(target: Target, *genes: Any) -> SumStep:
    (step,) = decoded(target, *genes).steps
    assert isinstance(step, SumStep)
    return step


SHARING = matrix_target([[1.0, 1, 0, 2], [1, 1, 1, 0], [2, 2, 3, 1], [0, 0, 1, 1]])


def test_a_sum_is_a_new_value() -> None:
    decoding = decoded(SHARING, sum_gene(i=0, j=1, choice=ONE))
    assert decoding.steps == (SumStep(False, 4, (0, 1), (1, 1), (0, 0, 0, -1), 0),)
    assert decoding.remainder.tolist() == [
        [0, 0, 0, 2, 1],
        [0, 0, 1, 0, 1],
        [0, 0, 3, 1, 2],
        [0, 0, 1, 1, 0],
    ]
    assert decoding.shape == (4, 4)
    assert decoded(SHARING).operations - decoding.operations == 2


def test_on_the_output_side_rows_are_summed() -> None:
    transposed = matrix_target(SHARING.matrix.T.copy())
    decoding = decoded(transposed, sum_gene(side=1, i=0, j=1, choice=ONE))
    assert decoding.steps == (SumStep(True, 4, (0, 1), (1, 1), (0, 0, 0, -1), 0),)
    twin = decoded(SHARING, sum_gene(i=0, j=1, choice=ONE))
    assert np.array_equal(decoding.remainder, twin.remainder.T)
    assert decoding.operations == twin.operations


def test_equal_rows_are_computed_once_for_nothing() -> None:
    """Their sum is fed to rows that are empty: nothing is added."""
    target = matrix_target([[3.0, 5, 7], [-3, -5, -7], [3, 5, 7]])
    decoding = decoded(target, sum_gene(side=1, i=0, choice=FROM_ROW))
    (step,) = decoding.steps
    assert isinstance(step, SumStep)
    assert (step.members, step.factors) == ((0, 1, 2), (1, -1, 1))
    assert decoding.operations == 2 + 3
    assert build_program(decoding, "real").count.operations == 2 + 3
    assert empty_rows_fed(decoding.steps, decoding.remainder) == 3


def test_members_of_a_sum() -> None:
    target = matrix_target([[2.0, -2, 6, 2], [1, -1, 3, 4], [5, -5, 15, 0]])
    difference = only_sum(target, sum_gene(i=0, j=1, choice=ONE, variant=2))
    assert (difference.members, difference.factors) == ((0, 1), (1, -1))
    voted = only_sum(target, sum_gene(i=0, j=2))
    assert (voted.members, voted.factors) == ((0, 2), (1, 3))
    for column, factors in ((0, (1, -1, 1)), (1, (-1, 1, -1))):
        row = only_sum(target, sum_gene(i=column, choice=FROM_ROW))
        assert (row.members, row.factors) == ((0, 1, 3), factors)
    assert decoded(target, sum_gene(i=2, choice=FROM_ROW)).steps == (), "a size of its own"
    assert decoded(target, sum_gene(i=3, choice=FROM_ROW + 2)).steps == (), "a zero"
    assert decoded(target, sum_gene(i=1, j=1, choice=ONE)).steps == ()


def test_free_factors_of_a_row_include_the_imaginary_unit() -> None:
    target = matrix_target(np.array([[3, 3j, -3], [5, 5j, -5], [1, 1j, 2]]))
    step = only_sum(target, sum_gene(i=0, choice=FROM_ROW))
    assert (step.members, step.factors, step.sources) == ((0, 1, 2), (1, 1j, -1), (0, 0, 0))


def test_rows_without_a_majority_descend_if_the_gene_says_so() -> None:
    """(2, 1) has a product less as (1, 0) and once the sum."""
    target = matrix_target([[1.0, 1], [4, 4], [5, 0], [2, 1]])
    assert only_sum(target, sum_gene(i=0, j=1, choice=ONE)).sources == (0, 0, -1, -1)
    decoding = decoded(target, sum_gene(i=0, j=1, choice=ONE, variant=1))
    (step,) = decoding.steps
    assert isinstance(step, SumStep)
    assert step.sources == (0, 0, -1, 1), "a row with one entry takes no part"
    assert decoding.remainder.tolist() == [[0, 0, 1], [0, 0, 4], [5, 0, 0], [1, 0, 1]]
    assert decoding.operations == 1 + 1 + 2


def test_sums_are_counted_on_either_side() -> None:
    rng = np.random.default_rng(0)
    target = matrix_target(np.kron(rng.integers(1, 4, (8, 8)), np.ones((2, 2))))
    for side in (0, 1):
        genes = [sum_gene(side=side, i=2 * k, j=2 * k + 1, choice=ONE) for k in range(8)]
        decoding = decoded(target, *genes)
        assert [step.gene for step in decoding.steps] == list(range(8))
        assert decoding.remainder.shape[1 - side] == 16 + 8
    both = [
        sum_gene(side=side, i=2 * k, j=2 * k + 1, choice=ONE) for k in range(8) for side in (0, 1)
    ]
    assert decoded(target, *both).remainder.shape == (16 + 8, 16 + 8)
    assert (most_sums(16), most_sums(4)) == (8, 4)


def toeplitz(kernel: Any) -> Target:
    """Returns the matrix of entries kernel[row - column + n - 1]."""
    return make_target("toeplitz", (len(kernel) + 1) // 2, kernel=list(kernel))


def test_a_stage_of_sums_makes_three_products_of_four() -> None:
    """[[a, b], [c, a]] is a (x + y) and multiples of x and y (Karatsuba)."""
    target = toeplitz([2.0, 3.0, 7.0])  # b, a, c
    decoding = decoded(target, sums_gene("stride"))
    (step,) = decoding.steps
    assert isinstance(step, SumStep)
    assert (step.value, step.members, step.factors, step.sources) == (2, (0, 1), (1, 1), (0, 1))
    assert decoding.remainder.tolist() == [[0, -1, 3], [4, 0, 3]]
    halves = toeplitz(np.random.default_rng(0).standard_normal(31))
    both = [sums_gene("stride", side, i=7) for side in (0, 1)]
    decoding = decoded(halves, *both)
    assert [len(part.rows) for part in components(decoding.remainder, prices_for(False))] == [8] * 3
    assert decoding.operations == 3 * 8 * (8 + 7) + 8 + 16, "on either side one addition a place"


def test_a_stage_of_differences() -> None:
    target = toeplitz([-2.0, 3.0, 7.0])
    (step,) = decoded(target, sums_gene("stride", j=1)).steps
    assert isinstance(step, SumStep)
    assert (step.factors, step.sources) == ((1, -1), (0, 1))


def sources_of(rows: list[list[float]], j: int = 0) -> list[tuple[int, ...]]:
    """Returns the sources of the sums of columns 0 and 1 that a gene makes, if they pay or not."""
    step = make_pair_sum(np.array(rows), sums_gene("stride", j=j), 0, (0, 1))
    return [] if step is None else [step.sources]


def test_weights_that_no_other_row_has_make_no_sum() -> None:
    assert sources_of([[1, 2], [3, 5], [0, 7]]) == []
    assert sources_of([[1, 2], [3, 5], [0, 2]]) == [(1, -1, -1)]
    assert sources_of([[1, 2], [3, 5], [0, -2]]) == [(1, -1, -1)], "up to free factors"


def test_a_weight_that_was_taken_comes_first() -> None:
    """Row 0 takes 2, which more rows have than 3; row 1 then 2, though 5 is as common."""
    assert sources_of([[2, 3], [5, 2], [2, 0], [0, 5]]) == [(0, 1, -1, -1)]
    assert sources_of([[2, 2], [5, 2], [0, 5], [5, 0]]) == [(0, 1, -1, -1)], "a majority, too"


def test_a_stage_of_sums_without_places_is_empty() -> None:
    target = matrix_target(np.ones((4, 4)))
    assert decoded(target, sums_gene("stride")).steps
    assert decoded(target, sums_gene("matching")).steps == ()


def test_pairs_everywhere_split_a_circulant() -> None:
    """No entry becomes zero on one side alone: the stage that must pay does nothing."""
    kernel = np.random.default_rng(0).standard_normal(8)
    target = make_target("circulant", 8, kernel=kernel.tolist())
    choosy, plain = (
        [gene("butterfly", name, side, i=3, choice=ONE) for side in (0, 1)]
        for name in ("stride", "everywhere")
    )
    assert decoded(target, *choosy).steps == ()
    decoding = decoded(target, *plain)
    assert len(decoding.steps) == 8
    assert [len(part.rows) for part in components(decoding.remainder, prices_for(False))] == [4, 4]
    assert decoding.operations == 2 * 8 + 2 * 4 * (4 + 3)


def test_sums_are_values_like_others() -> None:
    """Blocks and further sums act on them, but for those of listed places."""
    target = matrix_target(np.kron(np.array([[1.0, 1], [1, -1]]), np.ones((2, 2))))
    first = [sum_gene(i=0, j=1, choice=ONE), sum_gene(i=2, j=3, choice=ONE)]
    pair = decoded(target, *first, gene("butterfly", "pair", i=4, j=5))
    assert [step.place for step in blocks_of(pair)] == [(4, 5)]
    for pattern, places in (("matching", [(4, 5)]), ("mirror", []), ("stride", [])):
        for i in range(6):
            decoding = decoded(target, *first, gene("butterfly", pattern, i=i))
            assert [step.place for step in blocks_of(decoding)] == places
    rows = matrix_target(np.array([[1.0, 1, 1, 1], [2, 2, 2, 2], [3, 3, 3, 3], [1, 1, 0, 0]]))
    sums = decoded(rows, *first, sum_gene(i=4, j=5, choice=ONE)).steps
    assert [step.members for step in sums if isinstance(step, SumStep)] == [(0, 1), (2, 3), (4, 5)]
    program = build_program(pair, "real")
    assert np.abs(program.matrix() - target.matrix).max() == 0
    assert program.count.operations == pair.operations


def multiplied_out(decoding: Decoding) -> npt.NDArray[Any]:
    """Multiplies steps and remainder as whole matrices, innermost first."""
    product: npt.NDArray[Any] = decoding.remainder.astype(complex)
    for step in reversed(decoding.steps):
        product = product.T if step.is_output_side else product
        width = product.shape[1]
        factor = np.eye(width, dtype=complex)
        if isinstance(step, BlockStep):
            factor[np.ix_(step.place, step.place)] = step.primitive.matrix(step.parameter)
        else:
            assert step.value == width - 1, "sums are undone from the last to the first"
            factor[step.value, list(step.members)] = step.factors
            factor = factor[:, :-1]
        product = product @ factor
        product = product.T if step.is_output_side else product
    return product


def genomes_of(target: Target) -> list[npt.NDArray[np.int16]]:
    genomes = sample_genomes(TARGET_SAMPLES.index(target))
    return [genomes[k] for k in range(len(genomes) - LAST, len(genomes))]


@EACH_TARGET
def test_stages_and_remainder_multiply_to_the_target(target: Target) -> None:
    for genome in genomes_of(target):
        decoding = decoded(target, genome)
        product = multiplied_out(decoding)
        assert product.shape == decoding.shape == target.matrix.shape
        error = np.abs(product - target.matrix).max()
        assert error <= 1e-12 * np.abs(target.matrix).max()


@EACH_TARGET
def test_operations_are_those_of_the_parts(target: Target) -> None:
    prices = prices_for(target.domain == "complex")
    for genome in genomes_of(target):
        decoding = decoded(target, genome)
        steps = sum(step_cost(step, prices) for step in decoding.steps)
        remainder = remainder_cost(decoding.remainder, prices)
        free = prices.addition * empty_rows_fed(decoding.steps, decoding.remainder)
        assert decoding.operations == steps + remainder - free
        assert all(step.gene < decoding.prefix for step in decoding.steps)


@EACH_TARGET
def test_the_prefix_is_the_genome(target: Target) -> None:
    for genome in genomes_of(target):
        whole = decoded(target, genome)
        assert_same_decoding(whole, decoded(target, genome[: whole.prefix]))
        shorter = [decoded(target, genome[:k]).operations for k in range(whole.prefix)]
        assert all(operations > whole.operations for operations in shorter)


SQUARE = [target for target in TARGET_SAMPLES if target.matrix.shape[0] == target.n]


@pytest.mark.parametrize("target", SQUARE, ids=target_name)
def test_output_side_is_the_input_side_of_the_transpose(target: Target) -> None:
    transposed = Target("transposed", target.matrix.shape[0], target.matrix.T.copy(), target.domain)
    prices = prices_for(target.domain == "complex")
    for genome in genomes_of(target):
        flipped = genome * [1, 1, 0, 1, 1, 1] + (1 - genome) * [0, 0, 1, 0, 0, 0]
        one, other = decoded(target, genome), decoded(transposed, flipped)
        if any(asymmetric(step, prices) for step in one.steps):
            continue
        assert one.operations == other.operations
        assert np.abs(one.remainder - other.remainder.T).max() <= 1e-12


def asymmetric(step: BlockStep | SumStep, prices: Any) -> bool:
    """A sum is an addition dearer on the output side, and saves it in the remainder."""
    if isinstance(step, SumStep):
        return False
    return len({step_cost(replace(step, is_output_side=s), prices) for s in (False, True)}) == 2


@EACH_TARGET
def test_programs_cost_what_their_decodings_say(target: Target) -> None:
    for genome in genomes_of(target):
        decoding = decoded(target, genome)
        program = build_program(decoding, target.domain)
        written = program.lower()
        # Where no sum feeds an output, nothing is left to simplification.
        if not any(isinstance(s, SumStep) and s.is_output_side for s in decoding.steps):
            assert count_code(written).operations == decoding.operations
            assert count_code(to_real(written)).operations == decoding.operations
        assert program.count.operations <= decoding.operations
        tolerance = 1e-12 * size_of(written)
        for matrix in (program(np.eye(target.n)).T, program.matrix(), written.matrix()):
            assert np.abs(matrix - target.matrix).max() <= tolerance


@EACH_TARGET
def test_stages_of_programs_are_numbered_in_order(target: Target) -> None:
    for genome in genomes_of(target):
        decoding = decoded(target, genome)
        program = build_program(decoding, target.domain, "mine")
        stages = [instruction.stage for instruction in program.instructions]
        assert stages == sorted(stages)
        assert (program.name, program.inputs) == ("mine", target.n)
        assert len(program.outputs) == target.matrix.shape[0]


def assert_same_decoding(one: Decoding, other: Decoding) -> None:
    assert one.steps == other.steps
    assert (one.prefix, one.operations) == (other.prefix, other.operations)
    assert np.array_equal(one.remainder, other.remainder)


def test_sample_genomes_are_varied() -> None:
    """Guards the tests above: the samples use every primitive, pattern, side and choice."""
    steps = [
        (step, genome[step.gene])
        for target in TARGET_SAMPLES
        for genome in genomes_of(target)
        for step in decoded(target, genome).steps
    ]
    blocks = [(step, genes) for step, genes in steps if isinstance(step, BlockStep)]
    sums = [(step, genes) for step, genes in steps if isinstance(step, SumStep)]
    assert {step.primitive.name for step, _ in blocks} == set(PRIMITIVES.names())
    assert {int(genes[1]) for _, genes in blocks} == set(range(len(PATTERNS)))
    for kind in (blocks, sums):
        assert {step.is_output_side for step, _ in kind} == {False, True}
        assert {min(int(genes[CHOICE]), FROM_ROW) for _, genes in kind} == {0, 1, 2}
    assert {len(step.members) for step, _ in sums} >= {2, 3, 4}
    assert {int(genes[PRIMITIVE]) - len(PRIMITIVES) for _, genes in sums} == {0, 1}
    for target in TARGET_SAMPLES:
        assert all(gene_space(target.matrix.shape).is_valid(g) for g in genomes_of(target))


def test_chains_of_near_constants_are_told_apart() -> None:
    """The first and the last are different numbers, though each is near the one between."""
    row = np.array([1.0, 1 + 8e-10, 1 + 1.6e-9])
    assert distinct(row) == [1.0, 1 + 1.6e-9]
    assert distinct(row[:0]) == []
    target = Target("chain", 3, row[None, :], "real")
    assert build_program(decoded(target), "real").inputs == 3


def test_signs_stay_signs_among_exact_constants() -> None:
    """A number known to 60 digits may be one: a sum's sign it is all the same."""
    known = [Exact(sympy.Float(1, 60))]
    program = build_program(decoded(make_target("wht", 4), *DFT8_GENES), "real")
    assert program.with_exact_constants(known).matrix().tolist() == program.matrix().tolist()
