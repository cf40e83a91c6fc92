"""Genomes of formulas: fields and addresses, values and derivatives, and the program."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from dsl.genome import Genes, Genomes
from dsl.grammars.expression.build import Formula, Loan, build_formulas
from dsl.grammars.expression.genome import (
    CONSTANT,
    CONSTANTS,
    FIELDS,
    FIRST,
    INPUTS,
    PRIMITIVE,
    SECOND,
    USE,
    Tapes,
    back,
    constant,
    constants,
    gene,
    reference,
    tapes,
    with_constants,
)
from dsl.grammars.expression.values import jacobian, parameters, steps_of, values
from dsl.program import Program
from dsl.scalars import SCALARS
from evosynth.engine.expression.problem import compacted
from evosynth.engine.expression.space import FormulaSpace
from evosynth.engine.variation import mutate, random_genomes, splice
from fitness.evaluators.expression_evaluator import ExpressionEvaluator

seeds = st.integers(0, 2**32 - 1)
SMOOTH = ("add", "subtract", "multiply", "divide", "sin", "cos", "exp", "log", "sqrt", "negate")


def f(name: str, *operands: int, **others: Any) -> Genes:
    """Makes a gene; of two operands the second may be left out for the constant c0."""
    a, b = (*operands, -1)[:2]
    return gene(SCALARS.index(name), a, b + 1, **others)


def genome_of(*rows: Genes) -> Genes:
    return np.stack(rows)


def drawn(seed: int, length: int, inputs: int, names: tuple[str, ...] = ()) -> Genes:
    """Draws a genome of which the last gene is a term; of some primitives if they are named."""
    rng = np.random.default_rng(seed)
    genes = FormulaSpace(inputs).draw(length, rng)
    if names:
        chosen = [*map(SCALARS.index, names), reference(), constant()]
        genes[:, PRIMITIVE] = rng.choice(chosen, length)
    genes[-1, USE] = 1
    return genes


def samples(seed: int, inputs: int, rows: int = 40) -> npt.NDArray[np.float64]:
    return np.random.default_rng(seed).normal(1.0, 1.5, (inputs, rows))


def tape_of(genes: Genes, inputs: int) -> Tapes:
    return tapes(Genomes(genes[None], np.array([len(genes)], np.int16)), inputs)


# Fields


def test_a_gene_says_what_it_was_made_of() -> None:
    row = gene(7, 5, 3, use=True, c0=-0.1, c1=1e300)
    assert row.dtype == np.int16
    assert row.shape == (len(FIELDS),)
    assert row[:CONSTANTS].tolist() == [7, 5, 3, 1]
    assert constants(row).tolist() == [-0.1, 1e300]
    assert gene(0, 0)[:CONSTANTS].tolist() == [0, 0, CONSTANT, 0]
    assert constants(gene(0, 0)).tolist() == [1.0, 0.0]


def test_references_and_constants_are_no_scalar_primitive() -> None:
    assert {reference(), constant()} == {len(SCALARS), len(SCALARS) + 1}
    assert [back(1), back(2)] == [INPUTS, INPUTS + 1]


@given(st.floats(width=64), st.floats(width=64))
def test_every_double_comes_back(c0: float, c1: float) -> None:
    found = constants(gene(0, 0, c0=c0, c1=c1))
    assert found.tobytes() == np.array([c0, c1]).tobytes()


@given(arrays.arrays(np.float64, (3, 4, 2)))
def test_constants_of_populations_come_back(numbers: npt.NDArray[np.float64]) -> None:
    genes = np.arange(3 * 4 * len(FIELDS), dtype=np.int16).reshape(3, 4, -1)
    before = genes.copy()
    changed = with_constants(genes, numbers)
    assert constants(changed).tobytes() == numbers.tobytes()
    assert np.array_equal(changed[..., :CONSTANTS], before[..., :CONSTANTS])
    assert np.array_equal(genes, before)


@pytest.mark.parametrize("shape", [(), (1,), (5,), (1, 1), (2, 3)])
def test_constants_are_a_copy(shape: tuple[int, ...]) -> None:
    genes = np.broadcast_to(gene(1, 2, c0=3.0, c1=4.0), (*shape, len(FIELDS))).copy()
    before = genes.copy()
    numbers = constants(genes)
    assert not np.shares_memory(numbers, genes)
    numbers[...] = 7.0
    changed = with_constants(genes, numbers)
    changed[..., PRIMITIVE] = 9
    assert np.array_equal(genes, before)


def test_constants_of_a_part_of_a_genome() -> None:
    """Every second gene, backwards: no contiguous piece of memory."""
    genes = genome_of(*(gene(0, 0, c0=float(k), c1=-float(k)) for k in range(6)))
    assert constants(genes[::-2]).tolist() == [[5.0, -5.0], [3.0, -3.0], [1.0, -1.0]]
    assert constants(np.asfortranarray(genes)).tolist() == constants(genes).tolist()


# Addresses


@given(
    arrays.arrays(np.int16, (3, 6, len(FIELDS))),
    arrays.arrays(np.int16, 3, elements=st.integers(0, 6)),
    st.integers(1, 5),
)
def test_any_fields_are_valid(genes: Genes, lengths: npt.NDArray[np.int16], inputs: int) -> None:
    before = genes.copy()
    tape = tapes(Genomes(genes, lengths), inputs)
    slots = inputs + np.arange(6)
    assert np.all((tape.left >= 0) & (tape.left < slots))
    assert np.all((tape.right >= -1) & (tape.right < slots))
    assert np.all((tape.primitives >= 0) & (tape.primitives <= constant()))
    exists = np.arange(6) < lengths[:, None]
    assert not (tape.is_live & ~exists).any()
    assert not (tape.is_term & ~tape.is_live).any()
    x = np.random.default_rng(0).normal(size=(9, inputs))
    errors = ExpressionEvaluator(x, x[:, 0]).evaluate(tape).errors
    assert not np.isnan(errors).any()
    assert np.array_equal(genes, before)


@given(seeds, st.integers(1, 8), st.integers(1, 3))
def test_valid_fields_mean_what_they_say(seed: int, length: int, inputs: int) -> None:
    """Addresses of inputs and of earlier genes are those, and no other."""
    rng = np.random.default_rng(seed)
    genes, expected = [], []
    for position in range(length):
        slots = rng.integers(0, inputs + position, 2).tolist()
        named = [s if s < inputs else back(position - (s - inputs)) for s in slots]
        genes.append(f("add", *named))
        expected.append(slots)
    tape = tape_of(genome_of(*genes), inputs)
    assert [tape.left[0].tolist(), tape.right[0].tolist()] == list(
        map(list, zip(*expected, strict=True))
    )


def test_only_functions_of_two_operands_have_a_second_one() -> None:
    rows = [gene(k, 0, 1) for k in range(constant() + 1)]
    tape = tape_of(genome_of(*rows), 1)
    arity = [*(member.arity for member in SCALARS), 1, 0]
    assert (tape.right[0] >= 0).tolist() == [each == 2 for each in arity]
    rows = [gene(k, 0, CONSTANT) for k in range(constant() + 1)]
    assert (tape_of(genome_of(*rows), 1).right == -1).all()


@given(seeds, st.lists(st.integers(0, 8), min_size=2, max_size=2), st.integers(1, 3))
def test_live_is_a_term_and_what_it_needs(seed: int, sizes: list[int], inputs: int) -> None:
    genes = FormulaSpace(inputs).draw(16, np.random.default_rng(seed)).reshape(2, 8, -1)
    genes[:, ::2, USE] = 0
    lengths = np.array(sizes, np.int16)
    tape = tapes(Genomes(genes, lengths), inputs)
    arity = [*(member.arity for member in SCALARS), 1, 0]

    def needs(row: int, slot: int) -> set[int]:
        """The genes that a value needs, itself among them."""
        if slot < inputs:
            return set()
        k = slot - inputs
        operands = [tape.left[row, k], tape.right[row, k]][: arity[tape.primitives[row, k]]]
        return {k}.union(*(needs(row, o) for o in operands if o >= 0))

    for row in range(2):
        terms = [k for k in range(lengths[row]) if genes[row, k, USE] % 2]
        live = set[int]().union(*(needs(row, inputs + k) for k in terms))
        assert set(np.flatnonzero(tape.is_live[row]).tolist()) == live
        assert np.flatnonzero(tape.is_term[row]).tolist() == terms


def test_constants_need_nothing() -> None:
    """Whatever their addresses say."""
    rows = f("sin", 0), gene(constant(), back(1), back(1) + 1, use=True)
    assert tape_of(genome_of(*rows), 1).is_live.tolist() == [[False, True]]


@given(seeds, st.integers(1, 6), st.integers(1, 6))
def test_a_segment_means_the_same_wherever_it_is_put(seed: int, before: int, length: int) -> None:
    """As long as it speaks of inputs and of itself alone."""
    rng = np.random.default_rng(seed)
    segment = drawn(seed, length, 2)
    for position in range(length):  # no further back than the segment goes
        for field, least in ((FIRST, 0), (SECOND, 1)):
            address = segment[position, field] - least
            if address >= INPUTS + position:
                segment[position, field] = rng.integers(0, 2) + least
    x = samples(seed, 2)
    other = drawn(seed + 1, before, 2)
    joined = np.concatenate([other, segment])
    alone, together = steps_of(segment, 2), steps_of(joined, 2)
    known, found = values(alone, x), values(together, x)
    for step in alone:
        place = 2 + step.position
        assert np.array_equal(found[place + before], known[place], equal_nan=True)


def test_crossing_over_keeps_what_a_tail_means() -> None:
    rng = np.random.default_rng(0)
    tail = genome_of(f("sin", 0, c0=3.0), f("multiply", back(1), 1, use=True))
    mates = Genomes(np.repeat(tail[None], 50, axis=0), np.full(50, 2, np.int16))
    heads = random_genomes(50, 2, 2, FormulaSpace(2), rng)
    wide = Genomes(np.pad(heads.genes, ((0, 0), (0, 4), (0, 0))), heads.lengths)
    wide_mates = Genomes(np.pad(mates.genes, ((0, 0), (0, 4), (0, 0))), mates.lengths)
    children = splice(wide, wide_mates, 1.0, rng)
    x = samples(0, 2)
    whole = 0
    for k in range(50):
        child = children[k]
        if len(child) >= 2 and np.array_equal(child[-2:], tail):
            whole += 1
            found = values(steps_of(child, 2), x)[2 + len(child) - 1]
            assert np.array_equal(found, np.sin(3.0 * x[0]) * x[1])
    assert whole > 5


# Space


@given(seeds, st.integers(1, 4))
def test_drawn_genes_lie_within_the_space(seed: int, inputs: int) -> None:
    genes = FormulaSpace(inputs).draw(50, np.random.default_rng(seed))
    assert genes.dtype == np.int16
    assert genes.shape == (50, len(FIELDS))
    assert np.all((genes[:, PRIMITIVE] >= 0) & (genes[:, PRIMITIVE] <= constant()))
    for field, least in ((FIRST, 0), (SECOND, 1)):
        addresses = genes[:, field] - least
        is_input = (addresses >= 0) & (addresses < inputs)
        is_constant = (addresses < 0) & (field == SECOND)
        assert np.all(is_input | is_constant | (addresses >= INPUTS))
    assert np.isfinite(constants(genes)).all()


def test_every_kind_of_gene_is_drawn() -> None:
    genes = FormulaSpace(2).draw(3_000, np.random.default_rng(0))
    assert set(genes[:, PRIMITIVE].tolist()) == set(range(constant() + 1))
    assert set(genes[:, USE].tolist()) == {0, 1}
    assert {0, 1, back(1), back(2)} <= set(genes[:, FIRST].tolist())
    assert {CONSTANT, 1, 2, back(1) + 1} <= set(genes[:, SECOND].tolist())


def test_a_tweak_changes_one_field_or_one_whole_constant() -> None:
    masks = FormulaSpace(1).tweaked(np.array([0.0, 0.999999, *np.linspace(0, 0.999, 500)]))
    kinds = {tuple(np.flatnonzero(mask).tolist()) for mask in masks}
    assert kinds == {(0,), (1,), (2,), (3,), (4, 5, 6, 7), (8, 9, 10, 11)}


def test_mutation_never_tears_a_constant() -> None:
    """All four fields of a number change together, or none: halves of two are no number."""
    rng = np.random.default_rng(5)
    genes = with_constants(np.zeros((300, 6, len(FIELDS)), np.int16), np.full((300, 6, 2), 1 / 3))
    found = mutate(Genomes(genes, np.full(300, 6, np.int16)), FormulaSpace(2), rng)
    numbers = np.concatenate([constants(found[k]).ravel() for k in range(300)])
    assert (numbers != 1 / 3).any()
    sizes = np.abs(numbers[numbers != 0])
    assert sizes.min() > 1e-9
    assert sizes.max() < 1e3


# Values and derivatives


def test_values_are_those_of_the_definition() -> None:
    genes = genome_of(
        f("sin", 0, c0=2.0, c1=0.5),
        f("multiply", back(1), 1),
        f("subtract", back(1), c0=3.0),
        gene(constant(), 0, c0=7.0),
        f("max", back(2), back(1)),
        gene(reference(), back(1), use=True),
    )
    x = samples(1, 2)
    found = values(steps_of(genes, 2), x)
    inner = np.sin(2.0 * x[0] + 0.5) * x[1] - 3.0
    assert np.array_equal(found[0], x[0])
    assert np.array_equal(found[4], inner)
    assert np.array_equal(found[5], np.full(40, 7.0))
    assert np.array_equal(found[7], np.maximum(inner, 7.0))


def test_what_is_not_finite_stays_so() -> None:
    genes = genome_of(
        f("divide", 0, back(9)), f("divide", 0, c0=0.0), f("exp", back(1), c0=-1.0, use=True)
    )
    found = values(steps_of(genes, 1), np.array([[1.0, 2.0]]))
    assert np.isnan(found[3]).all()


def formula_at(
    genes: Genes, weights: dict[int, float], x: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    known = values(steps_of(genes, len(x)), x)
    return np.asarray(sum(w * known[len(x) + k] for k, w in weights.items()))


def slopes_by_differences(
    genes: Genes, weights: dict[int, float], x: npt.NDArray[np.float64], at: tuple[int, int]
) -> list[npt.NDArray[np.float64]]:
    """Central differences with two step lengths."""
    found = []
    for step in (1e-5, 5e-6):
        ends = []
        for sign in (1, -1):
            changed = constants(genes)
            changed[at] += sign * step * max(1.0, abs(float(changed[at])))
            ends.append((changed[at], formula_at(with_constants(genes, changed), weights, x)))
        found.append((ends[0][1] - ends[1][1]) / (ends[0][0] - ends[1][0]))
    return found


@pytest.mark.parametrize("names", [SMOOTH, ()], ids=["smooth", "all"])
def test_derivatives_are_those_of_differences(names: tuple[str, ...]) -> None:
    compared = 0
    for seed in range(150):
        inputs = 1 + seed % 2
        genes = drawn(seed, 1 + seed % 9, inputs, names)
        x = samples(seed, inputs)
        steps = steps_of(genes, inputs)
        wanted = parameters(steps)
        rng = np.random.default_rng(seed)
        weights = {s.position: float(rng.normal()) for s in steps if s.is_term}
        known = values(steps, x)
        slopes = jacobian(steps, known, inputs, weights, wanted)
        assert slopes.shape == (40, len(wanted))
        # Of large numbers, differences have no digits left.
        is_tame = np.all([np.abs(value) < 1e3 for value in known.values()], axis=0)
        for step in steps:  # where both operands are equal there is a kink
            if step.name in ("min", "max"):
                other = step.c0 if step.right < 0 else known[step.right]
                is_tame &= known[step.left] != other
        for column, at in zip(slopes.T, wanted, strict=True):
            coarse, fine = slopes_by_differences(genes, weights, x, at)
            # Elsewhere there is a jump, a kink or a pole nearby.
            with np.errstate(invalid="ignore"):
                is_smooth = np.abs(coarse - fine) <= 1e-6 * (1 + np.abs(fine))
                is_smooth &= (np.abs(fine) < 1e3) & is_tame
            assert np.allclose(column[is_smooth], fine[is_smooth], rtol=1e-4, atol=1e-4), (seed, at)
            compared += int(is_smooth.sum())
    assert compared > 3_000


def test_derivatives_of_jumps_are_zero_and_of_remainders_right() -> None:
    genes = genome_of(
        f("floor", 0, c0=2.0, c1=0.1, use=True),
        f("step", 0, c1=-0.3, use=True),
        f("mod", 0, c0=0.7, use=True),
    )
    x = np.array([[0.33, 1.02, -0.61]])
    steps = steps_of(genes, 1)
    wanted = parameters(steps)
    slopes = jacobian(steps, values(steps, x), 1, {0: 1.0, 1: 1.0, 2: 1.0}, wanted)
    assert wanted == [(0, 0), (0, 1), (1, 1), (2, 0)]
    assert not slopes[:, :3].any()
    assert np.allclose(slopes[:, 3], -np.floor(x[0] / 0.7))


def test_parameters_are_the_constants_that_say_something() -> None:
    genes = genome_of(
        f("sin", 0, use=True),
        f("sin", 0, c0=2.0, use=True),
        f("sin", 0, c1=1.0, use=True),
        f("add", 0, 0, c0=5.0, use=True),
        f("multiply", 0, c0=1.0, use=True),
        gene(constant(), 0, c0=1.0, use=True),
        gene(constant(), 0, c0=2.0, use=True),
        f("cos", 0, c0=4.0),  # no term needs it
    )
    assert parameters(steps_of(genes, 1)) == [(1, 0), (2, 1), (4, 0), (6, 0)]


# Compaction


@given(seeds, st.integers(1, 12), st.integers(1, 3))
def test_compaction_drops_what_is_not_needed_and_keeps_values(
    seed: int, length: int, inputs: int
) -> None:
    genes = np.random.default_rng(seed).integers(-(2**15), 2**15, (length, len(FIELDS)))
    genes = np.where(np.arange(len(FIELDS)) < CONSTANTS, genes, drawn(seed, length, inputs))
    genes = genes.astype(np.int16)
    before = genes.copy()
    short = compacted(genes, inputs)
    assert np.array_equal(genes, before)
    x = samples(seed, inputs)
    old, new = steps_of(genes, inputs), steps_of(short, inputs)
    assert len(short) == len(old) == len(new)
    known, found = values(old, x), values(new, x)
    for place, (one, other) in enumerate(zip(old, new, strict=True)):
        assert (other.position, other.name, other.is_term) == (place, one.name, one.is_term)
        assert (other.c0, other.c1) == (one.c0, one.c1)
        assert np.array_equal(found[inputs + place], known[inputs + one.position], equal_nan=True)
    assert np.array_equal(compacted(short, inputs), short)


def test_compaction_of_nothing() -> None:
    assert compacted(genome_of(f("sin", 0)), 1).shape == (0, len(FIELDS))
    assert compacted(np.zeros((0, len(FIELDS)), np.int16), 1).shape == (0, len(FIELDS))


# Programs


def names_of(program: Program) -> list[str]:
    return [instruction.name for instruction in program.instructions]


@given(seeds, st.integers(1, 10), st.integers(1, 3))
def test_programs_compute_the_weighted_sum(seed: int, length: int, inputs: int) -> None:
    genes = drawn(seed, length, inputs)
    x = samples(seed, inputs)
    rng = np.random.default_rng(seed)
    steps = steps_of(genes, inputs)
    terms = [s.position for s in steps if s.is_term]
    weights = {k: float(rng.choice([1.0, -1.0, rng.normal()])) for k in terms}
    intercept = float(rng.choice([0.0, rng.normal()]))
    program = build_formulas([Formula(genes, intercept, weights)], inputs, "drawn")
    known = values(steps, x)
    parts = [intercept, *(w * known[inputs + k] for k, w in weights.items())]
    with np.errstate(all="ignore"):
        expected = np.asarray(sum(parts)) + np.zeros(x.shape[1])
        size = sum(np.abs(p) for p in parts)
    found = program.execute(x.T)[:, 0]
    is_valid = np.isfinite(expected)
    assert np.array_equal(np.isfinite(found), is_valid)
    assert np.all(np.abs(found - expected)[is_valid] <= 1e-14 * np.asarray(size)[is_valid])


def test_no_term_is_a_constant() -> None:
    nothing = np.zeros((0, len(FIELDS)), np.int16)
    program = build_formulas([Formula(nothing, 2.5)], 2, "c")
    assert program.execute(np.ones((3, 2))).tolist() == [[2.5]] * 3
    assert program.count.operations == 0
    idle = Formula(genome_of(f("sin", 0, use=True)), 2.5, {0: 0.0})
    program = build_formulas([idle], 2, "c")
    assert program.execute(np.ones((3, 2))).tolist() == [[2.5]] * 3
    assert program.count.operations == 0


def test_equal_values_are_made_once() -> None:
    genes = genome_of(
        f("sin", 0, c0=3.0, use=True), f("sin", 0, c0=3.0), f("multiply", back(1), 0, use=True)
    )
    formula = Formula(genes, 3.0, {0: 3.0, 2: 1.0})
    program = build_formulas([formula, formula], 1, "twice")
    assert program.outputs[0] == program.outputs[1]
    assert sorted(names_of(program)).count("sin") == 1
    assert names_of(program).count("constant") == 1
    # 3 x, sin, its product with x, 3 sin, the sum of both, plus 3.
    sine = build_formulas([Formula(genes[:1] * 0 + f("sin", 0, use=True), 0.0, {0: 1.0})], 1, "s")
    assert program.count.operations == sine.count.operations + 5


def test_signs_cost_nothing() -> None:
    genes = genome_of(f("sin", 0, use=True), f("cos", 0, use=True))
    plain = build_formulas([Formula(genes, 1.0, {0: 1.0, 1: 1.0})], 1, "p")
    x = samples(0, 1)
    for signs in ((1.0, -1.0), (-1.0, 1.0), (-1.0, -1.0)):
        weights = dict(enumerate(signs))
        program = build_formulas([Formula(genes, -1.0, weights)], 1, "p")
        assert program.count.operations == plain.count.operations
        assert ("negate" in names_of(program)) == (max(signs) < 0)
        expected = signs[0] * np.sin(x[0]) + signs[1] * np.cos(x[0]) - 1.0
        assert np.allclose(program.execute(x.T)[:, 0], expected, rtol=0, atol=1e-15)


def test_formulas_may_use_values_of_others() -> None:
    """A loan of a loan, and one that nobody reads."""
    first = genome_of(f("mod", 0, c0=60.0), f("floor", back(1), use=True))
    one = Loan(first, 2)  # one input: the second gene
    second = genome_of(f("multiply", 1, 1, use=True))  # reads the loan as an input
    two = Loan(second, 2, (one,))
    third = genome_of(f("add", 2, 0, use=True))
    unread = Loan(genome_of(f("exp", 0)), 1)
    program = build_formulas(
        [
            Formula(first, 0.0, {1: 1.0}),
            Formula(third, 0.0, {0: 1.0}, (one, two, unread)),
        ],
        1,
        "lent",
    )
    x = np.array([[-61.5], [0.0], [130.25]])
    floor = np.floor(np.mod(x, 60.0))
    assert np.array_equal(program.execute(x), np.concatenate([floor, floor * floor + x], axis=1))
    assert sorted(names_of(program)) == ["add", "constant", "floor", "mod", "multiply"]
