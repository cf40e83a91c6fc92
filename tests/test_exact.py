"""Constants as text: the same bits come back, and nothing else than constants is read."""

from __future__ import annotations

import cmath
import math
import signal
import struct
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st
from random_programs import COMPLEX_CONSTANTS, REAL_CONSTANTS, UNRECOGNISED

from dsl.exact import (
    LONGEST_TEXT,
    constant_text,
    parse_constant,
    recognise_constant,
    rounded,
    symbolic,
)


def bits(value: complex) -> bytes:
    z = complex(value)
    return struct.pack("<dd", z.real, z.imag)


@contextmanager
def at_most(seconds: int) -> Iterator[None]:
    """Fails where the block hangs; far above what it takes otherwise."""

    def stop(number: int, frame: Any) -> None:
        raise AssertionError(f"takes more than {seconds} s")

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


# Round trips

KNOWN = (
    *REAL_CONSTANTS,
    *COMPLEX_CONSTANTS,
    *UNRECOGNISED,
    *(math.pi / 8, -2 * math.pi / 3, math.sqrt(3), -7 / 6, math.cos(3 * math.pi / 16)),
    *(1 / 6 + math.cos(2 * math.pi / 7), cmath.exp(-1j * math.pi / 8), 5e-324, 1.7e308, 1e-300j),
)


@pytest.mark.parametrize("order", [1, 7, 16])
@pytest.mark.parametrize("constant", [complex(constant) + 0 for constant in KNOWN])
def test_texts_give_the_same_bits(constant: complex, order: int) -> None:
    text = constant_text(constant, order)
    assert bits(parse_constant(text)) == bits(constant)
    assert len(text) <= LONGEST_TEXT


finite = st.floats(allow_nan=False, allow_infinity=False).map(lambda x: x + 0.0)


@settings(max_examples=50)
@given(st.builds(complex, finite, finite), st.sampled_from([1, 8]))
def test_texts_of_random_numbers_give_the_same_bits(constant: complex, order: int) -> None:
    assert bits(parse_constant(constant_text(constant, order))) == bits(constant)


ZEROS = [-0.0, complex(-0.0, 1), complex(0.1234567, -0.0)]


@pytest.mark.parametrize("constant", ZEROS)
def test_negative_zeros_come_back(constant: complex) -> None:
    assert bits(parse_constant(constant_text(constant, 8))) == bits(constant)


def test_texts_are_exact_where_numbers_are_recognised() -> None:
    assert constant_text(complex(math.sqrt(0.5)), 8) == "sqrt(2)/2"
    assert constant_text(complex(math.pi / 8), 8) == "pi/8"
    assert constant_text(1 - 0.5j, 8) == "1 - I/2"
    assert constant_text(0.1234567890123 + 0j, 8) == "0.1234567890123"
    # The last bit is off: the exact number would give another double.
    assert constant_text(math.sqrt(0.5) + 1e-15 + 0j, 8).startswith("0.7071")


PARSED = [
    ("1", 1),
    ("-1/2", -0.5),
    ("I", 1j),
    ("-3*I/2", -1.5j),
    ("cos(pi/8) - 3*I/2", math.cos(math.pi / 8) - 1.5j),
    ("sqrt(2)/2 + sqrt(2)*I/2", math.sqrt(0.5) * (1 + 1j)),
    (" 0.25 ", 0.25),
    ("1e-3", 0.001),
    ("(1+2j)", 1 + 2j),
    ("tan(3*pi/16)*(1 + I)", math.tan(3 * math.pi / 16) * (1 + 1j)),
    ("sin(pi/5)", math.sin(math.pi / 5)),
    ("--1", 1),
    ("((2))", 2),
]


@pytest.mark.parametrize(("text", "value"), PARSED)
def test_what_can_be_read(text: str, value: complex) -> None:
    assert abs(parse_constant(text) - value) <= 2e-16 * abs(value)


@pytest.mark.parametrize(
    "value", [*REAL_CONSTANTS, *COMPLEX_CONSTANTS, math.pi / 8, 0.1234567890123]
)
def test_rounding_clears_noise_and_nothing_else(value: complex) -> None:
    noisy = complex(value) * (1 + 2e-14)
    expected = noisy if value == 0.1234567890123 else value
    assert abs(rounded(noisy, 8) - expected) <= 1.2e-16 * abs(expected)
    assert bits(rounded(rounded(noisy, 8), 8)) == bits(rounded(noisy, 8))


def test_symbols_of_unrecognised_numbers_are_decimals() -> None:
    assert symbolic(0.1234567890123, 8).is_Float
    assert symbolic(0.5 + 0j, 8) == sympy.Rational(1, 2)
    mixed = symbolic(0.1234567890123 - 0.5j, 8)
    assert complex(mixed) == 0.1234567890123 - 0.5j
    assert recognise_constant(0.1234567890123, 8) is None
    assert recognise_constant(math.pi / 8, 8) == sympy.pi / 8


# Hostile texts

REFUSED = [
    *("", " ", "x", "nan", "-nan", "inf", "-Infinity", "1e999", "nanj", "None", "True", "'1'"),
    *("1/0", "0/0", "cos(1/0)", "sqrt(1/0)", "tan(pi/2)", "I/0", "1/(sqrt(2) - sqrt(2))"),
    *("2**3", "9**9**9", "2 ** -1", "1 % 2", "1 // 2", "1 @ 2", "~1", "not 1", "1 < 2", "1 if 1"),
    *("__import__('os')", "open('x')", "eval('1')", "pi.evalf()", "sqrt.__class__", "cos"),
    *("lambda: 1", "[1]", "{1}", "(1, 2)", "x := 1", "1; 2", "f'{1}'", "...", "await 1", "*1"),
    *("cos()", "cos(1, 2)", "cos(x=1)", "cos(*[1])", "pi(1)", "(1)(2)", "1 2", "0.5 + I", "2.0*I"),
    *("\0", "1\x002", "1\n+1\n;2", "é", "\u200d"),
    *("(" * 290, "(" * 10000, "-" * 10000 + "1", "9" * 1000, "cos(" * 74, "1" + "+1" * 2000),
    *("pi*1000000000000000", "cos(I*999999999999999)", "cos(I*cos(I*999))"),
]


@pytest.mark.parametrize("text", REFUSED, ids=[str(k) for k in range(len(REFUSED))])
def test_anything_else_is_refused(text: str) -> None:
    with at_most(10), pytest.raises(ValueError, match="expected a") as caught:
        parse_constant(text)
    assert len(str(caught.value)) <= 120
    assert "\n" not in str(caught.value)


# Functions of functions of large imaginary numbers: their values have 10**8 digits.
GROWING = ["cos(cos(I*99999999))", "tan(cos(I*999999999))", "sin(I*sin(I*999999999))"]


@pytest.mark.parametrize("text", GROWING)
def test_huge_values_are_refused_at_once(text: str) -> None:
    with at_most(10), pytest.raises(ValueError, match="expected"):
        parse_constant(text)


@pytest.mark.parametrize("text", ["1or 2", "'\\d'", "1 is 2"])
def test_refusals_are_quiet(text: str) -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        with pytest.raises(ValueError, match="expected"):
            parse_constant(text)
    assert [str(warning.message) for warning in caught] == []


def test_nothing_is_executed(tmp_path: Path) -> None:
    trap = tmp_path / "trap"
    payload = f"open({str(trap)!r}, 'w')"
    for text in (payload, f"cos({payload})", f"(lambda: {payload})()", f"1 + {payload}"):
        assert len(text) <= LONGEST_TEXT
        with pytest.raises(ValueError, match="expected a constant"):
            parse_constant(text)
    assert not trap.exists()
    eval(payload).close()  # the trap itself works
    assert trap.exists()


@settings(max_examples=200)
@given(st.text(alphabet="0123456789.+-*/() ,piIcosntaqrejxE_'\"\\\n", max_size=30))
def test_random_texts_raise_nothing_but_value_errors(text: str) -> None:
    assert_constant_or_refused(text)


leaves = st.sampled_from(["0", "1", "2", "7", "12", "pi", "I", "0.5", "x", ""])
expressions = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.builds("{}{}{}".format, inner, st.sampled_from(["+", "-", "*", "/", "**", ","]), inner),
        st.builds("{}({})".format, st.sampled_from(["cos", "sin", "tan", "sqrt", "", "-"]), inner),
    ),
    max_leaves=8,
)


@settings(max_examples=200)
@given(expressions)
def test_random_expressions_raise_nothing_but_value_errors(text: str) -> None:
    assert_constant_or_refused(text)


def assert_constant_or_refused(text: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            value = parse_constant(text)
        except ValueError as error:
            assert "expected" in str(error)  # either is fine, nothing else is
        else:
            assert cmath.isfinite(value)
