"""The front: what was found at every cost, beside the literature's points."""

from __future__ import annotations

import math
from itertools import cycle

from markupsafe import Markup

from dsl.accuracy import EXACT
from evosynth.fronts import Front, FrontPoint
from evosynth.fronts.references import BEST_KNOWN, DENSE, Reference
from evosynth.fronts.table import front_rows
from evosynth.reports.base import SECTIONS, Section
from evosynth.reports.drawing.plots import NARROW, WIDE, Plot
from evosynth.reports.drawing.scales import Scale
from evosynth.reports.figures import Table, figure, legend
from evosynth.reports.markup import joined
from evosynth.reports.rivals import Rival
from evosynth.reports.story import Story
from evosynth.runs.folder import CONFIGURATION, FRONT
from fitness.objectives import WORST, Objective

# What is exact to rounding is drawn so many tenths of the axis below the least loss that is more.
ROOM = 1.2
FOUND_LOOK, RIVAL_LOOK, PUBLISHED_LOOK = "s1", "s2", "s5"
# Operations of all programs together, beyond which they are not counted again.
MOST_COUNTED = 3_000
OTHER_OUTPUTS = ("s2", "s3", "s4", "s5", "s6")
OTHERS = {DENSE: "s7", BEST_KNOWN: "s3"}


def write(story: Story) -> Markup | None:
    """Returns cost against loss of what was found, what is known, and rivals."""
    front = story.front
    if front is None or not len(front):
        return None
    rivals = [] if _is_of_its_own(front) else _counted(story.rivals)
    pictures = [_plot(front, rivals, width) for width in (WIDE, NARROW)]
    shown = figure(pictures, _caption(front), _twin(front, rivals))
    return joined([legend(_legend(front, rivals)), shown])


def _legend(front: Front, rivals: list[Rival]) -> list[tuple[str, str]]:
    names = {reference.name for reference in front.references if reference.loss < WORST}
    entries = [
        (f"mark {look}", f"found for {output}" if output else "found")
        for (output, look), _ in _found(front)
    ]
    entries += [(f"hollow {look}", name) for name, look in OTHERS.items() if name in names]
    if names - set(OTHERS):
        entries.append((f"hollow {PUBLISHED_LOOK}", "published approximations"))
    if rivals:
        entries.append((f"hollow {RIVAL_LOOK}", "trained by gradient descent"))
    return entries


def _found(front: Front) -> list[tuple[tuple[str, str], list[FrontPoint]]]:
    """Returns what was found for each output, or in all, with the class of its marks."""
    names = list(dict.fromkeys(point.output or "" for point in front))
    looks = dict(zip(names, cycle((FOUND_LOOK, *OTHER_OUTPUTS)), strict=False))
    points = [point for point in front if point.loss < WORST]
    return [
        ((name, look), [point for point in points if (point.output or "") == name])
        for name, look in looks.items()
    ]


def _twin(front: Front, rivals: list[Rival]) -> Table:
    """Returns the table of the front, with rivals in the same columns."""
    if sum(point.operations for point in front) > MOST_COUNTED:
        rows = _claimed(front)
    else:
        rows = front_rows(front.points, front.objective, front.cost, front.references)
    rows += [
        {"operations": f"{r.operations:,.0f}", "error": f"{r.error:.1e}", "": r.label}
        for r in rivals
    ]
    head = list(dict.fromkeys(name for row in rows for name in row))
    return Table(head, [[row.get(name, "") for name in head] for row in rows])


def _claimed(front: Front) -> list[dict[str, str]]:
    """Returns rows without what takes long to count: what the run says."""
    points: list[FrontPoint | Reference] = [*front.points, *front.references]
    return [
        {
            "operations": f"{each.operations:,}" if each.operations is not None else "",
            "error": f"{each.error:.2g}",
            "": each.label if isinstance(each, Reference) else "found",
        }
        for each in points
    ]


def _is_of_its_own(front: Front) -> bool:
    """Says whether the front's measures are others than those that rivals have."""
    return front.cost.name != "flops" or front.objective.name != "error"


def _counted(rivals: tuple[Rival, ...]) -> list[Rival]:
    return [r for r in rivals if math.isfinite(r.operations) and math.isfinite(r.error)]


def _plot(front: Front, rivals: list[Rival], width: float) -> Markup:
    references = [each for each in front.references if each.loss < WORST]
    found = [(point.cost, point.loss) for _, points in _found(front) for point in points]
    published = [(each.cost, each.loss) for each in references]
    others = [(rival.operations, rival.error) for rival in rivals]
    everything = [*found, *published, *others] or [(0.0, 1.0)]
    asked = [] if front.tolerance is None else [front.objective.loss_of(front.tolerance)]
    heights = _Heights(front.objective, [*asked, *(loss for _, loss in everything)])
    drawn = [heights.of(loss) for loss in [*(loss for _, loss in everything), *asked]]
    is_decibel = front.objective.is_decibel
    plot = Plot(
        f"{front.objective.name} against {front.cost.unit}",
        Scale.of([cost for cost, _ in everything], from_zero=True),
        Scale.of(drawn if is_decibel else [*drawn, *heights.ends], is_logarithmic=not is_decibel),
        front.cost.label,
        f"{front.objective.name}, dB" if is_decibel else "relative error",
        width,
    )
    if not is_decibel:
        plot.strip(heights.top, "s3", "exact to rounding")
    for loss in asked:
        if EXACT < loss < WORST:
            plot.level(heights.of(loss), "dashed", "tolerance", is_early=True)
    for (output, look), points in _found(front):
        places = [(point.cost, heights.of(point.loss)) for point in points]
        plot.stairs(places, look)
        name = f"found for {output}" if output else "found"
        for point, place in zip(points, places, strict=True):
            shown = front.objective.shown(point.loss)
            plot.mark(*place, f"mark {look}", f"{name}: {point.cost:,g} {front.cost.unit}, {shown}")
    for each in references:
        tip = f"{each.label}: {each.cost:,g}, {front.objective.shown(each.loss)}"
        look = OTHERS.get(each.name, PUBLISHED_LOOK)
        plot.mark(each.cost, heights.of(each.loss), f"hollow {look}", tip, radius=6)
    for rival in rivals:
        tip = f"{rival.label}: {rival.operations:,.0f}, {rival.error:.1e}"
        place = rival.operations, heights.of(rival.error)
        plot.mark(*place, f"hollow {RIVAL_LOOK}", tip, radius=6)
    return plot.svg()


class _Heights:
    """Where losses are drawn: what is exact to rounding in a strip below all others.

    Attributes:
        exact: The middle of that strip.
        top: Its upper end.
        ends: Heights that the axis has room for.
    """

    def __init__(self, objective: Objective, losses: list[float]) -> None:
        self._objective = objective
        least = min((loss for loss in losses if loss > EXACT), default=0.1)
        room = max(ROOM / 10 * math.log10(1 / min(least, 0.1)), 0.2)
        self.exact, self.top = least / 10**room, least / 10 ** (room / 2)
        self.ends = self.exact**2 / self.top, 1.0

    def of(self, loss: float) -> float:
        """Returns the height of a loss."""
        if self._objective.is_decibel:
            return self._objective.figure(max(loss, EXACT))
        return loss if loss > EXACT else self.exact


def _caption(front: Front) -> str:
    same = " of the same output" if any(point.output for point in front) else ""
    better = "further up" if front.objective.is_decibel else "further down"
    parts = [
        f"Each filled dot is a program that was found; {better} is nearer, further left is "
        f"cheaper, and none of them is beaten by another{same} in both. Rings are from elsewhere."
    ]
    if not front.objective.is_decibel:
        parts.append("What is exact to rounding, up to 1e-12, is drawn in the shaded strip.")
    return " ".join(parts)


PARETO = SECTIONS.register(Section("front", "Cost against error", (FRONT, CONFIGURATION), write))
