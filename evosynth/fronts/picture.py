"""The picture of a front: loss against cost, with what is known from elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dsl.accuracy import EXACT
from evosynth.charts import BLUE, COLOURS, INK, label_counts, new_figure, positive
from evosynth.fronts.references import BEST_KNOWN, DENSE, Reference
from fitness.objectives import WORST, Objective

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from evosynth.fronts.programs import Front

# What is exact has an error of 0 or of rounding, and is drawn here.
LEAST = 1e-17
# Axes whose numbers have a larger quotient are logarithmic.
WIDE_COSTS, WIDE_LOSSES = 8.0, 30.0
# Decades that the axis has from cost 0 to the least that is more.
ROOM_OF_ZERO = 0.3
MARKERS = "sD^vPXph"


def draw(front: Front) -> Figure:
    """Draws programs of a front as a staircase, and what is known as single marks.

    The best program has a ring, the run's tolerance is a line.

    Raises:
        EnvironmentMismatchError: matplotlib is not installed.
    """
    figure, axis = new_figure(width=8.6, height=5.0)
    known = [each for each in front.references if each.loss < WORST]
    points = [(point.cost, point.loss) for point in front if point.loss < WORST]
    _draw_found(axis, front.objective, points)
    _draw_choice(axis, front)
    for position, each in enumerate(known):
        _draw_reference(axis, front.objective, each, position)
    everything = [(each.cost, each.loss) for each in known] + points
    _set_scales(axis, front, [c for c, _ in everything], [loss for _, loss in everything])
    axis.set_title(front.title, fontsize="medium")
    figure.legend(loc="outside right upper", fontsize="small")
    return figure


def _draw_found(axis: Any, objective: Objective, points: list[tuple[float, float]]) -> None:
    costs, losses = zip(*points, strict=True) if points else ((), ())
    axis.plot(
        costs,
        _heights(objective, losses),
        color=BLUE,
        marker="o",
        markersize=5,
        linewidth=1.2,
        drawstyle="steps-post",
        label=f"found: {len(points)}",
        zorder=3,
    )


def _draw_choice(axis: Any, front: Front) -> None:
    """Draws the run's tolerance and a ring around its best program; nothing of exact runs."""
    if front.tolerance is None:
        return
    objective, best = front.objective, front.best
    unit = " dB" if objective.is_decibel else ""
    (height,) = _heights(objective, [objective.loss_of(front.tolerance)])
    label = f"tolerance: {front.tolerance:.3g}{unit}"
    axis.axhline(height, color=INK, linewidth=0.9, linestyle="--", label=label, zorder=2)
    if best is not None and best.loss < WORST:
        label = f"best: {best.cost:,g} {front.cost.unit}, {objective.shown(best.loss)}"
        _draw_mark(axis, objective, (best.cost, best.loss), ("o", INK, 12), label)


def _draw_reference(axis: Any, objective: Objective, each: Reference, position: int) -> None:
    looks = {DENSE: ("*", INK, 12), BEST_KNOWN: ("+", INK, 11)}
    place = 1 + position % (len(COLOURS) - 1)
    usual = MARKERS[position % len(MARKERS)], COLOURS[place], 7
    look = looks.get(each.name, usual)
    _draw_mark(axis, objective, (each.cost, each.loss), look, _label(each))


def _draw_mark(
    axis: Any,
    objective: Objective,
    point: tuple[float, float],
    look: tuple[str, str, int],
    label: str,
) -> None:
    """Draws a single cost and loss as an empty marker of a shape, a colour and a size."""
    marker, colour, size = look
    axis.plot(
        [point[0]],
        _heights(objective, [point[1]]),
        linestyle="none",
        marker=marker,
        color=colour,
        markersize=size,
        markerfacecolor="none",
        label=label,
        zorder=4,
    )


def _label(each: Reference) -> str:
    """Returns a name with its source, of what was published for this very purpose."""
    if each.name in (DENSE, BEST_KNOWN):
        return each.name
    return f"{each.name} [{each.source}]" + (f"\n{each.up_to}" if each.up_to else "")


def _heights(objective: Objective, losses: Any) -> Any:
    """Returns where losses are drawn: exact ones on the least that is."""
    shown = positive(losses, LEAST)
    return [objective.figure(float(loss)) for loss in shown]


def _set_scales(axis: Any, front: Front, costs: list[float], losses: list[float]) -> None:
    objective = front.objective
    _set_cost_scale(axis, costs)
    axis.set_xlabel(front.cost.label)
    axis.set_ylabel(f"{objective.name}, dB" if objective.is_decibel else _measure(objective))
    drawn = positive(losses, LEAST)
    if objective.is_decibel or not len(drawn) or drawn.max() <= WIDE_LOSSES * drawn.min():
        return
    axis.set_yscale("log")
    if drawn.min() <= EXACT:
        low, high = axis.get_ylim()
        axis.set_ylim(min(low, LEAST / 3), high)
        axis.axhspan(LEAST / 10, EXACT, color="#009E73", alpha=0.08, linewidth=0)
        axis.annotate(
            "exact to rounding", (0.02, EXACT), xycoords=("axes fraction", "data"), va="top"
        )


def _set_cost_scale(axis: Any, costs: list[float]) -> None:
    """Makes the axis of costs logarithmic where they need it, with a place for 0."""
    above = [cost for cost in costs if cost > 0]
    if not above or max(costs) <= WIDE_COSTS * max(min(costs), 1.0):
        return
    if len(above) == len(costs):
        axis.set_xscale("log")
        label_counts(axis.xaxis)
    else:
        axis.set_xscale("symlog", linthresh=min(above), linscale=ROOM_OF_ZERO)
        axis.set_xlim(left=-min(above) / 4)
        label_counts(axis.xaxis, min(above))


def _measure(objective: Objective) -> str:
    return "relative error" + ("" if objective.name == "error" else f" ({objective.name})")
