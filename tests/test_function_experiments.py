"""Experiments on learning functions: what their figures rest on."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import evosynth as es
from dsl.samples import Samples
from dsl.samples.clock import DAY, YEAR, digits
from experiments import activation_properties as properties
from experiments import activations, clock, sum_of_sines
from gradient_baselines.activations import ACTIVATIONS, Activation

# Name: least, greatest, slopes far left and far right, what it looks like there.
MEASURED = {
    "gelu": ("-0.17", "inf", 0, 1, "constant", "line"),
    "leaky-relu": ("-inf", "inf", 0.01, 1, "line", "line"),
    "relu": ("0", "inf", 0, 1, "constant", "line"),
    "sigmoid": ("0", "1", 0, 0, "constant", "constant"),
    "sin": ("-1", "1", 0, 0, "waves", "waves"),
    "snake": ("-inf", "inf", 1, 1, "line with waves", "line with waves"),
    "softplus": ("0", "inf", 0, 1, "constant", "line"),
    "swish": ("-0.278", "inf", 0, 1, "constant", "line"),
    "tanh": ("-1", "1", 0, 0, "constant", "constant"),
    "x+sin2": ("-inf", "inf", 1, 1, "line with waves", "line with waves"),
}


@pytest.mark.parametrize("activation", ACTIVATIONS, ids=lambda activation: activation.name)
def test_properties_are_measured(activation: Activation) -> None:
    row = properties.measured(activation)
    least, greatest, left, right, *tails = MEASURED[activation.name]
    assert (row["least"], row["greatest"]) == (least, greatest)
    assert [row["left"], row["right"]] == tails
    assert (row["slope_left"], row["slope_right"]) == pytest.approx((left, right), abs=1e-4)
    is_rough = activation.name in ("relu", "leaky-relu")
    assert row["smoothness"].startswith("derivative 1" if is_rough else "3 derivatives")
    jump = {"relu": 1.0, "leaky-relu": 0.99}.get(activation.name, 0.0)
    assert row["jump_1"] == pytest.approx(jump, abs=1e-6)


def test_jumps_of_later_derivatives_are_found() -> None:
    # The square of relu bends, its slope's slope jumps by 2; elsewhere it changes gently.
    squared = Activation("squared", "", lambda x: torch.relu(x) ** 2 + torch.sin(x), "x")
    row = properties.measured(squared)
    assert row["smoothness"] == "derivative 2 jumps"
    assert row["jump_2"] == pytest.approx(2, abs=1e-2)


def test_tails_are_told_apart() -> None:
    x = np.linspace(20, 40, 2_001)
    told = {
        "constant": np.full_like(x, 3.0),
        "line": 2 * x - 7,
        "waves": np.sin(3 * x),
        "line with waves": 0.5 * x + 0.2 * np.sin(3 * x),
        "curve": 0.01 * (x - 30) ** 2,
        "line with curve": x + 0.01 * (x - 30) ** 2,
    }
    for name, y in told.items():
        found = properties.tail(x, y)
        assert found.told(20.0, flat=0.01, still=0.03) == name
    assert properties.tail(x, told["line"]).slope == pytest.approx(2)


def test_real_series_is_validated_within_and_tested_beyond() -> None:
    (series,) = (each for each in activations.SERIES if each.name == "co2")
    target = activations._target(series, 0)
    assert target.validation is not None
    assert target.test is not None
    assert target.validation.x.max() <= target.train.x.max() + 1
    assert target.test.x.min() > max(target.train.x.max(), target.validation.x.max())
    assert len(target.train) + len(target.validation) + len(target.test) == sum(
        len(part) for part in _parts(es.make_sampled_target("co2", seed=0))
    )


def _parts(target: es.SampledTarget) -> list[Samples]:
    return [part for part in (target.train, target.validation, target.test) if part]


# The clock


def test_a_clock_that_is_right_and_one_that_is_not() -> None:
    target = es.make_sampled_target("clock", seed=0, test_samples=2_000)
    right, wrong = (
        clock._row("a", 0, "outside", target, lambda x, by=by: digits(x[:, 0]) + by)
        for by in (0.3, [0, 0, 0, 0, 0, 0.6])
    )
    assert right["all_right"] == 1
    assert right["instants"] == np.count_nonzero(abs(target.test.x) > 60 * YEAR)
    assert right["error_H1"] == pytest.approx(0.3 / target.test.y[:, 0].std(), rel=0.1)
    assert (wrong["right_S1"], wrong["right_S2"], wrong["all_right"]) == (1, 0, 0)


def test_instants_inside_are_those_of_no_set() -> None:
    target = es.make_sampled_target("clock", seed=0, test_samples=2_000)
    assert target.validation is not None
    drawn = clock._instants("inside", 0, target)
    assert len(drawn) == clock.INSIDE
    assert np.abs(drawn).max() <= 60 * YEAR
    for part in (target.train, target.validation):
        assert not np.isin(part.x, drawn).any()


def test_most_frequent_digits() -> None:
    assert clock._guess() == pytest.approx([10 / 24, 3 / 24, 1 / 6, 1 / 10, 1 / 6, 1 / 10])
    assert DAY == 86_400


# Means of sines


@pytest.mark.parametrize(
    ("errors", "is_double"),
    [
        ([3, 2, 1, 2, 3, 0.5], True),
        ([3, 2, 1, 2, 3, 1.05], False),
        ([3, 2, 1, 0.5, 0.2], False),
        ([3, 2, 1, 2, 3, 2, 0.95, 0.8], True),
        ([1, 1.05, 0.9], False),
        ([1, 2, 0.5, 0.52, 0.4], False),
        ([1, 2, 0.5, 0.9, 0.4], True),
        ([1, 2, 3], False),
    ],
)
def test_double_descents(errors: list[float], is_double: bool) -> None:
    assert ("a double descent" in sum_of_sines._descents(errors)) == is_double


def test_true_values_are_those_of_the_samples() -> None:
    target = es.make_sampled_target("sines", count=3, seed=0)
    assert np.allclose(sum_of_sines._true(target, target.train.x[:, 0]), target.train.y[:, 0])


def test_best_training_of_a_width() -> None:
    rows = [
        {"rows": 5, "width": w, "train_error": a, "test_error": b}
        for w, a, b in [(1, 0.5, 9), (1, 0.4, 7), (2, 0.3, 8)]
    ]
    assert sum_of_sines._best(rows, 5, "test_error") == [(1, 7), (2, 8)]


def test_only_models_that_can_are_counted() -> None:
    rows = [
        {"sines": count, "model": model, "width": width, "test_error": 0.0 if width < 8 else 1.0}
        for count in sum_of_sines.COUNTS
        for model in ("Adam", "evosynth")
        for width in (sum_of_sines.COUNTS if model == "Adam" else (count,))
    ]
    widths = [
        {"rows": number, "width": 1, "train_error": 1.0, "test_error": 1.0}
        for number in sum_of_sines.SWEPT_ROWS
    ]
    searched = [{"test_error": 0.0} for _ in sum_of_sines.SWEPT_ROWS]
    told = sum_of_sines._finding(rows, widths, searched)
    assert "mean of 1: 2 of 3" in told
    assert "mean of 2: 1 of 2" in told
    assert "mean of 8: 0 of 1" in told
