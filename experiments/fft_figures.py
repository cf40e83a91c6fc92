"""Figures of rivals that learn the DFT by gradient descent."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from dsl.accuracy import EXACT
from evosynth.charts import COLOURS, INK, new_figure, positive
from experiments.base import Row
from experiments.fft_rivals import RIVALS, SEARCH, fft_entries, fft_operations, share

if TYPE_CHECKING:
    from matplotlib.figure import Figure

METHODS = (*RIVALS, SEARCH)
MARKERS = ("s", "D", "P", "o", "v", "*")
FLOOR = 1e-16


def sizes_of(rows: Sequence[Row]) -> list[int]:
    """Returns the sizes that rows are of."""
    return sorted({row["n"] for row in rows})


def of_size(rows: Sequence[Row], n: int) -> list[Row]:
    """Returns the rows of a size."""
    return [row for row in rows if row["n"] == n]


def rivals_figure(rows: Sequence[Row], fronts: Sequence[Row]) -> Figure:
    """Draws operations by size, and errors by operations at the largest size."""
    figure, (left, right) = new_figure(1, 2, height=4.6)
    sizes = sizes_of(rows)
    left.plot(sizes, [fft_operations(n) for n in sizes], color=INK, label="radix-2 FFT")
    for method, colour, marker in zip(METHODS, COLOURS, MARKERS, strict=False):
        chosen = [row for row in rows if row["method"] == method and row["error"] <= EXACT]
        look: dict[str, Any] = {"color": colour, "marker": marker, "markersize": 7}
        places = [row["n"] for row in chosen]
        left.plot(places, [row["operations"] for row in chosen], label=method, **look)
        front = [row for row in fronts if row["method"] == method and row["operations"]]
        errors = positive([row["error"] for row in front], FLOOR)
        right.plot([row["operations"] for row in front], errors, linestyle=":", **look)
    left.set(xlabel="n", ylabel="real operations", xscale="log", yscale="log")
    left.set_title("exact models and programs", fontsize=10.5)
    _at_sizes(left, sizes)
    largest = max(sizes)
    right.axvline(fft_operations(largest), color=INK)
    right.set(xlabel="real operations", ylabel="largest relative error of an output")
    right.set(xscale="log", yscale="log", ylim=(FLOOR / 3, 10))
    right.tick_params(axis="x", which="minor", labelbottom=False)
    right.set_title(f"error and operations at n = {largest}", fontsize=10.5)
    figure.legend(*left.get_legend_handles_labels(), loc="outside lower center", ncols=4)
    return figure


def noise_figure(rows: Sequence[Row]) -> Figure:
    """Draws how many trainings come back to the FFT, by noise."""
    figure, (left, right) = new_figure(1, 2, height=4.2, sharex=True)
    for n, colour in zip(sizes_of(rows), COLOURS, strict=False):
        chosen = of_size(rows, n)
        noises = sorted({row["noise"] for row in chosen})
        groups = [[row for row in chosen if row["noise"] == noise] for noise in noises]
        shares = [share(group, "is_back") for group in groups]
        left.plot(noises, shares, "o-", color=colour, label=f"n = {n}")
        exact = [row for row in chosen if row["is_exact"]]
        entries = [row["entries"] / fft_entries(n) for row in exact]
        right.plot([row["noise"] for row in exact], entries, "o", color=colour, alpha=0.5)
    right.axhline(1, color=INK, linewidth=1, linestyle="--")
    right.text(0.011, 1.03, "FFT", fontsize=9.5, va="bottom")
    left.set(xscale="log", ylim=(-0.05, 1.05), ylabel="share that comes back to the FFT")
    right.set(yscale="log", ylabel="non-zero entries / those of the FFT")
    left.set_title("trainings that start near the FFT", fontsize=10.5)
    right.set_title("those that end exact", fontsize=10.5)
    _plain_ticks(right, (1, 2, 3, 4, 6, 8))
    for axis in (left, right):
        axis.set_xlabel("noise on every entry (standard deviation)")
    left.legend()
    return figure


def _at_sizes(axis: Any, sizes: Sequence[int]) -> None:
    axis.set_xticks(sizes, labels=[str(n) for n in sizes])
    axis.tick_params(axis="x", which="minor", bottom=False, labelbottom=False)


def _plain_ticks(axis: Any, ticks: Sequence[float]) -> None:
    axis.set_yticks(ticks, labels=[f"{tick:,g}" for tick in ticks])
    axis.tick_params(axis="y", which="minor", left=False, labelleft=False)


def recovery_figure(rows: Sequence[Row]) -> Figure:
    """Draws how many butterflies recover the DFT, and how fast."""
    figure, (left, right) = new_figure(1, 2, height=4.2)
    sizes = sizes_of(rows)
    kinds = {True: "even and odd inputs apart", False: "other permutations"}
    for (is_right, label), colour in zip(kinds.items(), COLOURS, strict=False):
        groups = [[r for r in of_size(rows, n) if r["is_even_odd"] == is_right] for n in sizes]
        shares = [share(group, "is_recovered") for group in groups]
        left.plot(sizes, shares, "o-", color=colour, label=label)
    found = [row for row in rows if row["is_recovered"]]
    right.plot([r["n"] for r in found], [r["steps"] for r in found], "o", alpha=0.4, label="steps")
    medians = [np.median([r["seconds"] for r in of_size(found, n)] or [np.nan]) for n in sizes]
    other = right.twinx()
    other.plot(sizes, medians, "s-", color=COLOURS[3], label="seconds of the batch (median)")
    other.set(ylim=(0, None), ylabel="seconds")
    other.spines["right"].set_visible(True)
    right.set(yscale="log", ylabel="steps to a root mean square error of 1e-4")
    _plain_ticks(right, (100, 200, 500, 1000, 2000, 5000))
    left.set(ylim=(-0.05, 1.05), ylabel="share of trainings that recover the DFT")
    for axis in (left, right):
        axis.set(xscale="log", xlabel="n")
        _at_sizes(axis, sizes)
    left.set_title("[Dao2019] report recovery up to n = 1,024", fontsize=10)
    left.legend(loc="center")
    pairs = [axis.get_legend_handles_labels() for axis in (right, other)]
    handles = [handle for pair in pairs for handle in pair[0]]
    names = [name for pair in pairs for name in pair[1]]
    figure.legend(handles, names, loc="outside lower right", ncols=2)
    return figure


def cliff_figure(rows: Sequence[Row]) -> Figure:
    """Draws the loss, and the sum that L1 adds, around the factors of the FFT."""
    figure, (left, right) = new_figure(1, 2, height=4.2)
    for n, colour in zip(sizes_of(rows), COLOURS, strict=False):
        chosen = [row for row in of_size(rows, n) if row["distance"] > 0]
        places = [row["distance"] for row in chosen]
        left.plot(places, [row["loss"] for row in chosen], color=colour, label=f"n = {n}")
        ends = ([row[key] for row in chosen] for key in ("least_loss", "largest_loss"))
        left.fill_between(places, *ends, color=colour, alpha=0.2, linewidth=0)
        right.plot(places, [row["l1_norm"] for row in chosen], color=colour)
    left.axhline(1, color=INK, linewidth=1, linestyle="--")
    left.text(1.1e-3, 1.2, "all factors zero", fontsize=9.5, va="bottom")
    left.set(yscale="log", ylabel="squared error / square of the matrix")
    right.set(yscale="log", ylabel="L1 norm / that of the FFT")
    _plain_ticks(right, (1, 2, 5, 10, 20))
    for axis in (left, right):
        axis.set(xscale="log", xlabel="change of every entry (std. deviation)")
    left.legend(loc="lower right")
    return figure
