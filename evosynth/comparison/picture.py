"""The picture of a comparison: error against operations, both logarithmic."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from dsl.accuracy import EXACT
from dsl.samples import SampledTarget
from dsl.targets import Target
from evosynth.charts import COLOURS, INK, label_counts, new_figure, positive
from evosynth.comparison.outcome import Comparison, Row
from gradient_baselines.base import Model

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# Errors are drawn between these: what is exact has an error of 0 or of rounding, and what
# is worse than a constant needs no more room.
LEAST, MOST = 1e-17, 1e2
MARKERS = "osD^vPX<>p*h"


def draw(comparison: Comparison) -> Figure:
    """Draws evosynth's front beside the rivals', with lines at known operation counts.

    Raises:
        EnvironmentMismatchError: matplotlib is not installed.
    """
    panels = _panels(comparison)
    figure, axes = new_figure(1, len(panels), width=8.0, height=5.2, sharey=True, squeeze=False)
    for axis, (title, error) in zip(axes[0], panels, strict=True):
        for position, row in enumerate(comparison.rows):
            _draw_row(axis, row, error, _look(position))
        _draw_counts(axis, comparison)
        _set_scales(axis)
        axis.set_title(title, fontsize="medium")
    measure = _is_function(comparison) and "rms error / standard deviation of y"
    axes[0][0].set_ylabel(measure or "relative error")
    handles, labels = axes[0][0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside right upper")
    figure.suptitle(
        f"{comparison.target.title}: error against operations, up to {comparison.budget:g} s each",
        fontsize="medium",
    )
    return figure


def _set_scales(axis: Any) -> None:
    """Makes both axes logarithmic, with the range that counts as exact in every picture."""
    axis.set(xscale="log", yscale="log", xlabel="real operations")
    low, high = axis.get_ylim()
    axis.set_ylim(min(low, LEAST / 3), max(high, 3.0))
    axis.axhspan(LEAST / 10, EXACT, color="#009E73", alpha=0.08, linewidth=0)
    axis.annotate("exact to rounding", (0.02, EXACT), xycoords=("axes fraction", "data"), va="top")
    label_counts(axis.xaxis)


def _is_function(comparison: Comparison) -> bool:
    return isinstance(comparison.target, SampledTarget)


def _panels(comparison: Comparison) -> list[tuple[str, Callable[[Model], float]]]:
    """Returns titles and errors: a linear map errs inside and outside alike."""
    if not _is_function(comparison):
        return [("", lambda model: model.error)]
    return [
        ("in the range of training", lambda model: model.error),
        ("outside of it", lambda model: model.error_outside),
    ]


def _look(position: int) -> dict[str, Any]:
    """Returns colour and marker: evosynth is first, a star that hides no one beneath it."""
    if position == 0:
        return {"color": INK, "marker": "*", "markersize": 15, "zorder": 3, "mfc": "none"}
    place = position - 1
    return {"color": COLOURS[place % len(COLOURS)], "marker": MARKERS[place % len(MARKERS)]}


def _draw_row(axis: Any, row: Row, error: Callable[[Model], float], look: dict[str, Any]) -> None:
    """Draws a contestant: the front of every seed, and the best models larger."""
    small = look | {"markersize": look.get("markersize", 7) * 0.6, "alpha": 0.6, "linewidth": 1}
    for outcome in row.outcomes:
        axis.plot(*_points(outcome.fit.front, error), **small)
    axis.plot(*_points(row.best, error), **look, linestyle="none", label=row.name)


def _points(models: list[Model], error: Callable[[Model], float]) -> tuple[Any, Any]:
    """Returns where models are; one without operations is a constant, and none is drawn."""
    drawn = [model for model in models if model.operations and math.isfinite(error(model))]
    errors = [min(error(model), MOST) for model in drawn]
    return positive([model.operations for model in drawn], 1.0), positive(errors, LEAST)


def _draw_counts(axis: Any, comparison: Comparison) -> None:
    """Draws lines at the operations of the matrix product and at the best known."""
    target = comparison.target
    if not isinstance(target, Target):
        return
    assert comparison.dense is not None
    _draw_count(axis, comparison.dense, "matrix product", "--")
    if target.best_known:
        _draw_count(axis, target.best_known.operations, "best known", ":")


def _draw_count(axis: Any, count: int, name: str, style: str) -> None:
    axis.axvline(count, color="#7F7F7F", linestyle=style, linewidth=1)
    axis.annotate(
        f"{name} {count:,} ",
        (count, 1.0),
        xycoords=("data", "axes fraction"),
        rotation=90,
        ha="right",
        va="top",
        fontsize=8.5,
    )
