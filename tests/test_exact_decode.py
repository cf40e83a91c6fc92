"""Exact constants of decodings: near the doubles, proved, and in fields where they can be."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
import pytest
from random_programs import DFT8_GENES, DFT16_GENES, gene, sum_gene
from test_proof import is_right, wanted

from dsl.cyclotomic import Cyclotomic
from dsl.exact_number import DIGITS, Exact, is_exact
from dsl.formats import json_format
from dsl.genome import FROM_ROW, ONE, Genomes
from dsl.grammars.factor import exact_decode
from dsl.grammars.factor.build import build_program
from dsl.grammars.factor.decode import Decoding, PartialDecoding, decode
from dsl.grammars.factor.exact_decode import exact_constants, exact_program
from dsl.grammars.factor.steps import SumStep
from dsl.program import Program
from dsl.straightline import UNITS
from dsl.targets import Target, make_target
from evosynth.engine.spec import gene_space
from evosynth.engine.variation import mutate, random_genomes
from fitness.evaluators.numba_evaluator import NumbaEvaluator
from fitness.proof import prove


@lru_cache(maxsize=32)
def bred(target: Target, count: int = 4) -> tuple[Decoding, ...]:
    """Returns decodings of random genomes, bred to be cheap: few random genes pay."""
    space, rng = gene_space(target.matrix.shape), np.random.default_rng(0)
    evaluator = NumbaEvaluator(target)
    genomes = random_genomes(64, 10, 10, space, rng)
    for _ in range(8):
        mutants = mutate(genomes, space, rng)
        better = evaluator.evaluate(mutants).operations <= evaluator.evaluate(genomes).operations
        genomes = Genomes(
            np.where(better[:, None, None], mutants.genes, genomes.genes),
            np.where(better, mutants.lengths, genomes.lengths),
        )
    return tuple(evaluator.decode(genomes[k]) for k in range(count))


def program_of(decoding: Decoding, target: Target) -> Program:
    return build_program(decoding, target.domain, "bred")


def constants(program: Program) -> list[complex]:
    return [c for instruction in program.instructions for c in instruction.constants]


# (transform, size, data, whether every bred program is proved in a field)
BRED: list[tuple[str, int, str | None, bool]] = [
    ("dft", 5, None, True),
    ("dft", 7, None, True),
    ("dft", 8, None, True),
    ("dft", 9, None, True),
    ("dft", 11, None, True),
    ("dft", 16, None, True),
    ("dft", 13, "real", False),
    ("dct2", 8, None, True),
    ("dct2", 11, None, False),
    ("dct2", 16, None, True),
    ("idft", 7, None, True),
    ("wht", 8, "complex", True),
]


@pytest.mark.parametrize(("name", "n", "kind", "in_field"), BRED)
def test_bred_programs_are_exact(name: str, n: int, kind: str | None, in_field: bool) -> None:
    target = make_target(name, n, kind)
    for decoding in bred(target):
        program = program_of(decoding, target)
        exact = exact_program(program, decoding, target.exact)
        assert exact.is_exact
        for one, two in zip(constants(program), constants(exact), strict=True):
            assert abs(one - two) <= 1e-9 * abs(one)
        assert np.abs(exact.matrix() - target.matrix).max() <= 1e-13
        proof = prove(exact, target)
        assert proof.verdict, proof.summary
        if proof.field:
            assert n > 9 or is_right(exact, target)
        else:
            assert not in_field, proof.summary
            assert "lies in no cyclotomic field" in proof.obstacle
            assert proof.verdict == "verified in 50 digits"


@pytest.mark.parametrize(("name", "n"), [("dft", 5), ("dft", 11), ("dct2", 9), ("idft", 7)])
def test_repeated_steps_alone_give_the_constants(name: str, n: int) -> None:
    """Not recognised from digits: the numbers that the replay itself yields."""
    target = make_target(name, n)
    assert target.exact is not None
    for decoding in bred(target)[:2]:
        known = exact_constants(decoding, target.exact)
        assert known or not decoding.steps
        assert all(isinstance(c, Exact) for c in known)
        exact = program_of(decoding, target).with_exact_constants(known)
        assert exact.is_exact
        assert prove(exact, target).field


def test_steps_are_repeated_where_digits_cannot_be_recognised(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("dsl.exact._rounded", lambda constant, order: constant)
    for name, n in (("dft", 8), ("dft", 7), ("dct2", 8)):
        target = make_target(name, n)
        for decoding in bred(target)[:3]:
            program = program_of(decoding, target)
            assert not program.with_exact_constants().is_exact
            exact = exact_program(program, decoding, target.exact)
            assert prove(exact, target).field


@pytest.mark.parametrize(("genes", "n"), [(DFT8_GENES, 8), (DFT16_GENES, 16)])
def test_both_decoders_lead_to_the_same_exact_program(genes: Any, n: int) -> None:
    target = make_target("dft", n)
    programs = [
        exact_program(program_of(decoding, target), decoding, target.exact)
        for decoding in (
            decode(genes, target.matrix, is_complex=True),
            NumbaEvaluator(target).decode(genes),
        )
    ]
    assert programs[0] == programs[1]
    numbers = [
        [c.number if isinstance(c, Exact) else c for c in constants(program)]
        for program in programs
    ]
    assert numbers[0] == numbers[1]


def test_an_empty_genome_gives_the_entries() -> None:
    target = make_target("dft", 7)
    decoding = decode(np.zeros((0, 6), np.int16), target.matrix, is_complex=True)
    assert target.exact is not None
    found = exact_constants(decoding, target.exact)
    entries = {entry for row in wanted(target) for entry in row}
    assert {c.number for c in found} == {entry.reduced() for entry in entries}


def forced(target: Target, *genes: Any) -> Decoding:
    """Returns the decoding of all genes, though a shorter genome were cheaper."""
    calls = iter(range(10**6, 0, -1))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(PartialDecoding, "operations", lambda *_: next(calls))
        return decode(np.array(genes), target.matrix, is_complex=target.domain == "complex")


# Shared sums

SUMS = [
    [sum_gene(i=1, choice=FROM_ROW), sum_gene(side=1, i=2, choice=FROM_ROW + 1)],
    [sum_gene(i=1, j=2), sum_gene(side=1, i=2, j=3)],
    [sum_gene(i=1, j=4, choice=ONE), sum_gene(i=2, j=3, choice=ONE, variant=2)],
    [sum_gene(i=1, j=4, choice=ONE, variant=1), sum_gene(side=1, i=1, j=2, variant=1)],
    [gene("butterfly", "conjugate", i=4), sum_gene(i=1, j=2, choice=ONE, variant=1)],
    [sum_gene(i=1, j=4, choice=ONE), gene("butterfly", "pair", i=0, j=5), sum_gene(side=1, i=1)],
    [sum_gene(side=1, i=1, choice=FROM_ROW + 1), sum_gene(i=0, j=1), sum_gene(i=2, j=3)],
]


@pytest.mark.parametrize("genes", SUMS, ids=range(len(SUMS)))
@pytest.mark.parametrize(
    ("name", "n", "kind"),
    [("dft", 5, None), ("dft", 7, None), ("dft", 8, "real"), ("dct2", 8, None), ("dct2", 7, None)],
)
def test_sums_are_repeated(name: str, n: int, kind: str | None, genes: list[Any]) -> None:
    target = make_target(name, n, kind)
    assert target.exact is not None
    decoding = forced(target, *genes)
    assert any(isinstance(step, SumStep) for step in decoding.steps)
    known = exact_constants(decoding, target.exact)
    numbers = np.array([complex(c) for c in known])
    steps = [
        step.factors if isinstance(step, SumStep) else (step.parameter,) for step in decoding.steps
    ]
    expected = [*(c for factors in steps for c in factors), *decoding.remainder.ravel()]
    for constant in expected:
        if constant:
            assert np.abs(numbers - constant).min() <= 1e-12 * abs(constant)
    exact = program_of(decoding, target).with_exact_constants(known)
    assert prove(exact, target).field


def test_a_sum_of_another_matrix_is_not_repeated() -> None:
    target, other = make_target("dft", 7), make_target("dct2", 7, "complex")
    assert other.exact is not None
    for genes in ([sum_gene(i=1, j=2, variant=1)], [sum_gene(i=1, choice=FROM_ROW)]):
        decoding = forced(target, *genes)
        assert isinstance(decoding.steps[0], SumStep)
        known = exact_constants(decoding, other.exact)
        wrong = program_of(decoding, target).with_exact_constants(known)
        assert np.abs(wrong.matrix() - target.matrix).max() <= 1e-12, "no constant is replaced"


# Rotations


def test_rotations_that_leave_the_field_give_sixty_digits() -> None:
    matrix = np.array([[2.0, 1.0, 5.0], [1.0, -2.0, 3.0], [3.0, 7.0, -1.0]])
    target = Target("rotated", 3, matrix, "real")
    decoding = forced(
        target,
        gene("rotation", "pair", 0, 0, 1, FROM_ROW),
        gene("rotation", "pair", 0, 0, 2, FROM_ROW + 1),
    )
    assert len(decoding.steps) == 2
    assert target.exact is not None
    known = exact_constants(decoding, target.exact)
    decimals = [c.number for c in known if not isinstance(c.number, Cyclotomic)]
    assert decimals
    assert all(number.is_Float and number._prec >= 3.3 * DIGITS for number in decimals)
    for exact in (
        program_of(decoding, target).with_exact_constants(known),
        exact_program(program_of(decoding, target), decoding, target.exact),
    ):
        assert all(is_exact(c) for c in constants(exact))
        proof = prove(exact, target)
        assert (proof.field, proof.verdict) == ("", "verified in 50 digits")
        assert proof.error <= 1e-50
        again = json_format.from_data(json_format.to_data(exact))
        assert prove(again, target).verdict == "verified in 50 digits"


def test_a_rotation_by_a_rational_tangent_stays_in_a_field() -> None:
    target = Target("rotated", 2, np.array([[3.0, 4.0], [4.0, -3.0]]), "real")
    decoding = forced(target, gene("rotation", "pair", 0, 0, 1, FROM_ROW))
    assert len(decoding.steps) == 1
    exact = exact_program(program_of(decoding, target), decoding, target.exact)
    assert prove(exact, target).field == "Q"
    assert is_right(exact, target)


# Limits


def test_nothing_is_known_of_floats() -> None:
    target = Target("floats", 2, np.array([[0.1234567, 1.0], [2.0, 0.7654321]]), "real")
    decoding = decode(np.zeros((0, 6), np.int16), target.matrix, is_complex=False)
    program = program_of(decoding, target)
    assert target.exact is None
    exact = exact_program(program, decoding, None)
    assert exact == program.with_exact_constants()


def test_too_much_work_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    target = make_target("dft", 8)
    assert target.exact is not None
    decoding = NumbaEvaluator(target).decode(DFT8_GENES)
    assert exact_constants(decoding, target.exact)
    monkeypatch.setattr(exact_decode, "MOST_WORK", 0)
    assert exact_constants(decoding, target.exact) == []


def test_steps_that_cannot_be_repeated_give_nothing() -> None:
    """Another matrix than was decoded: its entries do not solve for the parameters."""
    target, other = make_target("dft", 8), make_target("dct2", 8, "complex")
    decoding = NumbaEvaluator(target).decode(DFT8_GENES)
    assert other.exact is not None
    known = exact_constants(decoding, other.exact)
    program = program_of(decoding, target)
    exact = program.with_exact_constants(known)
    for one, two in zip(constants(program), constants(exact), strict=True):
        assert min(abs(one - two * unit) for unit in UNITS) <= 1e-9 * abs(one)
    assert prove(exact, target).field
