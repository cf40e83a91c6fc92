"""Evaluators: each agrees with the definition, to the bit whatever the threads and the order."""

from __future__ import annotations

import inspect
from itertools import pairwise
from types import ModuleType
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import sympy
from random_programs import (
    DFT8_GENES,
    DFT16_GENES,
    TARGET_SAMPLES,
    reference_decodings,
    sample_genomes,
    target_name,
)
from registering import registered

import dsl.genome
from dsl import cost
from dsl.accuracy import EXACT
from dsl.derive import ENTRIES, derive
from dsl.genome import Genomes, pack
from dsl.grammars.factor import known_blocks, shared_sums, steps, voting
from dsl.grammars.factor.decode import Decoding, decode
from dsl.grammars.factor.equivalence import fingerprint
from dsl.grammars.factor.known_blocks import KnownBlocks, tilted
from dsl.grammars.factor.remainder import components, prices_for
from dsl.grammars.factor.steps import BlockStep, Step, SumStep, block_cost
from dsl.patterns import base as patterns
from dsl.primitives import PRIMITIVES, Primitive, declared
from dsl.targets import Target, make_target, search_memory
from dsl.targets.memory import CAPACITY
from evosynth.engine.spec import gene_space
from evosynth.engine.variation import random_genomes
from fitness.evaluators import EVALUATORS, EvaluatorKind, Scores, factor_kernel, numba_evaluator
from fitness.evaluators.numba_evaluator import NumbaEvaluator
from fitness.evaluators.reference import ReferenceEvaluator
from fitness.generate import BEGIN, END, KERNEL, regenerate

EACH_TARGET = pytest.mark.parametrize("target", TARGET_SAMPLES, ids=target_name)
OTHERS = [kind for kind in EVALUATORS if kind.name != "reference"]
EACH_OTHER_KIND = pytest.mark.parametrize("kind", OTHERS, ids=lambda kind: kind.name)
EACH_KIND = pytest.mark.parametrize("kind", EVALUATORS, ids=lambda kind: kind.name)


def samples(target: Target) -> Genomes:
    return sample_genomes(TARGET_SAMPLES.index(target))


def assert_same_scores(one: Scores, other: Scores) -> None:
    """Fails unless all scores are equal to the bit."""
    assert np.array_equal(one.operations, other.operations)
    assert np.array_equal(one.prefixes, other.prefixes)
    assert np.array_equal(one.errors, other.errors)


def assert_same_decoding(one: Decoding, other: Decoding, scale: float) -> None:
    assert (one.operations, one.prefix, one.shape) == (other.operations, other.prefix, other.shape)
    assert len(one.steps) == len(other.steps)
    for a, b in zip(one.steps, other.steps, strict=True):
        assert_same_step(a, b)
    assert one.remainder.shape == other.remainder.shape
    assert np.abs(one.remainder - other.remainder).max() <= 1e-9 * scale
    assert np.array_equal(one.remainder == 0, other.remainder == 0)


def assert_same_step(one: Step, other: Step) -> None:
    assert (one.is_output_side, one.gene) == (other.is_output_side, other.gene)
    if isinstance(one, BlockStep):
        assert isinstance(other, BlockStep)
        assert (one.primitive, one.place) == (other.primitive, other.place)
        assert abs(one.parameter - other.parameter) <= 1e-9 * abs(one.parameter)
        return
    assert isinstance(other, SumStep)
    assert (one.value, one.members) == (other.value, other.members)
    assert one.sources == other.sources
    for p, q in zip(one.factors, other.factors, strict=True):
        assert abs(p - q) <= 1e-9 * abs(p)


def constants_of(step: Step) -> tuple[complex, ...]:
    return (step.parameter,) if isinstance(step, BlockStep) else step.factors


# Against the definition


@EACH_TARGET
@EACH_OTHER_KIND
def test_scores_are_those_of_the_definition(kind: EvaluatorKind, target: Target) -> None:
    expected = reference_decodings(TARGET_SAMPLES.index(target))
    scores = kind.make(target, 1).evaluate(samples(target))
    assert scores.operations.tolist() == [decoding.operations for decoding in expected]
    assert scores.prefixes.tolist() == [decoding.prefix for decoding in expected]
    assert scores.errors.max() <= EXACT


@EACH_TARGET
@EACH_OTHER_KIND
def test_decodings_are_those_of_the_definition(kind: EvaluatorKind, target: Target) -> None:
    evaluator, genomes = kind.make(target, 1), samples(target)
    scale = float(np.abs(target.matrix).max())
    for k, expected in enumerate(reference_decodings(TARGET_SAMPLES.index(target))):
        decoding = evaluator.decode(genomes[k])
        assert_same_decoding(decoding, expected, scale)
        assert isinstance(decoding.operations, int)
        for step in decoding.steps:
            assert all(isinstance(c, complex | float) for c in constants_of(step))


def known_of(target: Target) -> KnownBlocks:
    """Returns cheaper programs for some components that decodings leave, and for no others."""
    rng = np.random.default_rng(len(target.title))
    prices = prices_for(target.domain == "complex")
    found = {float(x): 1 for x in rng.uniform(1, 100, 20)}
    for decoding in reference_decodings(TARGET_SAMPLES.index(target)):
        for part in components(decoding.remainder, prices):
            block = decoding.remainder[np.ix_(part.rows, part.columns)]
            if part.operations > 1 and rng.random() < 0.7:
                found[tilted(fingerprint(block), block.shape)] = int(rng.integers(part.operations))
    keys = np.array(sorted(found))
    return KnownBlocks(keys, np.array([found[key] for key in keys.tolist()], np.int64))


@EACH_TARGET
@EACH_OTHER_KIND
def test_known_blocks_count_as_in_the_definition(kind: EvaluatorKind, target: Target) -> None:
    known, evaluator, genomes = known_of(target), kind.make(target, 1), samples(target)
    plain, scores = evaluator.evaluate(genomes), evaluator.evaluate(genomes, known)
    assert np.all(scores.operations <= plain.operations)
    assert np.any(scores.operations < plain.operations)
    is_complex, scale = target.domain == "complex", float(np.abs(target.matrix).max())
    for k in range(0, len(genomes), 2):
        expected = decode(genomes[k], target.matrix, is_complex=is_complex, known=known)
        assert (scores.operations[k], scores.prefixes[k]) == (expected.operations, expected.prefix)
        assert_same_decoding(evaluator.decode(genomes[k], known), expected, scale)
    assert scores.errors.max() <= EXACT
    assert_same_scores(evaluator.evaluate(genomes), plain)


@EACH_TARGET
def test_reference_runs_the_programs_of_its_decodings(target: Target) -> None:
    count = len(samples(target))
    scores = ReferenceEvaluator(target).evaluate(samples(target).take(range(count - 4, count)))
    expected = reference_decodings(TARGET_SAMPLES.index(target))[-4:]
    assert scores.operations.tolist() == [decoding.operations for decoding in expected]
    assert scores.prefixes.tolist() == [decoding.prefix for decoding in expected]
    assert scores.errors.max() <= EXACT


@EACH_KIND
def test_known_scores(kind: EvaluatorKind) -> None:
    genomes = pack([DFT8_GENES, DFT8_GENES[:0], DFT16_GENES], 6)
    assert kind.make(make_target("dft", 8), 1).evaluate(genomes).operations.tolist()[0] == 56
    assert kind.make(make_target("dft", 16), 1).evaluate(genomes).operations.tolist()[2] == 168
    assert kind.make(make_target("wht", 8), 1).evaluate(genomes).operations.tolist()[1] == 56


@EACH_KIND
def test_shapes_and_types(kind: EvaluatorKind) -> None:
    evaluator = kind.make(make_target("wht", 4), 1)
    for count in (0, 1, 3):
        scores = evaluator.evaluate(pack([DFT8_GENES] * count, 5))
        assert scores.operations.dtype == scores.prefixes.dtype == np.int64
        assert scores.errors.dtype == np.float64
        lengths = {len(values) for values in (scores.operations, scores.errors, scores.prefixes)}
        assert lengths == {count}
    assert evaluator.decode(DFT8_GENES[:0]).steps == ()


@EACH_KIND
def test_evaluating_changes_nothing(kind: EvaluatorKind) -> None:
    target = make_target("dft", 8)
    evaluator = kind.make(target, 2)
    genomes = random_genomes(20, 6, 6, gene_space(target.matrix.shape), np.random.default_rng(4))
    genes, lengths, matrix = genomes.genes.copy(), genomes.lengths.copy(), target.matrix.copy()
    first = evaluator.evaluate(genomes)
    evaluator.decode(genomes[0])
    assert_same_scores(first, evaluator.evaluate(genomes))
    assert np.array_equal(genes, genomes.genes)
    assert np.array_equal(lengths, genomes.lengths)
    assert np.array_equal(matrix, target.matrix)


@pytest.mark.parametrize("shape", [(64, 64), (40, 100), (256, 16)])
def test_the_memory_of_a_thread_is_what_was_said(shape: tuple[int, int]) -> None:
    start = np.zeros(shape, np.complex128)
    arrays = list(factor_kernel.allocate(start, CAPACITY + 1))
    used = 0
    while arrays:
        each = arrays.pop()
        if isinstance(each, tuple):
            arrays += each
        else:
            used += each.nbytes
    assert used <= search_memory(*shape)


@pytest.mark.parametrize("factor", [1e-99, 1e-3, 1e3, 1e99])
@pytest.mark.parametrize("name", ["dft", "dct2"])
def test_large_and_small_entries(name: str, factor: float) -> None:
    family = make_target(name, 8)
    target = Target("scaled", 8, family.matrix * factor, family.domain)
    position = next(k for k, sample in enumerate(TARGET_SAMPLES) if sample.name == name)
    genomes = sample_genomes(position).take(range(16, 24))
    expected = ReferenceEvaluator(target)
    scores = NumbaEvaluator(target).evaluate(genomes)
    decodings = [expected.decode(genomes[k]) for k in range(len(genomes))]
    assert scores.operations.tolist() == [decoding.operations for decoding in decodings]
    assert scores.prefixes.tolist() == [decoding.prefix for decoding in decodings]
    assert scores.errors.max() <= EXACT


def test_an_error_is_seen() -> None:
    """The error is computed: a target that differs from what was decoded has one."""
    target = make_target("dft", 8)
    evaluator = NumbaEvaluator(target)
    other = evaluator._target * 2
    other.setflags(write=False)  # as targets are: the kernel is compiled for that
    evaluator._target = other
    assert evaluator.evaluate(pack([DFT8_GENES], 4)).errors[0] == pytest.approx(0.5)


# The compiled evaluator: the same bits whatever the way


@EACH_TARGET
def test_threads_and_reuse_do_not_change_a_bit(target: Target) -> None:
    genomes = samples(target)
    expected = NumbaEvaluator(target, 1).evaluate(genomes)
    for threads in (1, 2, 3):
        for reuse in (True, False):
            assert_same_scores(
                expected, NumbaEvaluator(target, threads, reuse=reuse).evaluate(genomes)
            )


@EACH_TARGET
def test_order_of_genomes_does_not_matter(target: Target) -> None:
    genomes = samples(target)
    evaluator = NumbaEvaluator(target, 2)
    expected = evaluator.evaluate(genomes)
    order = np.random.default_rng(5).permutation(len(genomes))
    shuffled = evaluator.evaluate(genomes.take(order))
    assert_same_scores(shuffled, picked(expected, order))
    twice = evaluator.evaluate(genomes.joined(genomes))
    assert_same_scores(twice, picked(expected, np.r_[order * 0, order * 0] + tiled(len(order))))
    for k in range(3):
        assert_same_scores(evaluator.evaluate(genomes.take([k])), picked(expected, np.array([k])))


def test_genomes_of_equal_beginnings_come_side_by_side() -> None:
    """So that those which begin alike, up to any gene, are one run of neighbours."""
    rng = np.random.default_rng(0)
    genes = rng.integers(0, 3, (300, 4, 6)).astype(np.int16)
    genes[:, :, 1:] = 0
    lengths = rng.integers(0, 5, 300).astype(np.int16)
    genes[np.arange(4) >= lengths[:, None]] = 0
    order = numba_evaluator._with_neighbours(Genomes(genes, lengths))
    assert sorted(order) == list(range(300))
    for depth in range(1, 5):
        beginnings = [genes[k, :depth].tobytes() for k in order]
        runs = 1 + sum(one != other for one, other in pairwise(beginnings))
        assert runs == len(set(beginnings))


@pytest.mark.parametrize(("count", "capacity"), [(0, 3), (2, 0), (0, 0)])
def test_genomes_without_genes_have_an_order(count: int, capacity: int) -> None:
    genomes = pack([[]] * count, capacity)
    scores = NumbaEvaluator(make_target("dft", 4)).evaluate(genomes)
    assert scores.operations.tolist() == [24] * count


def tiled(count: int) -> npt.NDArray[np.intp]:
    return np.tile(np.arange(count), 2)


def picked(scores: Scores, order: npt.NDArray[np.intp]) -> Scores:
    return Scores(scores.operations[order], scores.errors[order], scores.prefixes[order])


@EACH_TARGET
def test_prefixes_of_genomes_share_states(target: Target) -> None:
    """Neighbours that are prefixes of each other reuse all of each other's states."""
    whole = samples(target)[len(samples(target)) - 1]
    parts = pack([whole[:k] for k in range(len(whole) + 1)], len(whole))
    shared = NumbaEvaluator(target).evaluate(parts)
    assert_same_scores(shared, NumbaEvaluator(target, reuse=False).evaluate(parts))
    assert np.all(np.diff(shared.operations) <= 0)


def test_more_threads_than_genomes() -> None:
    target = make_target("wht", 8)
    scores = NumbaEvaluator(target, 8).evaluate(pack([DFT8_GENES, DFT8_GENES[:1]], 4))
    assert scores.operations.tolist() == [24, 32]


def test_other_primitives_than_were_compiled_have_a_kernel_of_their_own() -> None:
    own = declared(lambda c: [[1, 2 * c], [0, 1]], name="own")
    with registered(PRIMITIVES, own):
        evaluator = NumbaEvaluator(make_target("wht", 4))
    assert (*PRIMITIVES.names(), "own") == evaluator._kernel.BLOCKS


# The compiled kernel and what it repeats


def test_generated_region_is_up_to_date() -> None:
    source = KERNEL.read_text(encoding="utf-8")
    assert regenerate(source) == source, "run: python -m fitness.generate"


def test_regeneration_replaces_the_region_alone() -> None:
    source = KERNEL.read_text(encoding="utf-8")
    head, rest = source.split(BEGIN)
    tail = rest.split(END)[1]
    assert regenerate(f"{head}{BEGIN}stale{END}{tail}") == source


@pytest.mark.parametrize(
    ("name", "definition"),
    [
        *((name, voting) for name in ("SMALLEST", "LARGEST", "NOISE", "MOST_BALLOTS")),
        *((name, shared_sums) for name in ("MOST_DESCENT", "SWEEPS")),
        ("FEW_SUMS", dsl.genome),
        ("LARGEST_INVERSE", steps),
        ("MOST_PLACES", patterns),
    ],
)
def test_limits_are_those_of_the_definition(name: str, definition: ModuleType) -> None:
    assert getattr(factor_kernel, name) == getattr(definition, name)


@pytest.mark.parametrize("name", ["NEAR", "TILT"])
def test_fingerprints_are_compared_as_in_the_definition(name: str) -> None:
    assert getattr(factor_kernel, name) == getattr(known_blocks, name)


@pytest.mark.parametrize(
    "name", ["PRIMITIVE", "PATTERN", "SIDE", "FIRST", "SECOND", "CHOICE", "ONE", "FROM_ROW"]
)
def test_fields_are_those_of_genomes(name: str) -> None:
    assert getattr(factor_kernel, name) == getattr(dsl.genome, name)


@pytest.mark.parametrize(
    "name", ["SAME", "UNIT", "AXIS", "DIAGONAL_UNIT", "DIAGONAL", "ONE_COMPONENT", "GENERAL"]
)
def test_classes_are_those_of_the_cost_rule(name: str) -> None:
    assert getattr(factor_kernel, name) == getattr(cost, name)


def test_the_cost_rule_is_repeated_word_for_word() -> None:
    assert inspect.getsource(cost.constant_class) in KERNEL.read_text(encoding="utf-8")


ALL = pytest.mark.parametrize("primitive", PRIMITIVES, ids=lambda primitive: primitive.name)
ROWS: list[Any] = [(0.6, -1.7), (2.5, 0.4), (0.6 + 0.2j, 1 - 1.7j), (-2j, 0.4 + 0j)]


def filled(function: Any, *arguments: Any) -> list[complex]:
    """Calls a compiled function that writes into its last argument."""
    out = np.zeros(8, np.complex128)
    count = function(*arguments, out)
    return out[:count].tolist()


@ALL
def test_compiled_properties_are_the_derived_ones(primitive: Primitive) -> None:
    block, derived = PRIMITIVES.index(primitive.name), derive(primitive)
    assert factor_kernel.BLOCKS[block] == primitive.name
    assert factor_kernel.POINTS[block] == primitive.points
    assert factor_kernel.IS_ANGLE[block] == primitive.is_angle
    assert factor_kernel.MAKES_ZEROS[block] == derived.makes_zeros
    assert factor_kernel.TURNS[block] == derived.turns
    assert factor_kernel.IS_ORDERED[block] == derived.is_ordered
    assert factor_kernel.PARAMETERS[block] == primitive.parameters
    assert factor_kernel.IS_PAIRWISE[block] == primitive.is_pairwise
    assert factor_kernel.IS_REGULAR[block] == derived.is_regular
    assert factor_kernel.FILLED[block][: primitive.points] == derived.filled


@ALL
def test_compiled_blocks_are_the_declared_ones(primitive: Primitive) -> None:
    block = PRIMITIVES.index(primitive.name)
    for parameter in (0.3, -1.2) if primitive.is_angle else (0.3, -1.2, 0.4 - 2j):
        matrix = np.array(primitive.matrix(parameter), complex)
        number = complex(parameter)
        forward = filled(factor_kernel.forward, block, number)
        inverse = filled(factor_kernel.inverse, block, number)
        assert np.allclose(forward, matrix.ravel(), rtol=0, atol=1e-14)
        assert np.allclose(inverse, np.linalg.inv(matrix).ravel(), rtol=0, atol=1e-14)
        for is_complex in (False, True):
            prices = prices_for(is_complex)
            for side in (0, 1):
                compiled = factor_kernel.block_cost(
                    block, side, number, prices.addition, prices.multiplication
                )
                assert compiled == block_cost(primitive, bool(side), number, prices)


@ALL
def test_compiled_candidates_are_the_derived_ones(primitive: Primitive) -> None:
    block = PRIMITIVES.index(primitive.name)
    formulas = derive(primitive).candidates
    function = sympy.lambdify(ENTRIES[: primitive.points], formulas, "cmath")
    for a, b in ROWS[:2] if primitive.is_angle else ROWS:
        compiled = filled(factor_kernel.candidates, block, complex(a), complex(b))
        assert np.allclose(compiled, function(*(a, b)[: primitive.points]), rtol=1e-14)
