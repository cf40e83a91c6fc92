"""Tests of the exact expressions found for floating-point constants."""

from __future__ import annotations

import cmath
import math
import random
from collections.abc import Callable
from fractions import Fraction

import pytest
import sympy
from hypothesis import given
from hypothesis import strategies as st

from dsl.constants import exact_value, recognise, recognise_complex


def c(p: int, q: int) -> float:
    return math.cos(math.pi * p / q)


def s(p: int, q: int) -> float:
    return math.sin(math.pi * p / q)


READABLE = [
    (2.0, 8, "2"),
    (-1.0, 8, "-1"),
    (0.5, 8, "1/2"),
    (-7 / 6, 7, "-7/6"),
    (1 / 4096, 64, "1/4096"),
    (0.7071067811865476, 16, "sqrt(2)/2"),
    (-math.sqrt(3) / 2, 12, "-sqrt(3)/2"),
    (1 / math.sqrt(7), 7, "sqrt(7)/7"),
    (math.sqrt(2 / 31), 31, "sqrt(62)/31"),
    (c(1, 8), 16, "cos(pi/8)"),
    (c(3, 8), 16, "cos(3*pi/8)"),
    (c(5, 8), 16, "-cos(3*pi/8)"),
    (c(1, 5), 5, "cos(pi/5)"),
    (c(1, 12), 12, "cos(pi/12)"),
    (c(1, 256), 64, "cos(pi/256)"),
    (2 * s(1, 8), 16, "2*cos(3*pi/8)"),
    (c(1, 16) * 3, 1, "3*cos(pi/16)"),
    (math.tan(3 * math.pi / 16), 16, "tan(3*pi/16)"),
    (0.5 / c(3, 64), 64, "1/(2*cos(3*pi/64))"),
    (math.sqrt(2 / 31) * c(3, 62), 31, "sqrt(62)*cos(3*pi/62)/31"),
    (c(1, 8) / c(3, 8), 16, "tan(3*pi/8)"),
    (c(5, 64) / c(9, 64), 32, "cos(5*pi/64)/cos(9*pi/64)"),
    (c(5, 64) * c(9, 64), 32, "cos(5*pi/64)*cos(9*pi/64)"),
]

TRANSFORM_CONSTANTS = [
    ((c(2, 7) + c(4, 7) + c(6, 7)) / 3 - 1, 7, "-7/6"),
    ((2 * c(2, 7) - c(4, 7) - c(6, 7)) / 3, 7, "1/6 + cos(2*pi/7)"),
    ((s(2, 7) + s(4, 7) - s(6, 7)) / 3, 7, "sqrt(7)/6"),
    ((2 * s(2, 7) - s(4, 7) + s(6, 7)) / 3, 7, None),
    ((c(2, 5) - c(4, 5)) / 2, 5, "sqrt(5)/4"),
    (s(2, 5) + s(4, 5), 5, "tan(2*pi/5)/2"),
    ((2 * c(2, 9) - c(4, 9) - c(8, 9)) / 3, 9, "cos(2*pi/9)"),
    (c(1, 16) + c(1, 8) + c(3, 16), 16, "cos(3*pi/16) + cos(pi/8) + cos(pi/16)"),
    (c(2, 13) + c(6, 13) - c(4, 13) - 1, 13, None),
    ((1 + math.sqrt(2)) * c(1, 16) / c(3, 32), 32, None),
]

CASES = READABLE + TRANSFORM_CONSTANTS


@pytest.mark.parametrize(("value", "order", "text"), CASES)
def test_recognises_transform_constants(value: float, order: int, text: str | None) -> None:
    exact = recognise(value, order)
    assert exact is not None
    assert text is None or str(exact) == text
    assert abs(exact_value(exact) - value) <= 1e-13 * abs(value)


@pytest.mark.parametrize(("value", "order", "text"), CASES)
@pytest.mark.parametrize("error", [-3e-14, 3e-14])
def test_rounding_errors_do_not_matter(
    value: float, order: int, text: str | None, error: float
) -> None:
    assert str(recognise(value * (1 + error), order)) == str(recognise(value, order))


def test_exact_numbers_are_rationals() -> None:
    assert recognise(0.0, 4) is sympy.Integer(0)
    assert recognise(-1.0, 4) is sympy.Integer(-1)
    assert recognise(0.5, 1) is sympy.Rational(1, 2)


@pytest.mark.parametrize("value", [math.inf, -math.inf, math.nan, 1e300, 1e-17])
def test_numbers_without_a_size_to_judge_by_are_unknown(value: float) -> None:
    assert recognise(value, 8) is None


@pytest.mark.parametrize("order", [1, 7, 16, 60, 64])
def test_random_numbers_are_unknown(order: int) -> None:
    generator = random.Random(order)
    values = [generator.uniform(-2, 2) for _ in range(150)]
    values += [10 ** generator.uniform(-4, 4) for _ in range(150)]
    assert [value for value in values if recognise(value, order) is not None] == []


orders = st.sampled_from([1, 3, 5, 8, 12, 17, 32, 64])
factors = st.fractions(min_value=Fraction(1, 12), max_value=24, max_denominator=12).filter(
    lambda r: r.numerator <= 24
)


@st.composite
def angles(draw: st.DrawFn) -> tuple[int, Fraction]:
    """Draws an order and an angle in (0, 1/2), as a multiple of pi, that fits it."""
    order = draw(orders)
    return order, Fraction(draw(st.integers(1, max(1, 2 * order - 1))), 4 * order)


@given(angles(), factors, st.sampled_from([math.cos, math.sin, math.tan]), st.sampled_from([-1, 1]))
def test_multiples_of_angle_functions(
    angle: tuple[int, Fraction], factor: Fraction, function: Callable[[float], float], sign: int
) -> None:
    order, fraction = angle
    value = sign * float(factor) * function(math.pi * fraction)
    exact = recognise(value, order)
    assert exact is not None
    assert len(exact.atoms(sympy.cos, sympy.tan)) <= 1
    assert abs(exact_value(exact) - value) <= 1e-12 * abs(value)


@given(orders, st.data())
def test_products_and_quotients_of_cosines(order: int, data: st.DataObject) -> None:
    steps = st.integers(1, max(1, 2 * order - 1))
    left, right = (c(data.draw(steps), 4 * order) for _ in range(2))
    for value in (left * right, left / right):
        exact = recognise(value, order)
        assert exact is not None
        assert abs(exact_value(exact) - value) <= 1e-12 * value


def test_complex_numbers_are_recognised_by_part() -> None:
    assert str(recognise_complex(cmath.exp(-1j * math.pi / 8), 16)) == "cos(pi/8) - I*cos(3*pi/8)"
    assert recognise_complex(1j, 4) == sympy.I
    assert recognise_complex(complex(0.6180312345678, 1), 4) is None


def test_rounding_noise_in_a_part_is_zero() -> None:
    assert str(recognise_complex(complex(c(1, 8), 1e-17), 16)) == "cos(pi/8)"


def test_exact_values_are_correctly_rounded() -> None:
    assert exact_value(sympy.sqrt(2) / 2) == 0.7071067811865476
    assert exact_value(sympy.Rational(1, 3) - sympy.I * sympy.sqrt(3)) == complex(1 / 3, -(3**0.5))
    tiny = sympy.sqrt(10**20 + 1) - 10**10
    assert exact_value(tiny).real == pytest.approx(5e-11, rel=1e-15)
