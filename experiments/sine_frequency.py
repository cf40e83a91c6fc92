"""Does gradient descent find the frequency of a sine?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

import evosynth as es
from dsl.samples.drawing import TRAINING_ROWS
from evosynth.charts import BLUE, INK, ORANGE, RED, new_figure
from experiments.base import EXPERIMENTS, Answer, Experiment, Row, Setup
from experiments.sine_loss import (
    basin,
    descended,
    expected_gradient,
    expected_loss,
    sampled_loss,
)
from gradient_baselines.base import Budget
from gradient_baselines.training import (
    Adam,
    Course,
    Momentum,
    constant,
    descend,
    generator,
    one_thread,
)

if TYPE_CHECKING:
    from matplotlib.figure import Figure

TARGET, HALF_WIDTH, HIGHEST = 31.0, 1000.0, 100.0
BATCH = 256
# Rates from so small that nothing moves to so large that everything does.
RATES = {
    "SGD": (1e-8, 1e-7, 1e-6, 1e-5, 1e-4, 1e-2),
    "Adam": (1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1),
}
OFFSETS = {"at 31": 0.0, "31 + 0.002": 0.002, "31 + 0.02": 0.02}
EVALUATIONS = 40_000
# A frequency this near has a loss of about 2e-7.
FOUND = 1e-6


def answer(setup: Setup) -> Answer:
    """Trains a frequency by gradient descent, measures its loss, and evolves the formula."""
    with one_thread():
        courses, trained = _train(setup)
    setup.say("random restarts")
    restarts = _restarts(setup)
    formulas = [
        _evolved(frequency, seed, setup)
        for frequency in (31.0, 31.37)
        for seed in range(setup.seed, setup.seed + (2 if setup.is_quick else 10))
    ]
    return Answer(
        _finding(trained, restarts, formulas),
        {"trained": trained, "restarts": [restarts], "formulas": formulas},
        {"loss-curves": _curves(courses), "landscape": _landscape(setup)},
    )


def _starts(setup: Setup) -> list[tuple[str, float]]:
    rng = np.random.default_rng([setup.seed, 1])
    drawn = rng.uniform(0, HIGHEST, 10 if setup.is_quick else 50)
    near = [(name, TARGET + offset) for name, offset in OFFSETS.items()]
    return near + [("random", float(w)) for w in drawn]


def _train(setup: Setup) -> tuple[dict[str, Course], list[Row]]:
    courses, rows = {}, []
    for name, rates in RATES.items():
        setup.say(f"{name}, {len(rates)} rates")
        starts = _starts(setup)
        settings = [(rate, *start) for rate in rates for start in starts]
        courses[name], ends = _course(name, settings, setup)
        for index, (rate, start, first) in enumerate(settings):
            recorded = courses[name].recorded
            late = [float(losses[index]) for _, _, losses in recorded[-25:]]
            end = float(ends[index])
            rows.append(
                {
                    "optimizer": name,
                    "rate": rate,
                    "start": start,
                    "start_frequency": first,
                    "end_frequency": end,
                    "late_loss": float(np.mean(late)),
                    "end_loss": max(0.0, float(expected_loss(end, TARGET, HALF_WIDTH))),
                    "is_found": abs(end - TARGET) < FOUND,
                }
            )
    return courses, rows


def _course(
    name: str, settings: Sequence[tuple[float, str, float]], setup: Setup
) -> tuple[Course, Tensor]:
    """Trains frequencies, each with its own start and rate, on fresh samples in every step."""
    rng = generator(setup.seed)
    rates = torch.tensor([rate for rate, _, _ in settings], dtype=torch.float64)
    frequencies = torch.tensor([first for _, _, first in settings], dtype=torch.float64)

    def losses() -> Tensor:
        x = HALF_WIDTH * (2 * torch.rand(BATCH, generator=rng, dtype=torch.float64) - 1)
        wrong = torch.sin(frequencies[:, None] * x) - torch.sin(TARGET * x)
        return wrong.square().mean(1)

    optimizer = (Adam if name == "Adam" else Momentum)([frequencies], rates)
    budget = Budget(steps=4_000 if setup.is_quick else 100_000)
    return descend(losses, optimizer, budget, schedule=constant), frequencies


def _restarts(setup: Setup) -> Row:
    """Counts from how many random starts the exact gradient leads to the frequency."""
    rng = np.random.default_rng([setup.seed, 2])
    rounds, size = (4 if setup.is_quick else 100), 50_000
    landed, towards = 0, 0
    for _ in range(rounds):
        starts = rng.uniform(0, HIGHEST, size)
        downhill = -expected_gradient(starts, TARGET, HALF_WIDTH)
        towards += int(np.count_nonzero(downhill * (TARGET - starts) > 0))
        ends = descended(starts, TARGET, HALF_WIDTH)
        landed += int(np.count_nonzero(np.abs(ends - TARGET) < FOUND))
    low, high = basin(TARGET, HALF_WIDTH)
    return {
        "restarts": rounds * size,
        "landed": landed,
        "basin_low": low,
        "basin_high": high,
        "basin_width": high - low,
        "share_downhill_towards": towards / (rounds * size),
        "expected_landed": rounds * size * (high - low) / HIGHEST,
    }


def _evolved(frequency: float, seed: int, setup: Setup) -> Row:
    setup.say(f"evosynth, sin({frequency:g} x), seed {seed}")
    result = es.run("sine", frequency=frequency, seed=seed, evaluations=EVALUATIONS)
    return {
        "frequency": frequency,
        "seed": seed,
        "formula": str(result.sympy()[0]),
        "operations": result.claims.operations,
        "test_error": result.claims.test_error,
        "is_verified": result.is_verified,
        "seconds": result.seconds,
    }


def _finding(trained: Sequence[Row], restarts: Row, formulas: Sequence[Row]) -> str:
    random = [row for row in trained if row["start"] == "random"]
    found = sum(row["is_found"] for row in random)
    late = [row["late_loss"] for row in random]
    guess = np.mean([expected_loss(r["start_frequency"], TARGET, HALF_WIDTH) for r in random])
    there = [row for row in trained if row["start"] == "at 31"]
    exact = max(row["late_loss"] for row in there)
    inside = [r for r in trained if r["start"] == "31 + 0.002"]
    verified = [row for row in formulas if row["is_verified"]]
    example = f", such as {verified[-1]['formula']}" if verified else ""
    seconds = np.median([row["seconds"] for row in formulas])
    return (
        f"From random starts in [0, {HIGHEST:g}], {found} of {len(random)} trainings by SGD and "
        f"Adam at {len(RATES['SGD'])} rates each end at the frequency {TARGET:g}; their losses "
        f"at the end are {min(late):.2f} to {max(late):.2f} (median {np.median(late):.2f}), where "
        f"that of the starts is {guess:.2f} on average. Started at {TARGET:g} exactly, "
        f"{sum(r['is_found'] for r in there)} of {len(there)} end there, with a loss of at most "
        f"{exact:.1g}; started {OFFSETS['31 + 0.002']:g} above, "
        f"{sum(r['is_found'] for r in inside)} of {len(inside)}. "
        f"The basin of the minimum is {restarts['basin_width']:.4f} wide, "
        f"{restarts['basin_width'] / HIGHEST:.4%} of the interval: with the exact gradient and "
        f"half the inverse of the curvature at {TARGET:g} as rate, {restarts['landed']} of "
        f"{restarts['restarts']:,} random restarts end in it; downhill pointed towards {TARGET:g} "
        f"at {restarts['share_downhill_towards']:.0%} of them. Of evosynth's runs on "
        f"{TRAINING_ROWS:,} samples {len(verified)} of {len(formulas)} give a formula that is "
        f"verified on unseen rows{example}; a run takes {seconds:.1f} seconds (median)."
    )


def _curves(courses: dict[str, Course]) -> Figure:
    figure, axes = new_figure(1, 2, height=4.2, sharey=True)
    for axis, (name, course) in zip(axes, courses.items(), strict=True):
        rates = RATES[name]
        starts = course.recorded[0][2].shape[0] // len(rates)
        steps = [step + 1 for step, _, _ in course.recorded]
        for k, rate in enumerate(rates[1::2]):
            index = (2 * k + 1) * starts + len(OFFSETS)  # the first random start
            losses = [float(each[index]) for _, _, each in course.recorded]
            axis.plot(steps, losses, linewidth=0.9, label=f"random start, rate {rate:g}")
        at_target = [float(each[2 * starts]) for _, _, each in course.recorded]
        axis.plot(steps, at_target, color=INK, linewidth=2.4, label=f"start at {TARGET:g}")
        axis.set(xscale="log", xlabel="step", title=name, ylim=(-0.05, 2.05))
        axis.legend(loc="upper left", fontsize=8.5)
    axes[0].set_ylabel(f"mean square error of {BATCH} samples")
    figure.suptitle(f"Learning the frequency of sin({TARGET:g} x), from chance and from it")
    return figure


def _landscape(setup: Setup) -> Figure:
    figure, axes = new_figure(2, 2, height=6.0)
    wide = np.linspace(0, 2 * TARGET, 20_001)
    wide = np.union1d(wide, TARGET + np.linspace(-0.02, 0.02, 401))
    near = TARGET + np.linspace(-0.02, 0.02, 1_001)
    _panel(axes[:, 0], wide, wide, f"w from 0 to {2 * TARGET:g}: a needle", 0.4)
    _panel(axes[:, 1], near - TARGET, near, "near it: a basin among ripples", 1.6)
    x = np.random.default_rng([setup.seed, 3]).uniform(-HALF_WIDTH, HALF_WIDTH, TRAINING_ROWS)
    places = near[::20]
    axes[0, 1].plot(
        places - TARGET,
        sampled_loss(places, TARGET, x),
        ".",
        color=RED,
        markersize=4,
        label=f"{TRAINING_ROWS:,} samples",
    )
    for edge in basin(TARGET, HALF_WIDTH):
        for axis in axes[:, 1]:
            axis.axvline(edge - TARGET, color=INK, linestyle=":", linewidth=1)
    axes[0, 1].legend(loc="upper center", ncols=2)
    axes[0, 0].set_ylabel("loss")
    axes[1, 0].set(xlabel="w (radians per unit of x)", ylabel="slope of the loss")
    axes[1, 1].set_xlabel(f"w - {TARGET:g}; dotted: edges of the basin")
    figure.suptitle(f"Mean square of sin(w x) - sin({TARGET:g} x), |x| < {HALF_WIDTH:g}")
    return figure


def _panel(axes: Any, across: Any, frequencies: Any, title: str, width: float) -> None:
    loss = expected_loss(frequencies, TARGET, HALF_WIDTH)
    slope = expected_gradient(frequencies, TARGET, HALF_WIDTH)
    axes[0].plot(across, loss, color=BLUE, linewidth=width, label="all x")
    axes[1].plot(across, slope, color=ORANGE, linewidth=width)
    axes[0].set(title=title, ylim=(-0.05, 1.6))


SINE_FREQUENCY = EXPERIMENTS.register(
    Experiment("sine-frequency", "Does gradient descent find the frequency of a sine?", answer)
)
