"""Constants of few bits: rounding, signed digits, and code that is additions and shifts."""

from __future__ import annotations

import math
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from random_programs import assert_same_matrix, codes

from dsl.costs import make_cost
from dsl.number_forms import (
    canonical_digits,
    dyadic,
    expand,
    forms,
    is_power_of_two,
    nonzero_digits,
    round_bits,
    signed_digits,
)
from dsl.real_code import to_real
from dsl.straightline import ZERO, Code, CodeWriter, Operation, Ref

constants = st.floats(-40, 40).filter(lambda c: c == 0 or abs(c) > 1e-6)


# Rounding


@given(constants, st.integers(0, 20))
def test_rounding_is_to_the_nearest_of_the_grid(c: float, bits: int) -> None:
    rounded = round_bits(c, bits)
    assert isinstance(rounded, float)
    assert rounded * 2**bits == int(rounded.real * 2**bits)
    assert abs(rounded - c) <= 2.0 ** -(bits + 1)
    assert dyadic(c, bits) == Fraction(rounded)


def test_parts_of_complex_constants_are_rounded_each() -> None:
    assert round_bits(0.3 - 1.6j, 1) == 0.5 - 1.5j
    assert round_bits(0.7j, 0) == 1j


def test_whole_doubles_are_not_rounded() -> None:
    assert round_bits(1e300, 16) == 1e300
    assert round_bits(2.0**60 + 2**9, 3) == 2.0**60 + 2**9
    assert dyadic(1e300, 2) == Fraction(1e300)


def test_powers_of_two_are_recognised() -> None:
    assert [c for c in (1, 2, -0.25, 2.0**-40, 0.5 * (1 + 1e-12)) if not is_power_of_two(c)] == []
    others = (0, 3, 0.75, 0.5 * (1 + 1e-6), 2j, 1 + 1j, math.inf, math.nan)
    assert [c for c in others if is_power_of_two(c)] == []


# Signed digits


def sums_of(terms: int, bits: int) -> np.ndarray:
    """Returns every sum of at most so many signed powers of two, up to 4."""
    powers = [s * 2.0**e for e in range(-bits, 3) for s in (1, -1)]
    found = {0.0}
    for _ in range(terms):
        found |= {value + power for value in found for power in powers}
    return np.array(sorted(found))


@pytest.mark.parametrize("terms", range(5))
def test_no_sum_of_as_many_terms_is_nearer(terms: int) -> None:
    bits = 5
    known = sums_of(terms, bits)
    for c in np.random.default_rng(terms).uniform(-3, 3, 300):
        form = canonical_digits(c, terms, bits)
        assert len(form.digits) <= terms
        assert sum(digit.value for digit in form.digits) == form.value
        assert abs(form.value - c) == pytest.approx(np.abs(known - c).min(), abs=1e-15)


@given(st.integers(-(2**20), 2**20))
def test_signed_digits_are_canonical(k: int) -> None:
    value, digits = signed_digits(k / 16, 4)
    assert value == k / 16 == sum(digit.value for digit in digits)
    exponents = [digit.exponent for digit in digits]
    assert all(a - b > 1 for a, b in pairwise(exponents))
    assert nonzero_digits(float(k), 4) == len(digits)


def test_digits_of_known_numbers() -> None:
    assert signed_digits(7, 0).digits == ((1, 3), (-1, 0))
    assert signed_digits(-0.625, 3).digits == ((-1, -1), (-1, -3))
    assert [nonzero_digits(c, 8) for c in (0, 1, 3, 0.75, 11, 0.625, 3 + 0.75j)] == [
        0, 1, 2, 2, 3, 2, 4,
    ]  # fmt: skip


def test_small_constants_are_not_cheap() -> None:
    """Otherwise a search would scale everything down."""
    for c in (0.7071, 1e-3, 1e-7):
        assert nonzero_digits(c, 12) == nonzero_digits(c / 1024, 12) > 2


@given(constants, st.integers(0, 14))
def test_each_form_is_nearer_than_those_before(c: float, bits: int) -> None:
    found = forms(c, bits)
    assert found[0] == (0, 0)
    assert [form.digits for form in found] == list(range(len(found)))
    errors = [abs(form.value - c) for form in found]
    assert all(b < a for a, b in pairwise(errors))
    assert errors[-1] <= 2.0 ** -(bits + 1)
    for form in found:
        assert canonical_digits(c, form.digits, bits).value == form.value


def test_forms_of_complex_constants_count_both_parts() -> None:
    c = complex(math.cos(0.3), math.sin(0.3))
    found = forms(c, 8)
    errors = [abs(form.value - c) for form in found]
    digits = [form.digits for form in found]
    assert all(b < a for a, b in pairwise(errors))
    assert digits == sorted(set(digits))
    assert found[-1].value == round_bits(c, 8)
    assert found[1].value == 1


def test_forms_of_huge_and_tiny_numbers_end() -> None:
    assert forms(1e300, 16)[-1].value == 1e300
    assert [form.value for form in forms(1e-300, 16)] == [0]


# Expansion


def code_of(*constants: float) -> Code:
    """Returns code for the products of one value and constants."""
    writer = CodeWriter("real", 1)
    return writer.finish([writer.scale(c, Ref(0)) for c in constants])


def additions(code: Code) -> int:
    return sum(operation.kind == "add" for operation in code.operations)


def shifts(code: Code) -> list[float]:
    return [o.constant.real for o in code.operations if o.kind == "scale"]


@given(st.lists(st.integers(-(2**12), 2**12).filter(bool), min_size=1, max_size=5))
def test_expanded_code_computes_the_same_with_additions_and_shifts(wholes: list[int]) -> None:
    code = code_of(*(k / 2**8 for k in wholes))
    expanded = expand(code, 12)
    assert np.array_equal(expanded.matrix(), code.matrix())
    assert all(is_power_of_two(c) for c in shifts(expanded))
    digits = sum(nonzero_digits(k / 2**8, 8) - 1 for k in set(map(abs, wholes)))
    assert additions(expanded) <= digits


def test_equal_sums_and_shifts_are_made_once() -> None:
    expanded = expand(code_of(0.625, -1.25, 5.0, 0.25))
    assert additions(expanded) == 1
    assert sorted(shifts(expanded)) == [0.25, 0.5, 4.0]


def test_shifts_of_shifts_are_one() -> None:
    writer = CodeWriter("real", 1)
    halves = writer.scale(0.5, Ref(0, 2))
    code = writer.finish([writer.scale(0.25, halves), writer.scale(2, halves)])
    expanded = expand(code)
    assert [o.constant for o in expanded.operations] == [0.125]
    assert expanded.outputs == (Ref(1, 2), Ref(0, 2))


def test_shifts_to_and_fro_are_none() -> None:
    writer = CodeWriter("real", 1)
    code = writer.finish([writer.scale(2, writer.scale(0.5, Ref(0, 2)))])
    assert expand(code) == Code("real", 1, (), (Ref(0, 2),))


@given(codes())
def test_any_code_computes_the_same(code: Code) -> None:
    assert_same_matrix(to_real(code), expand(code))


def test_other_constants_stay() -> None:
    root = math.sqrt(0.5)
    assert shifts(expand(code_of(root))) == [root]
    assert shifts(expand(code_of(0.40625), bits=2)) == [0.40625]
    assert shifts(expand(code_of(0.40625), terms=2)) == [0.40625]
    assert additions(expand(code_of(0.40625), terms=3)) == 2


@pytest.mark.parametrize("constant", [0.0, math.inf, math.nan, 1e-300, 3e307, 2.0**-1074 * 3])
def test_constants_of_any_size_may_come_from_a_file(constant: float) -> None:
    with np.errstate(all="ignore"):
        code = code_of(constant)
        assert np.array_equal(expand(code).matrix(), code.matrix(), equal_nan=True)
    assert make_cost("shift-add", 8).of_code(code).cost >= 0


def test_complex_code_becomes_real() -> None:
    writer = CodeWriter("complex", 1)
    code = writer.finish([writer.scale(0.75 + 0.5j, Ref(0)), ZERO])
    expanded = expand(code)
    assert expanded.matrix().tolist() == [[0.75, -0.5], [0.5, 0.75], [0, 0], [0, 0]]
    assert additions(expanded) == 4


def test_formulas_have_no_shifts() -> None:
    code = Code("real", 1, (Operation("apply", Ref(0), function="sin"),), (Ref(1),))
    with pytest.raises(ValueError, match="expected linear code"):
        expand(code)
