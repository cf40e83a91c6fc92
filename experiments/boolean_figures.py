"""The figures of the experiment on tables of bits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from evosynth.charts import BLUE, INK, ORANGE, RED, new_figure
from experiments.base import Row
from experiments.boolean_networks import best_rates, network_operations

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SHARES = (0, 0.2, 0.4, 0.6, 0.8, 1)
LOOKS = {"relu": (BLUE, "o-"), "tanh": (ORANGE, "s-")}


def success_figure(trained: Sequence[Row], evolved: Sequence[Row]) -> Figure:
    """Draws how often networks of each width, and programs, get all rows right."""
    figure, axes = new_figure(1, 2, height=4.2, sharey=True)
    for axis, task in zip(axes, ("xor", "life, nine cells"), strict=True):
        rows = best_rates(trained, task)
        for activation, (colour, style) in LOOKS.items():
            chosen = [row for row in rows if row["activation"] == activation]
            shares = [row["success_rate"] for row in chosen]
            widths = [row["hidden"] for row in chosen]
            axis.plot(widths, shares, style, color=colour, label=f"networks, {activation}")
        programs = [row["is_right"] for row in evolved if row["task"] == task]
        label = f"evolved programs, {len(programs)} seeds"
        axis.axhline(np.mean(programs), color=RED, linestyle="--", label=label)
        axis.set(xscale="log", xlabel="hidden units", title=task, xticks=widths, ylim=(-0.05, 1.5))
        axis.set_xticks([], minor=True)
        axis.set_xticklabels(widths)
        axis.set_yticks(SHARES)
        axis.legend(loc="upper left", fontsize=9)
    axes[0].set_ylabel("share of seeds with all rows right")
    figure.suptitle("How often all rows are learnt: 2 hidden units would do")
    return figure


def operations_figure(
    trained: Sequence[Row], evolved: Sequence[Row], by_hand: Mapping[str, float]
) -> Figure:
    """Draws the same over what networks and programs cost."""
    figure, axes = new_figure(1, 2, height=4.2, sharey=True)
    for axis, task in zip(axes, by_hand, strict=True):
        for activation, (colour, style) in LOOKS.items():
            rows = [r for r in best_rates(trained, task) if r["activation"] == activation]
            axis.plot(
                [row["operations"] for row in rows],
                [row["success_rate"] for row in rows],
                style,
                color=colour,
                label=f"networks, {activation}",
            )
        programs = [row for row in evolved if row["task"] == task]
        shares = [row["share_right"] for row in programs]
        counts = [row["operations"] for row in programs]
        axis.plot(counts, shares, "D", color=RED, label="evolved programs: rows right")
        cost = network_operations(2 if task == "xor" else 9, 2, "relu")
        axis.plot(cost, by_hand[task], "*", color=INK, markersize=10, label="made by hand")
        axis.set(xscale="log", xlabel="operations", title=task, ylim=(-0.05, 1.6), yticks=SHARES)
        axis.legend(loc="upper left", fontsize=9)
    axes[0].set_ylabel("share of seeds; of rows for programs")
    figure.suptitle("What a right answer costs")
    return figure
