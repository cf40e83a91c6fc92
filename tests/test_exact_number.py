"""Exact constants: complex numbers that remember what they stand for."""

from __future__ import annotations

import cmath
import math
import operator
import pickle
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import flint
import numpy as np
import pytest
import sympy
from hypothesis import given
from test_cyclotomic import numbers

from dsl.cyclotomic import (
    BITS,
    ZERO,
    Cyclotomic,
    I,
    cosine,
    rational,
    root,
    sine,
    square_root,
)
from dsl.exact_number import (
    DIGITS,
    Exact,
    ball,
    expression_of,
    function_of,
    is_exact,
    nearest,
    number_in,
    number_of,
)

HALF = Exact(rational(Fraction(1, 2)))
ROOT = Exact(square_root(Fraction(1, 2)))
UNIT = Exact(root(Fraction(1, 16)))
ATAN = Exact(sympy.atan(sympy.Rational(1, 2)))
LONG = Exact(sympy.Float("0.1234567890123456789012345678901234567890", DIGITS))
WHOLE: list[Any] = [1, -1, 0, 7, 1.0, -3.0, 1j, -1j, 1 + 0j, 2 - 5j, True, np.float64(2)]
INEXACT: list[Any] = [0.5, 0.1, 1 + 0.5j, math.pi, 1e-9, np.float64(0.5)]


def value_of(number: Any) -> Cyclotomic:
    """Returns what a whole number is."""
    number = complex(number)
    return rational(int(number.real)) + rational(int(number.imag)) * I


# Arithmetic


@pytest.mark.parametrize("exact", [HALF, ROOT, UNIT])
@pytest.mark.parametrize("whole", WHOLE, ids=repr)
def test_whole_numbers_keep_exactness(exact: Exact, whole: Any) -> None:
    product, total = exact.number * value_of(whole), exact.number + value_of(whole)
    found = [(exact * whole, product), (exact + whole, total)]
    if not isinstance(whole, np.generic):  # whose own product comes first
        found += [(whole * exact, product), (whole + exact, total)]
    for result, number in found:
        assert isinstance(result, Exact)
        assert result.number == number


@given(numbers(), numbers())
def test_sums_products_and_negatives_are_exact(a: Cyclotomic, b: Cyclotomic) -> None:
    one, two = Exact(a), Exact(b)
    results = [(one + two, a + b), (one * two, a * b), (-one, -a), (sum([one, two]), a + b)]
    for found, number in results:
        assert isinstance(found, Exact)
        assert found.number == number
        assert complex(found) == complex(number)
        assert found.number.order == number.reduced().order


@pytest.mark.parametrize("exact", [ROOT, ATAN, LONG])
@pytest.mark.parametrize("inexact", INEXACT, ids=repr)
def test_inexact_numbers_lose_exactness(exact: Exact, inexact: Any) -> None:
    for function in (operator.add, operator.mul):
        for found in (function(exact, inexact), function(inexact, exact)):
            assert not isinstance(found, Exact)
            assert found == function(complex(exact), complex(inexact))
            assert not is_exact(found)


@pytest.mark.parametrize("function", [operator.sub, operator.truediv, operator.pow])
def test_other_operations_are_those_of_complex_numbers(function: Callable[..., Any]) -> None:
    for found in (function(ROOT, 3), function(3, ROOT), function(ROOT, HALF)):
        assert type(found) is complex
    assert function(ROOT, 3) == function(complex(ROOT), 3)
    assert type(ROOT.conjugate()) is complex
    assert abs(ROOT) == math.sqrt(0.5)


def test_infinities_are_no_numbers() -> None:
    for odd in (math.inf, math.nan, complex(0, math.inf)):
        assert not is_exact(odd)
        assert not isinstance(ROOT * odd, Exact)
        assert not isinstance(odd + ROOT, Exact)


def test_numbers_outside_the_fields_stay_exact() -> None:
    for found, wanted in (
        (ATAN * 2, 2 * sympy.atan(sympy.Rational(1, 2))),
        (ATAN + 1, 1 + sympy.atan(sympy.Rational(1, 2))),
        (-LONG, -LONG.number),
        (LONG * ROOT, LONG.number / sympy.sqrt(2)),
    ):
        assert isinstance(found, Exact)
        assert abs((found.number - wanted).evalf(55)) <= sympy.Float("1e-50")
        assert not isinstance(found.number, Cyclotomic)


def test_products_beyond_the_largest_field_stay_exact() -> None:
    far = Exact(square_root(Fraction(1021))) * Exact(square_root(Fraction(1019)))
    assert isinstance(far, Exact)
    assert not isinstance(far.number, Cyclotomic)
    assert float(far.real) == math.sqrt(1021 * 1019)


# As a complex number


@given(numbers())
def test_is_the_nearest_complex_number(a: Cyclotomic) -> None:
    exact = Exact(a)
    assert isinstance(exact, complex)
    assert complex(exact) == exact == complex(a) == nearest(a)
    assert hash(exact) == hash(complex(a))
    assert (exact.real, exact.imag) == (complex(a).real, complex(a).imag)
    assert repr(exact) == repr(complex(a))
    assert cmath.isfinite(exact)
    assert bool(exact) == (complex(a) != 0)


def test_equality_is_that_of_complex_numbers() -> None:
    assert complex(math.sqrt(0.5)) == ROOT
    assert len({ROOT, complex(math.sqrt(0.5)), Exact(cosine(Fraction(1, 8)))}) == 1
    assert HALF == 0.5
    assert 0.5 + 0j in {HALF}
    assert 0.5 in (HALF,)
    assert HALF != ROOT


@pytest.mark.parametrize("exact", [HALF, ROOT, UNIT, ATAN, LONG, ATAN * 1j])
def test_pickles(exact: Exact) -> None:
    again = pickle.loads(pickle.dumps(exact))
    assert isinstance(again, Exact)
    assert (again, again.number) == (exact, exact.number)


def test_fields_are_reduced() -> None:
    assert Exact(square_root(Fraction(6)) * square_root(Fraction(3))).number.order == 8
    assert Exact(root(Fraction(1, 3)) + root(Fraction(2, 3))).number.order == 1


@given(numbers())
def test_parts(a: Cyclotomic) -> None:
    real, imaginary = Exact(a).parts()
    assert isinstance(real, Exact)
    assert isinstance(imaginary, Exact)
    assert real.number + imaginary.number * I == a
    assert real.imag == imaginary.imag == 0


def test_parts_outside_the_fields() -> None:
    angle = sympy.atan(sympy.Rational(1, 2))
    both = ATAN + 1j * LONG
    for exact, wanted in ((ATAN, (angle, 0)), (ATAN * 1j, (0, angle)), (both, (angle, None))):
        parts = exact.parts()
        for part, number in zip(parts, wanted, strict=True):
            assert isinstance(part, Exact)
            assert part.imag == 0
            if number is not None:
                assert expression_of(part.number) == number
    assert both.parts()[1] == LONG


# As an operand of arrays


@pytest.mark.parametrize("exact", [ROOT, UNIT, ATAN])
@pytest.mark.parametrize("dtype", [np.float64, np.complex128, np.int64])
def test_arrays_on_both_sides(exact: Exact, dtype: Any) -> None:
    array = np.arange(6).reshape(2, 3).astype(dtype)
    for function in (operator.add, operator.mul):
        for found in (function(exact, array), function(array, exact)):
            assert found.dtype == np.complex128
            assert np.array_equal(found, function(array, complex(exact)))
    assert np.array([ROOT, 1.0]).dtype == np.complex128
    assert np.array_equal(np.array([[ROOT]]) @ np.ones((1, 2)), np.full((1, 2), ROOT))


# What constants stand for


@pytest.mark.parametrize(
    ("constant", "number"),
    [
        (ROOT, ROOT.number),
        (2.0, rational(2)),
        (-3j, rational(-3) * I),
        (0.5, rational(Fraction(1, 2))),
        (0.1, rational(Fraction(1, 10))),
        (0.1 - 0.25j, rational(Fraction(1, 10)) - I * Fraction(1, 4)),
        (1e300, rational(int(1e300))),  # a whole double, down to its last bit
        (1e-300, rational(Fraction(1, 10**300))),
        (-0.0, ZERO),
        (7, rational(7)),
    ],
    ids=repr,
)
def test_constants_stand_for_numbers(constant: complex, number: Cyclotomic) -> None:
    assert number_in(constant) == number
    assert is_exact(constant) == (constant not in (0.5, 0.1, 0.1 - 0.25j, 1e-300))


# Expressions


@given(numbers())
def test_expressions_stand_for_the_number(a: Cyclotomic) -> None:
    expression = expression_of(a)
    assert number_of(expression) == a
    assert nearest(expression) == pytest.approx(complex(a), abs=1e-300, rel=1e-15)


P = sympy.pi


@pytest.mark.parametrize(
    ("expression", "number"),
    [
        (sympy.sqrt(2) / 2, cosine(Fraction(1, 8))),
        (sympy.cos(P / 8, evaluate=False), cosine(Fraction(1, 16))),
        (sympy.sin(3 * P / 7, evaluate=False), sine(Fraction(3, 14))),
        (sympy.tan(P / 5, evaluate=False), sine(Fraction(1, 10)) / cosine(Fraction(1, 10))),
        (sympy.cos(sympy.atan(sympy.Rational(1, 2))), 2 / square_root(Fraction(5))),
        (
            sympy.I * sympy.sqrt(3) - sympy.Rational(1, 3),
            square_root(Fraction(-3)) - Fraction(1, 3),
        ),
    ],
    ids=str,
)
def test_numbers_of_expressions(expression: sympy.Expr, number: Cyclotomic) -> None:
    assert number_of(expression) == number


def test_functions_of_angles_outside_the_fields() -> None:
    for function in (sympy.cos, sympy.sin, sympy.tan):
        for angle in (sympy.Rational(3, 7), P / 99999, 1 + P / 3):
            found = function_of(function, angle)
            assert not isinstance(found, Cyclotomic)
            wanted = getattr(math, function.__name__)(float(angle))
            assert nearest(found) == pytest.approx(wanted, rel=1e-14)
    parameter = sympy.Symbol("p")
    doubled = number_of(2 * parameter + 1, square_root(Fraction(2)))
    assert doubled == 2 * square_root(Fraction(2)) + 1


@pytest.mark.parametrize("exact", [HALF, ROOT, UNIT, ATAN, LONG, ATAN * 1j])
def test_balls_hold_more_than_fifty_digits(exact: Exact) -> None:
    with flint.ctx.workprec(BITS):
        found = ball(exact.number)
        real, imaginary = expression_of(exact.number).evalf(70).as_real_imag()
        wanted = flint.acb(flint.arb(str(real)), flint.arb(str(imaginary)))
        assert float((found - wanted).abs_upper()) <= 1e-58
