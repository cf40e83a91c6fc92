"""What the experiments about the FFT are computed from."""

from __future__ import annotations

import math

import pytest

from experiments import fft_by_gradient
from experiments.fft_rivals import (
    cliff_rows,
    fft_operations,
    fitted,
    front_rows,
    recovery_rows,
    rival_row,
)


def test_the_loss_rises_from_nothing_at_the_fft() -> None:
    rows = cliff_rows(4, 8, 0)
    assert rows[0]["distance"] == 0.0
    assert rows[0]["loss"] < 1e-25
    assert rows[0]["l1_norm"] == pytest.approx(1.0)
    losses = [row["loss"] for row in rows]
    assert losses == sorted(losses)
    # Near the factors the loss is quadratic: ten times as far, a hundred times as much.
    near = [row for row in rows if 0 < row["distance"] < 0.02]
    exponent = math.log(near[-1]["loss"] / near[0]["loss"]) / math.log(
        near[-1]["distance"] / near[0]["distance"]
    )
    assert exponent == pytest.approx(2.0, abs=0.1)
    assert all(row["least_loss"] <= row["loss"] <= row["largest_loss"] for row in rows)


def test_rows_of_a_rival() -> None:
    fit = fitted(4, "dense", 0, 1.0)
    row = rival_row(4, "dense", fit)
    assert row["operations"] == 24 > fft_operations(4) == 16
    assert row["error"] < 1e-12
    assert len(front_rows(4, "dense", fit)) == 1


def test_recovery_goes_by_the_permutation() -> None:
    rows = recovery_rows(4, 1, 0, 0.5)
    assert len(rows) == 8
    assert {row["is_even_odd"] for row in rows if row["is_recovered"]} == {True}
    assert len({row["permutation"] for row in rows}) == 8


def test_finding_says_what_the_rows_say() -> None:
    noise = [
        {"n": 4, "noise": s, "is_back": s < 0.2 or (s == 0.2 and k == 0)}
        for s in (0.1, 0.2, 0.3)
        for k in range(2)
    ]
    assert fft_by_gradient._returns(noise).endswith("noise up to 0.1 at n = 4")
    cliff = [{"n": 4, "distance": d, "loss": 10 * d} for d in (0.05, 0.1, 0.2)]
    assert "0.10 at n = 4" in fft_by_gradient._widths(cliff)


def test_noise_that_trainings_come_back_from_has_no_gap() -> None:
    noise = [{"n": 4, "noise": s, "is_back": s != 0.2} for s in (0.1, 0.2, 0.3)]
    assert fft_by_gradient._returns(noise).endswith("noise up to 0.1 at n = 4")
    assert fft_by_gradient._returns(noise[1:]).endswith("noise of no level tried at n = 4")


def test_cheapest_rival_is_exact() -> None:
    rows = [
        {"method": "l1", "told": "", "error": 1e-10, "operations": 20},
        {"method": "butterfly", "told": "support", "error": 0.0, "operations": 16},
        {"method": "dense", "told": "", "error": 1e-15, "operations": 24},
    ]
    assert "(dense) takes 1.5 times" in fft_by_gradient._cheapest(rows, 4)
    assert "none is exact" in fft_by_gradient._cheapest(rows[:2], 4)
