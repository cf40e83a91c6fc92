"""Algorithms on their own: wrong ones are found out at whatever size, growth is told exactly."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

import numpy as np
import pytest
from recursive_rules import ALGORITHMS, POLYMUL, RADIX2, SPLIT_RADIX, RuleWriter

from dsl.cost import Count
from dsl.cyclotomic import TooLargeError
from dsl.errors import UsageError
from dsl.grammars.recursive.algorithm import Algorithm
from dsl.grammars.recursive.direct_rows import ENTRIES, rows_of
from dsl.grammars.recursive.families import matrix_in
from dsl.grammars.recursive.rule import Rule, Step
from dsl.vectors.fields import DOUBLES, EXACTS
from evosynth.algorithm_verification import (
    AlgorithmVerification,
    growth_of_algorithm,
    is_quasilinear,
    verify_algorithm,
)
from evosynth.growth import growth_of
from evosynth.runs import AlgorithmClaims

POWERS = [2**k for k in range(13)]


def quick(algorithm: Algorithm, claimed: AlgorithmClaims | None = None) -> AlgorithmVerification:
    return verify_algorithm(algorithm, claimed, largest=128, largest_proved=8)


def changed(rule: Rule, position: int, step: Step) -> Rule:
    steps = [*rule.steps]
    steps[position] = step
    return Rule(tuple(steps), rule.output, rule.inputs)


def counts(algorithm: Algorithm, sizes: list[int]) -> dict[int, int]:
    return {n: algorithm.operations(n).operations for n in sizes}


# Verification


def test_split_radix_is_verified_and_proved_far_beyond_a_search() -> None:
    found = verify_algorithm(ALGORITHMS["split_radix"])
    assert found.problems == []
    assert found.is_verified
    assert [check.n for check in found.checks] == POWERS
    assert [check.outputs for check in found.checks] == [*POWERS[:10], 64, 64, 64]
    assert (found.verified_up_to, found.proved_up_to) == (4096, 64)
    assert [(p.n, p.verdict) for p in found.proofs][-1] == (64, "proved in Q(zeta_64)")
    assert found.error < 1e-14
    assert "n = 1, 2, ..., 4,096" in found.checked_text
    assert "64 outputs of each from n = 1,024 on" in found.checked_text
    assert "NOT compared" not in found.checked_text
    assert found.proved_text == (
        "at n = 4, 8, ..., 64: proved in fields up to Q(zeta_64) "
        "(the matrix itself multiplies at n = 2)"
    )
    assert found.found.operations[64] == 1160
    assert found.found.growth == "4 n lg n - 6 n + 8"


@pytest.mark.parametrize("name", [name for name in ALGORITHMS if name != "split_radix"])
def test_every_algorithm_is_verified(name: str) -> None:
    found = quick(ALGORITHMS[name])
    assert found.problems == []
    assert found.verified_up_to >= 81
    assert found.proved_up_to in (8, 3)  # radix 3 has no size from 4 to 8


def test_a_wrong_twiddle_is_wrong_from_four_points_on() -> None:
    (position,) = [k for k, step in enumerate(RADIX2.steps) if step.name == "twiddle"]
    step = RADIX2.steps[position]
    wrong = changed(RADIX2, position, Step("twiddle", step.operands, (Fraction(1), 0, 0)))
    found = quick(Algorithm("dft", {"dft": (wrong,)}))
    assert not found.is_verified
    assert (found.verified_up_to, found.proved_up_to) == (2, 2)
    assert [line.split(":")[0] for line in found.problems[:2]] == ["n = 4", "n = 8"]
    assert "relative error" in found.problems[0]
    assert "not proved" in found.problems[-1]


def test_what_is_right_where_a_search_looks_is_not_believed_elsewhere() -> None:
    """A rule for multiples of 64 that is wrong: 8, 16 and 32 say nothing of it."""
    (position,) = [k for k, step in enumerate(RADIX2.steps) if step.name == "twiddle"]
    operands = RADIX2.steps[position].operands
    wrong = changed(RADIX2, position, Step("twiddle", operands, (Fraction(-1), 0, Fraction(1, 2))))
    # It takes 64-th parts and puts them together again, so that 64 divides its sizes.
    start = len(wrong.ratios)
    steps = list(wrong.steps)
    pieces = [start + 2 * k for k in range(6)]
    value = wrong.output
    chain = []
    for _ in pieces:
        steps.append(Step("part", (value,), (2, 0)))
        value = len(wrong.inputs) + len(steps) - 1
        chain.append(value)
    for level in reversed(range(6)):
        whole = wrong.output if level == 0 else chain[level - 1]
        steps.append(Step("part", (whole,), (2, 1)))
        high = len(wrong.inputs) + len(steps) - 1
        steps.append(Step("concatenate", (value, high), (2,)))
        value = len(wrong.inputs) + len(steps) - 1
    coarse = Rule(tuple(steps), value)
    assert coarse.divisor == 64
    # Of two rules the cheaper one is taken: at 64 and 128 the wrong one must be it.
    algorithm = Algorithm("dft", {"dft": (coarse, RADIX2)})
    found = quick(algorithm)
    assert found.verified_up_to == 32
    assert [line.split(":")[0] for line in found.problems] == ["n = 64", "n = 128"]


def test_a_wrong_product_of_polynomials_is_no_proof() -> None:
    assert quick(ALGORITHMS["polymul"]).proofs[-1].verdict == "proved on all pairs of unit vectors"
    (position,) = [k for k, step in enumerate(POLYMUL.steps) if step.name == "multiply"]
    left, _ = POLYMUL.steps[position].operands
    square = changed(POLYMUL, position, Step("multiply", (left, left)))
    rules = ALGORITHMS["polymul"].rules
    found = quick(Algorithm("polymul", {**rules, "polymul": (square,)}))
    assert found.proved_up_to == 0
    assert found.verified_up_to == 0
    assert any("not of one input by the other" in line for line in found.problems)
    (position,) = [k for k, step in enumerate(POLYMUL.steps) if step.name == "call"][-1:]
    forward = changed(POLYMUL, position, Step("call", POLYMUL.steps[position].operands, (), "dft"))
    found = quick(Algorithm("polymul", {**rules, "polymul": (forward,)}))
    assert any("computes something else" in line for line in found.problems)


def test_false_claims_are_problems() -> None:
    algorithm = ALGORITHMS["wht"]
    true = quick(algorithm).found
    assert quick(algorithm, true).problems == []
    false = AlgorithmClaims({**true.operations, 16: 63}, 256, 16, "n")
    assert quick(algorithm, false).problems == [
        "operations at n = 16: the file claims 63, the algorithm has 64",
        "growth: the file claims 'n', operations grow as n lg n",
        "verified up to: the file claims 256, it is 128",
        "proved up to: the file claims 16, it is 8",
    ]
    missing = AlgorithmClaims({n: c for n, c in true.operations.items() if n != 16})
    assert "the file claims None" in quick(algorithm, missing).problems[0]


def test_an_algorithm_that_never_ends_is_not_run() -> None:
    """Files hold anything: 40 calls of half the length are 40^12 at 4,096 points."""
    steps = [Step("take", (0,), (2, 0))]
    steps += [Step("call", (k + 1,), (), "wht") for k in range(40)]
    steps.append(Step("concatenate", (41, 41), (2,)))
    greedy = Algorithm("wht", {"wht": (Rule(tuple(steps), 42),)})
    found = verify_algorithm(greedy)
    assert not found.is_verified
    assert found.checks[-1].outputs == 0
    assert found.verified_up_to == 1
    assert "NOT compared at n = 16, 32, ..., 4,096" in found.checked_text


def test_sizes_without_known_rows_are_said_not_to_be_compared(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delitem(ENTRIES, "dht")
    found = verify_algorithm(ALGORITHMS["dht"], largest=1024, largest_proved=4)
    assert found.is_verified
    assert found.verified_up_to == 256
    assert "NOT compared at n = 512, 1,024: it takes too long" in found.checked_text


def test_the_matrix_itself_is_no_proof() -> None:
    found = verify_algorithm(ALGORITHMS["split_radix"], largest=8, largest_proved=2)
    assert [(proof.n, proof.is_base) for proof in found.proofs] == [(2, True)]
    assert found.proved_up_to == 0
    assert found.proved_text == "nothing was proved (the matrix itself multiplies at n = 2)"


def test_one_field_is_named_as_it_is() -> None:
    found = verify_algorithm(ALGORITHMS["wht"], largest=8, largest_proved=8)
    assert found.proved_text == "at n = 2, 4, 8: proved in Q"


@pytest.mark.parametrize("error", [ZeroDivisionError("by 0"), TooLargeError("x"), UsageError("x")])
@pytest.mark.parametrize("name", ["radix2", "polymul"])
def test_what_cannot_be_replayed_is_not_proved(
    monkeypatch: pytest.MonkeyPatch, name: str, error: Exception
) -> None:
    def fail(*arguments: object) -> None:
        raise error

    monkeypatch.setattr(Algorithm, "lower", fail)
    monkeypatch.setattr(Algorithm, "execute_in", fail)
    found = quick(ALGORITHMS[name])
    assert found.proved_up_to == 0
    assert f"n = 4: not proved: '{error}'" in found.problems


def test_a_count_below_that_of_the_code_is_a_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    true = Algorithm.operations
    monkeypatch.setattr(
        Algorithm, "operations", lambda self, n: Count(1) if n == 8 else true(self, n)
    )
    found = quick(ALGORITHMS["radix2"])
    assert found.problems == ["n = 8: 1 operations are counted, the code has 56"]


def test_exact_execution_is_that_of_the_matrix() -> None:
    units = np.full((4, 4), EXACTS.zero, object)
    units[np.arange(4), np.arange(4)] = EXACTS.number(1)
    found = ALGORITHMS["split_radix"].execute_in(EXACTS, 4, [units])
    assert (matrix_in("dft", 4, EXACTS) == found.T).all()


# The truth at large sizes


@pytest.mark.parametrize("name", ENTRIES)
@pytest.mark.parametrize("n", [2, 3, 8, 12])
def test_rows_from_definitions_are_those_of_the_exact_matrix(name: str, n: int) -> None:
    chosen = np.array([n - 1, 0, 1])
    found = ENTRIES[name].rows(n, chosen)
    assert np.abs(found - matrix_in(name, n, DOUBLES)[chosen]).max() < 1e-14


def test_rows_of_large_matrices() -> None:
    chosen = np.array([3, 1000])
    k = np.arange(2048)
    wanted = np.exp(-2j * np.pi * np.outer(chosen, k) / 2048)
    assert np.abs(rows_of("dft", 2048, chosen) - wanted).max() < 1e-11  # of large angles
    assert rows_of("wht", 1024, np.array([0])).tolist() == [[1.0] * 1024]
    assert rows_of("rdft", 1024, chosen) is None


# Growth


@pytest.mark.parametrize(
    ("name", "text", "start"),
    [
        ("radix2", "5 n lg n - 10 n + 16", 4),
        ("split_radix", "4 n lg n - 6 n + 8", 2),
        ("wht", "n lg n", 1),
        ("dct2", "2 n lg n - 1/2 n + 1", 2),
        ("polymul", "12 n lg n - 10 n + 24", 2),
    ],
)
def test_growth_is_exact_at_powers_of_two(name: str, text: str, start: int) -> None:
    algorithm = ALGORITHMS[name]
    sizes = [n for n in POWERS if algorithm.has_size(n)]
    growth = growth_of(counts(algorithm, sizes))
    assert growth is not None
    assert (growth.text, growth.start, growth.end) == (text, start, 4096)
    assert growth.is_exact
    assert growth.is_quasilinear
    assert growth.operations(1024) == algorithm.operations(1024).operations


@pytest.mark.parametrize(
    ("sizes", "count", "text", "is_quasilinear"),
    [
        (POWERS, lambda n, k: 3 * n * n - n, "3 n^2 - n", False),
        (POWERS, lambda n, k: n * k * k, "n (lg n)^2", False),
        (POWERS, lambda n, k: 3**k - n, "n^(lg 3) - n", False),
        (POWERS, lambda n, k: 9 * n - 7, "9 n - 7", True),
        (POWERS, lambda n, k: 4 * n * k + 2 * (-1) ** k, "4 n lg n + 2 (-1)^(lg n)", True),
        (POWERS, lambda n, k: n + 5 * k, "n + 5 lg n", True),
        ([3**k for k in range(9)], lambda n, k: 8 * n * k - n, "8 n log3 n - n", True),
    ],
)
def test_growth_of_any_recurrence(
    sizes: list[int], count: Callable[[int, int], int], text: str, is_quasilinear: bool
) -> None:
    growth = growth_of({n: count(n, k) for k, n in enumerate(sizes)})
    assert growth is not None
    assert growth.text == text
    assert growth.is_exact
    assert growth.is_quasilinear == is_quasilinear


def test_growth_of_odd_sizes_is_an_estimate() -> None:
    sizes = [8, 9, 12, 16, 18, 24, 27, 32, 36, 48, 54, 64, 81, 96, 128]
    growth = growth_of({n: round(5 * n * np.log2(n)) for n in sizes})
    assert growth is not None
    assert growth.text.startswith("about 5 n lg n")
    assert (growth.is_exact, growth.is_quasilinear) == (False, True)
    square = growth_of({n: 2 * n * n - n for n in sizes})
    assert square is not None
    assert square.text == "about 2 n^2 - n"
    assert not square.is_quasilinear


@pytest.mark.parametrize(
    "count",
    [lambda n, e=e: int(5 * n**e) for e in (1.1, 1.2, 1.4, 1.7)]
    + [lambda n: int(n * np.log2(n) ** 2)],
)
@pytest.mark.parametrize("is_known", [None, False])
def test_what_grows_a_little_faster_is_not_quasilinear(
    count: Callable[[int], int], is_known: bool | None
) -> None:
    sizes = [n for n in range(8, 1025) if is_smooth(n)]
    growth = growth_of({n: count(n) for n in sizes}, is_known)
    assert growth is not None
    assert not growth.is_quasilinear
    assert growth.text.startswith("about ")
    assert "lg n" not in growth.text
    assert growth.operations(1024) == pytest.approx(count(1024), rel=0.2)


def test_a_power_of_n_is_told() -> None:
    growth = growth_of({n: round(5 * n**1.2) for n in range(8, 1025) if is_smooth(n)})
    assert growth is not None
    assert growth.text == "about 5 n^1.2"


def test_rules_tell_whether_growth_is_quasilinear() -> None:
    for name, algorithm in ALGORITHMS.items():
        sizes = [n for n in algorithm.sizes if n > 1]
        assert is_quasilinear(algorithm, sizes), name
        growth = growth_of_algorithm(algorithm)
        assert growth is not None, name
        assert growth.is_quasilinear, name


def test_calls_of_more_points_than_there_are_grow_faster() -> None:
    """T(n) = T(n/2) + 3 T(n/4) + 4 n, about n^1.2."""
    algorithm = Algorithm("wht", {"wht": (calling([(2, "wht")] + 3 * [(4, "wht")]),)})
    assert not is_quasilinear(algorithm, algorithm.sizes)
    growth = growth_of_algorithm(algorithm)
    assert growth is not None
    assert not growth.is_quasilinear


def test_halves_of_halves_that_are_n_lg_n_are_more() -> None:
    """Of two transforms with n lg n one in each half of the other: n (lg n)^2."""
    one = calling([(2, "wht"), (2, "haar")])
    both = Algorithm("wht", {"wht": (one,), "haar": (calling(2 * [(2, "haar")]),)})
    assert is_quasilinear(both, both.sizes)
    twice = calling(2 * [(2, "wht")] + [(2, "haar")])
    more = Algorithm("wht", {"wht": (twice,), "haar": (calling(2 * [(2, "haar")]),)})
    assert not is_quasilinear(more, more.sizes)


def calling(calls: list[tuple[int, str]]) -> Rule:
    """Returns a rule that calls transforms of fractions of n, whatever it computes."""
    w = RuleWriter(1)
    values = [w.call(name, w.take(0, radix, 0)) for radix, name in calls]
    halves = [
        v if radix == 2 else w.concatenate(v, v)
        for v, (radix, _) in zip(values, calls, strict=True)
    ]
    total = halves[0]
    for half in halves[1:]:
        total = w.add(total, half)
    output = w.concatenate(total, total)
    return Rule(tuple(w.steps), output)


def is_smooth(n: int) -> bool:
    """Tells whether n is 2^a 3^b."""
    return 6**n % n == 0


def test_growth_of_few_counts_is_not_told() -> None:
    assert growth_of({2: 4, 4: 16}) is None
    assert growth_of({}) is None


def test_split_radix_beats_radix_two_everywhere() -> None:
    one, two = (Algorithm("dft", {"dft": (rule,)}) for rule in (SPLIT_RADIX, RADIX2))
    found = [growth_of(counts(a, POWERS)) for a in (one, two)]
    assert found[0].terms[0].coefficient < found[1].terms[0].coefficient
