"""Algorithms end, say which sizes they can do, count what they write and compute it."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from random_rules import random_algorithm
from recursive_rules import (
    ALGORITHMS,
    DCT2,
    DCT4,
    HALF,
    IDFT,
    RADIX2,
    RADIX3,
    SPLIT_RADIX,
    WHT,
)

from dsl.cost import count_code
from dsl.errors import UsageError
from dsl.grammars.recursive.algorithm import LARGEST_CODE, Algorithm
from dsl.grammars.recursive.families import family, matrix_in
from dsl.grammars.recursive.rule import Rule, Step
from dsl.targets import make_target
from dsl.vectors.fields import DOUBLES, PRIME, RESIDUES
from fitness.proof import prove

ALL = Fraction(1)
LINEAR = [name for name in ALGORITHMS if name != "polymul"]
each_linear = pytest.mark.parametrize("name", LINEAR)
each_algorithm = pytest.mark.parametrize("name", ALGORITHMS)


def calling(name: str, *, shorter: bool = False) -> Rule:
    """Returns a rule that calls a transform of equal length, or of half of it."""
    if not shorter:
        return Rule((Step("call", (0,), (), name),), 1)
    evens, call = Step("take", (0,), (2, 0)), Step("call", (1,), (), name)
    return Rule((evens, call, Step("concatenate", (2, 2), (2,))), 3)


def inputs_of(algorithm: Algorithm, n: int, *batch: int) -> list[Any]:
    rng = np.random.default_rng(n)
    shapes = [(*batch, int(n * ratio)) for ratio in algorithm.family.inputs]
    data: list[Any] = [rng.normal(size=shape) for shape in shapes]
    if algorithm.family.domain == "complex":
        data = [x + 1j * rng.normal(size=x.shape) for x in data]
    return data


def sizes_up_to(algorithm: Algorithm, largest: int) -> list[int]:
    return [n for n in algorithm.sizes if n <= largest]


# Construction


@pytest.mark.parametrize(
    "rules",
    [
        {"dft": (calling("dft"),)},
        {"dft": (calling("idft"),), "idft": (calling("dft"),)},
        {"wht": (calling("dct2"),), "dct2": (calling("dht"),), "dht": (calling("wht"),)},
        {"dft": (RADIX2, calling("dft"))},
        {"dct3": (calling("dht"),), "dht": (calling("wht"),), "wht": (WHT, calling("dht"))},
        # not through the transform itself, but through one that it calls on less
        {
            "dht": (calling("dct2", shorter=True),),
            "dct2": (calling("dct4"),),
            "dct4": (calling("dct2"),),
        },
    ],
)
def test_calls_of_equal_length_must_not_lead_back(rules: dict[str, tuple[Rule, ...]]) -> None:
    with pytest.raises(ValueError, match="calls of equal length lead back to"):
        Algorithm(next(iter(rules)), rules)


def test_calls_of_equal_length_may_lead_elsewhere() -> None:
    """The cosine transforms call each other, but one of them always less than it is."""
    assert Algorithm("dct4", {"dct2": (DCT2,), "dct4": (DCT4,)}).sizes[:4] == (1, 2, 4, 8)
    steps = {"dct3": (calling("dct2"),), "dct2": (calling("dht"),)}
    last = {"dht": (calling("wht", shorter=True),), "wht": (WHT,)}
    assert Algorithm("dct3", steps | last).has_size(8)


def test_calls_stay_with_one_kind_of_data() -> None:
    """Counts of a transform of real data would not be those of its code on complex data."""
    with pytest.raises(ValueError, match="'dft' calls 'dht', which is for real data"):
        Algorithm("dft", {"dft": (calling("dht", shorter=True),), "dht": (WHT,)})


@pytest.mark.parametrize(
    ("name", "rules", "message"),
    [
        ("dft", {}, "there is no rule for 'dft'"),
        ("dft", {"dft": ()}, "there is no rule for 'dft'"),
        ("idft", {"dft": (RADIX2,)}, "there is no rule for 'idft'"),
        ("idft", {"idft": (IDFT,)}, "'idft' calls 'dft', which has no rule"),
        ("idft", {"idft": (IDFT,), "dft": ()}, "'idft' calls 'dft', which has no rule"),
        ("dft", {"dft": (calling("polymul", shorter=True),)}, "'polymul', which is not linear"),
        ("polymul", {"polymul": (RADIX2,), "dft": (RADIX2,)}, "a rule of 'polymul' has inputs"),
        ("dft", {"dft": (Rule((Step("pad", (0,)),), 1, (HALF,)),)}, "a rule of 'dft' has inputs"),
    ],
)
def test_rules_must_fit(name: str, rules: dict[str, tuple[Rule, ...]], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Algorithm(name, rules)


def test_unknown_families_are_refused() -> None:
    with pytest.raises(UsageError, match="unknown transform 'dtf'"):
        Algorithm("dtf", {"dtf": (RADIX2,)})
    with pytest.raises(UsageError, match="unknown transform 'dtf'"):
        Algorithm("dft", {"dft": (calling("dtf", shorter=True),)})


@pytest.mark.parametrize(
    ("step", "is_refused"),
    [
        (Step("times_minus_i", (0,)), True),
        (Step("twiddle", (0,), (-1, 0, 0)), True),
        (Step("twiddle", (0,), (0, 0, "1/3")), True),
        (Step("twiddle", (0,), (0, 0, "1/2")), False),
        (Step("sine", (0,), (1, 0, 0)), False),
        (Step("half_secant", (0,), ("1/4", "1/8", 0)), False),
    ],
)
def test_real_transforms_have_no_complex_factors(step: Step, is_refused: bool) -> None:
    """Such a rule cannot be lowered; a file with one must be refused when it is read."""
    rules = {"dht": (Rule((step,), 1),)}
    if not is_refused:
        assert Algorithm("dht", rules).has_size(8)
        return
    with pytest.raises(ValueError, match="a rule of 'dht' has complex factors"):
        Algorithm("dht", rules)


# Sizes


@pytest.mark.parametrize(
    ("name", "sizes", "text"),
    [
        ("radix2", (1, 2, 4, 8, 16, 32, 64, 128, 256), "n = 2^a"),
        ("split_radix", (1, 2, 4, 8, 16, 32, 64, 128, 256), "n = 2^a"),
        ("radix3", (1, 3, 9, 27, 81, 243), "n = 3^b"),
        ("mixed", (1, 2, 3, 4, 6, 8, 9, 12, 16, 18), "n = 2^a 3^b"),
        ("wht", (1, 2, 4, 8, 16, 32, 64, 128, 256), "n = 2^a"),
        ("polymul", (2, 4, 8, 16, 32, 64, 128, 256), "n = 2^a, but not 1"),
    ],
)
def test_sizes_that_can_be_done(name: str, sizes: tuple[int, ...], text: str) -> None:
    algorithm = ALGORITHMS[name]
    assert algorithm.sizes[: len(sizes)] == sizes
    assert algorithm.sizes_text == text
    for n in range(1, 65):
        assert algorithm.has_size(n) is (n in algorithm.sizes)


def test_twelve_points_need_radix_three() -> None:
    ALGORITHMS["mixed"].check_size(12)
    with pytest.raises(UsageError, match="for 'dft' cannot do n = 12") as caught:
        ALGORITHMS["radix2"].check_size(12)
    assert caught.value.hint is not None
    assert "1, 2, 4, 8, 16" in caught.value.hint
    assert "n = 2^a" in caught.value.hint


@pytest.mark.parametrize("n", [0, -4, True, 4.0, "4", None, Fraction(4), 6, 12])
def test_what_is_no_size_is_refused(n: Any) -> None:
    with pytest.raises(UsageError, match="cannot do n ="):
        ALGORITHMS["radix2"].check_size(n)


def test_whole_numbers_of_numpy_are_sizes() -> None:
    ALGORITHMS["radix2"].check_size(np.int64(8))
    assert ALGORITHMS["radix2"].operations(np.int64(8)) == ALGORITHMS["radix2"].operations(8)


def test_sizes_that_rules_divide_by_more() -> None:
    """Six points at a time, without a rule for two or three: a gap that is said."""
    pieces = tuple(Step("take", (0,), (6, k)) for k in range(6))
    calls = tuple(Step("call", (1 + k,), (), "wht") for k in range(6))
    rule = Rule((*pieces, *calls, Step("concatenate", tuple(range(7, 13)), (6,))), 13)
    algorithm = Algorithm("dht", {"dht": (rule,), "wht": (WHT,)})
    # 18 is six times 3, which the Walsh-Hadamard transform does not have. Sizes of less
    # than 6 are multiplied by the matrix.
    assert sizes_up_to(algorithm, 24) == [1, 2, 3, 4, 6, 12, 24]
    assert algorithm.rule("dht", 4) is None
    assert algorithm.sizes_text == "n = 2^a 3^b, but not 8, 9, 16, 18"


def test_large_sizes_do_not_recurse_without_end() -> None:
    algorithm = ALGORITHMS["radix2"]
    assert algorithm.has_size(2**11)
    assert not algorithm.has_size(2**11 * 3)


# Counts


@each_linear
def test_operations_are_those_of_the_code(name: str) -> None:
    algorithm = ALGORITHMS[name]
    for n in sizes_up_to(algorithm, 48):
        count = algorithm.operations(n)
        assert count == count_code(algorithm.lower(n)), n
        assert count == count_code(algorithm.lower(n, DOUBLES)), n
        if n <= 16:
            assert algorithm.program(n).count.operations <= count.operations


@pytest.mark.parametrize("family_name", ["dft", "dht"])
def test_operations_are_never_less_than_those_of_the_code(family_name: str) -> None:
    """Calls of equal data are counted each, and written once."""
    rng = np.random.default_rng(5)
    for _ in range(15):
        algorithm = random_algorithm(rng, family_name)
        for n in [n for n in sizes_up_to(algorithm, 24) if n > 1][-2:]:
            written = count_code(algorithm.lower(n)).operations
            assert written <= algorithm.operations(n).operations


def test_published_counts() -> None:
    counts = {
        "radix2": {16: 176, 32: 496, 64: 1296},
        "split_radix": {16: 168, 32: 456, 64: 1160},
        "conjugate_pair": {16: 168, 32: 456, 64: 1160},
        "wht": {8: 24, 16: 64},
    }
    for name, known in counts.items():
        found = {n: ALGORITHMS[name].operations(n).operations for n in known}
        assert found == known


def test_dead_code_is_not_counted() -> None:
    junk = Step("take", (0,), (2, 1)), Step("call", (9,), (), "dft"), Step("multiply", (0, 0))
    rule = Rule((*RADIX2.steps, *junk), RADIX2.output)
    assert rule.used[-3:] == (False, False, False)
    assert rule.calls == RADIX2.calls
    algorithm = Algorithm("dft", {"dft": (rule,)})
    x = np.arange(16) + 1j
    for n in (2, 8, 16):
        assert algorithm.operations(n) == ALGORITHMS["radix2"].operations(n)
        np.testing.assert_allclose(algorithm(x[:n]), np.fft.fft(x[:n]), atol=1e-12)


def test_a_call_that_nothing_needs_does_no_harm() -> None:
    """Neither its sizes nor its operations count: it could not be done at all."""
    steps = (*RADIX2.steps, Step("call", (0,), (), "dht"), Step("call", (0,), (), "dft"))
    thirds = Rule((Step("part", (0,), (3, 0)), Step("concatenate", (1, 1, 1), (3,))), 2)
    algorithm = Algorithm("dft", {"dft": (Rule(steps, RADIX2.output),), "dht": (thirds,)})
    assert algorithm.has_size(8)
    assert algorithm.operations(8) == ALGORITHMS["radix2"].operations(8)


def test_the_cheapest_rule_is_taken() -> None:
    for rules in ((RADIX2, SPLIT_RADIX), (SPLIT_RADIX, RADIX2)):
        algorithm = Algorithm("dft", {"dft": rules})
        assert algorithm.rule("dft", 32) is SPLIT_RADIX
        assert algorithm.rule("dft", 1) is None
        # At two points split radix does not apply; the matrix costs what radix 2 does.
        assert algorithm.rule("dft", 2) in (RADIX2, None)
        for n in (16, 32, 64):
            assert algorithm.operations(n) == ALGORITHMS["split_radix"].operations(n)
    mixed = ALGORITHMS["mixed"]
    for n in (6, 12, 18):
        each = []
        for rule in (RADIX2, RADIX3):
            part = n // rule.divisor
            own = count_code(mixed.body("dft", rule, n, DOUBLES).code).operations
            each.append(own + rule.divisor * mixed.operations(part).operations)
        assert mixed.operations(n).operations == min(each)


def test_code_has_limits() -> None:
    assert LARGEST_CODE == 256
    with pytest.raises(UsageError, match="for n = 512 would be too long"):
        ALGORITHMS["radix2"].lower(512)
    for method in (ALGORITHMS["polymul"].lower, ALGORITHMS["polymul"].program):
        with pytest.raises(UsageError, match="'polymul' is not linear"):
            method(8)
    for method in (ALGORITHMS["radix2"].lower, ALGORITHMS["radix2"].operations):
        with pytest.raises(UsageError, match="cannot do n = 12"):
            method(12)
    with pytest.raises(UsageError, match="cannot do 'dft' of size 12"):
        ALGORITHMS["radix2"].rule("dft", 12)


@each_linear
def test_programs_are_proved(name: str) -> None:
    algorithm = ALGORITHMS[name]
    for n in (n for n in sizes_up_to(algorithm, 16) if n > 1):
        proof = prove(algorithm.program(n), make_target(algorithm.name, n))
        assert proof.verdict.startswith("proved in Q"), (n, proof.summary)


def test_a_wrong_program_is_not_proved() -> None:
    steps = list(RADIX2.steps)
    place = next(k for k, step in enumerate(steps) if step.name == "twiddle")
    steps[place] = replace(steps[place], parameters=(1, 0, 0))
    wrong = Algorithm("dft", {"dft": (Rule(tuple(steps), RADIX2.output),)})
    proof = prove(wrong.program(4), make_target("dft", 4))
    assert proof.verdict == ""
    assert proof.error > 0.1


# Execution


@each_algorithm
def test_execution_is_the_transform(name: str) -> None:
    algorithm = ALGORITHMS[name]
    for n in sizes_up_to(algorithm, 54):
        data = inputs_of(algorithm, n, 2, 3)
        found = algorithm.execute(*data)
        wanted = family(algorithm.name).truth(data, n, DOUBLES)
        assert found.shape == (2, 3, n)
        np.testing.assert_allclose(found, wanted, rtol=0, atol=1e-12)
        assert np.array_equal(algorithm(*(x[1, 2] for x in data)).shape, (n,))
        np.testing.assert_allclose(algorithm(*(x[1, 2] for x in data)), found[1, 2], atol=1e-13)


@each_algorithm
def test_execution_in_residues_is_exact(name: str) -> None:
    algorithm = ALGORITHMS[name]
    rng = np.random.default_rng(1)
    for n in sizes_up_to(algorithm, 36):
        data = [rng.integers(PRIME, size=int(n * r)) for r in algorithm.family.inputs]
        found = algorithm.execute_in(RESIDUES, n, data)
        assert np.array_equal(found, algorithm.family.truth(data, n, RESIDUES))


def test_execution_agrees_with_the_program() -> None:
    rng = np.random.default_rng(7)
    for _ in range(6):
        algorithm = random_algorithm(rng, "dft")
        n = max(sizes_up_to(algorithm, 24))
        if n == 1:
            continue
        x = rng.normal(size=n) + 1j * rng.normal(size=n)
        found = algorithm.program(n).execute(x)
        scale = max(1.0, float(np.abs(found).max()))
        np.testing.assert_allclose(algorithm(x) / scale, found / scale, atol=1e-12)


def test_kinds_of_data() -> None:
    dft, wht = ALGORITHMS["radix2"], ALGORITHMS["wht"]
    whole = [1, 2, 3, 4]
    assert dft(whole).dtype == np.complex128
    np.testing.assert_allclose(dft(whole), np.fft.fft(whole))
    np.testing.assert_allclose(dft(np.array(whole, np.float32)), np.fft.fft(whole))
    assert wht(whole).dtype == np.float64
    assert wht(np.array(whole, np.complex64)).dtype == np.complex128
    z = np.array(whole) * (1 + 2j)
    np.testing.assert_allclose(wht(z), matrix_in("wht", 4, DOUBLES) @ z)
    assert wht([True, False]).tolist() == [1, 1]
    for name in ("dct2", "dct4", "dht"):
        found = ALGORITHMS[name](z)
        np.testing.assert_allclose(found, matrix_in(name, 4, DOUBLES) @ z, atol=1e-13)


def test_batches_without_members() -> None:
    assert ALGORITHMS["radix2"](np.zeros((0, 8))).shape == (0, 8)
    assert ALGORITHMS["dct2"](np.zeros((2, 0, 8))).shape == (2, 0, 8)


def test_data_are_left_as_they_are() -> None:
    """Also where nothing is computed: the result is no view of the data."""
    identity = Algorithm("dft", {"dft": (Rule((), 0),)})
    x = np.arange(4) + 0j
    found = identity(x)
    found[0] = 99
    assert x[0] == 0
    for name in ("radix2", "split_radix", "mixed"):
        ALGORITHMS[name](x)
        assert x.tolist() == [0, 1, 2, 3]


@pytest.mark.parametrize(
    ("name", "shapes", "message"),
    [
        ("radix2", [()], "expected 1 arrays"),
        ("radix2", [(4,), (4,)], "expected 1 arrays"),
        ("radix2", [], "expected 1 arrays"),
        ("radix2", [(0,)], "cannot do n = 0"),
        ("radix2", [(6,)], "cannot do n = 6"),
        ("radix2", [(8, 6)], "cannot do n = 6"),
        ("polymul", [(4,)], "expected 2 arrays"),
        ("polymul", [(4,), ()], "expected 2 arrays"),
        ("polymul", [(4,), (2,)], "lengths 4, 2 do not fit"),
        ("polymul", [(3,), (3,)], "cannot do n = 6"),
    ],
)
def test_wrong_shapes(name: str, shapes: list[tuple[int, ...]], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        ALGORITHMS[name].execute(*(np.zeros(shape) for shape in shapes))


def test_one_polynomial_times_many() -> None:
    """Batches of the two factors broadcast, as everywhere in NumPy."""
    rng = np.random.default_rng(2)
    one, many = rng.normal(size=4), rng.normal(size=(3, 4))
    for found in (ALGORITHMS["polymul"](one, many), ALGORITHMS["polymul"](many, one)):
        wanted = [np.append(np.convolve(one, each), 0) for each in many]
        np.testing.assert_allclose(found, wanted, atol=1e-13)


def test_shapes_that_do_not_broadcast() -> None:
    with pytest.raises(UsageError, match="do not fit"):
        ALGORITHMS["polymul"](np.zeros((2, 4)), np.zeros((3, 4)))
