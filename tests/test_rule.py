"""Rules check themselves: every fault is refused, with the step named."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from random_rules import random_algorithm
from recursive_rules import ALGORITHMS, HALF, POLYMUL, RADIX2, RADIX3, SPLIT_RADIX

from dsl.grammars.recursive.rule import LARGEST_DIVISOR, MOST_STEPS, Rule, Step
from dsl.grammars.recursive.rule_values import values_at

EVENS, ODDS = Step("take", (0,), (2, 0)), Step("take", (0,), (2, 1))


def call(operand: int, family: str = "dft") -> Step:
    return Step("call", (operand,), (), family)


@pytest.mark.parametrize(
    ("steps", "message"),
    [
        ([Step("add", (0, 1))], r"step 0 \('add'\): reads value 1 of 1"),
        ([Step("add", (0, -1))], "reads value -1 of 1"),
        ([EVENS, Step("add", (0, 1))], r"step 1 \('add'\): expected operands of one length"),
        ([Step("add", ())], "expected operands of one length"),
        ([Step("add", (0,))], "expected 2 operands, got 1"),
        ([Step("reverse", (0, 0))], "expected 1 operands, got 2"),
        ([Step("take", (0,), (2,))], "expected radix, offset, got 1 parameters"),
        ([Step("take", (0,), (2, 2))], "parameters 2, 2 make no sense"),
        ([Step("concatenate", (0, 0), (2,))], "its result would be 2 n long"),
        ([Step("pad", (0,))], "its result would be 2 n long"),
        ([Step("turn", (0,))], "there is no such vector primitive"),
        ([Step("reverse", (0,), (), "dft")], "expected no name of a transform"),
        ([Step("multiply", (0,))], "expected two operands and no parameters"),
        ([Step("multiply", (0, 0), (1,))], "expected two operands and no parameters"),
        ([Step("multiply", (0, 0), (), "dft")], "expected no name of a transform"),
        ([Step("call", (0,))], "expected one operand and the name of a transform"),
        ([Step("call", (0,), (1,), "dft")], "expected one operand and the name of a transform"),
        ([Step("call", (0, 0), (), "dft")], "expected one operand and the name of a transform"),
        ([EVENS], "the output has length 1/2 n, expected n"),
        ([Step("reverse", (0,))] * (MOST_STEPS + 1), f"at most {MOST_STEPS} steps, got"),
    ],
)
def test_faults_are_named(steps: list[Step], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Rule(tuple(steps), len(steps))


@pytest.mark.parametrize("output", [-1, 2, 99])
def test_output_must_be_a_value(output: int) -> None:
    with pytest.raises(ValueError, match=f"the output names value {output} of 2"):
        Rule((Step("reverse", (0,)),), output)


def test_sizes_must_not_be_divided_without_end() -> None:
    steps = [Step("take", (k,), (2, 0)) for k in range(10)]
    assert Rule(tuple(steps), 0).divisor == LARGEST_DIVISOR
    with pytest.raises(ValueError, match="sizes must be multiples of 2048"):
        Rule((*steps, Step("take", (10,), (2, 0))), 0)


def test_names_of_strangers_are_quoted_in_brief() -> None:
    with pytest.raises(ValueError, match="step 0") as caught:
        Rule((Step("x" * 10_000, (0,)),), 1)
    assert len(str(caught.value)) < 200


def test_parameters_are_fractions() -> None:
    assert Step("take", (0,), (Fraction(2), Fraction(0))) == EVENS
    assert hash(EVENS) == hash(Step("take", (0,), (Fraction(4, 2), Fraction(0))))


def test_lengths_divisors_and_calls() -> None:
    quarter = Fraction(1, 4)
    assert SPLIT_RADIX.ratios[:4] == (1, HALF, HALF, quarter)
    assert [rule.divisor for rule in (RADIX2, RADIX3, SPLIT_RADIX, POLYMUL)] == [2, 3, 4, 2]
    assert RADIX2.calls == (("dft", HALF), ("dft", HALF))
    assert sorted(SPLIT_RADIX.calls) == [("dft", quarter), ("dft", quarter), ("dft", HALF)]
    assert POLYMUL.calls == (("dft", 1), ("dft", 1), ("idft", 1))
    assert POLYMUL.ratios[:3] == (HALF, HALF, 1)
    both = Rule((Step("take", (0,), (2, 0)), Step("take", (0,), (3, 0))), 0)
    assert both.divisor == 6
    assert Rule((), 0).divisor == 1
    assert Rule((), 0).calls == ()


def test_lengths_of_parts_of_parts() -> None:
    """Two thirds of a half: three quarters of nothing whole is refused by the size alone."""
    third = [Step("part", (0,), (3, k)) for k in range(2)]
    rule = Rule((*third, Step("concatenate", (1, 2), (2,)), Step("take", (3,), (4, 1))), 0)
    assert rule.ratios == (1, Fraction(1, 3), Fraction(1, 3), Fraction(2, 3), Fraction(1, 6))
    assert rule.divisor == 6


def test_used_values_are_those_that_the_output_needs() -> None:
    steps = (EVENS, ODDS, Step("reverse", (1,)), Step("concatenate", (1, 2), (2,)))
    assert Rule(steps, 4).used == (True, True, True, False, True)
    assert Rule(steps, 0).used == (True, False, False, False, False)


def test_cleaning_drops_what_is_not_needed_or_repeated() -> None:
    steps = (
        EVENS,
        ODDS,
        Step("reverse", (2,)),  # not needed
        Step("take", (0,), (2, 0)),  # value 4, again value 1
        call(1),
        call(4),  # the same call, once its operand is known to be
        Step("concatenate", (5, 6), (2,)),
    )
    cleaned = Rule(steps, 7).cleaned()
    assert cleaned == Rule((EVENS, call(1), Step("concatenate", (2, 2), (2,))), 3)
    assert cleaned.cleaned() == cleaned
    assert Rule(steps, 0).cleaned() == Rule((), 0)


@pytest.mark.parametrize("name", ["dft", "dht"])
def test_cleaning_keeps_the_meaning(name: str) -> None:
    rng = np.random.default_rng(3)
    for _ in range(8):
        rule = random_algorithm(rng, name).rules[name][0]
        more = (*rule.steps, *(step for step in rule.steps[:2]), Step("reverse", (0,)))
        junk = Rule(more, rule.output)
        cleaned = junk.cleaned()
        assert len(cleaned.steps) <= len(rule.steps)
        n = 2 * rule.divisor
        assert np.array_equal(
            values_at(cleaned, n)[cleaned.output], values_at(junk, n)[junk.output]
        )


@pytest.mark.parametrize("name", ALGORITHMS)
def test_rules_of_these_tests_are_clean(name: str) -> None:
    for rules in ALGORITHMS[name].rules.values():
        for rule in rules:
            assert all(rule.used[len(rule.inputs) :])
            assert len(rule.cleaned().steps) == len(rule.steps)
