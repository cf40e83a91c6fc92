"""Experiments: what each is, and the functions that their figures rest on."""

from __future__ import annotations

import importlib
import math
import re
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from dsl.grammars.factor.decode import decode
from evosynth.charts import save_figure
from experiments import (
    EXPERIMENTS,
    boolean_rows,
    equal_columns,
    line_segments,
    sine_loss,
    slope,
    two_weights,
)
from experiments import boolean_networks as bits
from experiments import zoo_freezing as freezing
from experiments import zoo_functions as zoo
from experiments.base import Experiment, Setup
from experiments.small_networks import Lesson, Networks, drawn, taught
from gradient_baselines.training import generator

each_experiment = pytest.mark.parametrize("experiment", EXPERIMENTS, ids=lambda e: e.name)


@each_experiment
def test_experiment_is_named_like_its_module(experiment: Experiment) -> None:
    assert re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", experiment.name)
    stem = experiment.name.replace("-", "_")
    assert stem not in sys.stdlib_module_names
    module = importlib.import_module(f"experiments.{stem}")
    assert [value for value in vars(module).values() if value is experiment] == [experiment]
    assert experiment.answer.__module__ == module.__name__


@each_experiment
def test_summary_is_one_line(experiment: Experiment) -> None:
    assert 10 <= len(experiment.summary) <= 100
    assert "\n" not in experiment.summary


@pytest.mark.slow
@each_experiment
def test_experiment_answers(experiment: Experiment, tmp_path: Path) -> None:
    said: list[str] = []
    answer = experiment.answer(Setup(is_quick=True, seed=0, say=said.append))
    assert said
    assert len(re.findall(r"\d", answer.finding)) >= 5
    assert 60 <= len(answer.finding.split()) <= 200
    assert answer.tables
    assert answer.figures
    for rows in answer.tables.values():
        assert rows
        assert len({tuple(row) for row in rows}) == 1
        numbers = [v for row in rows for v in row.values() if isinstance(v, float)]
        assert all(map(math.isfinite, numbers))
    for name, figure in answer.figures.items():
        files = save_figure(figure, tmp_path / name)
        assert {file.suffix for file in files} == {".png", ".svg"}
        assert all(file.stat().st_size > 1_000 for file in files)


# --- The loss of a sine of the wrong frequency ------------------------------------------


def test_sine_loss_is_the_mean_over_all_places() -> None:
    x = np.linspace(-50, 50, 400_001)
    frequencies = np.array([0.3, 1.9, 2.0, 2.03, 7.0])
    sampled = sine_loss.sampled_loss(frequencies, 2.0, x)
    assert np.allclose(sine_loss.expected_loss(frequencies, 2.0, 50.0), sampled, atol=1e-4)


@pytest.mark.parametrize("frequency", [0.4, 30.98, 31 - 1e-7, 31.0, 31 + 1e-7, 31.003, 60.0])
def test_sine_gradient_is_the_slope_of_the_loss(frequency: float) -> None:
    step = 1e-6
    around = sine_loss.expected_loss([frequency - step, frequency + step], 31.0, 1_000.0)
    slope = (around[1] - around[0]) / (2 * step)
    found = sine_loss.expected_gradient(frequency, 31.0, 1_000.0)
    assert found == pytest.approx(slope, rel=1e-4, abs=1e-5)


def test_basin_ends_where_the_loss_stops_rising() -> None:
    low, high = sine_loss.basin(31.0, 1_000.0)
    grid = np.linspace(31, 31.01, 100_001)
    loss = sine_loss.expected_loss(grid, 31.0, 1_000.0)
    first_fall = grid[np.argmax(np.diff(loss) < 0)]
    assert high == pytest.approx(first_fall, abs=2e-7)
    assert high - low == pytest.approx(2 * 4.4934 / 1_000, rel=1e-3)  # tan z = z


def test_descent_leads_to_the_target_from_the_basin_alone() -> None:
    low, high = sine_loss.basin(31.0, 1_000.0)
    inner, outer = 0.02 * (high - low) * np.array([1, -1])
    starts = np.array([low + inner, 31.001, high - inner, low + outer, high - outer, 40.0])
    ends = sine_loss.descended(starts, 31.0, 1_000.0)
    assert (np.abs(ends - 31) < 1e-6).tolist() == [True, True, True, False, False, False]


# --- The slope and the cliff ------------------------------------------------------------


def test_stages_are_a_slope_only_if_none_raises_the_count() -> None:
    told = slope._stages_told(4, [30, 20, 20, 10])
    assert "lower the count: 2, leave it: 1, raise it: 0: a slope with level parts." in told
    told = slope._stages_told(4, [30, 20, 25, 10])
    assert told.endswith("lower the count: 2, leave it: 0, raise it: 1.")


@pytest.mark.parametrize(
    ("losses", "counts", "is_barrier", "is_cliff"),
    [
        ((0.0, 0.5, 1e-30), (9, 12, 6), True, True),
        ((0.0, 0.0, 0.0), (9, 9, 6), False, True),
        ((0.0, 0.5, 0.0), (9, 8, 6), True, False),
        ((0.7, 0.5, 0.0), (9, 12, 9), False, False),
    ],
)
def test_barrier_and_cliff_are_measured(
    losses: tuple[float, ...], counts: tuple[int, ...], is_barrier: bool, is_cliff: bool
) -> None:
    told = slope._line_told(
        [
            {"t": t, "loss": loss, "loss_with_l1": loss, "non_zeros": count}
            for t, loss, count in zip((0.0, 0.5, 1.0), losses, counts, strict=True)
        ]
    )
    assert ("a barrier" in told, "a cliff" in told) == (is_barrier, is_cliff)


# --- Two weights for one predictor ------------------------------------------------------


def test_penalised_loss_is_that_of_the_samples() -> None:
    products = two_weights.covariance("nearly equal", 3)
    assert products[0, 0] == pytest.approx(1)
    assert np.linalg.matrix_rank(two_weights.covariance("equal", 3)) == 1
    weights = np.array([0.7, -0.4])
    found = two_weights.penalised_loss(
        torch.tensor(weights)[None],
        torch.tensor(products)[None],
        torch.tensor([0.1], dtype=torch.float64),
        torch.tensor([0.2], dtype=torch.float64),
    )
    wrong = weights - [2, 0]
    assert float(found) == pytest.approx(wrong @ products @ wrong + 0.1 * 0.65 + 0.2 * 1.1)


def test_l2_has_one_minimum_and_l1_a_segment() -> None:
    cases = [
        two_weights.Case("equal", penalty, strength)
        for penalty, strength in (("none", 0.0), ("L2", 0.2), ("L1", 0.2))
    ]
    none, l2, l1 = two_weights.descended(cases, 0, 600)
    difference = np.diff(two_weights.starts(), axis=1)
    assert np.diff(none.ends, axis=1) == pytest.approx(difference)  # what the loss cannot see
    assert none.ends.sum(axis=1) == pytest.approx(2)
    assert l2.ends == pytest.approx(2 / 2.2, abs=1e-3)
    assert l1.ends.sum(axis=1) == pytest.approx(1.9, abs=1e-2)
    assert l1.spread > 1 > l2.spread


def test_first_gene_takes_one_of_two_equal_columns() -> None:
    matrix = equal_columns.equal_columns(3, 1)
    assert (matrix[:, 0] == matrix[:, 1]).all()
    found = equal_columns.first_gene(matrix)
    nothing = decode(np.zeros((0, 6), int), matrix, is_complex=False)
    assert found.operations < nothing.operations
    assert min(np.count_nonzero(found.remainder[:, k]) for k in (0, 1)) == 0
    assert not any(step.is_output_side for step in found.steps)


def test_factorisations_are_measured_as_they_are() -> None:
    matrix = equal_columns.equal_columns(3, 5)
    rows, factors = equal_columns.factored(matrix, [0, 1], 200)
    assert len(rows) == len(factors) == 2 * len(equal_columns.STRENGTHS) * 2
    for row, (left, right) in zip(rows, factors, strict=True):
        wrong = np.linalg.norm(left @ right - matrix, axis=1) / np.linalg.norm(matrix, axis=1)
        assert row["error"] == pytest.approx(wrong.max(), abs=1e-12)
        assert row["readings_x0"] == np.count_nonzero(right[:, 0])
        assert row["non_zeros"] == np.count_nonzero(left) + np.count_nonzero(right)


# --- Small networks ---------------------------------------------------------------------


def test_networks_are_trained_as_if_alone() -> None:
    x = torch.linspace(-1, 1, 20, dtype=torch.float64)[None, :, None].expand(3, -1, -1)
    y = torch.cat([x[:1], x[:1] ** 2, x[:1] ** 3])
    rates = torch.tensor([0.01, 0.02, 0.03], dtype=torch.float64)
    together = drawn((1, 4, 1), 3, "tanh", generator(0))
    alone = together.part(slice(1, 2))
    taught(together, Lesson(x, y, rates, 50))
    taught(alone, Lesson(x[1:2], y[1:2], rates[1:2], 50))
    assert torch.allclose(together(x)[1], alone(x[1:2])[0], atol=1e-12)


def test_snapshots_are_of_their_steps() -> None:
    x = torch.linspace(-1, 1, 20, dtype=torch.float64)[None, :, None]
    networks = drawn((1, 4, 1), 1, "relu", generator(0))
    first = networks(x).clone()
    seen: dict[int, Networks] = {}
    lesson = Lesson(x, x**2, torch.tensor([0.01], dtype=torch.float64), 7)
    taught(networks, lesson, (0, 3, 7), lambda step, each: seen.update({step: each}))
    assert list(seen) == [0, 3, 7]
    assert torch.equal(seen[0](x), first)
    assert torch.equal(seen[7](x), networks(x))
    assert not torch.equal(seen[3](x), seen[7](x))


def test_dead_units_are_counted() -> None:
    weights = torch.tensor([[[1.0, 1.0, -1.0, 0.0]]], dtype=torch.float64)
    biases = torch.tensor([[[0.0, -2.0, -0.5, -0.1]]], dtype=torch.float64)
    ends = torch.ones(1, 4, 1, dtype=torch.float64), torch.zeros(1, 1, 1, dtype=torch.float64)
    networks = Networks((weights, ends[0]), (biases, ends[1]), "relu")
    x = torch.linspace(-1, 1, 21, dtype=torch.float64)[None, :, None]
    assert networks.dead_share(x).tolist() == [0.5]  # the second and the last


@pytest.mark.parametrize(("activation", "slope"), [("relu", 0.0), ("leaky-relu", 0.01)])
@pytest.mark.parametrize("seed", range(4))
def test_kinks_are_where_the_slope_changes(activation: str, slope: float, seed: int) -> None:
    networks = drawn((1, 8, 8, 1), 1, activation, generator(seed))
    x = np.linspace(-3, 3, 60_001)
    outputs = networks(torch.tensor(x)[None, :, None])[0, :, 0].numpy()
    bent = x[1:-1][np.abs(np.diff(outputs, 2)) > 1e-11]
    found = line_segments.kinks(*networks.arrays(0), (-3.0, 3.0), slope)
    assert len(found) > 4
    distances = np.abs(bent[:, None] - found)
    assert distances.min(axis=1).max() <= 1e-4 + 1e-9  # every bend is at a kink
    assert distances.min(axis=0).max() <= 1e-4 + 1e-9  # and every kink makes one


def test_kink_of_one_unit() -> None:
    weights, biases = [np.array([[2.0]]), np.array([[3.0]])], [np.array([-1.0]), np.array([0.0])]
    assert line_segments.kinks(weights, biases, (-1.0, 1.0)).tolist() == [0.5]
    assert line_segments.kinks(weights, biases, (0.6, 1.0)).tolist() == []


def test_kink_that_a_dead_unit_hides_is_none() -> None:
    weights = [np.array([[2.0]]), np.array([[1.0, 1.0]]), np.array([[3.0], [1.0]])]
    biases = [np.array([-1.0]), np.array([-9.0, 5.0]), np.array([0.0])]
    assert line_segments.kinks(weights, biases, (-1.0, 1.0)).tolist() == [0.5]
    weights[2][1] = 0.0  # what is left is the unit that is positive nowhere
    assert line_segments.kinks(weights, biases, (-1.0, 1.0)).tolist() == []


# --- The function zoo -------------------------------------------------------------------


@pytest.mark.parametrize("curve", zoo.CURVES, ids=lambda c: c.name)
def test_curve_is_sampled_within_its_range(curve: zoo.Curve) -> None:
    x = curve.samples(np.random.default_rng(0))
    assert len(x) == zoo.ROWS
    assert curve.is_inside(x).all()
    assert (np.abs(x) >= curve.gap).all()
    assert np.isfinite(curve.values(curve.places())).all()
    assert curve.scaled(np.array(curve.train)) == pytest.approx([-1, 1])


def test_errors_are_told_apart_by_range() -> None:
    curve = next(c for c in zoo.CURVES if c.name == "step")
    x = curve.places()
    assert zoo.errors(curve, curve.values(x)) == (0.0, 0.0)
    wrong_outside = np.where(curve.is_inside(x), curve.values(x), 0.5)
    inside, outside = zoo.errors(curve, wrong_outside)
    assert inside == 0
    assert outside == pytest.approx(1, rel=1e-2)


def test_phases_change_the_function() -> None:
    x = np.array([-1.0, 1.0, 3.0])
    assert freezing.near_pole(2.0)(x) == pytest.approx([-1 / 3, -1, 1])
    assert freezing.near_pole(0.0)(np.array([0.0, 0.01])) == pytest.approx([10, 10])
    first, second = freezing.SEQUENCES["step at 0, at 2"]
    assert (first(x).tolist(), second(x).tolist()) == ([0, 1, 1], [0, 0, 1])


def test_best_rate_is_that_of_fresh_networks() -> None:
    rows = [
        {"functions": "f", "activation": "relu", "rate": rate, "error": -rate, "error_fresh": rate}
        for rate in (0.3, 0.1)
    ]
    assert freezing.at_best_rate(rows, "f", "relu") == [rows[1]]


# --- Bits -------------------------------------------------------------------------------


def test_life_is_the_game_of_life() -> None:
    table = boolean_rows.life_cell()
    assert len({tuple(row) for row in table.x.tolist()}) == 512
    for row, alive in zip(table.x.astype(int).tolist(), table.y.tolist(), strict=True):
        cell, *neighbours = row
        expected = sum(neighbours) == 3 or (cell and sum(neighbours) == 2)
        assert alive == float(bool(expected))
    assert table.y.sum() == math.comb(8, 3) * 2 + math.comb(8, 2)


def test_counted_cells_have_the_same_answers() -> None:
    life, counted = boolean_rows.life_cell(), boolean_rows.counted_life_cell()
    assert np.array_equal(life.y, counted.y)
    assert np.array_equal(counted.x, np.stack([life.x[:, 0], life.x[:, 1:].sum(axis=1)], axis=1))


@pytest.mark.parametrize("table", [boolean_rows.exclusive_or(), boolean_rows.life_cell()])
def test_two_rectifiers_are_enough(table: boolean_rows.Table) -> None:
    logits = boolean_rows.two_unit_logits(table)
    assert table.share_right(logits + 0.5) == 1
    assert table.share_right(-logits + 0.5) == 0


def test_operations_of_a_network_with_a_threshold() -> None:
    # A unit: 2 products, 2 sums with its bias, the rectifier; its weight and sum; a step.
    assert bits.network_operations(2, 2, "relu") == 2 * (2 + 2 + 1 + 2) + 1


def test_success_counts_from_where_it_stays() -> None:
    is_right = np.array([[0, 1, 0, 1], [1, 0, 0, 1], [1, 1, 0, 1]], bool)
    assert bits.steps_until_right(is_right, [0, 10, 20]) == [10, 20, 0]
