"""The batched evaluator: it scores as the compiled one, however the work is cut."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
from registering import registered

from dsl.errors import EnvironmentMismatchError
from dsl.genome import Genomes, pack
from dsl.grammars.factor.known_blocks import KnownBlocks
from dsl.patterns import PATTERNS
from dsl.patterns.base import Pattern
from dsl.primitives import PRIMITIVES, declared
from dsl.targets import Target, make_target
from evosynth import api as es
from evosynth.engine.spec import gene_space
from evosynth.engine.variation import random_genomes
from fitness.evaluators.numba_evaluator import NumbaEvaluator
from fitness.evaluators.reference import ReferenceEvaluator
from fitness.scores import Scores

torch = pytest.importorskip("torch")

from fitness.torch_factor import batched_evaluator  # noqa: E402  # needs torch
from fitness.torch_factor.arithmetic import Numbers, first_true, is_same, upright  # noqa: E402
from fitness.torch_factor.batched_evaluator import BatchedEvaluator, Sizes  # noqa: E402
from fitness.torch_factor.matching import match  # noqa: E402
from fitness.torch_factor.remainders import components  # noqa: E402
from fitness.torch_factor.states import States  # noqa: E402

# Errors are a product of matrices here, step by step there.
ROUNDING = 1e-13


def population(target: Target, count: int, longest: int = 12, seed: int = 3) -> Genomes:
    rng = np.random.default_rng(seed)
    return random_genomes(count, 24, longest, gene_space(target.matrix.shape), rng)


def assert_agree(one: Scores, other: Scores) -> None:
    assert np.array_equal(one.operations, other.operations)
    assert np.array_equal(one.prefixes, other.prefixes)
    assert np.allclose(one.errors, other.errors, rtol=0, atol=ROUNDING)


def assert_agrees(target: Target, genomes: Genomes, **means: Any) -> None:
    found = BatchedEvaluator(target, **means).evaluate(genomes)
    assert_agree(found, NumbaEvaluator(target).evaluate(genomes))


# Against the compiled evaluator; tests/test_evaluators.py compares both with the definition.


@pytest.mark.parametrize("longest", [4, 24])
@pytest.mark.parametrize(
    ("name", "n"),
    [("dft", 16), ("dft", 7), ("dct2", 8), ("toeplitz", 8), ("mdct", 8), ("hilbert", 6)],
)
def test_scores_are_those_of_the_compiled_evaluator(name: str, n: int, longest: int) -> None:
    target = make_target(name, n)
    assert_agrees(target, population(target, 150, longest))


@pytest.mark.parametrize(
    "matrix",
    [
        [[1e5, 1e5], [1, 1e-5]],  # an entry as large as the threshold is none below it
        10.0 ** np.multiply.outer(np.arange(4), np.arange(5)),
        # Sums that nearly tie along the golden ratio.
        [
            [1 + 1j, 1.618033988749895, 1 + 1e-12 + 1j, 1.618033988749895],
            [1, 2, 3, 4],
            [0, 1, 2, 3],
        ],
    ],
)
def test_entries_of_many_sizes(matrix: Any) -> None:
    entries = np.array(matrix)
    domain = "complex" if np.iscomplexobj(entries) else "real"
    target = Target("own", entries.shape[1], entries, domain)
    genomes = population(target, 200, 6)
    found = BatchedEvaluator(target).evaluate(genomes)
    expected = NumbaEvaluator(target).evaluate(genomes)
    assert np.array_equal(found.operations, expected.operations)
    assert np.array_equal(found.prefixes, expected.prefixes)
    assert np.allclose(found.errors, expected.errors, rtol=0, atol=1e-11)


def test_genes_far_beyond_the_gene_space_are_refused() -> None:
    genes = np.full((1, 6), 32_000, np.int16)
    genes[0, :3] = 0, PATTERNS.index("pair"), 0
    with pytest.raises(ValueError, match="genes of the gene space"):
        BatchedEvaluator(make_target("wht", 4)).evaluate(pack([genes], 1))


def test_many_rows_and_long_votes() -> None:
    """More rows than the first that decide most elections that nobody wins."""
    target = make_target("dft", 48)
    assert_agrees(target, population(target, 16, 5))


def test_blocks_that_cannot_always_be_moved_out() -> None:
    """Against the definition: to compile other blocks takes a minute (test_wide_blocks)."""
    blocks = [
        declared(lambda c: [[1, c], [c, 1]], name="hyperbolic"),
        declared(lambda: [[1j]], name="turned"),
    ]
    with registered(PRIMITIVES, *blocks):
        for target in (make_target("dft", 5), make_target("wht", 4)):
            genomes = population(target, 40, 6)
            scores = BatchedEvaluator(target).evaluate(genomes)
            expected = ReferenceEvaluator(target).evaluate(genomes)
            assert np.array_equal(scores.operations, expected.operations)
            assert np.array_equal(scores.prefixes, expected.prefixes)


def _overlapping(width: int, i: int) -> list[tuple[int, ...]]:
    return [(k, k + 1) for k in range(width - 1)] if i % 2 else [(0, 1), (0, 2), (1, 2)]


def test_patterns_whose_places_overlap() -> None:
    """Of sums at overlapping places the later ones see what the earlier ones did."""
    rule = Pattern("overlapping", _overlapping, 1, True, "Pairs that overlap.", "listed")
    with registered(PATTERNS, rule):
        target = make_target("dct2", 8)
        genomes = population(target, 200, 6)
        uses = genomes.genes[:, :, 1] == PATTERNS.index("overlapping")
        is_stage = genomes.genes[:, :, 0] == len(PRIMITIVES) + 1
        assert (uses & is_stage).any()
        assert_agrees(target, genomes)


# However the work is cut


def test_sizes_of_parts_do_not_matter() -> None:
    target = make_target("dft", 8)
    genomes = population(target, 60)
    expected = BatchedEvaluator(target).evaluate(genomes)
    for sizes in (Sizes(1, 1, 1), Sizes(1 << 20, 1 << 10, 1 << 9)):
        assert_agree(BatchedEvaluator(target, sizes=sizes).evaluate(genomes), expected)


def test_order_does_not_matter_and_nobody_is_left_out() -> None:
    target = make_target("dct2", 8)
    genomes, evaluator = population(target, 50), BatchedEvaluator(target)
    expected = evaluator.evaluate(genomes)
    order = np.random.default_rng(1).permutation(50)
    found = evaluator.evaluate(genomes.take(order))
    assert np.array_equal(found.operations, expected.operations[order])
    assert np.array_equal(found.prefixes, expected.prefixes[order])


def test_nothing_and_empty_genomes() -> None:
    evaluator = BatchedEvaluator(make_target("wht", 4))
    assert len(evaluator.evaluate(pack([], 0)).operations) == 0
    empty = np.zeros((0, 6), np.int16)
    scores = evaluator.evaluate(pack([empty, empty], 0))
    assert scores.operations.tolist() == [12, 12]
    assert scores.prefixes.tolist() == [0, 0]


def test_threads_of_torch_are_as_before() -> None:
    before = torch.get_num_threads()
    target = make_target("wht", 4)
    BatchedEvaluator(target, threads=1 if before > 1 else 2).evaluate(population(target, 5, 3))
    assert torch.get_num_threads() == before


def test_threads_of_torch_are_as_before_several_evaluators_at_once() -> None:
    before = torch.get_num_threads()
    target = make_target("wht", 8)
    with ThreadPoolExecutor(3) as pool:
        list(
            pool.map(
                lambda k: BatchedEvaluator(target).evaluate(population(target, 9, k)), range(2, 9)
            )
        )
        assert torch.get_num_threads() == before


def test_an_error_is_seen() -> None:
    target = make_target("dft", 8)
    evaluator = BatchedEvaluator(target)
    evaluator._matrix = evaluator._matrix * 2
    assert evaluator.evaluate(population(target, 3)).errors == pytest.approx([0.5] * 3)


# Memory


@pytest.fixture
def small_memory(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Has the device run out of memory beyond so many states; returns their numbers."""
    asked: list[int] = []
    limit = 40
    states = States

    def allocate(layout: Any, start: Any, capacity: int, *rest: Any) -> Any:
        asked.append(capacity)
        if capacity > limit:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 9 GiB.")
        return states(layout, start, capacity, *rest)

    monkeypatch.setattr(batched_evaluator, "States", allocate)
    return asked


def test_parts_are_halved_where_memory_ends(small_memory: list[int]) -> None:
    target = make_target("dft", 8)
    assert_agrees(target, population(target, 30))
    assert max(small_memory) > 40
    assert min(small_memory) <= 40


def test_a_genome_that_does_not_fit_is_an_error_that_says_so(small_memory: list[int]) -> None:
    target = make_target("wht", 4)
    whole = population(target, 60, 24)
    genes = np.concatenate([whole[k] for k in range(len(whole))])[:48]
    with pytest.raises(EnvironmentMismatchError, match="expected memory on cpu for one genome"):
        BatchedEvaluator(target).evaluate(pack([genes], 48))


def test_other_errors_are_not_taken_for_a_lack_of_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*arguments: Any) -> Any:
        raise RuntimeError("an illegal instruction was encountered")

    monkeypatch.setattr(batched_evaluator, "States", fail)
    target = make_target("wht", 4)
    with pytest.raises(RuntimeError, match="illegal"):
        BatchedEvaluator(target).evaluate(population(target, 3))


# A whole run


def test_a_run_finds_the_same_program() -> None:
    """Scores are all that a search sees, and what it keeps is decoded by the same decoder."""
    results = [
        es.run(target="dft", n=8, seed=4, evaluations=2_000, evaluator=name, device="cpu", out=None)
        for name in ("numba", "torch")
    ]
    one, other = results
    assert one.best.code == other.best.code
    assert one.claims == other.claims


# The parts


def numbers(values: Any) -> Numbers:
    return Numbers.of(np.asarray(values), torch.device("cpu"))


def array(values: Numbers) -> Any:
    re = values.re.numpy()
    return re if values.im is None else re + 1j * values.im.numpy()


def drawn(is_complex: bool, seed: int) -> Any:
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(4, 5))
    return values + 1j * rng.normal(size=(4, 5)) if is_complex else values


@pytest.mark.parametrize("left", [False, True])
@pytest.mark.parametrize("right", [False, True])
def test_arithmetic_is_that_of_numpy(left: bool, right: bool) -> None:
    p, q = drawn(left, 1), drawn(right, 2)
    a, b = numbers(p), numbers(q)
    for found, expected in (
        (a + b, p + q),
        (a - b, p - q),
        (a * b, p * q),
        (a / b, p / q),
        (2 - a, 2 - p),
        (3j * a, 3j * p),
        (a / 4, p / 4),
        (1 / a, 1 / p),
        (a**2, p**2),
        (a**-3, p**-3.0),
        (-a + 1j, -p + 1j),
    ):
        assert np.allclose(array(found), expected, rtol=1e-13)
    assert np.allclose(a.squares().numpy(), np.abs(p) ** 2)


def test_real_numbers_take_no_complex_ones() -> None:
    found = numbers([1.0, 2.0]).like(numbers([3.0, 4.0 + 1j]))
    assert found.im is None
    assert found.re.tolist()[0] == 3.0
    assert np.isnan(found.re.tolist()[1])


@pytest.mark.parametrize("turns", [1, 2, 4])
def test_equal_up_to_turns_is_equal_when_upright(turns: int) -> None:
    values = np.array([1, 1j, 2 - 3j, -0.5, 0.3 + 0.1j, -1 - 1j, -7j, 0])
    for k in range(turns):
        turned = values * 1j ** (4 * k // turns)
        turned = turned.real.round(15) + 1j * turned.imag.round(15)
        assert np.allclose(
            array(upright(numbers(turned), turns)), array(upright(numbers(values), turns))
        )
    assert not np.allclose(
        array(upright(numbers([2 + 1j]), 4)), array(upright(numbers([1 + 2j]), 4))
    )


def test_nan_is_the_same_as_nothing() -> None:
    values = numbers([1.0, np.nan, 1.0 + 1e-10])
    assert is_same(numbers([1.0]), values).tolist() == [True, False, True]
    assert not is_same(values, values)[1]


def test_the_first_that_is_true() -> None:
    for length in (3, 300):
        mask = torch.zeros(4, length, dtype=torch.bool)
        for row, places in enumerate(([0], [1, 2], [length - 1], [0, length - 1])):
            mask[row, places] = True
        assert first_true(mask)[:, 0].tolist() == [0, 1, length - 1, 0]


def test_matching_is_the_greedy_one() -> None:
    rng = np.random.default_rng(5)
    for _ in range(40):
        count = int(rng.integers(1, 60))
        nodes = np.sort(rng.integers(0, 3, count))
        places = np.array([rng.choice(6, 2, replace=False) for _ in range(count)])
        gains = rng.integers(0, 4, count)
        taken: set[tuple[int, int]] = set()
        expected = []
        for k in sorted(range(count), key=lambda k: -gains[k]):
            used = {(int(nodes[k]), int(v)) for v in places[k]}
            if not taken & used:
                taken |= used
                expected.append(k)
        found = match(torch.tensor(nodes), torch.tensor(places), torch.tensor(gains), 3, 6)
        assert sorted(found.tolist()) == sorted(expected)


def test_components_of_chains_and_of_nothing() -> None:
    """A chain needs as many steps as it is long, unless labels are followed."""
    chain = np.eye(9) + np.eye(9, k=1)
    apart = np.kron(np.eye(3), np.ones((3, 3)))
    apart[4] = 0
    present = torch.tensor(np.stack([chain, apart, np.zeros((9, 9))]) != 0)
    rows, columns = components(present)
    assert rows[0].tolist() == columns[0].tolist() == [0] * 9
    assert rows[1].tolist() == [0, 0, 0, 3, 9, 3, 6, 6, 6]
    assert columns[1].tolist() == [0, 0, 0, 3, 3, 3, 6, 6, 6]
    assert rows[2].tolist() == columns[2].tolist() == [9] * 9


def test_everything_is_made_on_the_device_of_the_evaluator() -> None:
    """What were made on another device by default could not be mixed with the rest."""
    for target in (make_target("dft", 8), make_target("dct2", 8)):
        genomes = population(target, 60)
        known = KnownBlocks(np.array([1.5, 40.0]), np.array([1, 2]))
        with torch.device("meta"):
            scores = BatchedEvaluator(target, device="cpu").evaluate(genomes, known)
        assert_agree(scores, NumbaEvaluator(target).evaluate(genomes, known))
