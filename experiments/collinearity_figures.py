"""The figures of the experiment on collinearity."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from dsl.accuracy import EXACT
from evosynth.charts import BLUE, COLOURS, GREEN, INK, ORANGE, RED, new_figure
from experiments import two_weights as weights
from experiments.equal_columns import Shared
from experiments.two_weights import Paths

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def valley_figure(paths: Sequence[Paths], seed: int) -> Figure:
    """Draws where descent ends, on contours of the loss."""
    figure, axes = new_figure(2, 3, height=6.2, sharex=True, sharey=True)
    for row, predictors in enumerate(weights.PREDICTORS):
        for column, penalty in enumerate(weights.PENALTIES):
            strength = 0.0 if penalty == "none" else weights.SHOWN
            axis = axes[row, column]
            _panel(axis, weights.chosen(paths, predictors, penalty, strength), seed)
            label = "no penalty" if penalty == "none" else f"{penalty}, strength {strength:.2g}"
            axis.set_title(f"{predictors}: {label}", fontsize=9.5)
        axes[row, 0].set_ylabel("weight b")
    for axis in axes[1]:
        axis.set_xlabel("weight a")
    handles, labels = axes[0, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=4)
    figure.suptitle("Two weights for one predictor: where gradient descent ends in the valley")
    return figure


def _panel(axis: Any, paths: Paths, seed: int) -> None:
    grid = np.linspace(-2, 4, 121)
    a, b = np.meshgrid(grid, grid)
    points = torch.tensor(np.stack([a.ravel(), b.ravel()], axis=1))
    case, count = paths.case, len(points)
    products = torch.tensor(weights.covariance(case.predictors, seed)).expand(count, 2, 2)
    l2, l1 = (torch.full((count,), case.strength * (case.penalty == p)) for p in ("L2", "L1"))
    loss = weights.penalised_loss(points, products, l2, l1).numpy().reshape(a.shape)
    levels = loss.min() + np.array([0.003, 0.03, 0.1, 0.3, 1, 3, 10])
    axis.contour(a, b, loss, levels=levels, colors="#9A9A9A", linewidths=0.8)
    axis.plot(*paths.points[:, :].transpose(2, 0, 1), color=BLUE, linewidth=0.9, alpha=0.7)
    axis.plot([], [], color=BLUE, label="path")
    axis.plot([], [], color="#9A9A9A", label="equal loss")
    axis.plot(*paths.points[0].T, "o", color=BLUE, markersize=3.5, label="start")
    axis.plot(*paths.ends.T, "o", color=RED, markersize=5.5, zorder=3, label="end")
    axis.set(aspect="equal", xlim=(-2, 4), ylim=(-2, 4))


def sweep_figure(paths: Sequence[Paths]) -> Figure:
    """Draws what is left of the valley for every strength."""
    figure, axes = new_figure(1, 2, height=4.0)
    styles = {"equal": "-", "nearly equal": "--"}
    colours = {"L2": BLUE, "L1": ORANGE}
    for predictors, style in styles.items():
        for penalty, colour in colours.items():
            chosen = [weights.chosen(paths, predictors, penalty, s) for s in weights.STRENGTHS]
            options: dict[str, Any] = {"color": colour, "linestyle": style, "marker": "o"}
            label = f"{penalty}, {predictors}"
            axes[0].plot(weights.STRENGTHS, [p.spread for p in chosen], **options, label=label)
            axes[1].plot(weights.STRENGTHS, [p.share_split for p in chosen], **options, label=label)
    untouched = weights.chosen(paths, "equal", "none", 0.0).spread
    axes[0].axhline(untouched, color=INK, linestyle=":", label="no penalty, equal")
    axes[0].set(xscale="log", xlabel="strength of the penalty", ylim=(-0.4, 11))
    axes[0].set_ylabel("range of a - b at the ends")
    axes[0].legend(fontsize=8.5)
    axes[1].set(xscale="log", xlabel="strength of the penalty", ylim=(-0.05, 1.05))
    axes[1].set_ylabel("share of ends that use both weights")
    figure.suptitle(
        f"What a penalty makes of two weights for one predictor, {weights.STARTS} starts"
    )
    return figure


def matrix_figure(shown: Shared) -> Figure:
    """Draws a matrix, what one gene leaves of it, and a middling exact factorisation."""
    refitted = [k for k, row in enumerate(shown.rows) if row["way"] == "refitted"]
    exact = [k for k in refitted if shown.rows[k]["error"] <= EXACT and shown.rows[k]["strength"]]
    ranked = sorted(exact or refitted, key=lambda k: shown.rows[k]["operations"])
    index = ranked[len(ranked) // 2]
    left, right = shown.factors[index]
    figure, axes = new_figure(1, 4, height=3.1)
    one = shown.evolved["operations_after_one_gene"]
    _map(axes[0], shown.matrix, f"matrix\n{shown.evolved['dense_operations']} operations", "x")
    _map(axes[1], shown.remainder, f"after one gene\n{one} operations", "x")
    _map(axes[2], right, f"trained: first\n{shown.rows[index]['operations']} operations", "x")
    _map(axes[3], left, f"trained: second\nerror {shown.rows[index]['error']:.0e}", "h")
    axes[0].set_ylabel("output")
    reads = shown.rows[index]
    figure.suptitle(
        f"Entries left of x1 after one gene: {shown.evolved['entries_left_of_x1']}; "
        f"trained weights on x0 and x1: {reads['readings_x0']} and {reads['readings_x1']}\n"
        "(blue: negative, green: positive, white: zero)",
        fontsize=11,
    )
    return figure


def _map(axis: Any, matrix: Any, title: str, name: str) -> None:
    axis.imshow(
        np.where(matrix == 0, np.nan, np.sign(matrix)), cmap=_two_colours(), vmin=-1, vmax=1
    )
    for (i, j), entry in np.ndenumerate(matrix):
        axis.text(j, i, f"{entry:.2g}", ha="center", va="center", fontsize=7.5)
    axis.set(title=title, yticks=range(len(matrix)), xticks=range(matrix.shape[1]))
    axis.set_xticklabels([f"{name}{k}" for k in range(matrix.shape[1])])
    axis.grid(visible=False)
    axis.title.set_fontsize(10)


def _two_colours() -> Any:
    from matplotlib.colors import ListedColormap

    return ListedColormap([COLOURS[5], GREEN + "80"])
