"""Variation: every operator keeps genomes valid, is pure, and does what its name says."""

from __future__ import annotations

import inspect
import random
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import evosynth as es
from dsl.genome import (
    CHOICE,
    CHOICE_ODDS,
    FEW_SUMS,
    FIELDS,
    FROM_ROW,
    ONE,
    PATTERN,
    PRIMITIVE,
    VOTE,
    Genes,
    GeneSpace,
    Genomes,
)
from dsl.grammars.factor.shared_sums import SUM_ODDS
from dsl.patterns import PATTERNS
from dsl.primitives import PRIMITIVES
from evosynth.engine import breeding_kernel, variation
from evosynth.engine.spec import gene_space
from evosynth.engine.variation import MOST_MUTATIONS, MUTATION_ODDS, NO_MUTATION, Mutation, edit

# Odds of as many primitives or patterns as a test needs.
EVEN = (1.0,) * 30


def parameters(name: str) -> tuple[str, ...]:
    return tuple(inspect.signature(OPERATORS[name]).parameters)


# Every public function of the module; a new one enters every test below by itself.
OPERATORS: dict[str, Callable[..., Any]] = {
    name: function
    for name, function in vars(variation).items()
    if inspect.isfunction(function)
    and function.__module__ == variation.__name__
    and not name.startswith("_")
}

RANDOM_OPERATORS = [name for name in OPERATORS if "rng" in parameters(name)]

spaces = st.builds(
    GeneSpace,
    *(st.integers(1, 9) for _ in ("rows", "columns")),
    *(
        st.lists(st.floats(0.25, 4), min_size=1, max_size=9).map(tuple)
        for _ in ("primitives", "patterns")
    ),
)
seeds = st.integers(0, 2**32 - 1)


def draw_population(
    lengths: list[int], capacity: int, space: GeneSpace, rng: np.random.Generator
) -> Genomes:
    genes = rng.integers(0, space.bounds, (len(lengths), capacity, len(FIELDS))).astype(np.int16)
    for genome, length in zip(genes, lengths, strict=True):
        genome[length:] = 0
    genes.setflags(write=False)
    counts = np.array(lengths, np.int16)
    counts.setflags(write=False)
    return Genomes(genes, counts)


@st.composite
def cases(draw: st.DrawFn) -> tuple[Genomes, Genomes, GeneSpace]:
    """Two read-only populations of one capacity: empty, full and other genomes."""
    space, capacity = draw(spaces), draw(st.integers(1, 7))
    rng = np.random.default_rng(draw(seeds))
    count = draw(st.integers(0, 6))
    lengths = st.lists(st.integers(0, capacity), min_size=count, max_size=count)
    return (
        draw_population(draw(lengths), capacity, space, rng),
        draw_population(draw(lengths), capacity, space, rng),
        space,
    )


def apply(
    name: str, case: tuple[Genomes, Genomes, GeneSpace], rng: np.random.Generator
) -> Genomes | Genes:
    """Calls an operator with what the names of its parameters ask for."""
    genomes, mates, space = case
    count = len(genomes)
    chance = np.random.default_rng(count)
    kinds = chance.integers(NO_MUTATION, len(Mutation), count)
    known = {
        "genomes": genomes,
        "mates": mates,
        "odds": 0.5,
        "kinds": kinds,
        "space": space,
        "rng": rng,
        "count": count,
        "capacity": genomes.capacity,
        "longest": genomes.capacity,
    }
    result: Genomes | Genes = OPERATORS[name](**{key: known[key] for key in parameters(name)})
    return result


def bits(result: Genomes | Genes) -> tuple[bytes, bytes]:
    if isinstance(result, Genomes):
        return result.genes.tobytes(), result.lengths.tobytes()
    return result.tobytes(), b""


def assert_valid(genomes: Genomes, space: GeneSpace) -> None:
    assert genomes.genes.dtype == genomes.lengths.dtype == np.int16
    assert genomes.lengths.min(initial=0) >= 0
    assert genomes.lengths.max(initial=0) <= genomes.capacity
    assert space.is_valid(genomes.genes)
    beyond = np.arange(genomes.capacity) >= genomes.lengths[:, None]
    assert not genomes.genes[beyond].any(), "a slot beyond the length is not zero"


def single(genome: list[list[int]], kind: Mutation, space: GeneSpace, seed: int) -> list[list[int]]:
    """Varies one genome in a population of capacity 6."""
    genes = np.zeros((1, 6, len(FIELDS)), np.int16)
    if genome:
        genes[0, : len(genome)] = genome
    population = Genomes(genes, np.array([len(genome)], np.int16))
    varied = edit(population, np.array([kind]), space, np.random.default_rng(seed))
    result: list[list[int]] = varied[0].tolist()
    return result


@st.composite
def single_genomes(draw: st.DrawFn) -> tuple[list[list[int]], GeneSpace, int]:
    space, seed = draw(spaces), draw(seeds)
    length = draw(st.integers(0, 6))
    genome = np.random.default_rng(seed).integers(0, space.bounds, (length, len(FIELDS)))
    return genome.tolist(), space, seed


def test_every_operator_is_known() -> None:
    assert {"mutate", "splice", "edit", "random_genomes"} <= set(OPERATORS)
    assert len(MUTATION_ODDS) == len(Mutation)
    assert sum(MUTATION_ODDS) == pytest.approx(1)
    assert [int(kind) for kind in Mutation] == list(range(len(Mutation)))


@pytest.mark.parametrize("name", OPERATORS)
@given(case=cases(), seed=seeds)
def test_result_is_valid(name: str, case: tuple[Genomes, Genomes, GeneSpace], seed: int) -> None:
    result = apply(name, case, np.random.default_rng(seed))
    if isinstance(result, Genomes):
        assert result.capacity == case[0].capacity
        assert len(result) == len(case[0])
        assert_valid(result, case[2])
    else:
        assert result.shape == (len(case[0]), len(FIELDS))
        assert case[2].is_valid(result)


@pytest.mark.parametrize("name", OPERATORS)
@given(case=cases(), seed=seeds)
def test_operator_is_pure(name: str, case: tuple[Genomes, Genomes, GeneSpace], seed: int) -> None:
    before = bits(case[0]), bits(case[1])
    first = apply(name, case, np.random.default_rng(seed))
    assert (bits(case[0]), bits(case[1])) == before
    assert bits(apply(name, case, np.random.default_rng(seed))) == bits(first)
    if isinstance(first, Genomes):
        for given_genomes in case[:2]:
            assert not np.shares_memory(first.genes, given_genomes.genes)
            assert not np.shares_memory(first.lengths, given_genomes.lengths)


@pytest.mark.parametrize("name", RANDOM_OPERATORS)
def test_operator_draws_from_its_generator_alone(name: str) -> None:
    rng = np.random.default_rng(0)
    space = GeneSpace(8, 8, EVEN[:4], EVEN[:5])
    case = (
        draw_population([5] * 50, 8, space, rng),
        draw_population([4] * 50, 8, space, rng),
        space,
    )
    python, legacy = random.getstate(), str(np.random.get_state())  # noqa: NPY002
    results = {bits(apply(name, case, np.random.default_rng(seed))) for seed in range(5)}
    assert len(results) == 5, "the generator does not matter"
    assert random.getstate() == python
    assert str(np.random.get_state()) == legacy  # noqa: NPY002


@pytest.mark.parametrize("strategy", ["evolve", "hill-climb", "random"])
def test_a_run_leaves_global_randomness_alone(strategy: str) -> None:
    python, legacy = random.getstate(), str(np.random.get_state())  # noqa: NPY002
    es.run("dft", n=4, seed=1, evaluations=4_400, strategy=strategy)
    assert random.getstate() == python
    assert str(np.random.get_state()) == legacy  # noqa: NPY002


@given(single_genomes())
def test_insert_adds_one_gene(case: tuple[list[list[int]], GeneSpace, int]) -> None:
    genome, space, seed = case
    varied = single(genome, Mutation.INSERT, space, seed)
    if len(genome) == 6:
        assert varied == genome
    else:
        assert len(varied) == len(genome) + 1
        assert genome in [varied[:k] + varied[k + 1 :] for k in range(len(varied))]


@given(single_genomes())
def test_delete_removes_one_gene(case: tuple[list[list[int]], GeneSpace, int]) -> None:
    genome, space, seed = case
    varied = single(genome, Mutation.DELETE, space, seed)
    if genome:
        assert varied in [genome[:k] + genome[k + 1 :] for k in range(len(genome))]
    else:
        assert varied == []


@given(single_genomes())
def test_replace_changes_at_most_one_gene(case: tuple[list[list[int]], GeneSpace, int]) -> None:
    genome, space, seed = case
    varied = single(genome, Mutation.REPLACE, space, seed)
    assert len(varied) == len(genome)
    assert sum(a != b for a, b in zip(genome, varied, strict=True)) <= 1


@given(single_genomes())
def test_tweak_changes_at_most_one_field(case: tuple[list[list[int]], GeneSpace, int]) -> None:
    genome, space, seed = case
    varied = single(genome, Mutation.TWEAK, space, seed)
    assert len(varied) == len(genome)
    assert np.count_nonzero(np.array(varied) != np.array(genome)) <= 1


@given(single_genomes())
def test_swap_exchanges_two_genes(case: tuple[list[list[int]], GeneSpace, int]) -> None:
    genome, space, seed = case
    varied = single(genome, Mutation.SWAP, space, seed)
    assert sorted(varied) == sorted(genome)
    assert sum(a != b for a, b in zip(genome, varied, strict=True)) in (0, 2)


@given(cases(), seeds)
def test_edit_does_what_plain_lists_do(case: tuple[Genomes, Genomes, GeneSpace], seed: int) -> None:
    """The compiled loop against the definition, with the same random numbers."""
    genomes, _, space = case
    count = len(genomes)
    kinds = np.random.default_rng(seed).integers(NO_MUTATION, len(Mutation), count)
    varied = edit(genomes, kinds, space, np.random.default_rng(seed))
    rng = np.random.default_rng(seed)
    shares = rng.random((2, count))
    is_tweaked = space.tweaked(rng.random(count))
    new = space.draw(count, rng)
    for k, kind in enumerate(kinds):
        genome = genomes[k].tolist()
        is_insert = kind == Mutation.INSERT and len(genome) < genomes.capacity
        first, second = (shares[:, k] * (len(genome) + is_insert)).astype(int)
        if is_insert:
            genome.insert(first, new[k].tolist())
        elif genome and kind == Mutation.DELETE:
            del genome[first]
        elif genome and kind == Mutation.REPLACE:
            genome[first] = new[k].tolist()
        elif genome and kind == Mutation.TWEAK:
            genome[first] = np.where(is_tweaked[k], new[k], genome[first]).tolist()
        elif genome and kind == Mutation.SWAP:
            genome[first], genome[second] = genome[second], genome[first]
        assert varied[k].tolist() == genome


def test_compiled_mutations_have_the_numbers_of_their_names() -> None:
    names = [kind.name for kind in Mutation]
    assert [getattr(breeding_kernel, name) for name in names] == list(Mutation)


@given(cases(), seeds)
def test_a_crossing_keeps_the_odds(case: tuple[Genomes, Genomes, GeneSpace], seed: int) -> None:
    """At odds of 0 nothing is crossed; what is crossed at some odds is so at odds of 1."""
    genomes, mates, _ = case
    never, sometimes, always = (
        variation.splice(genomes, mates, odds, np.random.default_rng(seed)) for odds in (0, 0.5, 1)
    )
    assert bits(never) == bits(genomes)
    for k in range(len(genomes)):
        assert sometimes[k].tolist() in (genomes[k].tolist(), always[k].tolist())


@given(cases(), seeds)
def test_splice_joins_a_start_and_an_end(
    case: tuple[Genomes, Genomes, GeneSpace], seed: int
) -> None:
    genomes, mates, _ = case
    children = variation.splice(genomes, mates, 1.0, np.random.default_rng(seed))
    for k in range(len(children)):
        one, two = genomes[k].tolist(), mates[k].tolist()
        possible = [
            (one[:head] + two[tail:])[: genomes.capacity]
            for head in range(len(one) + 1)
            for tail in range(len(two) + 1)
        ]
        assert children[k].tolist() in possible


@pytest.mark.parametrize("kind", Mutation)
def test_mutation_reaches_every_position(kind: Mutation) -> None:
    """An off-by-one in a drawn position would leave the first or the last gene alone."""
    space = GeneSpace(32, 32, EVEN, EVEN)
    rng = np.random.default_rng(3)
    genes = rng.integers(1, space.bounds, (400, 5, len(FIELDS))).astype(np.int16)
    genes[:, 4] = 0
    parents = Genomes(genes, np.full(400, 4, np.int16))
    children = edit(parents, np.full(400, kind), space, rng)
    changed = children.genes != parents.genes
    assert changed[:, :4].any(axis=(0, 2)).all()
    if kind is Mutation.INSERT:
        appended = (~changed[:, :4].any(axis=(1, 2))).mean()
        assert 0.1 < appended < 0.3, "a gene is appended in one of five cases"
    if kind is Mutation.TWEAK:
        assert changed.any(axis=(0, 1)).all(), "every field is tweaked"


def test_a_population_may_mix_mutations() -> None:
    space = GeneSpace(8, 8, EVEN[:4], EVEN[:5])
    rng = np.random.default_rng(1)
    parents = draw_population([5] * 500, 8, space, rng)
    kinds = np.arange(500) % len(Mutation)
    grown = edit(parents, kinds, space, rng).lengths - parents.lengths
    assert set(grown[kinds == Mutation.INSERT]) == {1}
    assert set(grown[kinds == Mutation.DELETE]) == {-1}
    assert set(grown[kinds > Mutation.DELETE]) == {0}


def test_random_genes_use_every_value_and_source() -> None:
    space = GeneSpace(3, 5, EVEN[:2], EVEN[:4])
    genes = space.draw(5_000, np.random.default_rng(0))
    for field, bound in enumerate(space.bounds):
        assert set(genes[:, field]) == set(range(bound))
    votes, ones = (float(np.mean(genes[:, CHOICE] == choice)) for choice in (VOTE, ONE))
    references = float(np.mean(genes[:, CHOICE] >= FROM_ROW))
    assert [votes, ones, references] == pytest.approx(CHOICE_ODDS, abs=0.05)


def test_random_genes_keep_the_odds() -> None:
    space = GeneSpace(4, 4, (1.0, 1.0, 0.5), (0.25, 1.0))
    genes = space.draw(10_000, np.random.default_rng(1))
    found = [np.bincount(genes[:, field]) / len(genes) for field in (PRIMITIVE, PATTERN)]
    assert found[0] == pytest.approx([0.4, 0.4, 0.2], abs=0.02)
    assert found[1] == pytest.approx([0.2, 0.8], abs=0.02)


def test_genes_make_sums_and_refer_to_them() -> None:
    """The genes after the last primitive make sums; indices reach the first sums of a side."""
    space = gene_space((5, 7))
    width = 7 + FEW_SUMS
    assert space.bounds.tolist() == [
        len(PRIMITIVES) + len(SUM_ODDS),
        len(PATTERNS),
        2,
        width,
        width,
        FROM_ROW + width,
    ]
    genes = space.draw(2_000, np.random.default_rng(0))
    assert set(genes[:, PRIMITIVE]) == set(range(len(PRIMITIVES) + len(SUM_ODDS)))


def test_random_genomes_have_every_length() -> None:
    genomes = variation.random_genomes(
        500, 9, 4, GeneSpace(4, 4, EVEN[:4], EVEN[:5]), np.random.default_rng(0)
    )
    assert genomes.capacity == 9
    assert set(genomes.lengths) == {1, 2, 3, 4}


def test_mutate_applies_one_to_three_mutations(monkeypatch: pytest.MonkeyPatch) -> None:
    """With insertions alone, the growth is the number of mutations."""
    space = GeneSpace(4, 4, EVEN[:4], EVEN[:5])
    rng = np.random.default_rng(0)
    start = variation.random_genomes(300, 12, 4, space, rng)
    odds = tuple(float(kind is Mutation.INSERT) for kind in Mutation)
    monkeypatch.setattr(variation, "MUTATION_ODDS", odds)
    grown = variation.mutate(start, space, rng).lengths - start.lengths
    assert set(grown) == set(range(1, MOST_MUTATIONS + 1)) == {1, 2, 3}


def test_mutate_uses_every_kind_at_its_odds(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[int] = []

    def note(
        genomes: Genomes, kinds: np.ndarray, space: GeneSpace, rng: np.random.Generator
    ) -> None:
        seen.extend(kinds[kinds != NO_MUTATION].tolist())

    space, rng = GeneSpace(4, 4, EVEN[:4], EVEN[:5]), np.random.default_rng(0)
    start = variation.random_genomes(2_000, 6, 4, space, rng)
    monkeypatch.setattr(variation, "_edit", note)
    variation.mutate(start, space, rng)
    shares = np.bincount(seen, minlength=len(Mutation)) / len(seen)
    assert shares.tolist() == pytest.approx(MUTATION_ODDS, abs=0.03)
