"""Numbers of cyclotomic fields: against complex numbers of 200 digits, and among themselves."""

from __future__ import annotations

import math
import pickle
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import flint
import mpmath
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dsl.cyclotomic import (
    LARGEST_ORDER,
    ONE,
    ZERO,
    Cyclotomic,
    I,
    TooLargeError,
    common_order,
    cosine,
    rational,
    root,
    sine,
    square_root,
)

CLOSE = mpmath.mpf(10) ** -150


def exact(fraction: Fraction) -> mpmath.mpf:
    return mpmath.mpf(fraction.numerator) / fraction.denominator


def value(number: Cyclotomic, power: int = 1) -> mpmath.mpc:
    """Evaluates a number to 200 digits, its root of unity replaced by a power of it."""
    total = mpmath.mpc(0)
    for coefficient, turn in number.terms():
        total += exact(coefficient) * mpmath.expjpi(2 * power * exact(turn))
    return total


@pytest.fixture(autouse=True)
def _digits() -> Any:
    with mpmath.workdps(200):
        yield


# Numbers: sums of roots of unity of orders whose common multiple is small

ORDERS = (1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 15, 20, 21, 24, 28, 42, 60)
fractions = st.fractions(min_value=-9, max_value=9, max_denominator=12)


@st.composite
def numbers(draw: st.DrawFn, orders: tuple[int, ...] = ORDERS, most: int = 4) -> Cyclotomic:
    order = draw(st.sampled_from(orders))
    total = ZERO
    for _ in range(draw(st.integers(0, most))):
        turn = Fraction(draw(st.integers(-order, order)), order)
        total = total + root(turn) * draw(fractions)
    return total


small = numbers((1, 3, 4, 5, 7, 8, 12, 15))


# Arithmetic


@given(numbers(), numbers(), numbers())
def test_ring_axioms(a: Cyclotomic, b: Cyclotomic, c: Cyclotomic) -> None:
    assert a + b == b + a
    assert a * b == b * a
    assert (a + b) + c == a + (b + c)
    assert (a * b) * c == a * (b * c)
    assert a * (b + c) == a * b + a * c
    assert a + ZERO == a * ONE == a
    assert a + -a == a - a == a * ZERO == ZERO
    assert not a - a
    assert (a - b) + b == a
    assert bool(a) == (a != ZERO)


@settings(max_examples=50)
@given(small, small)
def test_division(a: Cyclotomic, b: Cyclotomic) -> None:
    if not b:
        with pytest.raises(ZeroDivisionError):
            b.inverse()
        with pytest.raises(ZeroDivisionError):
            a / b
        return
    assert b * b.inverse() == b.inverse() * b == b / b == ONE
    assert a / b * b == a
    assert abs(value(b.inverse()) * value(b) - 1) <= CLOSE
    assert 3 / b == b.inverse() * 3


@given(numbers(), numbers())
def test_values_are_those_of_complex_numbers(a: Cyclotomic, b: Cyclotomic) -> None:
    assert abs(value(a + b) - value(a) - value(b)) <= CLOSE
    assert abs(value(a - b) - value(a) + value(b)) <= CLOSE
    assert abs(value(a * b) - value(a) * value(b)) <= CLOSE
    assert abs(value(-a) + value(a)) <= CLOSE
    assert abs(value(a.conjugate()) - mpmath.conj(value(a))) <= CLOSE
    real, imaginary = a.parts()
    assert abs(value(real) - value(a).real) <= CLOSE
    assert abs(value(imaginary) - value(a).imag) <= CLOSE
    assert real + imaginary * I == a
    assert real == real.conjugate()
    assert imaginary == imaginary.conjugate()
    assert (a == b) == (abs(value(a) - value(b)) <= CLOSE)


@given(numbers(), fractions, st.integers(-99, 99))
def test_whole_numbers_fractions_and_floats_mix(a: Cyclotomic, f: Fraction, k: int) -> None:
    for other, same in ((f, rational(f)), (k, rational(k)), (k / 8, rational(Fraction(k, 8)))):
        assert a + other == other + a == a + same
        assert a * other == other * a == a * same
        assert a - other == a - same
    if k:
        assert a / k == a * Fraction(1, k)


def test_floats_count_as_what_they_are() -> None:
    assert rational(0) + 0.1 == rational(Fraction(0.1)) != rational(Fraction(1, 10))


def test_subtraction_from_a_number() -> None:
    assert 1 - root(Fraction(1, 5)) == ONE - root(Fraction(1, 5))


@pytest.mark.parametrize("odd", [math.inf, -math.inf, math.nan, None, [], 1j])
def test_what_is_no_rational_number_is_refused(odd: Any) -> None:
    for operation in (ONE.__add__, ONE.__mul__, ONE.__truediv__):
        with pytest.raises((TypeError, ValueError, OverflowError)):
            operation(odd)


# Equality, hashes and the smallest field


def conductor(number: Cyclotomic) -> int:
    """Returns the order of the smallest field, from the conjugates of the number.

    A number lies in the field of a divisor d of the order n just if every automorphism
    zeta -> zeta^k with k = 1 modulo d leaves it alone.
    """
    n, own = number.order, value(number)
    moved = [k for k in range(n) if math.gcd(k, n) == 1 and abs(value(number, k) - own) > CLOSE]
    return min(d for d in range(1, n + 1) if n % d == 0 and all(k % d != 1 % d for k in moved))


@settings(max_examples=60)
@given(numbers(most=3), st.sampled_from([1, 2, 3, 5, 8, 9, 16]))
def test_reduced_is_the_smallest_field(a: Cyclotomic, factor: int) -> None:
    reduced = a.reduced()
    assert reduced == a
    assert reduced.order == conductor(a)
    assert reduced.order % 4 != 2
    lifted = a.lifted(math.lcm(a.order, factor if factor > 2 else 1))
    for same in (lifted, a + root(Fraction(1, 11)) - root(Fraction(1, 11)), lifted * ONE):
        again = same.reduced()
        assert (again.order, again.polynomial) == (reduced.order, reduced.polynomial)
        assert same == a
        assert hash(same) == hash(a) == hash(reduced)
        assert complex(same) == complex(a)


TWICE: list[tuple[Callable[[], Cyclotomic], Callable[[], Cyclotomic], int]] = [
    (lambda: root(Fraction(1, 2)), lambda: rational(-1), 1),
    (lambda: root(Fraction(1, 6)), lambda: -root(Fraction(2, 3)), 3),
    (lambda: root(Fraction(1, 3)) + root(Fraction(2, 3)), lambda: -ONE, 1),
    (lambda: cosine(Fraction(1, 6)), lambda: rational(Fraction(1, 2)), 1),
    (lambda: sine(Fraction(1, 12)), lambda: cosine(Fraction(1, 6)), 1),
    (lambda: square_root(Fraction(2)) * square_root(Fraction(3)), lambda: root6(), 24),
    (lambda: square_root(Fraction(6)) / square_root(Fraction(3)), lambda: root2(), 8),
    (lambda: 4 * cosine(Fraction(1, 5)) + 1, lambda: square_root(Fraction(5)), 5),
    (lambda: square_root(Fraction(-3)), lambda: 2 * root(Fraction(1, 3)) + 1, 3),
    (lambda: I * I, lambda: rational(-1), 1),
    (lambda: root(Fraction(1, 8)) * root(Fraction(1, 8)), lambda: I, 4),
    (lambda: root(Fraction(1, 35)) * root(Fraction(-6, 35)), lambda: root(Fraction(-1, 7)), 7),
]


def root2() -> Cyclotomic:
    return square_root(Fraction(2))


def root6() -> Cyclotomic:
    return square_root(Fraction(6))


@pytest.mark.parametrize(("one", "two", "order"), TWICE, ids=range(len(TWICE)))
def test_the_same_number_by_two_ways(
    one: Callable[[], Cyclotomic], two: Callable[[], Cyclotomic], order: int
) -> None:
    a, b = one(), two()
    assert a == b
    assert hash(a) == hash(b)
    assert len({a, b}) == 1
    assert a.reduced().order == b.reduced().order == order
    assert a.reduced().polynomial == b.reduced().polynomial


def test_numbers_that_differ_by_little_differ() -> None:
    near = root2() + Fraction(1, 10**60)
    assert near != root2()
    assert complex(near) == complex(root2())
    assert hash(near) == hash(root2())  # allowed, and why equality decides
    assert len({near, root2()}) == 2


def test_numbers_of_far_fields_are_unequal() -> None:
    assert root(Fraction(1, 1021)) != root2()


# Rounding


def assert_nearest(number: Cyclotomic) -> None:
    """Fails unless both parts are the doubles nearest to the parts."""
    wanted, found = value(number), complex(number)
    for part, double in ((wanted.real, found.real), (wanted.imag, found.imag)):
        if abs(part) <= CLOSE:
            assert double == 0
            continue
        error = abs(mpmath.mpf(double) - part)
        for neighbour in (math.nextafter(double, math.inf), math.nextafter(double, -math.inf)):
            assert error <= abs(mpmath.mpf(neighbour) - part)


@given(numbers())
def test_nearest_doubles(a: Cyclotomic) -> None:
    assert_nearest(a)


@given(st.integers(1, 2**60), st.integers(1, 40), st.sampled_from([-1, 1]))
def test_nearest_doubles_next_to_ties(mantissa: int, digits: int, sign: int) -> None:
    """A number halfway between two doubles, plus or minus a little that is irrational."""
    half = Fraction(2 * mantissa + 1, 2**60)
    little = (root2() - Fraction(math.isqrt(2 * 10**60), 10**30)) * Fraction(sign, 10**digits)
    assert_nearest(little + half)
    assert_nearest((little + half) * I)


@given(st.fractions())
def test_rational_numbers_round_as_fractions_do(fraction: Fraction) -> None:
    assert complex(rational(fraction)) == complex(float(fraction))
    assert complex(rational(fraction) * I) == complex(0, float(fraction))
    assert hash(rational(fraction)) == hash(complex(float(fraction)))


@pytest.mark.parametrize(
    "fraction",
    [
        *(2**53 + Fraction(1), 2**53 + Fraction(3), 1 + Fraction(1, 2**53)),
        *(1 + Fraction(3, 2**53), 1 + Fraction(1, 2**53) + Fraction(1, 2**200)),
        *(Fraction(1, 2**1074), Fraction(3, 2**1075), Fraction(1, 2**1075), Fraction(1, 10**400)),
    ],
)
def test_ties_and_subnormal_numbers(fraction: Fraction) -> None:
    assert complex(rational(fraction)) == complex(float(fraction))
    assert complex(rational(-fraction)) == -complex(float(fraction))


# Functions


@pytest.mark.parametrize("q", range(1, 41))
def test_cosines_sines_and_roots(q: int) -> None:
    for p in {0, 1, q // 2, q - 1, -1, q + 1, 3 * q + 1}:
        turn = Fraction(p, q)
        c, s = cosine(turn), sine(turn)
        assert abs(value(c) - mpmath.cospi(2 * exact(turn))) <= CLOSE
        assert abs(value(s) - mpmath.sinpi(2 * exact(turn))) <= CLOSE
        assert c + s * I == root(turn)
        assert c * c + s * s == ONE
        assert cosine(2 * turn) == 2 * c * c - ONE
        assert sine(2 * turn) == 2 * s * c
        assert root(turn).conjugate() * root(turn) == ONE
        assert complex(c).imag == complex(s).imag == 0
    assert math.prod([root(Fraction(1, q))] * (q - 1), start=root(Fraction(1, q))) == ONE


@pytest.mark.parametrize("denominator", [1, 2, 3, 12])
def test_square_roots(denominator: int) -> None:
    for numerator in range(-70, 71):
        radicand = Fraction(numerator, denominator)
        found = square_root(radicand)
        assert found * found == rational(radicand)
        wanted = mpmath.sqrt(exact(radicand))
        assert abs(value(found) - wanted) <= CLOSE, radicand
        assert complex(found).real >= 0
        assert complex(found).imag >= 0


def test_square_roots_of_squares_and_primes() -> None:
    assert square_root(Fraction(10**30)).reduced().order == 1
    assert square_root(Fraction(49, 10**40)) == rational(Fraction(7, 10**20))
    for prime in (101, 257, 1021):
        assert square_root(Fraction(prime)) * square_root(Fraction(prime)) == rational(prime)
        assert abs(complex(square_root(Fraction(prime))) - math.sqrt(prime)) <= 1e-14


def test_terms_and_ball_enclose() -> None:
    number = root(Fraction(3, 20)) * Fraction(7, 3) - cosine(Fraction(1, 7))
    with flint.ctx.workprec(300):
        difference = number.ball() - complex(number)
        assert float(difference.abs_upper()) <= 1e-15
        assert (number - number).ball() == 0


# Pickles, limits


@given(numbers())
def test_pickles(a: Cyclotomic) -> None:
    again = pickle.loads(pickle.dumps(a))
    assert (again.order, again.polynomial) == (a.order, a.polynomial)
    assert hash(again) == hash(a)


LIMITED: list[Callable[[], object]] = [
    lambda: root(Fraction(1, LARGEST_ORDER + 1)),
    lambda: root(Fraction(1, 64)) * root(Fraction(1, 81)),
    lambda: root(Fraction(1, 1021)) + root(Fraction(1, 1019)),
    lambda: common_order(4095, 4096),
    lambda: square_root(Fraction(4099)),
    lambda: square_root(Fraction(10**18 + 9)),
    lambda: cosine(Fraction(1, 10**30)),
    lambda: (root(Fraction(1, 512)) * 10**30 + 1).inverse(),
    lambda: ONE / (root(Fraction(1, LARGEST_ORDER)) * 1000 + 1),
]


@pytest.mark.parametrize("call", LIMITED, ids=range(len(LIMITED)))
def test_large_fields_are_refused(call: Callable[[], object]) -> None:
    with pytest.raises(TooLargeError, match=r"order \d+"):
        call()


def test_the_largest_field_works() -> None:
    zeta = root(Fraction(1, LARGEST_ORDER))
    assert zeta * zeta.conjugate() == ONE
    assert (zeta * zeta).reduced().order == LARGEST_ORDER // 2
    assert_nearest(zeta)


def test_lifting_to_no_multiple_is_refused() -> None:
    with pytest.raises((ValueError, ArithmeticError)):
        root(Fraction(1, 12)).lifted(8)
