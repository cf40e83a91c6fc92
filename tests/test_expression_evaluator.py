"""The evaluators of the `expression` grammar: compiled and by definition."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import mpmath
import numpy as np
import numpy.typing as npt
import pytest
from numba import njit
from registering import registered

from dsl.emit_scalars import emit_scalar_functions
from dsl.genome import Genes, Genomes
from dsl.grammars.expression import genome as genes_of
from dsl.grammars.expression.genome import Tapes, back, gene, tapes
from dsl.scalars import SCALARS, sp
from dsl.scalars.base import Scalar
from fitness.evaluators import expression_kernel, expression_reference
from fitness.evaluators.expression_evaluator import BLOCK, ExpressionEvaluator
from fitness.evaluators.expression_reference import ExpressionReference
from fitness.generate import BEGIN, END, EXPRESSION_KERNEL, regenerate_expression
from fitness.torch_expression.evaluator import BatchedExpressionEvaluator

EVALUATORS = (ExpressionEvaluator, ExpressionReference, BatchedExpressionEvaluator)
each_evaluator = pytest.mark.parametrize("make", EVALUATORS)


def population(rows: list[list[Genes]], inputs: int) -> Tapes:
    """Resolves genomes that are given as lists of genes."""
    capacity = max(map(len, rows))
    packed = np.zeros((len(rows), capacity, len(genes_of.FIELDS)), np.int16)
    for position, row in enumerate(rows):
        packed[position, : len(row)] = row
    return tapes(Genomes(packed, np.array([len(row) for row in rows], np.int16)), inputs)


def value(name: str, *operands: int, **others: Any) -> Genes:
    """Makes a gene; of two operands the second may be left out for the constant c0."""
    a, b = (*operands, -1)[:2]
    return gene(SCALARS.index(name), a, b + 1, **others)


def random_tapes(
    seed: int, size: int = 200, capacity: int = 12, inputs: int = 3, tame: bool = False
) -> Tapes:
    """Makes genomes of all primitives, or of some that keep numbers small."""
    rng = np.random.default_rng(seed)
    chosen = ("add", "sin", "cos", "subtract", "max", "step") if tame else SCALARS.names()
    numbers = [*(SCALARS.index(name) for name in chosen), genes_of.reference(), genes_of.constant()]
    genes = np.zeros((size, capacity, len(genes_of.FIELDS)), np.int16)
    genes[..., genes_of.PRIMITIVE] = rng.choice(numbers, (size, capacity))
    for field, least in ((genes_of.FIRST, 0), (genes_of.SECOND, 1)):
        near = rng.integers(least, inputs + least, (size, capacity))
        far = genes_of.INPUTS + least + rng.integers(0, capacity, (size, capacity))
        genes[..., field] = np.where(rng.random((size, capacity)) < 0.5, near, far)
    genes[..., genes_of.SECOND] *= rng.random((size, capacity)) < 0.8
    genes[..., genes_of.USE] = rng.random((size, capacity)) < 0.3
    constants = rng.normal(size=(size, capacity, 2))
    constants[rng.random((size, capacity)) < 0.5] = 1.0, 0.0
    genes = genes_of.with_constants(genes, constants)
    return tapes(Genomes(genes, rng.integers(0, capacity + 1, size).astype(np.int16)), inputs)


def samples(rows: int, inputs: int = 3, seed: int = 0) -> tuple[Any, Any]:
    rng = np.random.default_rng(seed)
    return rng.normal(size=(rows, inputs)), rng.normal(2.0, 5.0, size=rows)


# Agreement with the definition


@pytest.mark.parametrize("rows", [1, 2, 7, 31, 32, 64, BLOCK, 3 * BLOCK + 17])
@pytest.mark.parametrize("tame", [False, True])
def test_both_evaluators_agree(rows: int, tame: bool) -> None:
    x, y = samples(rows)
    genomes = random_tapes(rows, tame=tame)
    fits = ExpressionEvaluator(x, y).evaluate(genomes)
    expected = ExpressionReference(x, y).evaluate(genomes)
    is_valid = np.isfinite(expected.errors)
    assert np.array_equal(np.isfinite(fits.errors), is_valid)
    assert is_valid.sum() > 10
    assert np.allclose(fits.errors[is_valid], expected.errors[is_valid], rtol=1e-6, atol=1e-8)
    assert not fits.weights[~is_valid].any()


def test_weights_give_the_error() -> None:
    x, y = samples(300)
    genomes = random_tapes(5, tame=True)
    evaluator = ExpressionEvaluator(x, y)
    fits = evaluator.evaluate(genomes)
    for position in range(len(fits.errors)):
        values = np.where(
            genomes.is_live[position][:, None], evaluator.values(genomes, position), 0
        )
        guess = fits.weights[position, 0] + fits.weights[position, 1:] @ values
        error = np.sqrt(np.mean((guess - y) ** 2)) / np.std(y)
        assert error == pytest.approx(fits.errors[position], rel=1e-6)
        assert not fits.weights[position, 1:][~genomes.is_term[position]].any()


def test_values_are_those_of_the_definition() -> None:
    x, y = samples(BLOCK + 5)
    genomes = random_tapes(1)
    compiled, reference = ExpressionEvaluator(x, y), ExpressionReference(x, y)
    for position in range(len(genomes.lengths)):
        values, expected = compiled.values(genomes, position), reference.values(genomes, position)
        assert values.shape == expected.shape
        is_valid = np.isfinite(expected)
        assert np.array_equal(np.isfinite(values), is_valid)
        # floor, step and mod make a jump of a last digit; such genomes are rare.
        near = np.isclose(values[is_valid], expected[is_valid], rtol=1e-7, atol=1e-9)
        assert near.mean() > 0.99 if near.size else True


def test_values_at_other_samples() -> None:
    genomes = population([[value("add", 0, 1), value("multiply", back(1), c0=2.0, use=True)]], 2)
    evaluator = ExpressionEvaluator(*samples(5, 2))
    values = evaluator.values(genomes, 0, [[1.0, 2.0], [3.0, 4.0]])
    assert values.tolist() == [[3.0, 7.0], [6.0, 14.0]]


def test_mean_squares_are_those_of_the_definition() -> None:
    x, y = samples(100)
    genomes = random_tapes(3, tame=True)
    found = ExpressionEvaluator(x, y).mean_squares(genomes)
    assert np.allclose(found, ExpressionReference(x, y).mean_squares(genomes), rtol=1e-9)


def test_limits_are_those_of_the_definition() -> None:
    for name in ("DEPENDENT", "FLAT"):
        assert getattr(expression_kernel, name) == getattr(expression_reference, name)


# What an error means


@each_evaluator
def test_an_exact_formula_is_found(make: type[ExpressionEvaluator]) -> None:
    x, _ = samples(1000)
    y = 3.0 + 2.0 * np.sin(x[:, 0]) - 5.0 * x[:, 1] * x[:, 2]
    row = [
        value("sin", 0, use=True),
        value("multiply", 1, 2, use=True),
        gene(genes_of.reference(), 0, use=True),
    ]
    fits = make(x, y).evaluate(population([row], 3))
    assert fits.errors[0] <= 1e-13
    assert np.allclose(fits.weights[0], [3.0, 2.0, -5.0, 0.0], rtol=0, atol=1e-12)


@each_evaluator
def test_what_terms_that_nearly_depend_on_each_other_make_is_found(
    make: type[ExpressionEvaluator],
) -> None:
    x, _ = samples(1000)
    x[:, 1] = x[:, 0] + 1e-4 * x[:, 1]
    row = [gene(genes_of.reference(), k, use=True) for k in range(3)]
    fits = make(x, x[:, 1] - x[:, 0] + 1e-5 * x[:, 2]).evaluate(population([row], 3))
    assert fits.errors[0] <= 1e-9
    assert np.allclose(fits.weights[0, 1:], [-1.0, 1.0, 1e-5], rtol=0, atol=1e-9)


@each_evaluator
def test_no_term_leaves_the_mean(make: type[ExpressionEvaluator]) -> None:
    x, y = samples(50)
    fits = make(x, y).evaluate(population([[gene(genes_of.reference(), 0)]], 3))
    assert fits.errors[0] == pytest.approx(1.0)
    assert fits.weights[0, 0] == pytest.approx(y.mean())


@each_evaluator
def test_dependent_and_constant_columns_have_no_weight(make: type[ExpressionEvaluator]) -> None:
    x, y = samples(50)
    same = gene(genes_of.reference(), 0, use=True)
    constant = value("multiply", 0, c0=0.0, use=True)
    fits = make(x, y).evaluate(population([[same, constant, same]], 3))
    assert fits.weights[0, 1] != 0
    assert fits.weights[0, 2:].tolist() == [0.0, 0.0]


@each_evaluator
@pytest.mark.parametrize("rows", [1, 40])
def test_a_constant_series_has_no_error(make: type[ExpressionEvaluator], rows: int) -> None:
    x, _ = samples(rows)
    genomes = random_tapes(8)
    fits = make(x, np.full(rows, 0.1)).evaluate(genomes)
    assert set(fits.errors) == {0.0, np.inf}
    is_valid = fits.errors == 0
    assert np.all(fits.weights[is_valid, 0] == 0.1)
    assert not fits.weights[:, 1:].any()


@each_evaluator
def test_digits_survive_a_large_mean(make: type[ExpressionEvaluator]) -> None:
    x, _ = samples(500)
    x[:, 0] += 1e7
    fits = make(x, 4.0 * x[:, 0] - 1.0).evaluate(
        population([[gene(genes_of.reference(), 0, use=True)]], 3)
    )
    assert fits.errors[0] <= 1e-13 * 1e7
    assert fits.weights[0, 1] == pytest.approx(4.0, rel=1e-8)


# Invalid numbers

ZERO, INVERSE = value("multiply", 0, c0=0.0), value("divide", 0, back(1))
INVALID = {
    "1/(1/0)": [ZERO, INVERSE, value("divide", 0, back(1), use=True)],
    "0/(1/0)": [ZERO, INVERSE, value("divide", back(2), back(1), use=True)],
    "exp(-1/0)": [ZERO, value("abs", 0), value("divide", back(1), back(2)),
                  value("exp", back(1), c0=-1.0, use=True)],
    "step(log(-1))": [value("multiply", 0, 0), value("log", back(1), c0=-1.0),
                      value("step", back(1), use=True)],
    "step(1/0)": [ZERO, INVERSE, value("step", back(1), use=True)],
    "min(0/0, 1)": [ZERO, value("divide", back(1), back(1)),
                    value("min", back(1), c0=1.0, use=True)],
    "max(1, 0/0)": [ZERO, value("divide", back(1), back(1)), value("max", 0, back(1), use=True)],
    "min(1/0, 1)": [ZERO, value("abs", 0), value("divide", back(1), back(2)),
                    value("min", back(1), c0=1.0, use=True)],
    "mod(1, 0)": [value("mod", 0, c0=0.0, use=True)],
    "a constant": [gene(genes_of.constant(), 0, c0=math.nan, use=True)],
    "x/inf": [value("divide", 0, c0=math.inf, use=True)],
    "min(x, inf)": [value("min", 0, c0=math.inf, use=True)],
    "min(x, nan)": [value("min", 0, c0=math.nan, use=True)],
    "exp(-inf)": [value("exp", 0, c1=-math.inf, use=True)],
    "sin(inf)": [value("sin", 0, c1=math.inf, use=True)],
    "cos(nan)": [value("cos", 0, c1=math.nan, use=True)],
    "log(0)": [value("log", 0, c0=0.0, use=True)],
    "sqrt(-1)": [value("sqrt", 0, c0=0.0, c1=-1.0, use=True)],
    "exp(1000)": [value("exp", 0, c0=0.0, c1=1000.0, use=True)],
    "1e200": [value("multiply", 0, c0=1e200, use=True)],
}  # fmt: skip


@each_evaluator
@pytest.mark.parametrize("name", INVALID)
@pytest.mark.parametrize("rows", [3, 2 * BLOCK])
def test_what_is_invalid_stays_invalid(
    make: type[ExpressionEvaluator], name: str, rows: int
) -> None:
    x, y = samples(rows)
    genomes = population([INVALID[name]], 3)
    evaluator = make(x, y)
    assert evaluator.evaluate(genomes).errors.tolist() == [math.inf]
    assert not evaluator.evaluate(genomes).weights.any()
    if name != "1e200":
        assert evaluator.mean_squares(genomes).tolist() == [math.inf]


@each_evaluator
def test_one_invalid_row_of_the_last_block_is_enough(make: type[ExpressionEvaluator]) -> None:
    x, y = samples(2 * BLOCK + 1)
    x[-1, 0] = 0.0
    genomes = population([[value("divide", 1, 0, use=True)]], 3)
    assert make(x, y).evaluate(genomes).errors.tolist() == [math.inf]
    assert np.isfinite(make(x[:-1], y[:-1]).evaluate(genomes).errors).all()


@each_evaluator
def test_what_no_term_needs_may_be_invalid(make: type[ExpressionEvaluator]) -> None:
    row = [*INVALID["1/(1/0)"][:2], gene(genes_of.reference(), 0, use=True)]
    assert np.isfinite(make(*samples(20)).evaluate(population([row], 3)).errors).all()


@each_evaluator
@pytest.mark.parametrize(
    ("x", "y"),
    [
        ([[1.0], [2.0]], [1.0]),
        ([1.0, 2.0], [1.0, 2.0]),
        ([[1.0], [math.nan]], [1.0, 2.0]),
        ([[1.0], [2.0]], [1.0, math.inf]),
        ([[1.0], [2.0]], [1.0, 1e200]),
        (np.zeros((0, 2)), []),
    ],
)
def test_samples_are_checked(make: type[ExpressionEvaluator], x: Any, y: Any) -> None:
    with pytest.raises(ValueError, match="expected"):
        make(x, y)


def test_tapes_for_other_inputs_are_refused() -> None:
    with pytest.raises(ValueError, match="expected tapes for 2 inputs, got 3"):
        ExpressionEvaluator(*samples(5, 2)).evaluate(random_tapes(0))


@pytest.mark.parametrize(("field", "slot"), [("left", 15), ("left", -1), ("right", -2)])
def test_operands_that_do_not_exist_are_refused(field: str, slot: int) -> None:
    genomes = random_tapes(0)
    getattr(genomes, field)[7, 11] = slot
    with pytest.raises(ValueError, match="expected operands"):
        ExpressionEvaluator(*samples(5)).evaluate(genomes)


# Threads


@pytest.mark.parametrize("threads", [2, 3, 8])
def test_threads_give_the_same_bits(threads: int) -> None:
    x, y = samples(BLOCK + 50)
    genomes = random_tapes(11, size=700)
    alone = ExpressionEvaluator(x, y).evaluate(genomes)
    shared = ExpressionEvaluator(x, y, threads).evaluate(genomes)
    assert np.array_equal(alone.errors, shared.errors)
    assert np.array_equal(alone.weights, shared.weights)


def test_an_empty_population() -> None:
    fits = ExpressionEvaluator(*samples(5), 2).evaluate(random_tapes(0, size=0))
    assert (fits.errors.shape, fits.weights.shape) == ((0,), (0, 13))


# Functions of the kernel


def spread_out(seed: int, least: float, most: float, count: int = 4000) -> npt.NDArray[Any]:
    """Numbers of both signs and of all sizes in between."""
    rng = np.random.default_rng(seed)
    sizes = np.exp(rng.uniform(np.log(least), np.log(most), count))
    return np.concatenate([sizes, -sizes, rng.uniform(-most, most, count)])


def results(name: str, x: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    genomes = population([[value(name, 0, use=True)]], 1)
    return ExpressionEvaluator(x[:, None], np.zeros(len(x))).values(genomes, 0)[0]


def deviations(
    name: str, exact: Callable[[Any], Any], x: npt.NDArray[Any]
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Returns what a primitive is off, absolutely and in relation to the exact value."""
    found = results(name, x)
    with mpmath.workprec(120):
        truth = [exact(mpmath.mpf(float(v))) for v in x]
        off = [abs(mpmath.mpf(float(f)) - t) for f, t in zip(found, truth, strict=True)]
        shares = [o / abs(t) if t else o for o, t in zip(off, truth, strict=True)]
        return np.array(off, np.float64), np.array(shares, np.float64)


@pytest.mark.parametrize(("name", "exact"), [("sin", mpmath.sin), ("cos", mpmath.cos)])
@pytest.mark.parametrize("most", [4.0, 1e5, 1e18])
def test_sine_and_cosine_are_accurate(name: str, exact: Any, most: float) -> None:
    near = np.arange(-200, 201) * (np.pi / 4)
    x = np.concatenate([spread_out(0, 1e-9, most), near, np.nextafter(near, 1e3)])
    off, _ = deviations(name, exact, x)
    assert off.max() <= 2e-16
    assert np.abs(results(name, x)).max() <= 1.0


def test_the_exponential_function_is_accurate() -> None:
    _, shares = deviations("exp", mpmath.exp, spread_out(1, 1e-9, 700.0))
    assert shares.max() <= 4e-16


def test_the_exponential_function_at_its_ends() -> None:
    x = np.array([-1e300, -800.0, -746.0, -745.0, -740.5, -709.0, 0.0, 709.7, 709.8, 800.0])
    found = results("exp", x)
    with np.errstate(all="ignore"):
        assert np.allclose(found, np.exp(x), rtol=1e-15, atol=1e-323)


def test_the_logarithm_is_accurate() -> None:
    rng = np.random.default_rng(2)
    x = np.concatenate([np.exp(rng.uniform(-744, 709, 4000)), rng.uniform(0.5, 2.0, 4000)])
    _, shares = deviations("log", mpmath.log, x)
    assert shares.max() <= 4e-16


@pytest.mark.parametrize("primitive", SCALARS, ids=lambda member: member.name)
def test_every_primitive_takes_all_kinds_of_operands(primitive: Scalar) -> None:
    """A value or a constant, a plain operand or a scaled one: as NumPy has it."""
    x = np.random.default_rng(4).uniform(0.5, 3.0, size=(BLOCK + 3, 2))
    if primitive.arity == 1:
        rows = [[value(primitive.name, 1, c0=c0, c1=c1, use=True)] for c0, c1 in ((1, 0), (2, 0.3))]
    else:
        rows = [[value(primitive.name, 0, b, c0=0.7, use=True)] for b in (1, 0, -1)]
    genomes = population(rows, 2)
    compiled, reference = ExpressionEvaluator(x, x[:, 0]), ExpressionReference(x, x[:, 0])
    for position in range(len(rows)):
        expected = reference.values(genomes, position)
        assert np.isfinite(expected).all()
        assert np.allclose(compiled.values(genomes, position), expected, rtol=2e-15, atol=2e-15)


# Generated text


def test_generated_region_is_up_to_date() -> None:
    source = EXPRESSION_KERNEL.read_text(encoding="utf-8")
    assert regenerate_expression(source) == source, "run: python -m fitness.generate"


def test_regeneration_replaces_the_region_alone() -> None:
    source = EXPRESSION_KERNEL.read_text(encoding="utf-8")
    head, rest = source.split(BEGIN)
    tail = rest.split(END)[1]
    assert regenerate_expression(f"{head}{BEGIN}stale{END}{tail}") == source


def test_other_primitives_than_were_compiled_have_a_kernel_of_their_own() -> None:
    own = Scalar("own", lambda x: 2 * x, 1, "twice a number")
    with registered(SCALARS, own):
        evaluator = ExpressionEvaluator(*samples(5))
    assert evaluator._kernel.py_func.__globals__["SCALARS"] == (*SCALARS.names(), "own")


def test_a_new_primitive_works_once_it_is_emitted(monkeypatch: pytest.MonkeyPatch) -> None:
    """One of two operands, with a sine of something else than an operand."""
    member = Scalar("swing", lambda x, y: sp.sin(x * y + 1) + sp.Abs(y), 2, "A test.")
    monkeypatch.setitem(SCALARS._members, "swing", member)
    space = dict(vars(expression_kernel)) | {"compiled": njit(error_model="numpy")}
    exec(emit_scalar_functions([member]), space)
    x, _ = samples(40, 2)
    x[5] = 1e4, 1e3  # too far for the polynomial
    out = np.zeros(40)
    first, second = (np.ascontiguousarray(column) for column in x.T)
    space["apply"](0, 40, out, first, second, True, 0.3, 0.0)
    assert np.allclose(out, np.sin(first * second + 1) + np.abs(second), rtol=1e-12)
    space["apply"](0, 40, out, first, second, False, 0.3, 0.0)
    assert np.allclose(out, np.sin(first * 0.3 + 1) + 0.3, rtol=1e-12)
    space["apply"](1, 40, out, first, second, False, 0.3, 0.0)
    assert np.array_equal(out, first)
    space["apply"](2, 40, out, first, second, False, 0.3, 0.0)
    assert set(out) == {0.3}
