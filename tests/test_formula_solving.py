"""The numbers of formulas: weights, constants, frequencies, periods, and which to believe."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from dsl.genome import Genes
from dsl.grammars.expression.build import Formula
from dsl.grammars.expression.genome import FIELDS, constants, gene, reference
from dsl.grammars.expression.values import steps_of, values
from dsl.scalars import SCALARS
from evosynth.engine.expression.folds import cell_width, whole_period
from evosynth.engine.expression.recall import MOST_REMEMBERED, Recall
from evosynth.engine.expression.recognition import EXACT_FIT, TOLERATED, recognise
from evosynth.engine.expression.selection import Candidate, chosen
from evosynth.engine.expression.simple_numbers import (
    recognised,
    roundest_between,
    simplest_between,
)
from evosynth.engine.expression.solving import LEAST_SPANS, Fit, fit, polish, spread
from evosynth.engine.expression.space import FormulaSpace
from evosynth.engine.expression.spectrum import positive_waves, spectrum, wide_spectrum

Array = npt.NDArray[np.float64]
seeds = st.integers(0, 2**32 - 1)
YEAR, DAY = 31_556_952, 86_400


def f(name: str, *operands: int, **others: Any) -> Genes:
    """Makes a gene; of two operands the second may be left out for the constant c0."""
    a, b = (*operands, -1)[:2]
    return gene(SCALARS.index(name), a, b + 1, **others)


def genome_of(*rows: Genes) -> Genes:
    return np.stack(rows)


def places(rows: int = 400, seed: int = 0, low: float = -5.0, high: float = 5.0) -> Array:
    """Returns one input: (1, rows)."""
    return np.random.default_rng(seed).uniform(low, high, (1, rows))


def solved(found: Fit | None) -> Fit:
    assert found is not None
    return found


# Weights


@given(seeds, st.integers(1, 8))
def test_weights_are_those_of_least_squares(seed: int, length: int) -> None:
    rng = np.random.default_rng(seed)
    genes = FormulaSpace(2).draw(length, rng)
    x, y = rng.normal(1, 1.5, (2, 60)), rng.normal(3, 2, 60)
    found = fit(genes, x, y)
    steps = steps_of(genes, 2)
    known = values(steps, x)
    terms = [s.position for s in steps if s.is_term]
    design = np.column_stack([np.ones(60), *(known[2 + k] for k in terms)])
    if not np.isfinite(design).all():
        assert found is None
        return
    assume(np.abs(design).max() < 1e6)
    if found is None:  # a wave that does not turn, or an exponential as good as a line
        assert any(step.name in LEAST_SPANS for step in steps)
        return
    assert set(found.weights) == set(terms)
    weights = np.array([found.intercept, *(found.weights[k] for k in terms)])
    assert np.allclose(found.residual, y - design @ weights)
    assert found.error == pytest.approx(np.sqrt(np.mean(found.residual**2)) / y.std())
    sizes = np.linalg.norm(design, axis=0)
    best = np.linalg.lstsq(design / np.where(sizes > 0, sizes, 1), y, rcond=1e-12)[0]
    rest = y - design / np.where(sizes > 0, sizes, 1) @ best
    assert found.error <= np.sqrt(np.mean(rest**2)) / y.std() * (1 + 1e-6)


def test_exact_weights_are_found_to_rounding() -> None:
    x = places()
    genes = genome_of(f("sin", 0, c0=3.0, use=True), f("exp", 0, use=True))
    found = solved(fit(genes, x, 2.0 - 5.0 * np.sin(3 * x[0]) + 0.25 * np.exp(x[0])))
    assert found.error < 1e-14
    assert found.intercept == pytest.approx(2.0, rel=1e-13)
    assert found.weights == pytest.approx({0: -5.0, 1: 0.25}, rel=1e-13)


def test_nothing_leaves_the_mean() -> None:
    x = places()
    found = solved(fit(np.zeros((0, len(FIELDS)), np.int16), x, x[0]))
    assert found.intercept == pytest.approx(x.mean())
    assert found.weights == {}
    assert found.error == pytest.approx(1.0)


def test_dependent_terms_do_no_harm() -> None:
    x = places()
    line = gene(reference(), 0, use=True)
    nothing = f("multiply", 0, c0=0.0, use=True)
    found = solved(fit(genome_of(line, line, nothing, nothing), x, 4.0 * x[0] + 1.0))
    assert found.error < 1e-14
    assert found.weights[0] + found.weights[1] == pytest.approx(4.0)
    assert all(abs(weight) < 10 for weight in found.weights.values())


@pytest.mark.parametrize(
    "genes",
    [
        genome_of(f("log", 0, use=True)),
        genome_of(f("divide", 0, c0=0.0, use=True)),
        genome_of(f("exp", 0, c0=1e3, use=True)),
        genome_of(f("multiply", 0, c0=math.nan, use=True)),
        genome_of(f("multiply", 0, c0=1e300, use=True)),  # its square overflows
    ],
    ids=["log", "divide", "exp", "nan", "square"],
)
def test_what_is_invalid_has_no_fit(genes: Genes) -> None:
    x = places()
    assert fit(genes, x, x[0]) is None
    assert polish(genes, x, x[0]) is None


def test_spread_of_a_constant_is_one() -> None:
    assert spread(np.full(9, 0.1)) == 1.0
    assert spread(np.zeros(3)) == 1.0
    assert spread(np.array([1.0, 3.0])) == 1.0
    assert spread(np.array([1e9, 1e9 + 6.0])) == pytest.approx(3.0)


@pytest.mark.parametrize("size", [1e-12, 1e-100, 1e99])
def test_spread_scales_with_the_values(size: float) -> None:
    assert spread(size * np.array([-3.0, 3.0])) == pytest.approx(3.0 * size)


# Constants

POLISHED: dict[str, tuple[Genes, list[list[float]]]] = {
    "sine": (genome_of(f("sin", 0, c0=2.003, c1=0.3, use=True)), [[2.0, 0.5]]),
    "exp": (genome_of(f("exp", 0, c0=-0.5, use=True)), [[-1.25, 0.0]]),
    "root": (genome_of(f("sqrt", 0, c0=2.0, c1=30.0, use=True)), [[2.0, 22.0]]),
    "inverse": (
        genome_of(f("multiply", 0, 0), f("add", 4096, c0=1.0), f("divide", 0, 4096, use=True)),
        [[1.0, 0.0], [3.0, 0.0], [1.0, 0.0]],
    ),
    "nested": (
        genome_of(f("cos", 0, c0=1.01), f("exp", 4096, c0=1.7, use=True)),
        [[1.0, 0.0], [2.0, 0.0]],
    ),
    "mod": (genome_of(f("mod", 0, c0=2.0001, use=True)), [[2.0002, 0.0]]),
}


@pytest.mark.parametrize("name", POLISHED)
def test_polish_finds_constants(name: str) -> None:
    start, expected = POLISHED[name]
    x = places(seed=3)
    truth = start.copy()
    truth[:, 4:] = np.array(expected).view(np.int16).reshape(len(expected), -1)
    known = values(steps_of(truth, 1), x)
    y = 3.0 * known[len(truth)] - 1.0
    found = solved(polish(start, x, y))
    assert found.error < 1e-12
    assert found.intercept == pytest.approx(-1.0, abs=1e-4)
    if name == "root":  # sqrt(a x + b) has a scale that the weight can take over
        c0, c1 = constants(found.genes)[0]
        assert c1 / c0 == pytest.approx(11.0)
    else:
        assert constants(found.genes) == pytest.approx(np.array(expected), rel=1e-9)


def test_polish_finds_a_frequency_over_hundreds_of_periods() -> None:
    x = places(low=-1000, high=1000)
    y = np.sin(31.37 * x[0] + 1.0)
    start = genome_of(f("sin", 0, c0=31.3696, c1=0.8, use=True))
    found = solved(polish(start, x, y))
    assert constants(found.genes)[0] == pytest.approx([31.37, 1.0], rel=1e-12)
    assert found.error < 1e-12


@given(seeds, st.integers(1, 6))
def test_polish_never_makes_it_worse(seed: int, length: int) -> None:
    rng = np.random.default_rng(seed)
    genes = FormulaSpace(2).draw(length, rng)
    x, y = rng.normal(1, 1.5, (2, 60)), rng.normal(3, 2, 60)
    before = genes.copy()
    start, found = fit(genes, x, y), polish(genes, x, y)
    assert np.array_equal(genes, before)
    assert (start is None) == (found is None)
    if start and found:
        assert found.error <= start.error
        again = solved(fit(found.genes, x, y))
        assert again.error == found.error
        assert again.weights == found.weights
        assert np.array_equal(found.genes[:, :4], genes[:, :4])


def test_polish_leaves_constants_alone_that_do_nothing() -> None:
    x = places()
    genes = genome_of(f("sin", 0, use=True), f("exp", 0, c0=2.0))
    found = solved(polish(genes, x, np.sin(1.1 * x[0])))
    assert constants(found.genes).tolist() == [[1.0, 0.0], [2.0, 0.0]]


# Frequencies


@pytest.mark.parametrize("frequency", [31.0, 31.37, 70.0, 0.5, 0.02])
@pytest.mark.parametrize("seed", [0, 1])
def test_frequencies_are_found_on_irregular_samples(frequency: float, seed: int) -> None:
    v = places(400, seed, -1000, 1000)[0]
    found = spectrum(v, np.sin(frequency * v + seed))
    assert found is not None
    assert found.is_significant
    # Within the basin of least squares: a quarter of a period over half of the range.
    assert abs(found.peak() - frequency) < 2 * np.pi / 2000 / 2


@pytest.mark.parametrize("frequency", [31.0, 100.0, 299.99])
def test_wide_bands_reach_further(frequency: float) -> None:
    v = places(400, 0, -1000, 1000)[0]
    found = wide_spectrum(v, np.cos(frequency * v))
    assert found is not None
    assert found.is_significant
    assert abs(found.peak() - frequency) < 2 * np.pi / 2000 / 2


@pytest.mark.parametrize("offset", [0.0, 1e6, -1e6])
def test_frequencies_do_not_depend_on_where_samples_lie(offset: float) -> None:
    v = places(400, 2, -100, 100)[0]
    found = spectrum(v + offset, 1e-9 * np.sin(7.0 * v))
    assert found is not None
    assert found.is_significant
    assert found.peak() == pytest.approx(7.0, abs=0.02)


@pytest.mark.parametrize("frequency", [0.1, 1.0, 3.0])
@pytest.mark.parametrize("step", [1.0, 0.25])
def test_a_regular_grid_is_searched_up_to_half_its_rate(frequency: float, step: float) -> None:
    v = np.arange(200) * step + 17.0
    found = spectrum(v, np.sin(frequency / step * v + 0.3))
    assert found is not None
    assert found.peak() == pytest.approx(frequency / step, abs=0.02 / step)
    assert found.step * len(found.power) <= np.pi / step * (1 + 1e-9)
    gaps = np.delete(v, [3, 50, 51])
    found = spectrum(gaps, np.sin(frequency / step * gaps))
    assert found is not None
    assert found.step * len(found.power) <= np.pi / step * (1 + 1e-9)


@pytest.mark.parametrize("rows", [12, 60, 400])
@pytest.mark.parametrize("regular", [False, True])
def test_noise_is_not_significant(rows: int, regular: bool) -> None:
    for seed in range(12):
        rng = np.random.default_rng(seed)
        v = np.arange(rows, dtype=float) if regular else rng.uniform(-100, 100, rows)
        found = spectrum(v, rng.normal(size=rows))
        assert found is not None
        assert not found.is_significant, seed


def test_a_wave_in_noise_is_significant() -> None:
    rng = np.random.default_rng(1)
    v = rng.uniform(-100, 100, 400)
    found = spectrum(v, np.sin(13.0 * v) + rng.normal(size=400))
    assert found is not None
    assert found.is_significant
    assert found.peak() == pytest.approx(13.0, abs=0.02)


@pytest.mark.parametrize(
    ("v", "r"),
    [
        (np.zeros(10), np.arange(10.0)),
        (np.arange(10.0), np.full(10, 3.0)),
        (np.arange(3.0), np.arange(3.0)),
        (np.array([1.0]), np.array([1.0])),
    ],
    ids=["one place", "a constant", "three", "one"],
)
def test_some_samples_have_no_spectrum(v: Array, r: Array) -> None:
    assert spectrum(v, r) is None
    assert positive_waves(v, r) is None


def test_power_by_frequency_is_that_of_the_sums() -> None:
    rng = np.random.default_rng(4)
    v, r = rng.uniform(3, 13, 50), rng.normal(5, 1, 50)
    found = spectrum(v, r)
    assert found is not None
    centred = r - r.mean()
    frequencies = found.step * np.arange(1, len(found.power) + 1)
    sums = np.exp(-1j * np.outer(frequencies, v)) @ centred
    assert np.allclose(found.power, np.abs(sums) ** 2 / (50 * centred.var()), atol=1e-3)


def test_drawn_frequencies_lie_where_the_power_is() -> None:
    v = places(400, 0, -100, 100)[0]
    found = spectrum(v, np.sin(1.5 * v) + np.sin(1.7 * v))
    assert found is not None
    rng = np.random.default_rng(0)
    near = 0
    for _ in range(200):
        drawn = found.draw(5, rng)
        assert drawn.shape == (5,)
        assert np.all(np.diff(drawn) >= 0)
        assert np.all((drawn > 0) & (drawn < 2.5))
        near += int(np.any(np.abs(drawn - 1.5) < 0.02)) * int(np.any(np.abs(drawn - 1.7) < 0.02))
    assert near > 50


def test_candidates_cover_what_stands_out() -> None:
    v = places(400, 0, -100, 100)[0]
    found = spectrum(v, np.sin(1.5 * v))
    assert found is not None
    for most in (10**6, 30):
        grid = found.candidates(most)
        assert len(grid) <= most
        assert np.all(np.diff(grid) > 0)
        assert np.abs(grid - 1.5).min() < 0.01


def test_positive_waves_are_told_apart() -> None:
    """Closer to each other than a spectrum over the same range resolves."""
    v = places(400, 0, -10, 10)[0]
    truth = [0.8, 1.0, 1.9]
    assert truth[1] - truth[0] < 2 * np.pi / 20
    found = positive_waves(v, sum(np.sin(w * v) for w in truth) + np.zeros(400))
    assert found is not None
    assert np.all(found.weights > 0)
    assert np.all(np.diff(found.frequencies) > 0)
    for frequency in truth:
        is_near = np.abs(found.frequencies - frequency) < 0.08
        assert found.weights[is_near].sum() == pytest.approx(1.0, abs=0.35)
    drawn = found.draw(3, np.random.default_rng(0))
    assert drawn.shape == (3,)
    assert np.all(drawn >= 0)


def test_noise_is_no_sum_of_waves() -> None:
    rng = np.random.default_rng(0)
    assert positive_waves(rng.uniform(-10, 10, 300), rng.normal(size=300)) is None


# Periods and cells


def seconds(rows: int, years: int = 60, seed: int = 0) -> Array:
    rng = np.random.default_rng(seed)
    return rng.integers(-years * YEAR, years * YEAR, rows).astype(float)


@pytest.mark.parametrize("period", [DAY, 3600, 60, 7, 2])
@pytest.mark.parametrize("shape", ["sawtooth", "jumps", "sine"])
def test_whole_periods_are_found_over_120_years(period: int, shape: str) -> None:
    v = seconds(2_000)
    share = np.mod(v, period) / period
    shapes = {"sawtooth": share, "jumps": np.floor(3 * share), "sine": np.cos(2 * np.pi * share)}
    r = shapes[shape]
    assert whole_period(v, r - r.mean()) == period


@pytest.mark.parametrize("period", [10, 30])
def test_multiples_of_a_period_are_not_taken(period: int) -> None:
    """On few samples, too, where bins of a multiple are finer."""
    for seed in range(5):
        v = np.random.default_rng(seed).uniform(0, 1_000, 200)
        assert whole_period(v, np.mod(v, period) / period) == period


def test_noise_has_no_period() -> None:
    rng = np.random.default_rng(0)
    assert whole_period(seconds(2_000), rng.normal(size=2_000)) is None
    for seed in range(10):
        rng = np.random.default_rng(seed)
        assert whole_period(rng.uniform(0, 2_000, 300), rng.normal(size=300)) is None


@pytest.mark.parametrize(
    ("v", "r"),
    [
        (np.arange(50.0), np.full(50, 2.0)),
        (np.zeros(50), np.arange(50.0)),
        (np.linspace(0, 3, 50), np.linspace(0, 3, 50) % 1),
        (places(400, 0, 0, 900)[0], places(400, 0, 0, 900)[0]),
    ],
    ids=["constant", "one place", "short", "line"],
)
def test_some_samples_have_no_period(v: Array, r: Array) -> None:
    assert whole_period(v, r) is None


@pytest.mark.parametrize("width", [36_000, 3_600, 600])
@pytest.mark.parametrize("shift", [0, -40_000])
def test_widths_of_cells_are_found(width: int, shift: int) -> None:
    v = np.random.default_rng(1).integers(0, DAY, 2_000) + float(shift)
    assert cell_width(v, np.floor(v / width) * 3.0 - 1.0) == width


@given(seeds, st.integers(2, 40), st.integers(30, 120))
def test_a_width_explains_all_jumps_and_no_larger_one_does(
    seed: int, width: int, rows: int
) -> None:
    rng = np.random.default_rng(seed)
    v = rng.integers(0, 200, rows).astype(float)
    r = np.floor(v / width)
    found = cell_width(v, r)
    if found is None:
        jumps = len(np.unique(r)) - 1
        assert jumps == 0 or jumps > rows // 3
        return

    def explains(q: int) -> bool:
        order = np.sort(v)
        cells, values_ = np.floor(order / q), np.floor(order / width)
        return bool(np.all((np.diff(values_) == 0) | (np.diff(cells) > 0)))

    assert explains(found)
    fitting = [q for q in range(2, int(np.ptp(v)) + 1) if explains(q)]
    run = [q for q in fitting if all(k in fitting for k in range(q, fitting[-1] + 1))]
    assert found == roundest_between(run[0], run[-1])


@pytest.mark.parametrize("kind", ["noise", "line", "constant", "twice"])
def test_what_is_no_function_of_cells_has_no_width(kind: str) -> None:
    rng = np.random.default_rng(0)
    v = rng.integers(0, 300, 900).astype(float)
    r = {
        "noise": rng.normal(size=900),
        "line": v,
        "constant": np.full(900, 5.0),
        "twice": np.where((v > 100) & (rng.random(900) < 0.01), 1.0, 0.0),
    }[kind]
    assert cell_width(v, r) is None


# Simple numbers


@given(st.integers(-300, 300), st.integers(1, 60), st.integers(1, 64))
def test_the_simplest_fraction_is_that_of_all(low: int, length: int, unit: int) -> None:
    least, most = Fraction(low, unit), Fraction(low + length, unit)
    found = simplest_between(float(least), float(most))
    low_, high_ = Fraction(float(least)), Fraction(float(most))
    assert low_ <= found <= high_
    for denominator in range(1, found.denominator):
        assert math.ceil(low_ * denominator) > math.floor(high_ * denominator)
    nearest = min(
        range(math.ceil(low_ * found.denominator), math.floor(high_ * found.denominator) + 1),
        key=abs,
    )
    assert abs(found) == abs(Fraction(nearest, found.denominator))


@given(st.floats(-1e6, 1e6), st.floats(0, 1e3))
@example(-0.0, 0.0)
@example(0.1, 0.0)
@example(5e-324, 0.0)
def test_the_simplest_fraction_lies_in_its_interval(low: float, width: float) -> None:
    high = low + width
    assert Fraction(low) <= simplest_between(low, high) <= Fraction(high)


@pytest.mark.parametrize(
    ("value", "deviation", "expected"),
    [
        (31.0000000002, 1e-9, 31.0),
        (30.9999999998, 1e-9, 31.0),
        (-31.0, 1e-9, -31.0),
        (0.333333333, 1e-9, 1 / 3),
        (-2.5000001, 1e-6, -2.5),
        (math.pi / 2 + 1e-11, 1e-10, math.pi / 2),
        (-3 * math.pi, 1e-10, -3 * math.pi),
        (2 * math.pi / 7, 1e-12, 2 * math.pi / 7),
        (1e-13, 1e-12, 0.0),
        (86_400.00001, 1e-4, 86_400.0),
        (0.1, 0.0, 0.1),
    ],
)
def test_simple_numbers_are_recognised(value: float, deviation: float, expected: float) -> None:
    found = recognised(value, deviation)
    assert found is not None
    assert found == pytest.approx(expected, rel=1e-15, abs=0)


@pytest.mark.parametrize(
    ("value", "deviation"),
    [
        (0.1237128493501, 1e-6),
        (math.e, 1e-9),
        (math.sqrt(2), 1e-9),
        (31.0, 1.0),
        (3.0, 0.3),
        (math.nan, 0.1),
        (math.inf, 0.1),
        (1.0, math.inf),
        (1.0, math.nan),
        (1e300, 1.0),
    ],
)
def test_chance_is_not_recognised(value: float, deviation: float) -> None:
    assert recognised(value, deviation) is None


@given(st.floats(-1e9, 1e9), st.floats(0, 1.0))
def test_what_is_recognised_is_near(value: float, deviation: float) -> None:
    found = recognised(value, deviation)
    if found is not None:
        assert abs(found - value) <= 2 * deviation + 1e-15 * abs(value)


def test_random_numbers_are_seldom_recognised() -> None:
    numbers = np.random.default_rng(0).uniform(-10, 10, 1_000).tolist()
    for deviation in (1e-3, 1e-6, 1e-9):
        assert sum(recognised(number, deviation) is not None for number in numbers) < 60


@given(st.integers(1, 5_000), st.integers(0, 60))
def test_the_roundest_number_has_most_divisors(low: int, length: int) -> None:
    found = roundest_between(low, low + length)
    counts = {n: sum(n % k == 0 for k in range(1, n + 1)) for n in range(low, low + length + 1)}
    assert counts[found] == max(counts.values())
    assert all(counts[n] < counts[found] for n in range(low, found))


def test_the_roundest_number_is_that_of_people() -> None:
    assert roundest_between(35_990, 36_010) == 36_000
    assert roundest_between(86_390, 86_410) == 86_400
    assert roundest_between(7, 7) == 7


# Recognised formulas


def polished(genes: Genes, x: Array, y: Array) -> Fit:
    return solved(polish(genes, x, y))


def test_recognised_constants_are_simple() -> None:
    x = places(low=-20, high=20)
    start = genome_of(f("sin", 0, c0=31.0001, c1=1e-4, use=True), f("exp", 0, c0=0.24, use=True))
    y = 2.5 * np.sin(31.0 * x[0]) - np.exp(x[0] / 4) + 7.0
    found = recognise(polished(start, x, y), x, y)
    assert constants(found.genes).tolist() == [[31.0, 0.0], [0.25, 0.0]]
    assert found.weights == {0: 2.5, 1: -1.0}
    assert found.intercept == 7.0
    assert found.error < EXACT_FIT


@pytest.mark.parametrize("turns", [-2, -1, 0, 1, 2, 3, 5])
@pytest.mark.parametrize("name", ["sin", "cos"])
@pytest.mark.parametrize("frequency", [3.0, -3.0])
def test_quarter_turns_change_the_function(name: str, turns: int, frequency: float) -> None:
    x = places()
    function = {"sin": np.sin, "cos": np.cos}[name]
    y = 2.0 * function(frequency * x[0] + turns * np.pi / 2) + 1.0
    start = genome_of(f(name, 0, c0=frequency * 1.001, c1=turns * np.pi / 2 + 0.01, use=True))
    found = recognise(polished(start, x, y), x, y)
    (step,) = steps_of(found.genes, 1)
    is_odd = turns % 2
    assert step.name == {"sin": ("sin", "cos"), "cos": ("cos", "sin")}[name][is_odd]
    assert (step.c0, step.c1) == (3.0, 0.0)
    assert abs(found.weights[0]) == 2.0
    assert found.error < EXACT_FIT


@given(seeds, st.integers(1, 5), st.sampled_from([0.0, 1e-6, 0.01, 1.0]))
def test_recognition_keeps_the_error(seed: int, length: int, noise: float) -> None:
    rng = np.random.default_rng(seed)
    genes = FormulaSpace(1).draw(length, rng)
    x = rng.normal(1, 2, (1, 80))
    y = np.sin(x[0]) + noise * rng.normal(size=80)
    start = polish(genes, x, y)
    if start is None:
        return
    before = start.genes.copy()
    found = recognise(start, x, y)
    limit = math.sqrt(start.error**2 * (1 + TOLERATED / 80)) + EXACT_FIT
    assert found.error <= limit
    assert np.array_equal(start.genes, before)
    # What it says of itself is true.
    known = values(steps_of(found.genes, 1), x)
    parts = [np.full(80, found.intercept)] + [w * known[1 + k] for k, w in found.weights.items()]
    rounding = 1e-14 * np.abs(parts).sum(axis=0).max()
    assert np.allclose(y - sum(parts), found.residual, rtol=0, atol=1e-12 + rounding)
    assert found.error == pytest.approx(np.sqrt(np.mean(found.residual**2)) / spread(y))


def test_noise_does_not_make_numbers_simple() -> None:
    """A frequency that is known to a millionth is no 31."""
    rng = np.random.default_rng(0)
    x = places(2_000, low=-1000, high=1000)
    y = np.sin(31.0003 * x[0]) + 0.1 * rng.normal(size=2_000)
    found = recognise(polished(genome_of(f("sin", 0, c0=31.0002, use=True)), x, y), x, y)
    assert constants(found.genes)[0, 0] == pytest.approx(31.0003, abs=1e-5)
    assert constants(found.genes)[0, 0] != 31.0


# Which to believe


def candidate(operations: int, squares: list[float], error: float = 0.1) -> Candidate:
    formula = Formula(np.zeros((0, len(FIELDS)), np.int16))
    return Candidate(formula, operations, error, np.array(squares))


def test_the_cheapest_within_one_standard_error_is_chosen() -> None:
    best = candidate(9, [0.8, 1.2, 0.8, 1.2])  # mean 1, standard error 0.115
    near, far = candidate(5, [1.09] * 4), candidate(2, [1.13] * 4)
    for order in ([best, near, far], [far, near, best]):
        assert chosen(order, 1e-10) is near
    assert chosen([best, far], 1e-10) is best
    assert chosen([best], 1e-10) is best


def test_of_equal_operations_the_better_is_chosen() -> None:
    best, near = candidate(5, [0.0, 2.0]), candidate(5, [1.1, 1.1])
    assert chosen([near, best], 1e-10) is best


def test_exact_ones_tie_by_operations() -> None:
    tiny, small = candidate(9, [1e-30] * 3), candidate(4, [9e-21] * 3)
    cheap = candidate(1, [1e-10] * 3)
    for order in ([tiny, small, cheap], [cheap, small, tiny]):
        assert chosen(order, 1e-10) is small
    assert chosen([tiny, cheap], 1e-10) is tiny, "no standard error makes up for exactness"


@pytest.mark.parametrize("bad", [math.inf, math.nan, 1e308])
def test_what_is_invalid_on_validation_rows_never_wins(bad: float) -> None:
    wrong, right = candidate(0, [0.0, bad, bad]), candidate(50, [9.0, 9.0, 9.0])
    assert chosen([wrong, right], 1e-10) is right
    assert chosen([right, wrong], 1e-10) is right


@pytest.mark.parametrize("bad", [math.inf, 1e308])
def test_one_of_them_is_chosen_where_all_are_invalid(bad: float) -> None:
    members = [candidate(5, [bad, bad]), candidate(2, [bad, 0.0])]
    assert chosen(members, 1e-10) in members


# Recall


def test_recall_computes_once_and_forgets_the_oldest() -> None:
    calls: list[float] = []

    def total(a: Array, b: Array) -> float:
        calls.append(float(a.sum()))
        return float(a.sum() + b.sum())

    recall, ones = Recall(), np.ones(3)
    assert recall.of(total, ones, ones) == recall.of(total, ones.copy(), ones) == 6.0
    assert len(calls) == 1
    for k in range(MOST_REMEMBERED):
        recall.of(total, np.full(3, float(k + 5)), ones)
    assert recall.of(total, ones, ones) == 6.0
    assert calls.count(3.0) == 2


def test_recall_tells_functions_and_places_apart() -> None:
    recall, one, two = Recall(), np.ones(3), np.zeros(3)
    assert recall.of(lambda a, b: float(a[0] - b[0]), one, two) == 1.0
    assert recall.of(lambda a, b: float(a[0] + 9), one, two) == 10.0

    def difference(a: Array, b: Array) -> float:
        return float(a[0] - b[0])

    assert recall.of(difference, one, two) == 1.0
    assert recall.of(difference, two, one) == -1.0
