"""How do activation functions differ, and what do networks of each do beyond their samples?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

import evosynth as es
from dsl.samples import Samples
from evosynth.charts import BLUE, COLOURS, INK, ORANGE, new_figure
from experiments.activation_properties import Tail, measured, shape_of, tail, values
from experiments.base import EXPERIMENTS, Answer, Experiment, Row, Setup
from gradient_baselines.activations import ACTIVATIONS, Activation
from gradient_baselines.base import Budget
from gradient_baselines.functions import network
from gradient_baselines.functions.sweeps import Outcome, best_of, outcomes

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Series:
    """What networks learn.

    Attributes:
        name: Of the target.
        title: For people.
        options: Of the target.
        x_label: Of the horizontal axis.
        y_label: Of the vertical axis.
    """

    name: str
    title: str
    options: dict[str, Any]
    x_label: str
    y_label: str


SERIES = (
    Series("sine", "periodic: sin(0.01 x)", {"frequency": 0.01}, "x (0.01 x in radians)", "y"),
    Series("snake-like", "trending: x + sin(3 x)^2 / 3", {}, "x (3 x in radians)", "y"),
    Series("co2", "real: carbon dioxide at Mauna Loa", {}, "years since 1958-03-29", "ppm"),
)
DRAWN = ("relu", "gelu", "tanh", "snake", "sin")
# Far is from and to so many half widths of the range from its middle.
FAR = (20.0, 40.0)
# Standard deviations of y: waves below are none, and slopes for each half width.
STILL, FLAT = 0.03, 0.01


def answer(setup: Setup) -> Answer:
    """Measures activation functions, and trains networks with each on three series."""
    properties = [measured(activation) for activation in ACTIVATIONS]
    rows: list[Row] = []
    drawn: dict[tuple[str, str], Outcome] = {}
    for series in SERIES:
        for activation in ACTIVATIONS:
            setup.say(f"{series.title}, {activation.name}")
            for seed in range(setup.seed, setup.seed + (1 if setup.is_quick else 5)):
                best = _trained(series, activation, seed, setup)
                rows.append(_row(series, activation, seed, best))
                drawn.setdefault((series.name, activation.name), best)
    return Answer(
        _finding(properties, rows),
        {"activations": [_with_networks(each, rows) for each in properties], "networks": rows},
        {
            "activations": _shapes_figure(properties),
            "activation-errors": _errors_figure(rows),
            "activation-curves": _curves_figure(drawn, setup),
        },
    )


def _target(series: Series, seed: int) -> es.SampledTarget:
    """Returns samples that are validated between those to train on, and tested beyond."""
    target = es.make_sampled_target(series.name, seed=seed, **series.options)
    if series.name != "co2":
        return target
    # As packaged it is validated on later years too.
    earlier = es.from_arrays(target.train.x, target.train.y, seed=seed, keep_test=False)
    later = [part for part in (target.validation, target.test) if part]
    x, y = (np.concatenate([getattr(part, name) for part in later]) for name in "xy")
    return replace(earlier, test=Samples(x, y))


def _trained(series: Series, activation: Activation, seed: int, setup: Setup) -> Outcome:
    target = _target(series, seed)
    steps = Budget(steps=2_000 if setup.is_quick else 10_000)
    return best_of(outcomes(target, seed, steps, network.plan(activation, target)))


def _row(series: Series, activation: Activation, seed: int, best: Outcome) -> Row:
    left, right = _tails(_target(series, seed), best)
    told = [side.told(FAR[1] - FAR[0], flat=FLAT, still=STILL) for side in (left, right)]
    return {
        "series": series.name,
        "activation": activation.name,
        "seed": seed,
        "setting": best.model.setting,
        "error_inside": best.model.error,
        "error_outside": best.model.error_outside,
        "slope_left": left.slope,
        "slope_right": right.slope,
        "waves_left": left.waves,
        "waves_right": right.waves,
        "left": told[0],
        "right": told[1],
    }


def _tails(target: es.SampledTarget, best: Outcome) -> list[Tail]:
    """Returns a network's values far to the left and to the right, in deviations of y."""
    x, y = target.train.x[:, 0], target.train.y[:, 0]
    middle, half = (x.max() + x.min()) / 2, np.ptp(x) / 2
    steps = np.linspace(*FAR, 4_001)
    sides = []
    for side in (-1, 1):
        said = best.predict((middle + side * half * steps)[:, None])[:, 0]
        sides.append(tail(side * steps, said / y.std()))
    return sides


def _with_networks(properties: Row, rows: Sequence[Row]) -> Row:
    """Returns a function's row with what its networks were like far from their samples."""
    own = [row for row in rows if row["activation"] == properties["activation"]]
    kinds = [row[side] for row in own for side in ("left", "right")]
    counted = ", ".join(f"{kinds.count(kind)} {kind}" for kind in dict.fromkeys(kinds))
    medians = {
        f"{place} {series.name}": _median(own, series.name, place)
        for series in SERIES
        for place in ("error_inside", "error_outside")
    }
    return {**properties, "networks_far": counted, **medians}


def _median(rows: Sequence[Row], series: str, place: str) -> float:
    return float(np.median([row[place] for row in rows if row["series"] == series]))


def _finding(properties: Sequence[Row], rows: Sequence[Row]) -> str:
    kinds: dict[str, list[str]] = {}
    for each in properties:
        same = dict.fromkeys((each["left"], each["right"]))
        kinds.setdefault(" and ".join(same), []).append(each["activation"])
    shapes = "; ".join(f"{kind}: {', '.join(names)}" for kind, names in kinds.items())
    rough = [each["activation"] for each in properties if "jumps" in each["smoothness"]]
    agreed = sum(
        row[side] in (each["left"], each["right"])
        for each in properties
        for row in rows
        for side in ("left", "right")
        if row["activation"] == each["activation"]
    )
    best = []
    for series in SERIES:
        errors = {
            place: {
                a.name: _median([r for r in rows if r["activation"] == a.name], series.name, place)
                for a in ACTIVATIONS
            }
            for place in ("error_inside", "error_outside")
        }
        inside, outside = (min(each, key=lambda n: each[n]) for each in errors.values())
        best.append(
            f"{series.name} {errors['error_inside'][inside]:.2g} ({inside}) inside and "
            f"{errors['error_outside'][outside]:.2g} ({outside}) outside"
        )
    return (
        f"Measured far from 0, {len(properties)} activation functions are: {shapes}. A derivative "
        f"up to the third jumps for {', '.join(rough)}. Of the {2 * len(rows)} ends of {len(rows)} "
        f"networks of three hidden layers, {agreed} look, {FAR[0]:g} to {FAR[1]:g} half widths "
        f"from the middle of their samples, as an end of their activation function does. The least "
        f"error by series, in standard deviations of y, median of the seeds: {'; '.join(best)}."
    )


def _shapes_figure(properties: Sequence[Row]) -> Figure:
    figure, axes = new_figure(2, 5, height=5.0, sharex=True)
    x = np.linspace(-6, 6, 2_401)
    for axis, activation, row in zip(axes.flat, ACTIVATIONS, properties, strict=True):
        y = values(shape_of(activation), x)
        axis.plot(x, y, color=BLUE, label="function")
        axis.plot(x[:-1], np.diff(y) / np.diff(x), color=ORANGE, linewidth=1.1, label="derivative")
        name = f"{activation.name}{', a = 1' * bool(activation.parameter)}"
        title = f"{name}\nfrom {row['least']} to {row['greatest']}"
        axis.set_title(title, fontsize=9.5)
        axis.tick_params(labelsize=8.5)
    for axis in axes[1]:
        axis.set_xlabel("x")
    figure.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=2)
    figure.suptitle("Activation functions, with the range of their values as measured")
    return figure


def _errors_figure(rows: Sequence[Row]) -> Figure:
    figure, axes = new_figure(1, len(SERIES), height=4.8, sharey=True, sharex=True)
    places = np.arange(len(ACTIVATIONS))
    for axis, series in zip(axes, SERIES, strict=True):
        for key, colour, name in (
            ("error_inside", BLUE, "validation rows, among those trained on"),
            ("error_outside", ORANGE, "test rows, beyond them"),
        ):
            own = [[r for r in rows if r["activation"] == a.name] for a in ACTIVATIONS]
            errors = [_median(each, series.name, key) for each in own]
            axis.plot(errors, places, "o", color=colour, label=name)
        axis.axvline(1, color=INK, linestyle=":", linewidth=1)
        axis.set_title(series.title.replace(": ", ":\n"), fontsize=10)
        axis.set(xscale="log")
    axes[0].set_yticks(places, ACTIVATIONS.names())
    axes[0].invert_yaxis()
    axes[1].set_xlabel("error / standard deviation of y (dotted: that of the mean)")
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=2)
    figure.suptitle("Networks of each activation function: errors, median of the seeds")
    return figure


def _curves_figure(drawn: dict[tuple[str, str], Outcome], setup: Setup) -> Figure:
    figure, axes = new_figure(len(SERIES), 1, height=8.0)
    for axis, series in zip(axes, SERIES, strict=True):
        target = _target(series, setup.seed)
        low, high = target.train.x.min(), target.train.x.max()
        x = np.linspace(low - 1.5 * (high - low), high + 1.5 * (high - low), 3_001)
        axis.axvspan(low, high, color=INK, alpha=0.07, linewidth=0)
        parts = [part for part in (target.train, target.validation, target.test) if part]
        seen = np.concatenate([np.hstack([part.x, part.y]) for part in parts])
        seen = seen[np.argsort(seen[:, 0])]
        axis.plot(*seen.T, color=INK, linewidth=3.5, alpha=0.3, label="function, data")
        for name, colour in zip(DRAWN, COLOURS, strict=False):
            said = drawn[series.name, name].predict(x[:, None])[:, 0]
            axis.plot(x, said, color=colour, linewidth=1.1, label=name)
        near = seen[(seen[:, 0] >= x[0]) & (seen[:, 0] <= x[-1]), 1]
        room = 0.6 * np.ptp(near)
        axis.set(xlim=(x[0], x[-1]), ylim=(near.min() - room, near.max() + room))
        axis.set(xlabel=series.x_label, ylabel=series.y_label)
        axis.set_title(series.title, fontsize=10.5)
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=6)
    figure.suptitle("Networks beyond their samples (grey: the range that they were trained on)")
    return figure


ACTIVATION_TABLE = EXPERIMENTS.register(
    Experiment(
        "activations",
        "How do activation functions differ, and what do their networks do beyond the samples?",
        answer,
    )
)
