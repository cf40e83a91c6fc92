"""The figures of the function zoo."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from evosynth.charts import BLUE, COLOURS, GREEN, INK, ORANGE, PURPLE, RED, new_figure
from experiments.base import Row
from experiments.zoo_freezing import at_best_rate
from experiments.zoo_functions import CURVES, Curve, Learnt
from experiments.zoo_segments import WATCHED, Snapshot, places

if TYPE_CHECKING:
    from matplotlib.figure import Figure

LOOKS: dict[str, dict[str, Any]] = {
    "relu": {"color": BLUE, "linewidth": 1.3},
    "leaky-relu": {"color": PURPLE, "linewidth": 1.3},
    "tanh": {"color": GREEN, "linewidth": 1.3},
    "evosynth": {"color": RED, "linewidth": 1.8, "linestyle": (0, (4, 3))},
}


def zoo_figure(found: Sequence[Learnt]) -> Figure:
    """Draws the functions other than sines, and what was learnt of them."""
    figure, axes = new_figure(2, 3, height=6.0)
    curves = [curve for curve in CURVES if not curve.name.startswith("sin")]
    for axis, curve in zip(axes.flat, curves, strict=True):
        _fits(axis, curve, found)
        axis.set_title(curve.name, fontsize=10.5)
    _name(figure, axes[0, 0], axes[1], axes[:, 0])
    figure.suptitle(
        "Functions learnt from samples in the shaded range, and what becomes of them beyond"
    )
    return figure


def sines_figure(found: Sequence[Learnt]) -> Figure:
    """Draws sines that were learnt on different ranges."""
    figure, axes = new_figure(3, 1, height=6.6, sharex=True)
    curves = [curve for curve in CURVES if curve.name.startswith("sin")]
    for axis, curve in zip(axes, curves, strict=True):
        _fits(axis, curve, found)
        axis.set(title=curve.name, ylim=(-3, 3))
    _name(figure, axes[0], axes[-1:], axes)
    figure.suptitle("A sine learnt from samples in the shaded range, and what becomes of it beyond")
    return figure


def _fits(axis: Any, curve: Curve, found: Sequence[Learnt]) -> None:
    x = curve.places()
    wanted = curve.values(x)
    broken = np.diff(x) > 1.5 * np.median(np.diff(x))  # no line across a gap

    def line(values: Any) -> tuple[Any, Any]:
        at = np.flatnonzero(broken) + 1
        return np.insert(x, at, np.nan), np.insert(values, at, np.nan)

    axis.axvspan(*curve.train, color="#E4E4E4", zorder=0, label="training range")
    axis.plot(*line(wanted), color=INK, linewidth=3.2, alpha=0.35, label="function")
    for each in found:
        if each.curve is curve:
            axis.plot(*line(each.values), **LOOKS[each.model], label=each.model)
    size = np.ptp(wanted)
    axis.set(xlim=curve.shown, ylim=(wanted.min() - size / 4, wanted.max() + size / 4))


def _name(figure: Any, first: Any, bottom: Sequence[Any], left: Sequence[Any]) -> None:
    for axis in bottom:
        axis.set_xlabel("x")
    for axis in left:
        axis.set_ylabel("y")
    figure.legend(*first.get_legend_handles_labels(), loc="outside lower center", ncols=6)


def segments_figure(seen: Mapping[str, Sequence[Snapshot]]) -> Figure:
    """Draws the fits of some snapshots, and the straight pieces of all, coloured by slope."""
    figure, axes = new_figure(2, len(WATCHED), height=6.6, height_ratios=[1, 1.3])
    for column, curve in enumerate(WATCHED):
        _snapshots(axes[0, column], curve, seen[curve.name])
        mesh = _pieces(axes[1, column], curve, seen[curve.name])
    axes[0, 0].set_ylabel("y")
    axes[1, 0].set_ylabel("training step, + 1")
    bar = figure.colorbar(mesh, ax=axes[1, :], pad=0.02)
    bar.set_label("slope / steepest slope of the function")
    figure.suptitle("Straight pieces of ReLU networks; dots are kinks, computed from the weights")
    return figure


def _snapshots(axis: Any, curve: Curve, snapshots: Sequence[Snapshot]) -> None:
    x = places(curve)
    axis.plot(x, curve.values(x), color=INK, linewidth=3.2, alpha=0.35, label="function")
    last = len(snapshots) - 1
    for colour, share in zip(COLOURS, (0, 0.5, 0.7, 1), strict=False):
        each = snapshots[round(share * last)]
        axis.plot(x, each.values, color=colour, linewidth=1.3, label=f"step {each.step:,}")
    low, size = curve.values(x).min(), np.ptp(curve.values(x))
    axis.set(title=curve.name, xlim=curve.train, ylim=(low - 0.3 * size, low + 2 * size))
    axis.legend(fontsize=8.5, ncols=2, loc="upper left")


def _pieces(axis: Any, curve: Curve, snapshots: Sequence[Snapshot]) -> Any:
    from matplotlib.colors import LinearSegmentedColormap

    x = places(curve)
    steps = np.array([each.step + 1.0 for each in snapshots])
    edges = np.sqrt(np.append(steps, steps[-1] * 1.1) * np.insert(steps, 0, steps[0] / 1.3))
    slopes = np.array([np.diff(each.values) for each in snapshots])
    slopes /= np.abs(np.diff(curve.values(x))).max()
    colours = LinearSegmentedColormap.from_list("slopes", [BLUE, "#FFFFFF", ORANGE])
    mesh = axis.pcolormesh(x, edges, slopes, cmap=colours, vmin=-1, vmax=1, rasterized=True)
    for each in snapshots:
        height = np.full(len(each.kinks), each.step + 1.0)
        axis.plot(each.kinks, height, ".", color=INK, markersize=2)
    axis.set(yscale="log", xlabel="x", xlim=curve.train, ylim=(edges[0], edges[-1]))
    axis.grid(visible=False)
    return mesh


def freezing_figure(rows: Sequence[Row]) -> Figure:
    """Draws errors and dead units after each phase: medians, and ranges of all seeds."""
    names = list(dict.fromkeys(row["functions"] for row in rows))
    figure, axes = new_figure(2, len(names), height=6.4, sharex=True, sharey="row")
    for column, name in enumerate(names):
        for activation, colour in (("relu", BLUE), ("leaky-relu", ORANGE)):
            chosen = at_best_rate(rows, name, activation)
            for row, key in enumerate(("error", "dead_share")):
                _phases(axes[row, column], chosen, key, activation, colour)
        axes[0, column].set_title(name, fontsize=10)
        axes[0, column].set_yscale("log")
        axes[1, column].set(xlabel="phase", xticks=sorted({row["phase"] for row in rows}))
    axes[0, 0].set_ylabel("error / standard deviation")
    axes[1, 0].set_ylabel("share of units active nowhere")
    handles = axes[0, 0].get_legend_handles_labels()
    figure.legend(*handles, loc="outside lower center", ncols=4)
    figure.suptitle(
        "Networks trained on two functions in turn, and fresh ones trained on one\n"
        "(median and range of the seeds, at the rate at which fresh ones err least)",
        fontsize=11,
    )
    return figure


def _phases(axis: Any, rows: Sequence[Row], key: str, activation: str, colour: str) -> None:
    phases = sorted({row["phase"] for row in rows})
    shift = 0.0 if activation == "relu" else 0.12
    for column, style, name in ((key, "-o", "in turn"), (f"{key}_fresh", "--s", "fresh")):
        found = [[row[column] for row in rows if row["phase"] == phase] for phase in phases]
        middle = np.array([np.median(each) for each in found])
        spans = np.abs([[np.min(each), np.max(each)] for each in found] - middle[:, None]).T
        axis.errorbar(
            np.array(phases) + shift + 0.06 * (name == "fresh"),
            middle,
            yerr=spans,
            fmt=style,
            color=colour,
            markersize=4,
            linewidth=1.3,
            elinewidth=0.6,
            alpha=1.0 if name == "in turn" else 0.6,
            label=f"{activation}, {name}",
        )
