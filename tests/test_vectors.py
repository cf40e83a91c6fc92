"""Vector primitives: what is declared once agrees in every field, in NumPy and in words."""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import mpmath
import numpy as np
import pytest

from dsl.cyclotomic import Cyclotomic, rational, root
from dsl.grammars.recursive.algorithm import Algorithm
from dsl.grammars.recursive.rule import Rule, Step
from dsl.grammars.recursive.vocabulary import Operation
from dsl.vectors import VECTORS, Parameters, VectorPrimitive
from dsl.vectors.angles import ANGLE, angles
from dsl.vectors.base import NOWHERE, Places
from dsl.vectors.fields import DOUBLES, EXACTS, PRIME, RESIDUES
from evosynth.engine.recursive.finding import Subject
from fitness.evaluators.recursive_kernel import run, scratch
from fitness.evaluators.recursive_tables import level_ratios, tables

FIELDS = (DOUBLES, EXACTS, RESIDUES)
ANGLES = [(-1, 0, 0), (1, 0, 0), (0, 0, "1/3"), ("1/2", "1/4", 0), (-3, "-1/8", "5/6"), (2, 1, 0)]
# A cosine of 0 has no reciprocal.
SECANTS = [("1/4", "1/8", 0), ("1/2", "1/4", 0), (0, 0, "1/6")]
CHOICES: dict[tuple[str, ...], list[tuple[Any, ...]]] = {
    (): [()],
    ("radix",): [(2,), (3,), (7,)],
    ("radix", "offset"): [(2, 0), (2, 1), (3, 2), (4, 3)],
    ("number",): [("-1/2",), ("3/4",), (3,)],
    ANGLE: ANGLES,
}


def choices(primitive: VectorPrimitive) -> list[Parameters]:
    given = SECANTS if primitive.name == "half_secant" else CHOICES[primitive.parameters]
    return [tuple(Fraction(p) for p in each) for each in given]


CASES = [(primitive, parameters) for primitive in VECTORS for parameters in choices(primitive)]
each_primitive = pytest.mark.parametrize("primitive", VECTORS, ids=lambda p: p.name)
each_case = pytest.mark.parametrize(
    ("primitive", "parameters"),
    CASES,
    ids=[f"{p.name}({', '.join(map(str, parameters))})" for p, parameters in CASES],
)


def lengths(primitive: VectorPrimitive, parameters: Parameters) -> list[int]:
    """Returns lengths of operands, among them the shortest."""
    step = primitive.stretch(parameters).denominator
    return [step, 2 * step, 12 if 12 % step == 0 else 4 * step]


def whole_numbers(primitive: VectorPrimitive, parameters: Parameters, length: int) -> list[Any]:
    rng = np.random.default_rng(length)
    return [rng.integers(-9, 10, (2, length)) for _ in range(primitive.arity(parameters))]


def objects(numbers: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    found = np.empty(numbers.shape, object)
    found[...] = [[rational(int(x)) for x in row] for row in numbers]
    return found


@each_case
def test_places_are_elements_of_operands(
    primitive: VectorPrimitive, parameters: Parameters
) -> None:
    for length in lengths(primitive, parameters):
        places = primitive.places(length, parameters)
        result = length * primitive.stretch(parameters)
        assert places.shape == (primitive.arity(parameters), result)
        assert np.issubdtype(places.dtype, np.integer)
        assert np.all((places == NOWHERE) | (places >= 0))
        assert np.all(places < length)
    assert not primitive.units or len(primitive.units) == primitive.arity(parameters)


@each_case
def test_factors_are_as_many_as_elements(
    primitive: VectorPrimitive, parameters: Parameters
) -> None:
    for length, field in itertools.product(lengths(primitive, parameters), FIELDS):
        if primitive.factor is not None:
            out = int(length * primitive.stretch(parameters))
            assert primitive.factor(field, 12, out, parameters).shape == (out,)


@each_case
def test_fields_agree(primitive: VectorPrimitive, parameters: Parameters) -> None:
    """Exact results, rounded, are those in doubles; their images are the residues."""
    n = 24
    for length in lengths(primitive, parameters):
        data = whole_numbers(primitive, parameters, length)
        doubles = primitive.apply(data, parameters, n, DOUBLES)
        exacts = primitive.apply([objects(x) for x in data], parameters, n, EXACTS)
        residues = primitive.apply([x % PRIME for x in data], parameters, n, RESIDUES)
        assert doubles.shape == exacts.shape == residues.shape
        rounded = [complex(x) for x in exacts.ravel()]
        np.testing.assert_allclose(doubles.ravel(), rounded, rtol=1e-14, atol=1e-13)
        images = [RESIDUES.image(x) for x in exacts.ravel()]
        assert residues.ravel().tolist() == images


@each_case
def test_numpy_text_is_the_step(primitive: VectorPrimitive, parameters: Parameters) -> None:
    n = 24
    for length in lengths(primitive, parameters):
        rng = np.random.default_rng(length)
        count = primitive.arity(parameters)
        data = list(rng.normal(size=(count, 3, length)) + 1j * rng.normal(size=(count, 3, length)))
        text = primitive.numpy
        out = int(length * primitive.stretch(parameters))
        if primitive.parameters == ANGLE:
            slope, offset, turn = parameters
            r = "np.arange(length)"
            angle = f"(2 * np.pi * ((({slope}) * {r} + ({offset})) / n + ({turn})))"
            text = text.replace("{angle}", angle)
        for name, value in zip(primitive.parameters, parameters, strict=True):
            text = text.replace(f"{{{name}}}", str(value))
        assert "{" not in text
        names = {"np": np, "a": data[0], "b": data[-1], "parts": data, "n": n, "length": length}
        found = eval(text, {}, names)
        assert found.shape == (3, out)
        wanted = primitive.apply(data, parameters, n, DOUBLES)
        np.testing.assert_allclose(found, wanted, rtol=1e-12, atol=1e-13)


@each_primitive
def test_words_name_only_what_there_is(primitive: VectorPrimitive) -> None:
    holes = set(re.findall(r"{(\w+)}", primitive.words))
    derived = {"angle", "power"} if primitive.parameters == ANGLE else set()
    operands = {0: {"parts"}, 1: {"a"}, 2: {"a", "b"}}[primitive.operands]
    assert operands <= holes <= operands | set(primitive.parameters) | derived
    assert primitive.words.format_map(dict.fromkeys(holes, "z")).count("z") >= len(holes)


@each_primitive
def test_real_data_stay_real(primitive: VectorPrimitive) -> None:
    if primitive.name in ("twiddle", "times_minus_i"):
        return
    for parameters in choices(primitive):
        (length, *_) = lengths(primitive, parameters)
        data = [np.ones(length)] * primitive.arity(parameters)
        assert primitive.apply(data, parameters, 12, DOUBLES).dtype == np.float64


@each_case
def test_check_refuses_other_operands_and_parameters(
    primitive: VectorPrimitive, parameters: Parameters
) -> None:
    arity = primitive.arity(parameters)
    primitive.check(arity, parameters)
    for wrong in (arity - 1, arity + 1):
        with pytest.raises(ValueError, match=f"expected {arity} operands, got {wrong}"):
            primitive.check(wrong, parameters)
    with pytest.raises(ValueError, match=f"got {len(parameters) + 1} parameters"):
        primitive.check(arity, (*parameters, Fraction(1)))
    if parameters:
        with pytest.raises(ValueError, match=f"got {len(parameters) - 1} parameters"):
            primitive.check(arity, parameters[1:])


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("take", (1, 0)),
        ("take", (2, 2)),
        ("take", (2, -1)),
        ("take", ("5/2", 0)),
        ("part", (8, 0)),
        ("part", (2, "1/2")),
        ("concatenate", (1,)),
        ("concatenate", (8,)),
        ("interleave", ("3/2",)),
        ("scale", (0,)),
        ("twiddle", (1 << 21, 0, 0)),
        ("cosine", (0, "1/8191", 0)),
    ],
)
def test_parameters_that_make_no_sense(name: str, parameters: tuple[Any, ...]) -> None:
    with pytest.raises(ValueError, match="make no sense"):
        VECTORS.get(name).check(1, tuple(Fraction(p) for p in parameters))


KNOWN: list[tuple[str, tuple[Any, ...], list[list[float]], list[complex]]] = [
    ("take", (2, 1), [[1, 2, 3, 4]], [2, 4]),
    ("part", (2, 1), [[1, 2, 3, 4]], [3, 4]),
    ("concatenate", (2,), [[1, 2], [3, 4]], [1, 2, 3, 4]),
    ("interleave", (2,), [[1, 2], [3, 4]], [1, 3, 2, 4]),
    ("reverse", (), [[1, 2, 3]], [3, 2, 1]),
    ("rotate", (), [[1, 2, 3]], [2, 3, 1]),
    ("mirror", (), [[1, 2, 3]], [1, 3, 2]),
    ("advance", (), [[1, 2, 3]], [2, 3, 0]),
    ("delay", (), [[1, 2, 3]], [0, 1, 2]),
    ("pad", (), [[1, 2]], [1, 2, 0, 0]),
    ("add", (), [[1, 2], [10, 20]], [11, 22]),
    ("subtract", (), [[1, 2], [10, 20]], [-9, -18]),
    ("negate", (), [[1, 2]], [-1, -2]),
    ("times_minus_i", (), [[1, 2]], [-1j, -2j]),
    ("scale", ("1/2",), [[1, 2]], [0.5, 1]),
    ("over_n", (), [[8, 16]], [1, 2]),
    ("twiddle", (-2, 0, 0), [[1, 1]], [1, -1j]),
    ("cosine", (0, 0, "1/3"), [[1]], [-0.5]),
    ("sine", (2, 0, 0), [[3, 3]], [0, 3]),
    ("twice_cosine", (0, 0, "1/6"), [[3]], [3]),
    ("half_secant", (0, 0, "1/3"), [[3]], [-3]),
]


def test_every_primitive_has_a_known_case() -> None:
    assert {name for name, *_ in KNOWN} == set(VECTORS.names())


@pytest.mark.parametrize(("name", "parameters", "data", "wanted"), KNOWN, ids=lambda x: str(x))
def test_known_cases(
    name: str, parameters: tuple[Any, ...], data: list[list[float]], wanted: list[complex]
) -> None:
    given = [np.array(x, float) for x in data]
    found = VECTORS.get(name).apply(given, tuple(map(Fraction, parameters)), 8, DOUBLES)
    np.testing.assert_allclose(found, wanted, atol=1e-15)


def test_residues_that_are_large_do_not_overflow() -> None:
    largest = np.full((1, 4), PRIME - 1)
    for primitive, parameters in CASES:
        operands = [largest[:, : lengths(primitive, parameters)[0]]]
        operands *= primitive.arity(parameters)
        found = primitive.apply(operands, parameters, 12, RESIDUES)
        assert found.min() >= 0
        assert found.max() < PRIME


# Angles


def test_angles_are_exact_fractions() -> None:
    numerators, denominator = angles(8, 4, (Fraction(1, 2), Fraction(1, 4), Fraction(1, 3)))
    found = [Fraction(x, denominator) for x in numerators.tolist()]
    assert found == [(Fraction(r, 2) + Fraction(1, 4)) / 8 + Fraction(1, 3) for r in range(4)]


def test_angles_of_two_diagonals_add() -> None:
    one, two = (Fraction(1), Fraction(1, 2), Fraction(0)), (Fraction(-3), Fraction(0), Fraction(1))
    twiddle = VECTORS.get("twiddle")
    data = np.ones(6)
    apart = twiddle.apply([twiddle.apply([data], one, 12, DOUBLES)], two, 12, DOUBLES)
    np.testing.assert_allclose(
        apart,
        twiddle.apply([data], tuple(a + b for a, b in zip(one, two, strict=True)), 12, DOUBLES),
    )


# Fields


@pytest.mark.parametrize("order", [1, 2, 3, 4, 8, 12, 19, 48, 1024])
def test_roots_of_unity_in_doubles(order: int) -> None:
    numerators = np.arange(-order, 2 * order)
    roots = DOUBLES.roots(numerators, order)
    np.testing.assert_allclose(roots, np.exp(2j * np.pi * numerators / order), rtol=0, atol=1e-14)
    assert np.array_equal(DOUBLES.roots(-numerators, order), roots.conj())  # to the bit
    assert np.array_equal(roots[:order], roots[order : 2 * order])
    np.testing.assert_allclose(np.abs(roots), 1, rtol=1e-15)
    if order % 4 == 0:
        assert DOUBLES.roots(np.arange(4) * order // 4, order).tolist() == [1, 1j, -1, -1j]


def test_roots_of_unity_in_doubles_are_right_to_the_last_bits() -> None:
    """Far around the circle, and where the angle itself would be rounded."""
    order = 1 << 20
    turns = np.array([1, order // 8, order // 4 - 1, order // 2 + 1, order - 1, 1_000_003, -77_777])
    found = DOUBLES.roots(turns, order)
    for turn, number in zip(turns.tolist(), found.tolist(), strict=True):
        wanted = complex(mpmath.expjpi(mpmath.mpf(2 * turn) / order))
        assert abs(wanted.real - number.real) <= 3e-16 * abs(wanted.real)
        assert abs(wanted.imag - number.imag) <= 3e-16 * abs(wanted.imag)


@pytest.mark.parametrize("order", [1, 2, 3, 4, 6, 8, 9, 24, 96])
def test_roots_of_unity_are_a_group(order: int) -> None:
    for field in (EXACTS, RESIDUES):
        roots = field.roots(np.arange(order), order)
        assert roots[0] == field.number(Fraction(1))
        assert len(set(roots.tolist())) == order
        shifted = field.product(roots, field.roots(np.full(order, 1), order))
        assert shifted.tolist() == np.roll(roots, -1).tolist()
        inverse = field.inverse(roots)
        assert inverse.tolist() == field.roots(-np.arange(order), order).tolist()


@pytest.mark.parametrize("field", FIELDS, ids=lambda field: type(field).__name__)
def test_quarter_turns_are_powers_of_i(field: Any) -> None:
    (i,) = field.roots(np.array([1]), 4)
    assert i == field.number(1j)
    data = field.roots(np.arange(6), 6)
    for unit in range(4):
        turned = field.turned(data, unit)
        wanted = field.product(data, field.roots(np.full(6, unit), 4))
        if field is DOUBLES:
            np.testing.assert_allclose(turned, wanted, atol=1e-15)
        else:
            assert turned.tolist() == wanted.tolist()


@pytest.mark.parametrize("number", [Fraction(3, 7), Fraction(-2), 0.375, -0.5j, 2 - 0.25j, 0])
def test_numbers_are_the_same_in_all_fields(number: complex | Fraction) -> None:
    exact = EXACTS.number(number)
    assert abs(complex(exact) - complex(number)) < 1e-16
    assert DOUBLES.number(number) == complex(number)
    assert RESIDUES.number(number) == RESIDUES.image(exact)


def test_image_is_a_homomorphism() -> None:
    rng = np.random.default_rng(0)

    def some() -> Cyclotomic:
        terms = zip(rng.integers(-9, 9, 3).tolist(), rng.integers(24, size=3).tolist(), strict=True)
        total = rational(Fraction(1, 3))
        for coefficient, turn in terms:
            total = total + rational(coefficient) * root(Fraction(turn, 24))
        return total

    for _ in range(30):
        one, two = some(), some()
        images = RESIDUES.image(one), RESIDUES.image(two)
        assert RESIDUES.image(one + two) == sum(images) % PRIME
        assert RESIDUES.image(one * two) == images[0] * images[1] % PRIME
        assert RESIDUES.image(one.inverse()) == pow(images[0], -1, PRIME)


def test_prime_is_prime_with_the_orders_that_are_claimed() -> None:
    assert all(PRIME % p for p in range(2, math.isqrt(PRIME) + 1))
    assert PRIME - 1 == 2**14 * 3**8 * 19
    assert PRIME < 1 << 31  # products of two residues fit in 64 bits
    for order in (2**14, 3**8, 19, 8 * 1024, 4 * 729):
        (step,) = RESIDUES.roots(np.array([1]), order).tolist()
        divisors = [p for p in (2, 3, 19) if order % p == 0]
        assert pow(step, order, PRIME) == 1
        assert all(pow(step, order // p, PRIME) != 1 for p in divisors)


def test_roots_that_do_not_exist_are_refused() -> None:
    with pytest.raises(ValueError, match="no roots of unity of order 5"):
        RESIDUES.roots(np.arange(5), 5)


def test_the_residue_without_reciprocal_has_none() -> None:
    assert RESIDUES.inverse(np.array([0, 1, 2])).tolist() == [0, 1, (PRIME + 1) // 2]


def test_tidied_drops_imaginary_parts_that_are_zero() -> None:
    assert DOUBLES.tidied(np.array([1 + 0j, 2])).dtype == np.float64
    assert DOUBLES.tidied(np.array([1 + 1j, 2])).dtype == np.complex128


# A primitive of a stranger


def _thrice_places(length: int, parameters: Parameters) -> Places:
    return np.stack([np.arange(length), np.arange(length)[::-1]])


@pytest.fixture
def lean() -> Iterator[VectorPrimitive]:
    """A plug-in: i times the difference of a vector and another, reversed, times r + 2."""
    primitive = VectorPrimitive(
        "lean",
        "i times a vector less another in reverse, element r times r + 2",
        "1j * (np.arange(length) + 2) * (a - b[..., ::-1])",
        "lean({a}, {b})",
        operands=2,
        places=_thrice_places,
        units=(1, 3),
        factor=lambda field, n, length, parameters: np.asarray(
            [field.number(Fraction(r + 2)) for r in range(length)]
        ),
    )
    VECTORS.register(primitive)
    yield primitive
    members = next(v for v in vars(VECTORS).values() if isinstance(v, dict))
    del members["lean"]
    assert "lean" not in VECTORS


def test_a_plug_in_is_executed_lowered_and_searched(lean: VectorPrimitive) -> None:
    steps = (Step("take", (0,), (2, 0)), Step("take", (0,), (2, 1)), Step("lean", (1, 2)))
    rule = Rule((*steps, Step("concatenate", (3, 1), (2,))), 4)
    rng = np.random.default_rng(0)
    n = 8
    x = rng.normal(size=n) + 1j * rng.normal(size=n)
    wanted = np.append(1j * np.arange(2, 6) * (x[::2] - x[1::2][::-1]), x[::2])

    algorithm = Algorithm("dft", {"dft": (rule,)})
    np.testing.assert_allclose(algorithm.execute(x), wanted)
    np.testing.assert_allclose(algorithm.program(n).matrix() @ x, wanted)
    assert algorithm.operations(n).operations == 4 * 2 + 4 * 2

    operations = [*Subject("dft", 2).operations, Operation("lean")]
    take, other = (
        operations.index(Operation("take", (Fraction(2), Fraction(q)))) for q in range(2)
    )
    genome = np.zeros((20, 4), np.int64)
    genome[:3, :3] = [[take, 0, 0], [other, 0, 0], [len(operations) - 1, 1, 2]]
    made = tables("dft", operations, n, level_ratios(2), rng)
    memory = scratch(20, 1, n)
    left = run(genome, 3, made, made.inputs, made.matrices, memory.values, memory.levels)
    assert left == 3
    data = [made.inputs[0][:, ::2], made.inputs[0][:, 1::2]]
    assert np.array_equal(memory.values[3, :, :4], lean.apply(data, (), n, RESIDUES))
